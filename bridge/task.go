package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// pollEvery is how often clients are asked to look.
const pollEvery = 2 * time.Second

// task is how a run stands, in the words of tasks.
type task struct {
	scope    scope
	id       run.ID   // the task's: that of the first run, where an answer of the user began another
	run      *run.Run // the one that is at work now
	status   mcp.TaskStatus
	says     string // beside the status, for people and models
	updated  time.Time
	question *taskQuestion       // when input is required
	result   *mcp.CallToolResult // when completed
}

// taskOf looks at a run as the task of that id. A question of the agent is one
// of the task where the client can put it to its user, else the task's result.
func (s scope) taskOf(ctx context.Context, id run.ID, r *run.Run) task {
	report := r.Report()
	note := s.tenant.tasks.of(r.ID)
	t := task{scope: s, id: id, run: r, updated: lastUpdate(report)}
	switch settled := report.Ended || report.State == run.NeedsInput; {
	case report.State == run.Cancelled || note.cancelled:
		t.status, t.says = mcp.TaskStatusCancelled, "The run was cancelled. What the agent had written is kept in the thread."
	case report.State == run.NeedsInput && canBeAsked(ctx) && !note.declined:
		t.status, t.says = mcp.TaskStatusInputRequired, "The agent asks: "+report.Question
		t.question = newTaskQuestion(r, report.Question)
	case settled && !report.Left():
		t.status, t.result = mcp.TaskStatusCompleted, s.runResult(ctx, r, 0)
		if t.result.IsError {
			t.says = report.Failure
		}
	default:
		t.status, t.says, t.updated = mcp.TaskStatusWorking, doing(r, report), time.Now()
		if note.unstoppable != nil {
			t.says = fmt.Sprintf("Its cancellation was asked for, but %v. %s", note.unstoppable, t.says)
		}
	}
	return t
}

// doing says what the agent was last seen at.
func doing(r *run.Run, report run.Report) string {
	if steps, _ := r.Steps(0); len(steps) > 0 {
		return steps[len(steps)-1]
	}
	return fmt.Sprintf("The agent is at work, %s so far.", report.Elapsed.Round(time.Second))
}

// lastUpdate is when the agent last wrote, as far as its messages tell.
func lastUpdate(report run.Report) time.Time {
	var last time.Time
	for _, message := range report.Messages {
		for _, at := range []time.Time{message.CreatedAt.Time, message.UpdatedAt.Time} {
			if at.After(last) {
				last = at
			}
		}
	}
	if last.IsZero() {
		return time.Now()
	}
	return last
}

func (t task) terminal() bool { return t.status.IsTerminal() }

// meta says whose run the task is, as the results of tools do.
func (t task) meta() map[string]any {
	return runMetaOf(t.run.ID, t.run.Report().State).AdditionalFields
}

// extensionResult is the DetailedTask of the extension, or without what a status
// brings its Task.
type extensionResult struct {
	Meta          map[string]any    `json:"_meta"`
	ResultType    string            `json:"resultType"`
	TaskID        string            `json:"taskId"`
	Status        mcp.TaskStatus    `json:"status"`
	StatusMessage string            `json:"statusMessage,omitempty"`
	CreatedAt     string            `json:"createdAt"`
	LastUpdatedAt string            `json:"lastUpdatedAt"`
	TTL           int64             `json:"ttlMs"`
	PollInterval  int64             `json:"pollIntervalMs,omitempty"`
	InputRequests mcp.InputRequests `json:"inputRequests,omitempty"`
	Result        json.RawMessage   `json:"result,omitempty"`
}

// extension is the task in the extension's form. Type is "task" where it is the
// answer to a call, "complete" where it is what was asked for.
func (t task) extension(resultType string) extensionResult {
	out := extensionResult{
		Meta: t.scope.tenant.modernMeta(t.meta()), ResultType: resultType,
		TaskID: t.id.String(), Status: t.status, StatusMessage: t.says,
		CreatedAt: timestamp(restclient.Time{Time: t.id.Started}), LastUpdatedAt: timestamp(restclient.Time{Time: t.updated}),
		TTL: t.scope.tenant.config.TaskTTL.Milliseconds(), PollInterval: pollEvery.Milliseconds(),
	}
	if t.terminal() {
		out.PollInterval = 0
	}
	if resultType == "task" {
		return out
	}
	if t.question != nil {
		out.InputRequests = t.question.requests()
	}
	if t.result != nil {
		result := *t.result
		result.ResultType = mcp.ResultTypeComplete
		out.Result, _ = exchange.Encode(result) // made of texts
	}
	return out
}

// modernMeta is metadata and what the modern era has in every result's.
func (t *Tenant) modernMeta(meta map[string]any) map[string]any {
	meta[mcp.MetaKeyServerInfo] = mcp.Implementation{Name: serverName, Version: t.config.Version}
	return meta
}

// core is the task in the experiment's form. It has a status for what went
// wrong, and no question: a task of it that waits for the user is over, and its
// result says how to answer.
func (t task) core() mcp.Task {
	ttl := t.scope.tenant.config.TaskTTL.Milliseconds()
	out := mcp.Task{TaskId: t.id.String(), Status: t.status, StatusMessage: t.says,
		CreatedAt: timestamp(restclient.Time{Time: t.id.Started}), LastUpdatedAt: timestamp(restclient.Time{Time: t.updated}), TTL: &ttl}
	switch {
	case t.result != nil && t.result.IsError:
		out.Status = mcp.TaskStatusFailed
	case !t.terminal():
		poll := pollEvery.Milliseconds()
		out.PollInterval = &poll
	}
	return out
}

// coreResult is a Task of the experiment as a result.
type coreResult struct {
	Meta map[string]any `json:"_meta,omitempty"`
	mcp.Task
}

// coreCreated is a CreateTaskResult of the experiment. Tasks begin as working,
// however quick the agent was.
func (t task) coreCreated() any {
	begun := t
	begun.status, begun.result, begun.says = mcp.TaskStatusWorking, nil, "The agent is at work."
	meta := t.meta()
	meta[mcp.ModelImmediateResponseMetaKey] = fmt.Sprintf("The agent is at work on the message. Its answer will follow; get_run with run_id %q gets it, too. Do not send the message again.", t.id.String())
	return struct {
		Meta map[string]any `json:"_meta"`
		Task mcp.Task       `json:"task"`
	}{meta, begun.core()}
}
