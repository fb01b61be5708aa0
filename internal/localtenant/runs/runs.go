// Package runs lets agents answer: a [Runner] takes a message, waits for the
// conversation's turn, keeps the message, runs the agent's mind and keeps the
// answer as it grows. Each [Run] can be watched while it goes on.
//
// The runs of one conversation follow one another; a second message waits until
// the first is answered, and is not kept before. Conversations do not wait for
// each other. A Runner is safe for concurrent use.
package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

var (
	// ErrClosed says that the tenant is shutting down.
	ErrClosed = errors.New("the tenant is shutting down")
	// ErrReaderGone is the end of a streamed run whose reader went away.
	ErrReaderGone = errors.New("the reader of the stream went away")
	// ErrCancelled is the end of a run that somebody stopped.
	ErrCancelled = errors.New("the run was cancelled")
	// ErrConversationDeleted is the end of a run whose conversation was deleted.
	ErrConversationDeleted = fmt.Errorf("the conversation was deleted: %w", store.ErrNotFound)
)

// Runner runs agents.
type Runner struct {
	store *store.Store
	blobs *blobs.Store          // nil when no files can be read
	minds map[string]minds.Mind // by architecture name
	log   zerolog.Logger

	root   context.Context // ends all runs
	cancel context.CancelCauseFunc
	live   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	queues map[string][]*Run // by conversation id; the first has the turn
}

// NewRunner makes a runner with a mind for each architecture name.
func NewRunner(s *store.Store, byArchitecture map[string]minds.Mind, log zerolog.Logger) *Runner {
	root, cancel := context.WithCancelCause(context.Background())
	return &Runner{
		store: s, minds: byArchitecture, log: log,
		root: root, cancel: cancel, queues: map[string][]*Run{},
	}
}

// Post starts a run that nobody reads along with: it goes on to its end whoever
// waits for it.
func (r *Runner) Post(ctx context.Context, agentID, conversationID, content string) (*Run, error) {
	run, err := r.prepare(ctx, agentID, conversationID, content)
	if err != nil {
		return nil, err
	}
	return run, r.launch(run)
}

// Resume starts a run, as Post does, that answers the user's last message in the
// conversation instead of a new one.
func (r *Runner) Resume(ctx context.Context, agentID, conversationID string) (*Run, error) {
	run, err := r.prepare(ctx, agentID, conversationID, "")
	if err != nil {
		return nil, err
	}
	run.resumes = true
	return run, r.launch(run)
}

// Stream starts a run whose events are read from [Run.Events]. When ctx ends, the
// reader is taken to be gone and the run is cancelled.
func (r *Runner) Stream(ctx context.Context, agentID, conversationID, content string) (*Run, error) {
	run, err := r.prepare(ctx, agentID, conversationID, content)
	if err != nil {
		return nil, err
	}
	run.events = make(chan thread.Event, eventBuffer)
	run.reader = ctx
	run.forgetReader = context.AfterFunc(ctx, func() { run.cancel(ErrReaderGone) })
	return run, r.launch(run)
}

// eventBuffer lets a mind run ahead of its reader a little; then it waits.
const eventBuffer = 64

func (r *Runner) prepare(ctx context.Context, agentID, conversationID, content string) (*Run, error) {
	agent, err := r.store.Agent(ctx, agentID)
	if err != nil {
		return nil, err
	}
	if _, err := r.store.Conversation(ctx, agentID, conversationID); err != nil {
		return nil, err
	}
	run := &Run{
		ID: uuid.NewString(), agent: agent, conversationID: conversationID, content: content,
		turn: make(chan struct{}), begun: make(chan struct{}), done: make(chan struct{}),
		forgetReader: func() bool { return true },
	}
	run.ctx, run.cancel = context.WithCancelCause(r.root)
	return run, nil
}

func (r *Runner) launch(run *Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		run.forgetReader()
		run.cancel(ErrClosed)
		return ErrClosed
	}
	r.join(run)
	r.live.Add(1)
	go r.carry(run)
	return nil
}

// carry takes a run from the queue to its end.
func (r *Runner) carry(run *Run) {
	defer r.live.Done()
	select {
	case <-run.turn:
		run.err = r.answer(run)
	case <-run.ctx.Done():
		run.err = r.fail(run, context.Cause(run.ctx))
	}
	r.leave(run)
	run.forgetReader()
	run.cancel(nil)
	if run.events != nil {
		close(run.events)
	}
	close(run.done)
}

// CancelConversation cancels all runs of a conversation and waits for their ends.
func (r *Runner) CancelConversation(ctx context.Context, conversationID string) error {
	return cancelAll(ctx, r.runsOf(conversationID))
}

// CancelAgent cancels all runs of an agent and waits for their ends.
func (r *Runner) CancelAgent(ctx context.Context, agentID string) error {
	return cancelAll(ctx, r.runsOfAgent(agentID))
}

func cancelAll(ctx context.Context, all []*Run) error {
	for _, run := range slices.Backward(all) { // so that none gets the turn of one before it
		run.cancel(ErrConversationDeleted)
	}
	for _, run := range all {
		select {
		case <-run.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Closed says whether Close has been called.
func (r *Runner) Closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close cancels all runs, waits for their ends, and refuses new ones.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel(ErrClosed)
	r.live.Wait()
}
