package mcpserver

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// replyHolder is the writer for a client that reads JSON: it has room for the
// reply alone, so notifications have nowhere to go.
type replyHolder exchange.Reply

func (h *replyHolder) Notify(mcp.JSONRPCNotification) error { return nil }

func (h *replyHolder) Reply(reply exchange.Reply) error {
	*h = replyHolder(reply)
	return nil
}

// writeReplies writes the replies of a batch as JSON, in the order in which
// they were asked for. Messages that are owed none have an empty one.
func writeReplies(w http.ResponseWriter, batch exchange.Batch, replies []exchange.Reply, era era) {
	if !batch.IsArray {
		reply := replies[0]
		reply.OmitID = era.modern
		writeJSON(w, statusOf(batch.Messages[0], reply, era), reply)
		return
	}
	status := http.StatusBadRequest // unless something in it was a request
	owed := replies[:0:0]
	for i, reply := range replies {
		switch batch.Messages[i].Kind {
		case exchange.Request:
			status = http.StatusOK
			owed = append(owed, reply)
		case exchange.Invalid:
			owed = append(owed, reply)
		}
	}
	writeJSON(w, status, owed)
}

// statusOf is 200 for all that could be understood, but for the errors to which
// the modern era gives a status of their own.
func statusOf(message exchange.Message, reply exchange.Reply, era era) int {
	switch {
	case message.Kind == exchange.Invalid:
		return http.StatusBadRequest
	case reply.Error == nil || !era.modern:
		return http.StatusOK
	}
	switch reply.Error.Code {
	case jsonrpc2.CodeMethodNotFound:
		return http.StatusNotFound
	case jsonrpc2.CodeInvalidParams, jsonrpc2.CodeInvalidRequest, jsonrpc2.CodeParseError,
		mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := exchange.Encode(body)
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeEventWithin)) // not every writer has one
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n')) // a client that has gone reads nothing
}

// eventStream is the writer for a client that reads server-sent events. Its
// first byte goes out almost at once, and comments while nothing else does, as
// hosts and proxies take silence for death. It is safe for concurrent use.
type eventStream struct {
	response  http.ResponseWriter
	control   *http.ResponseController
	refuse    func(exchange.Reply) bool
	keepAlive time.Duration
	hurried   atomic.Bool

	mu     sync.Mutex  // guards the response and all below
	beat   *time.Timer // keeps the stream alive: a goroutine would be one more for each that idles
	begun  bool
	closed bool
	broken error
}

// beginWithin is how long a stream may wait for an error that has a status of
// its own: those are found before a tool is called.
var beginWithin = 20 * time.Millisecond

// newEventStream returns a stream that begins with its first message, or soon.
// An error that comes before that may be refused another way: then refuse writes
// it and returns true.
func newEventStream(w http.ResponseWriter, keepAlive time.Duration, refuse func(exchange.Reply) bool) *eventStream {
	s := &eventStream{response: w, control: http.NewResponseController(w), refuse: refuse, keepAlive: keepAlive}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beat = time.AfterFunc(beginWithin, func() { s.beats(nil) })
	return s
}

// beats writes the frame, and has a comment follow in a while.
func (s *eventStream) beats(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.put(frame) == nil {
		s.beat = time.AfterFunc(s.keepAlive, func() { s.beats([]byte(": still here\n\n")) })
	}
}

func (s *eventStream) Notify(n mcp.JSONRPCNotification) error { return s.event(n) }

func (s *eventStream) Ask(request mcp.JSONRPCRequest) error { return s.event(request) }

func (s *eventStream) Reply(reply exchange.Reply) error {
	if reply.Error != nil && s.refused(reply) {
		return nil
	}
	return s.event(reply)
}

func (s *eventStream) refused(reply exchange.Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun || !s.refuse(reply) {
		return false
	}
	s.begun = true
	return true
}

// begin wants s.mu held.
func (s *eventStream) begin() []byte {
	if s.begun {
		return nil
	}
	s.begun = true
	header := s.response.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	s.response.WriteHeader(http.StatusOK)
	return []byte(": open\n\n")
}

func (s *eventStream) event(message any) error {
	encoded, err := exchange.Encode(message)
	if err != nil {
		return err
	}
	frame := make([]byte, 0, len(encoded)+32)
	frame = append(frame, "event: message\ndata: "...)
	frame = append(frame, encoded...)
	return s.write(append(frame, "\n\n"...))
}

// write flushes, within a time after which a reader that takes nothing counts
// as gone.
func (s *eventStream) write(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(frame)
}

// put is write for who holds s.mu.
func (s *eventStream) put(frame []byte) error {
	if s.broken != nil {
		return s.broken
	}
	frame = append(s.begin(), frame...)
	if len(frame) == 0 {
		return nil
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(writeEventWithin)) // not every writer has one
	if s.hurried.Load() {
		s.hurry()
	}
	if _, s.broken = s.response.Write(frame); s.broken == nil {
		s.broken = s.control.Flush()
	}
	return s.broken
}

// hurry has a reader that takes nothing hold nobody up any more, from now on.
func (s *eventStream) hurry() {
	s.hurried.Store(true)
	_ = s.control.SetWriteDeadline(time.Now().Add(reportWithin))
}

// close ends the stream: the handler must not return before nothing writes. One
// on which nothing was written, as its call was cancelled, is a stream all the
// same. The deadline of the last write is left to the end that net/http writes.
func (s *eventStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.beat.Stop()
	_ = s.put(nil)
}
