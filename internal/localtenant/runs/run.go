package runs

import (
	"context"
	"time"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// Run is one message and what the agent does about it.
type Run struct {
	ID string

	agent          store.Agent
	conversationID string
	content        string
	resumes        bool // answers what stands in the conversation, not content

	ctx    context.Context // ends the run
	cancel context.CancelCauseFunc
	turn   chan struct{} // closes when the runs before this one are over
	begun  chan struct{} // closes when the user's message is kept
	done   chan struct{} // closes when the run is over

	// Read after done.
	err     error // why it failed
	outcome Outcome

	events       chan thread.Event // nil in a run that nobody reads along with
	reader       context.Context   // ends with the reader of events
	forgetReader func() bool
}

// Outcome is what became of a run.
type Outcome struct {
	Asked  bool // the agent requested the user's input
	Spoken bool // it said or showed something; thoughts and tool calls do not count
}

// Outcome is known when Wait has told the end of the run.
func (run *Run) Outcome() Outcome { return run.outcome }

// Cancel stops the run with ErrCancelled.
func (run *Run) Cancel() { run.cancel(ErrCancelled) }

// Events gives what a streamed run does, from agent_ready on, and closes when the
// run is over. A run that failed
// before it began gives agent_error alone, or nothing.
func (run *Run) Events() <-chan thread.Event { return run.events }

// Wait waits for the end of the run, or of ctx, which leaves the run going. The
// error is a [*Failed], or wraps one of this package's errors or store.ErrNotFound.
func (run *Run) Wait(ctx context.Context) error {
	select {
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WaitBegun waits until the message is kept and the agent is at work; it fails as
// Wait does when the run ends before that.
func (run *Run) WaitBegun(ctx context.Context) error {
	select {
	case <-run.begun:
		return nil
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Failed says that the agent ran and failed.
type Failed struct{ thread.Failure }

func (f *Failed) Error() string { return f.Message }

// Break stands among the events where the connection is to be broken inside one.
type Break struct{ thread.Head }

// tell hands an event to the reader, and waits for it to keep up.
func (run *Run) tell(event thread.Event) {
	if run.events == nil {
		return
	}
	select {
	case run.events <- event:
	case <-run.ctx.Done():
	}
}

// tellLast hands over an event even when the run has been cancelled, as long as
// there is a reader.
func (run *Run) tellLast(event thread.Event) {
	if run.events == nil {
		return
	}
	select {
	case run.events <- event:
	case <-run.reader.Done():
	}
}

func (run *Run) lifecycle(of thread.EventType) thread.LifecycleEvent {
	return thread.LifecycleEvent{
		Head: thread.At(time.Now(), of), RunID: run.ID, ThreadID: run.conversationID, AgentID: run.agent.ID,
	}
}
