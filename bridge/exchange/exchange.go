package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
	"github.com/sourcegraph/jsonrpc2"
)

// Writer is where an exchange's messages go. Carry calls it from one goroutine.
type Writer interface {
	// Notify writes one notification. After an error nothing more is written.
	Notify(mcp.JSONRPCNotification) error
	// Reply writes the answer; it is the last thing written.
	Reply(Reply) error
}

// Asker is a Writer whose client can be asked something in the midst of a call.
type Asker interface {
	Writer
	// Ask writes a request to the client, whose response comes to the
	// Questions of its Peer.
	Ask(mcp.JSONRPCRequest) error
}

// Exchange is mcp-go's session for exactly one request.
type Exchange struct {
	id            string
	request       Message
	peer          *Peer
	asker         Asker // nil where the client cannot be asked in the midst of a call
	notifications chan mcp.JSONRPCNotification
	questions     chan mcp.JSONRPCRequest // without a buffer: what was notified before goes out first
	closed        chan struct{}           // the reply is on its way: notifications come too late
	own           *Reply                  // what a handler answered by itself, see Answer

	numbering sync.Mutex // guards progress, and keeps its order on the way out
	progress  int
}

// notificationBuffer is for notifications that tools send through mcp-go,
// which drops what does not fit. Ours wait for room instead: see [Exchange.Notify].
const notificationBuffer = 256

// room is what a request's notifications are buffered in. There may be thousands
// of subscriptions at once, and nothing is sent to them through mcp-go.
func (m Message) room() int {
	if m.Method == string(mcp.MethodSubscriptionsListen) {
		return 1
	}
	return notificationBuffer
}

var exchanges atomic.Uint64

// Carry takes one request through an MCP server: it returns when the reply is
// written. A cancelled ctx ends the call, not what the call has set going. A
// handler that panics is answered with an internal error and logged.
func Carry(ctx context.Context, mcpServer *server.MCPServer, request Message, peer *Peer, out Writer) error {
	if request.IsModern() { // it says all of its client itself, and for itself alone
		peer = &Peer{version: request.Meta.ProtocolVersion}
	}
	x := &Exchange{
		id:            "exchange-" + strconv.FormatUint(exchanges.Add(1), 10),
		request:       request,
		peer:          peer,
		notifications: make(chan mcp.JSONRPCNotification, request.room()),
		questions:     make(chan mcp.JSONRPCRequest),
		closed:        make(chan struct{}),
	}
	if peer.Questions != nil {
		x.asker, _ = out.(Asker)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answered := make(chan Reply, 1)
	go func() { answered <- x.handle(ctx, mcpServer) }()

	var broken error
	tell := func(write func() error) {
		if broken == nil {
			if broken = write(); broken != nil {
				cancel()
			}
		}
	}
	notify := func(n mcp.JSONRPCNotification) { tell(func() error { return out.Notify(n) }) }
	notifyAll := func() {
		for range len(x.notifications) {
			notify(<-x.notifications)
		}
	}
	for {
		select {
		case n := <-x.notifications:
			notify(n)
		case question := <-x.questions:
			notifyAll()
			tell(func() error { return x.asker.Ask(question) })
		case reply := <-answered:
			notifyAll()
			close(x.closed)
			if broken != nil {
				return broken
			}
			return out.Reply(reply)
		}
	}
}

func (x *Exchange) handle(ctx context.Context, mcpServer *server.MCPServer) (reply Reply) {
	defer func() {
		if cause := recover(); cause != nil {
			zerolog.Ctx(ctx).Error().Str("method", x.request.Method).Bytes("stack", debug.Stack()).Msgf("panic: %v", cause)
			reply = internalError(x.request.ID, fmt.Errorf("%s failed unexpectedly; the log has the details", x.request.Method))
		}
	}()
	answer := mcpServer.HandleMessage(mcpServer.WithContext(ctx, x), x.request.forServer())
	if x.own != nil {
		return *x.own
	}
	return newReply(x.request.ID, answer)
}

// forServer is the request under a plain id. mcp-go reads ids as floating point
// numbers; the caller's own is put back when the reply is made.
func (m Message) forServer() json.RawMessage {
	method, _ := json.Marshal(m.Method) // a string always encodes
	out := make([]byte, 0, len(m.Params)+len(method)+48)
	out = append(out, `{"jsonrpc":"2.0","id":1,"method":`...)
	out = append(out, method...)
	if m.Params != nil {
		out = append(append(out, `,"params":`...), m.Params...)
	}
	return append(out, '}')
}

// FromContext is the exchange that a tool handler runs in, nil outside of one.
func FromContext(ctx context.Context) *Exchange {
	x, _ := server.ClientSessionFromContext(ctx).(*Exchange)
	return x
}

// Request is what the exchange answers.
func (x *Exchange) Request() Message { return x.request }

// Answer gives the request a result that mcp-go has no form for, in place of
// what its handler then returns; the last one counts. Only the handler's own
// goroutine may call it, which a hook of mcp-go runs in, too.
func (x *Exchange) Answer(result any) {
	encoded, err := Encode(result)
	if err != nil {
		reply := internalError(x.request.ID, fmt.Errorf("the result cannot be written as JSON: %w", err))
		x.own = &reply
		return
	}
	x.own = &Reply{ID: x.request.ID, Result: encoded}
}

// Refuse is [Exchange.Answer] with an error.
func (x *Exchange) Refuse(fault *jsonrpc2.Error) {
	x.own = &Reply{ID: x.request.ID, Error: fault}
}

// ErrAnswered is returned for what comes after the reply.
var ErrAnswered = errors.New("the request has been answered")

// WantsProgress tells whether the caller sent a progress token.
func (x *Exchange) WantsProgress() bool { return x != nil && x.request.Meta.ProgressToken != nil }

// Progress sends one progress notification with a number higher than the last
// one's, and nothing at all to a caller that sent no token.
func (x *Exchange) Progress(ctx context.Context, message string) error {
	if !x.WantsProgress() {
		return nil
	}
	x.numbering.Lock()
	defer x.numbering.Unlock()
	x.progress++
	return x.Notify(ctx, string(mcp.MethodNotificationProgress), mcp.NotificationParams{AdditionalFields: map[string]any{
		"progressToken": x.request.Meta.ProgressToken,
		"progress":      x.progress,
		"message":       message,
	}})
}

// Notify sends one notification that belongs to the request. It waits while the
// caller is slow to read, so nothing is dropped.
func (x *Exchange) Notify(ctx context.Context, method string, params mcp.NotificationParams) error {
	n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
	n.Method, n.Params = method, params
	select {
	case x.notifications <- n:
		return nil
	case <-x.closed:
		return ErrAnswered
	case <-ctx.Done():
		return ctx.Err()
	}
}
