package stdio

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// How long calls in flight may take to finish when the connection ends, and
// then to say how far they came. Hosts kill what is still there after 2 s.
const (
	finishWithin = 1400 * time.Millisecond
	reportWithin = 300 * time.Millisecond
)

// Chooser picks the MCP server for a request: what needs no knowledge of the
// tenant must not wait for it.
type Chooser func(ctx context.Context, request exchange.Message) *server.MCPServer

// Announcer tells a host of what it did not ask for, until ctx ends or tell
// fails.
type Announcer func(ctx context.Context, tell func(mcp.JSONRPCNotification) error)

// Announcing has announce run from the answer to the host's initialize on, until
// the connection ends: hosts that send none are of the modern era, where nothing
// comes unasked for.
func Announcing(announce Announcer) Option {
	return func(o *options) { o.announce = announce }
}

// Serve answers what comes in on in, until it ends, ctx ends, or out can no
// longer be written. Calls in flight are then given a moment to finish. After
// that abandon is called, which ends what they wait for, so that they can still
// report it. Subscriptions, which would go on for ever, end at once. A reader
// that has gone is a quiet end, any other failure of in or out an error.
func Serve(ctx context.Context, in io.Reader, out io.Writer, choose Chooser, abandon func(), log zerolog.Logger, with ...Option) error {
	var settings options
	for _, set := range with {
		set(&settings)
	}
	calls, cancelCalls := context.WithCancel(log.WithContext(context.WithoutCancel(ctx)))
	defer cancelCalls()
	serving, served := context.WithCancel(context.Background())
	defer served()
	s := newStream(in, out)
	h := &handler{stream: s, choose: choose, calls: calls, peer: &exchange.Peer{Questions: &s.questions}}
	held := &heldStream{stream: s, ctx: ctx, abandon: abandon, cancelCalls: cancelCalls}
	conn := jsonrpc2.NewConn(context.WithoutCancel(ctx), held, h, jsonrpc2.SetLogger(&log))
	defer conn.Close()
	if settings.parentGone != nil {
		go s.outlive(serving, settings.parentGone(serving), h.peer, log)
	}
	stop := context.AfterFunc(ctx, s.end)
	defer stop()
	announced := s.announcing(settings.announce)
	overdue := s.overdue(serving)
	select {
	case <-conn.DisconnectNotify():
	case <-overdue:
	}
	s.quiet()
	select {
	case <-announced: // nothing is written any more
	case <-overdue:
	}
	return held.verdict()
}

// announcing runs announce once the host is greeted. The channel is closed when
// nothing more is announced.
func (s *stream) announcing(announce Announcer) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.greeted:
		case <-s.wanted.Done():
			return
		}
		if announce != nil {
			announce(s.wanted, s.announce)
		}
	}()
	return done
}

// overdue is for a host that reads nothing: whatever is being written to it
// then hangs, and with it the connection's own end.
func (s *stream) overdue(serving context.Context) <-chan struct{} {
	overdue := make(chan struct{})
	go func() {
		select {
		case <-s.ended:
		case <-s.inputEnded:
		case <-serving.Done():
			return
		}
		if !within(serving.Done(), finishWithin+reportWithin) {
			close(overdue)
		}
	}()
	return overdue
}

// heldStream holds the end of the input back until the calls in flight are
// answered, as the connection closes on it at once.
type heldStream struct {
	*stream
	ctx         context.Context
	abandon     func()
	cancelCalls context.CancelFunc
	inputErr    error
}

func (h *heldStream) ReadObject(v any) error {
	err := h.stream.ReadObject(v)
	if err == nil {
		return nil
	}
	if !errors.Is(err, io.EOF) {
		h.inputErr = err
	}
	h.quiet()
	h.endSubscriptions()
	h.questions.Close() // whatever the host was asked, it cannot answer any more
	answered := h.answered()
	if within(answered, finishWithin) {
		return io.EOF
	}
	h.abandon()
	h.cancelCalls()
	within(answered, reportWithin)
	return io.EOF
}

func within(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// verdict is read after the connection has closed.
func (h *heldStream) verdict() error {
	if err := h.failure(); err != nil && !isBrokenPipe(err) && !errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, os.ErrClosed) {
		return err
	}
	if errors.Is(h.inputErr, os.ErrClosed) || errors.Is(h.inputErr, io.ErrClosedPipe) {
		return nil
	}
	return h.inputErr
}

// handler begins what the connection reads. It runs on the read loop, so that a
// cancellation finds the call it is meant for.
type handler struct {
	stream *stream
	choose Chooser
	calls  context.Context // of every call
	peer   *exchange.Peer
}

func (h *handler) Handle(_ context.Context, _ *jsonrpc2.Conn, request *jsonrpc2.Request) {
	c, ctx := h.stream.begin(h.calls, request.ID.Num)
	go func() {
		// A failed write ends the connection by itself.
		_ = exchange.Carry(ctx, h.choose(ctx, c.Message), c.Message, h.peer, writer{h.stream, c})
		h.stream.forget(c)
	}()
}

// writer is the stream as one call's exchange sees it.
type writer struct {
	stream *stream
	call   *call
}

func (w writer) Notify(n mcp.JSONRPCNotification) error { return w.stream.tell(w.call, n) }

func (w writer) Ask(request mcp.JSONRPCRequest) error { return w.stream.tell(w.call, request) }

func (w writer) Reply(reply exchange.Reply) error {
	err := w.stream.answer(w.call, reply)
	if err == nil && reply.Error == nil && w.call.Method == string(mcp.MethodInitialize) {
		w.stream.greet.Do(func() { close(w.stream.greeted) })
	}
	return err
}
