package mcpserver

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// There are two ways to hear of what no request is the cause of. A client of the
// legacy era opens a stream with GET, one of the modern era with the request
// subscriptions/listen.

// otherMethod refuses what is neither POST nor GET. A session is no more than its
// id, so that there is nothing to delete.
func otherMethod(r *http.Request) *refusal {
	refused := &refusal{status: http.StatusMethodNotAllowed, allow: "GET, POST", code: jsonrpc2.CodeInvalidRequest,
		message: "use POST for messages, and GET with Accept: text/event-stream to hear of changes"}
	switch {
	case mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)):
		refused.allow, refused.message = http.MethodPost, "use POST; to hear of changes send subscriptions/listen"
	case r.Method == http.MethodDelete:
		refused.message = "sessions end by themselves: forget the id"
	}
	return refused
}

// listen answers a GET with a stream of what changes in the lists of the server,
// or returns what it is refused with.
func (e *endpoint) listen(w *statusRecorder, r *http.Request) *refusal {
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) {
		return otherMethod(r)
	}
	who, refused := e.server.gate.identify(r)
	if refused != nil {
		return refused
	}
	if !acceptsOf(r.Header).sse {
		return &refusal{status: http.StatusNotAcceptable, code: jsonrpc2.CodeInvalidRequest,
			message: "a GET is answered with a stream of changes: send the header Accept: text/event-stream. Messages are sent with POST"}
	}
	if _, refused = legacyEra(r.Header.Get(mcp.HeaderProtocolVersion)); refused != nil {
		return refused
	}
	p, to, refused := e.find(r, who)
	if refused != nil {
		return refused
	}
	session, _, refused := sessionOf(r, p)
	if refused != nil {
		return refused
	}
	ctx, ended, refused := e.server.streams.begin(r.Context(), to.key, p)
	if refused != nil {
		return refused
	}
	defer ended()
	w.listens = true
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // see guarded
	out := newEventStream(w, e.server.config.KeepAlive, nil)
	defer out.close()
	defer context.AfterFunc(e.server.streams.ended, out.hurry)()
	listener := to.key.tenant.Listen(r.PathValue("aid"))
	defer listener.Close()
	defer to.key.speakers.join(session, listener)()
	if out.write(nil) == nil {
		// An error is the client's going, and the end of the stream.
		_ = listener.Tell(ctx, func(changes []mcp.JSONRPCNotification) error {
			if !to.key.speakers.speaks(session, listener) {
				return nil
			}
			return tellAll(out, changes)
		})
	}
	return nil
}

func tellAll(out *eventStream, changes []mcp.JSONRPCNotification) error {
	for _, change := range changes {
		if err := out.Notify(change); err != nil {
			return err
		}
	}
	return nil
}

// listens tells whether the batch is a request that opens a stream.
func listens(batch exchange.Batch, era era) bool {
	first := batch.Messages[0]
	return era.modern && first.Kind == exchange.Request && first.Method == string(mcp.MethodSubscriptionsListen)
}

// beginListening makes room for the stream of a subscriptions/listen.
func (e *endpoint) beginListening(r *http.Request, p principal, to destination, accepts accepted) (context.Context, func(), *refusal) {
	if !accepts.sse {
		return nil, nil, &refusal{status: http.StatusNotAcceptable, code: jsonrpc2.CodeInvalidRequest,
			message: string(mcp.MethodSubscriptionsListen) + " is answered with a stream: name text/event-stream in the Accept header"}
	}
	return e.server.streams.begin(r.Context(), to.key, p)
}
