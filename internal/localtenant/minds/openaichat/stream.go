package openaichat

import (
	"bufio"
	"errors"
	"io"
	"strings"

	sse "github.com/tmaxmax/go-sse"

	"sema4mcp/internal/localtenant/minds"
)

const (
	maxEvent  = 8 << 20
	maxAnswer = 32 << 20 // of one that is not streamed
)

// read takes in an answer, streamed or whole. Which one it is shows in its first
// byte; the content type is not always right.
func (e *endpoint) read(body io.Reader, out minds.Emitter) (*reply, error) {
	var r reply
	buffered := bufio.NewReader(body)
	take := e.readStream
	if beginsObject(buffered) {
		take = e.readWhole
	}
	if err := take(&r, buffered, out); err != nil {
		return nil, err
	}
	r.end(out)
	return &r, nil
}

// beginsObject reads up to what is not white space; an error comes again with the
// next read.
func beginsObject(r *bufio.Reader) bool {
	for {
		first, err := r.ReadByte()
		switch {
		case err != nil:
			return false
		case strings.IndexByte(" \t\r\n", first) < 0:
			return r.UnreadByte() == nil && first == '{'
		}
	}
}

func (e *endpoint) readWhole(r *reply, body io.Reader, out minds.Emitter) error {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	if err != nil {
		return err
	}
	c, err := decodeChunk(data)
	if err != nil || c.Error == nil && len(c.Choices) == 0 {
		return e.garbage()
	}
	r.done = true // the length of the body says so
	return e.take(r, c, out)
}

func (e *endpoint) readStream(r *reply, body io.Reader, out minds.Emitter) error {
	// Some endpoints leave out the blank line after their last event.
	ended := io.MultiReader(body, strings.NewReader("\n\n"))
	for event, err := range sse.Read(ended, &sse.ReadConfig{MaxEventSize: maxEvent}) {
		switch data := strings.TrimSpace(event.Data); {
		case errors.Is(err, bufio.ErrTooLong):
			return e.garbage()
		case err != nil:
			return err
		case data == "":
			continue
		case strings.HasPrefix(data, "[DONE]"):
			r.done = true
			return nil
		default:
			c, err := decodeChunk([]byte(data))
			if err != nil {
				return e.unreadable(r)
			}
			if err := e.take(r, c, out); err != nil {
				return err
			}
		}
	}
	if !r.complete() {
		return e.unreadable(r)
	}
	return nil
}

// take adds a chunk to the reply.
func (e *endpoint) take(r *reply, c chunk, out minds.Emitter) error {
	if reported := r.add(c, out); reported != nil {
		return e.broken("the model's endpoint " + e.host() + " reports: " + quoted(e.secrets.hide(reported.Message)))
	}
	return nil
}

// unreadable is a stream that was none from the start, or stopped being one.
func (e *endpoint) unreadable(r *reply) error {
	if r.events == 0 {
		return e.garbage()
	}
	return e.broken("the connection to the model's endpoint " + e.host() + " ended before it was whole")
}
