package bridge

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
)

var waitInput = input{name: "wait_seconds", kind: integer,
	description: "Longest to wait for the answer, in seconds. Left out, the call waits as long as hosts usually bear; 0 returns at once with a run_id. The server has a limit of its own, mostly 50."}

// messageTool sends a message to an agent and waits for the answer.
func (s scope) messageTool(name string) tool {
	description := "Send a message to a Sema4.ai agent and get its answer. "
	title := "Ask an agent"
	if s.agent != nil {
		title = "Message " + cut(s.agent.Name, 60)
		description = fmt.Sprintf("Send a message to the Sema4.ai agent %s and get its answer.\n\n%s", quoted(s.agent.Name), about(*s.agent))
	}
	return tool{
		name:  name,
		title: title,
		description: description + "The agent may work for minutes: when the answer is not there in time, the result says so and gives a run_id. " +
			"Then call get_run; do not send the message again.",
		inputs: s.inputs(
			input{name: "message", required: true, description: "What to tell or ask the agent."},
			input{name: "thread_identifier", required: true,
				description: "The conversation: a readable name of your choice with a random suffix of about six characters. A new one begins a conversation, a known one goes on with it."},
			s.tenant.filesInput(),
			waitInput,
			input{name: "idempotency_key",
				description: "Optional. A call with a key that was used before in the same thread joins that run instead of sending the message again."},
		),
		hints:     asks,
		untouched: notRun,
		asTask:    true,
		call:      s.message,
		resume:    s.resumeRun,
	}
}

func (s scope) message(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	files, err := s.tenant.attachments(args)
	if err != nil {
		return nil, err
	}
	r, err := s.tenant.runs.Start(ctx, run.Question{
		Agent:          run.Agent{ID: agent.ID, Name: agent.Name},
		Thread:         args.text("thread_identifier"),
		Message:        args.text("message"),
		Files:          files,
		IdempotencyKey: args.text("idempotency_key"),
		Listening:      listens(ctx),
		Created:        func() { s.tenant.glances.forget(); s.tenant.audience.began(agent.ID) },
	})
	s.tenant.glances.forget() // the thread may be new
	if err != nil {
		return nil, err
	}
	return s.awaitResult(ctx, r, args, 0)
}

// listens tells whether the caller can make use of more than the answer: of what
// the agent does, of its questions, which only a stream shows, or of a task, which
// only a stream can be stopped for.
func listens(ctx context.Context) bool {
	x := exchange.FromContext(ctx)
	return x.WantsProgress() || x.CanElicit() || taskFormOf(ctx) != noTask
}

// awaitResult waits as long as the call asks for and tells how the run stands.
// A call that was given up gets a result nobody reads.
func (s scope) awaitResult(ctx context.Context, r *run.Run, args arguments, start int) (*mcp.CallToolResult, error) {
	form := taskFormOf(ctx)
	if form == coreTask && start > 0 {
		return nil, &failure{what: "A part of an answer is no task.", next: "Call get_run without params.task to get the part."}
	}
	// An error here is the caller's leaving or a write that failed: the result
	// below is then not read by anybody.
	_ = s.tenant.await(ctx, r, form.patience(s.budget(args)))
	if start == 0 && s.handOver(ctx, form, r) {
		return new(mcp.CallToolResult), nil // the task is the answer
	}
	return s.outcome(ctx, r, start), nil
}

// budget is how long a call is to wait.
func (s scope) budget(args arguments) time.Duration {
	budget := s.tenant.config.CallBudget
	if seconds, given := args.number(waitInput.name); given {
		budget = min(budget, time.Duration(seconds)*time.Second)
	}
	return budget
}
