package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
)

// The events with which a stream begins and may end.
const (
	agentReady    = "agent_ready"
	agentFinished = "agent_finished"
	agentError    = "agent_error"
)

// events checks a stream of server-sent events as its bytes pass.
type events struct {
	schemas map[string]*openapi3.Schema // by event_type
	report  func(what string)

	line []byte
	name string
	data []byte
	long bool // the event is too long to be kept, and not checked

	count int
	last  string // event_type
	wrong bool

	// finished says that agent_finished has come, and nothing wrong before it. A
	// reader may close the stream then, on any goroutine.
	finished atomic.Bool
}

func (s *events) write(p []byte) {
	for len(p) > 0 {
		piece, rest, ended := bytes.Cut(p, []byte("\n"))
		room := maxKept - len(s.line) - len(s.data)
		s.long = s.long || len(piece) > room
		s.line = append(s.line, piece[:min(len(piece), room)]...)
		if ended {
			s.endLine(bytes.TrimSuffix(s.line, []byte("\r")))
			s.line = s.line[:0]
		}
		p = rest
	}
}

func (s *events) endLine(line []byte) {
	if len(line) == 0 {
		s.endEvent()
		return
	}
	if s.long {
		return
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "": // a comment
	case "event":
		s.name = string(value)
	case "data":
		s.data = append(append(s.data, value...), '\n')
	default:
		s.complain(fmt.Sprintf("event %d has a line that is neither event nor data", s.count+1))
	}
}

func (s *events) endEvent() {
	if len(s.data) > 0 || s.long {
		s.count++
		if problem := s.check(); problem != "" && !s.long {
			s.complain(fmt.Sprintf("event %d: %s", s.count, problem))
		}
		s.finished.Store(s.last == agentFinished && !s.wrong)
	}
	s.name, s.data, s.long = "", s.data[:0], false
}

func (s *events) complain(what string) {
	s.wrong = true
	s.report(what)
}

// check looks at an event and at its place in the stream.
func (s *events) check() string {
	var event map[string]any
	if json.Unmarshal(s.data, &event) != nil {
		return "data is not a JSON object"
	}
	last := s.last
	s.last, _ = event["event_type"].(string)
	schema := s.schemas[s.last]
	switch {
	case schema == nil:
		return fmt.Sprintf("unknown event_type %q", s.last)
	case (s.count == 1) != (s.last == agentReady) && (s.count > 1 || s.last != agentError):
		return s.last + " in the wrong place: agent_ready comes first, and once"
	case (s.name == agentReady) != (s.last == agentReady) || s.name != agentReady && s.name != "agent_event":
		return fmt.Sprintf("%s is sent under the name %q", s.last, s.name)
	case last == agentFinished:
		return s.last + " after agent_finished"
	}
	return visit(schema, event, openapi3.VisitAsResponse())
}

// end checks how a stream ended that was not cut.
func (s *events) end() {
	switch {
	case len(s.line) > 0 || len(s.data) > 0 || s.name != "":
		s.report(fmt.Sprintf("ended inside event %d", s.count+1))
	case s.last != agentFinished && s.last != agentError:
		s.report("ended without agent_finished or agent_error")
	}
}
