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
	itemID    string // empty while it is free
	execution int
	cancel    context.CancelCauseFunc
}

// Start makes a worker and sets it to work on what waits. What the last process
// left unfinished becomes an error first, and says so in its thread.
func Start(ctx context.Context, s *store.Store, files *threadfiles.Keeper, runner *runs.Runner, log zerolog.Logger) (*Worker, error) {
	w := &Worker{store: s, files: files, runner: runner, log: log, client: newCallbackClient(), wake: make(chan struct{}, 1)}
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
// free. It is taken and noted under one lock, so that whoever finds it executing
// finds its task as well.
func (w *Worker) takeNext() (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	free := w.freeTask()
	if free == nil {
		return false, nil
	}
	item, err := w.store.TakeWorkItem(w.root, time.Now())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancelCause(w.root)
	*free = task{itemID: item.ID, execution: item.Execution, cancel: cancel}
	w.live.Add(1)
	go func() {
		defer w.live.Done()
		defer cancel(nil)
		w.execute(ctx, item)
		w.leave(free)
	}()
	return true, nil
}

// freeTask is a task to work at, or nil. The caller holds w.mu.
func (w *Worker) freeTask() *task {
	if w.closed {
		return nil
	}
	for i := range w.tasks {
		if w.tasks[i].itemID == "" {
			return &w.tasks[i]
		}
	}
	return nil
}

func (w *Worker) leave(t *task) {
	w.mu.Lock()
	*t = task{}
	w.mu.Unlock()
	w.Notify()
}

// cancelExecution stops the agent, if the execution still goes on.
func (w *Worker) cancelExecution(item store.WorkItem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tasks {
		if t.itemID == item.ID && t.execution == item.Execution {
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
		w.cancelExecution(item)
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
		if t.itemID != "" {
			all[i].Status, all[i].WorkItemID = "executing", &t.itemID
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
