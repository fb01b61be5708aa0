// Package worker does the tenant's work items: a [Worker] takes up those that wait,
// lets their agents work in threads of their own, and judges how it went. People's
// actions on work items go through it as well, since they may stop an execution,
// and each status they lead to may have a callback.
//
// A Worker is safe for concurrent use. Close it: it owns goroutines.
package worker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
)

// parallelism is how many work items are done at a time.
const parallelism = 10

// Worker does work items.
type Worker struct {
	store  *store.Store
	files  *threadfiles.Keeper
	runner *runs.Runner
	log    zerolog.Logger
	client *http.Client // for callbacks
	take   func(ctx context.Context, now time.Time) (store.WorkItem, error)

	wake chan struct{}   // says that something may wait; holds one
	root context.Context // ends all work
	stop context.CancelCauseFunc
	live sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	tasks  [parallelism]task
}

// task is one place to work at.
type task struct {
	taken     bool // from before its execution is known
	execution execution
	cancel    context.CancelCauseFunc
	ended     []execution // what was stopped before it was known whose task this is
}

// execution is one of those a work item has had.
type execution struct {
	itemID string // empty while there is none
	number int
}

func executionOf(item store.WorkItem) execution { return execution{item.ID, item.Execution} }

// Start makes a worker and sets it to work on what waits. What the last process
// left unfinished becomes an error first, and says so in its thread.
func Start(ctx context.Context, s *store.Store, files *threadfiles.Keeper, runner *runs.Runner, log zerolog.Logger) (*Worker, error) {
	w := &Worker{store: s, files: files, runner: runner, log: log, client: newCallbackClient(), take: s.TakeWorkItem, wake: make(chan struct{}, 1)}
	w.root, w.stop = context.WithCancelCause(context.Background())
	interrupted, err := s.ExecutingWorkItems(ctx)
	if err != nil {
		return nil, err
	}
	for _, item := range interrupted {
		w.fail(item, "The tenant stopped while the agent was at work.")
	}
	w.live.Add(1)
	go w.work()
	w.Notify()
	return w, nil
}

// Notify says that a work item may wait.
func (w *Worker) Notify() {
	select {
	case w.wake <- struct{}{}:
	default: // said already
	}
}

func (w *Worker) work() {
	defer w.live.Done()
	var again <-chan time.Time // set while something could not be taken up
	for {
		select {
		case <-w.wake:
		case <-again:
		case <-w.root.Done():
			return
		}
		again = nil
		if err := w.takeAll(); err != nil && w.root.Err() == nil {
			w.log.Error().Err(err).Msg("work item cannot be taken up; will try again")
			again = time.After(retryPause)
		}
	}
}

// retryPause is how long a work item waits that could not be taken up: the disk
// may have been full, or the database busy.
const retryPause = 5 * time.Second

// takeAll takes up what waits while there is a free task.
func (w *Worker) takeAll() error {
	for {
		if taken, err := w.takeNext(); err != nil || !taken {
			return err
		}
	}
}

// takeNext takes up the item that waits longest, if there is one and a task is
// free. The task is reserved first: nobody waits for w.mu while the store writes.
func (w *Worker) takeNext() (bool, error) {
	t := w.reserve()
	if t == nil {
		return false, nil
	}
	item, err := w.take(w.root, time.Now())
	if err != nil {
		w.free(t)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return false, err
	}
	ctx, cancel := w.begin(t, executionOf(item))
	w.live.Add(1)
	go func() {
		defer w.live.Done()
		defer cancel(nil)
		w.execute(ctx, item)
		w.free(t)
		w.Notify()
	}()
	return true, nil
}

// reserve takes a task that is free; nil when there is none.
func (w *Worker) reserve() *task {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	for i := range w.tasks {
		if t := &w.tasks[i]; !t.taken {
			t.taken = true
			return t
		}
	}
	return nil
}

// begin notes whose task it is. An execution that was stopped while it was being
// taken begins stopped.
func (w *Worker) begin(t *task, e execution) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(w.root)
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(t.ended, e) {
		cancel(runs.ErrCancelled)
	}
	t.execution, t.cancel, t.ended = e, cancel, nil
	return ctx, cancel
}

func (w *Worker) free(t *task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*t = task{}
}

// cancelExecution stops the agent, if the execution still goes on or is about to
// begin.
func (w *Worker) cancelExecution(e execution) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.tasks {
		t := &w.tasks[i]
		switch {
		case t.taken && t.cancel == nil:
			t.ended = append(t.ended, e)
		case t.taken && t.execution == e:
			t.cancel(runs.ErrCancelled)
		}
	}
}

// Act does what a person asks for; errors are those of [store.Store.ActOnWorkItem].
// An agent at work on an item that is cancelled or completed is stopped.
func (w *Worker) Act(ctx context.Context, id string, action store.Action) (store.WorkItem, error) {
	item, err := w.store.ActOnWorkItem(ctx, id, action, time.Now())
	if err != nil {
		return store.WorkItem{}, err
	}
	switch item.Status {
	case store.Pending:
		w.Notify()
	default:
		w.cancelExecution(executionOf(item))
		w.announce(item)
	}
	return item, nil
}

// Task is a place to work at, as people see it.
type Task struct {
	ID         string  `json:"task_id"`
	Status     string  `json:"status"` // executing or idle
	WorkItemID *string `json:"work_item_id"`
}

// Tasks says what the worker is doing.
func (w *Worker) Tasks() []Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Task, len(w.tasks))
	for i, t := range w.tasks {
		all[i] = Task{ID: fmt.Sprintf("task-%d", i+1), Status: "idle"}
		if t.execution.itemID != "" {
			all[i].Status, all[i].WorkItemID = "executing", &t.execution.itemID
		}
	}
	return all
}

// Close stops the agents at work and the callbacks on their way, and waits for
// them. Items that were being worked on stay so in the store: the next start makes
// errors of them.
func (w *Worker) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.stop(runs.ErrClosed)
	w.live.Wait()
	w.client.CloseIdleConnections()
}
