package restclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEventBytes bounds one event. Tool results and charts come as one.
const maxEventBytes = 8 << 20

// ErrEventTooLarge ends a stream with an event of more than 8 MiB.
var ErrEventTooLarge = errors.New("an event is too large")

// serverSentEvent is one event of a stream; name is "" when it has none.
type serverSentEvent struct {
	name string
	data []byte
}

// serverSentEvents reads events as the WHATWG HTML standard defines them
// (section 9.2.6). Ids and reconnection times are not kept: a run cannot be
// joined again.
type serverSentEvents struct {
	reader  *bufio.Reader
	limit   int
	begun   bool // the first line, which may have a byte order mark, was read
	afterCR bool // a line feed next belongs to the line before
}

func newServerSentEvents(r io.Reader, limit int) *serverSentEvents {
	return &serverSentEvents{reader: bufio.NewReaderSize(r, 32<<10), limit: limit}
}

// next returns the next event that has data. An event cut off by the end of
// the stream is dropped, and the error is io.EOF.
func (s *serverSentEvents) next() (serverSentEvent, error) {
	var event serverSentEvent
	var data []byte
	hasData := false
	for {
		line, err := s.line(s.limit - len(data))
		if err != nil {
			return serverSentEvent{}, err
		}
		if len(line) == 0 {
			if hasData {
				event.data = data
				return event, nil
			}
			event.name = ""
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) { // a comment has the field ""
		case "event":
			event.name = string(value)
		case "data":
			if hasData {
				data = append(data, '\n')
			}
			hasData = true
			data = append(data, value...)
		}
	}
}

// line reads up to a CR, LF or CRLF. It does not wait for the byte after a CR:
// the event is complete without it.
func (s *serverSentEvents) line(limit int) ([]byte, error) {
	var line []byte
	for {
		if _, err := s.reader.Peek(1); err != nil {
			return nil, err
		}
		chunk, _ := s.reader.Peek(s.reader.Buffered())
		if s.afterCR {
			s.afterCR = false
			if chunk[0] == '\n' {
				_, _ = s.reader.Discard(1)
				continue
			}
		}
		end := bytes.IndexAny(chunk, "\r\n")
		ended := end >= 0
		if !ended {
			end = len(chunk)
		}
		if len(line)+end > limit {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrEventTooLarge, s.limit)
		}
		line = append(line, chunk[:end]...)
		if ended {
			s.afterCR = chunk[end] == '\r'
			_, _ = s.reader.Discard(end + 1)
			return s.withoutMark(line), nil
		}
		_, _ = s.reader.Discard(end)
	}
}

func (s *serverSentEvents) withoutMark(line []byte) []byte {
	if s.begun {
		return line
	}
	s.begun = true
	return bytes.TrimPrefix(line, []byte("\uFEFF"))
}
