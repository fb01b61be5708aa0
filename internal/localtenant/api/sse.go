package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"sema4mcp/internal/localtenant/thread"
)

// eventWriter writes server-sent events. Each event is one Write. A client that
// has gone is noticed by the request's context, not here.
type eventWriter struct {
	http  http.ResponseWriter
	begun bool
	line  bytes.Buffer
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{http: w}
}

func (e *eventWriter) begin() {
	if e.begun {
		return
	}
	e.begun = true
	header := e.http.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	e.http.WriteHeader(http.StatusOK)
}

// event writes an event under its vendor's name: agent_ready for the first,
// agent_event for all others.
func (e *eventWriter) event(event thread.Event) error {
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	name := "agent_event"
	if event.Type() == thread.AgentReady {
		name = string(thread.AgentReady)
	}
	e.begin()
	e.line.Reset()
	fmt.Fprintf(&e.line, "event: %s\ndata: %s\n\n", name, data)
	_, _ = e.http.Write(e.line.Bytes())
	return nil
}

func (e *eventWriter) comment(text string) {
	e.begin()
	_, _ = fmt.Fprintf(e.http, ": %s\n\n", text)
}

// breakOff ends the connection inside an event.
func (e *eventWriter) breakOff() {
	e.begin()
	_, _ = e.http.Write([]byte(`event: agent_event` + "\n" + `data: {"event_type":"message_content","timest`))
	e.flush()
	panic(http.ErrAbortHandler)
}

func (e *eventWriter) flush() {
	_ = http.NewResponseController(e.http).Flush()
}
