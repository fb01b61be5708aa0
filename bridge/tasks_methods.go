package bridge

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/run"
)

// settleWithin is how long tasks/get waits for a run that is not settled: one
// whose conversation has to be read needs a moment, and would else be told to be
// at work though it has long ended.
const settleWithin = time.Second

// findTask returns the task of that id as it stands. A run that an answer of the
// user to its question has continued stands where the last one does.
func (s scope) findTask(ctx context.Context, text string) (task, *jsonrpc2.Error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.tenant.config.CallBudget, errOverBudget)
	defer cancel()
	id, agent, err := s.runOf(ctx, text)
	if err != nil {
		return task{}, noTaskFault(err)
	}
	if age := time.Since(id.Started); age > s.tenant.config.TaskTTL {
		return task{}, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: fmt.Sprintf(
			"Task has expired: tasks can be asked for during %s. The answer is kept: call the tool get_run with run_id %q.", s.tenant.config.TaskTTL, id)}
	}
	r, err := s.tenant.runs.Find(ctx, s.tenant.tasks.last(id), agent)
	if err != nil {
		return task{}, noTaskFault(err)
	}
	return s.taskOf(ctx, id, r), nil
}

// getTask is tasks/get of the extension.
func (s scope) getTask(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.settledTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	return found.extension(string(mcp.ResultTypeComplete)), nil
}

// getCoreTask is tasks/get of the experiment.
func (s scope) getCoreTask(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.settledTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	return coreResult{Task: found.core()}, nil
}

// settledTask is a task that has had a moment to settle.
func (s scope) settledTask(ctx context.Context, text string) (task, *jsonrpc2.Error) {
	found, fault := s.findTask(ctx, text)
	if fault != nil || found.status != mcp.TaskStatusWorking {
		return found, fault
	}
	moment := time.NewTimer(settleWithin)
	defer moment.Stop()
	if awaitSilently(ctx, found.run, moment.C) != nil {
		return found, nil // nobody reads it any more
	}
	return s.taskOf(ctx, found.id, found.run), nil
}

// coreTaskResult is tasks/result: it returns when the task is over, with what
// the call would have returned.
func (s scope) coreTaskResult(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.findTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	if err := awaitSilently(ctx, found.run, nil); err != nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: "The request was given up before the task was over; ask again."}
	}
	result := s.runResult(ctx, found.run, 0)
	result.Meta.AdditionalFields[mcp.RelatedTaskMetaKey] = mcp.RelatedTaskMeta(found.id.String())
	return result, nil
}

// extensionAck is the empty result of the extension's methods that only ask for
// something: what comes of it is seen by tasks/get.
type extensionAck struct {
	Meta       map[string]any `json:"_meta"`
	ResultType mcp.ResultType `json:"resultType"`
}

func (t task) ack() extensionAck {
	return extensionAck{Meta: t.scope.tenant.modernMeta(t.meta()), ResultType: mcp.ResultTypeComplete}
}

// cancelTask is tasks/cancel of the extension. It is a wish: where the agent
// cannot be stopped, tasks/get goes on to say so.
func (s scope) cancelTask(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.findTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	if err := s.stop(ctx, found); ctx.Err() != nil {
		return nil, faultOf(ctx.Err(), runUntouched)
	} else if err != nil {
		s.tenant.tasks.change(found.run.ID, func(n *taskNote) { n.unstoppable = err })
	}
	return found.ack(), nil
}

// cancelCoreTask is tasks/cancel of the experiment, where a task that is over is
// not to be cancelled, and one that is cancelled has stopped.
func (s scope) cancelCoreTask(ctx context.Context, params taskParams) (any, *jsonrpc2.Error) {
	found, fault := s.findTask(ctx, params.TaskID)
	if fault != nil {
		return nil, fault
	}
	if found.terminal() {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: fmt.Sprintf("Cannot cancel task: already in terminal status %q.", found.core().Status)}
	}
	if err := s.stop(ctx, found); err != nil {
		return nil, faultOf(err, runUntouched)
	}
	return coreResult{Task: s.taskOf(ctx, found.id, found.run).core()}, nil
}

// stop ends what the task is about. A question that nobody answers is no work to
// stop: that it is not wanted any more is all there is to note.
func (s scope) stop(ctx context.Context, t task) error {
	if t.terminal() {
		return nil
	}
	if !t.run.Report().Ended {
		if _, err := s.tenant.runs.Cancel(ctx, t.run.ID, t.run.Agent.Name); err != nil {
			return err
		}
	}
	if t.run.Report().State == run.NeedsInput {
		s.tenant.tasks.change(t.run.ID, func(n *taskNote) { n.cancelled = true })
	}
	return nil
}
