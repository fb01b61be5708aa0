package api

import (
	"context"
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/thread"
)

// keepAliveInterval is how long a stream may be silent.
const keepAliveInterval = 10 * time.Second

// streamMessage answers with the events of the run as they happen. The run ends
// with the connection. While a message waits for the one before it to be
// answered, comments keep the connection alive.
func (s *server) streamMessage(w http.ResponseWriter, r *http.Request, ids ids) error {
	content, err := messageContent(r)
	if err != nil {
		return err
	}
	if faults.KeepsRun(r.Context()) {
		return s.startRun(r, ids, content)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	run, err := s.Runner.Stream(ctx, ids["agent"], ids["conversation"], content)
	if err != nil {
		return err
	}
	return relay(ctx, run, newEventWriter(w))
}

// relay writes the events of a run until it ends. The error is that of a run
// which failed before anything was written; later ones are events.
func relay(ctx context.Context, run *runs.Run, out *eventWriter) error {
	keepAlive := time.NewTicker(keepAliveInterval)
	defer keepAlive.Stop()
	for {
		select {
		case event, more := <-run.Events():
			if !out.begun && (!more || event.Type() == thread.AgentError) {
				return run.Wait(ctx)
			}
			if !more {
				return nil
			}
			if err := write(out, event); err != nil {
				return err
			}
			if len(run.Events()) == 0 { // nothing follows at once
				out.flush()
			}
			keepAlive.Reset(keepAliveInterval)
		case <-keepAlive.C:
			out.comment("keep-alive")
			out.flush()
		case <-ctx.Done():
			if out.begun { // the status has been written
				return nil
			}
			return ctx.Err()
		}
	}
}

func write(out *eventWriter, event thread.Event) error {
	switch event.(type) {
	case runs.Break:
		out.breakOff()
		return nil
	default:
		return out.event(event)
	}
}
