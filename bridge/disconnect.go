package bridge

import (
	"context"
	"sync"
	"time"

	"sema4mcp/bridge/run"
)

// OnDisconnect says what becomes of a run when the call that waits for it is
// cancelled, or its client goes away.
type OnDisconnect string

// The settings of --on-disconnect.
const (
	DisconnectKeep   OnDisconnect = "keep"   // the agent works on, and get_run has the answer
	DisconnectCancel OnDisconnect = "cancel" // the agent is stopped, unless another call waits for it
)

// waiting counts the calls that wait for each run. The zero value is ready, and
// safe for concurrent use.
type waiting struct {
	mu    sync.Mutex     // guards calls
	calls map[string]int // by the run's id
}

// enter counts a call until it leaves, and tells it then whether it was the last.
func (w *waiting) enter(r *run.Run) (leave func() (last bool)) {
	id := r.ID.String()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = make(map[string]int)
	}
	w.calls[id]++
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.calls[id]--; w.calls[id] > 0 {
			return false
		}
		delete(w.calls, id)
		return true
	}
}

// stopWithin bounds how long a call that nobody waits for any more stays to see
// its agent stop.
const stopWithin = 10 * time.Second

// abandoned is called when the last call that waited for a run has been given
// up.
func (t *Tenant) abandoned(ctx context.Context, r *run.Run) {
	if settled, _ := r.Settled(); settled || t.config.OnDisconnect != DisconnectCancel {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	log := t.config.Logger.With().Str("run_id", r.ID.String()).Str("agent_id", r.ID.AgentID).Logger()
	if _, err := t.runs.Cancel(ctx, r.ID, r.Agent.Name); err != nil {
		log.Warn().Err(err).Msg("nobody waits for the run any more, but its agent works on")
		return
	}
	log.Info().Msg("nobody waits for the run any more: its agent was stopped")
}
