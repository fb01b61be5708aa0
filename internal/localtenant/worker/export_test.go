package worker

import (
	"context"
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/store"
)

// Canonical and Sign are what a receiver has to compute.
var (
	Canonical = canonical
	Sign      = sign
)

// SetTransport lets callbacks go elsewhere.
func (w *Worker) SetTransport(t http.RoundTripper) { w.client.Transport = t }

// SetTake lets items be taken otherwise than by the store. Nothing may wait yet.
func (w *Worker) SetTake(take func(ctx context.Context, now time.Time) (store.WorkItem, error)) {
	w.take = take
}

// LockIsFree tells whether nobody holds the worker's lock.
func (w *Worker) LockIsFree() bool {
	free := w.mu.TryLock()
	if free {
		w.mu.Unlock()
	}
	return free
}
