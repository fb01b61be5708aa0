package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
)

// streamWriter counts the events of a stream and spoils those its fault names. It
// takes each Write that begins with an event's name for a whole event.
type streamWriter struct {
	http.ResponseWriter
	ctx   context.Context
	fault Fault
	sent  int
	begun bool
	odd   bool // an unknown operation has been sent
}

// Unwrap lets http.ResponseController flush.
func (s *streamWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *streamWriter) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("event: ")) {
		return s.ResponseWriter.Write(p)
	}
	if !s.begun {
		s.begun = true
		s.after(0)
	}
	number := s.sent + 1
	out := s.spoil(p, number)
	if s.fault.Cut == (Cut{CutInsideEvent, number}) {
		_, _ = s.ResponseWriter.Write(out[:len(out)/2])
		s.flush()
		abort()
	}
	if _, err := s.ResponseWriter.Write(out); err != nil {
		return 0, err
	}
	s.sent = number
	s.after(number)
	return len(p), nil
}

// after does what the fault wants done when so many events have been sent.
func (s *streamWriter) after(number int) {
	if s.fault.Cut == (Cut{CutAfterEvent, number}) {
		s.flush()
		abort()
	}
	if s.fault.Stall.For > 0 && s.fault.Stall.AfterEvent == number {
		s.flush()
		sleep(s.ctx, s.fault.Stall.For)
	}
}

func (s *streamWriter) spoil(event []byte, number int) []byte {
	if s.fault.Garbage == number {
		return []byte("event: agent_event\ndata: {\"event_type\":\"message_content\",]not JSON\n\n")
	}
	if s.fault.UnknownOp > 0 && number >= s.fault.UnknownOp && !s.odd {
		if odd, ok := withUnknownOp(event); ok {
			s.odd = true
			return odd
		}
	}
	return event
}

// withUnknownOp changes the operation of an event's delta, if it has one.
func withUnknownOp(event []byte) ([]byte, bool) {
	name, data, _ := bytes.Cut(event, []byte("\ndata: "))
	var content map[string]json.RawMessage
	if json.Unmarshal(data, &content) != nil {
		return nil, false
	}
	var delta map[string]json.RawMessage
	if json.Unmarshal(content["delta"], &delta) != nil || delta == nil {
		return nil, false
	}
	delta["op"] = json.RawMessage(`"local_unknown"`)
	content["delta"], _ = json.Marshal(delta) // raw JSON always encodes
	odd, _ := json.Marshal(content)
	return bytes.Join([][]byte{name, []byte("\ndata: "), odd, []byte("\n\n")}, nil), true
}

func (s *streamWriter) flush() {
	_ = http.NewResponseController(s.ResponseWriter).Flush()
}
