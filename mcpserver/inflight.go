package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

// inFlight finds the calls of one principal that a later message refers to: a
// cancellation by session and id, a response by the question it answers. The
// zero value is ready, and safe for concurrent use.
type inFlight struct {
	questions exchange.Questions

	mu    sync.Mutex // guards calls
	calls map[callName]*sessionCall
}

// callName tells a call from others of the same principal. Ids alone do not: every
// client counts from the same number.
type callName struct{ session, id string }

// sessionCall is a request of a session that is being answered.
type sessionCall struct{ cancel context.CancelCauseFunc }

// errCancelled is why the context of a call ends that its client cancelled.
var errCancelled = errors.New("the client cancelled the call")

// begin gives the call a context that its client can cancel, where it has a
// session. What is returned has to be called when the call is answered.
func (f *inFlight) begin(ctx context.Context, session string, id json.RawMessage) (context.Context, func()) {
	if session == "" {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	name, call := callName{session, exchange.IDText(id)}, &sessionCall{cancel}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = make(map[callName]*sessionCall)
	}
	f.calls[name] = call
	return ctx, func() {
		cancel(nil)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.calls[name] == call { // the client may have used the id again
			delete(f.calls, name)
		}
	}
}

// heed acts upon the messages of a batch that are owed no reply, as far as they
// concern what their own session has in flight.
func (f *inFlight) heed(batch exchange.Batch, session string) {
	for _, message := range batch.Messages {
		switch {
		case message.Kind == exchange.Response:
			f.questions.Answer(session, message)
		case message.Kind == exchange.Notification && message.Method == string(mcp.MethodNotificationCancelled) && session != "":
			f.cancel(message, session)
		}
	}
}

func (f *inFlight) cancel(message exchange.Message, session string) {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(message.Params, &params) != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if call := f.calls[callName{session, exchange.IDText(params.RequestID)}]; call != nil {
		call.cancel(errCancelled)
	}
}

// unlessCancelled is the stream as one call sees it: a client that has cancelled
// the call wants no reply.
type unlessCancelled struct {
	*eventStream
	ctx context.Context // of the call
}

func (w unlessCancelled) Reply(reply exchange.Reply) error {
	if context.Cause(w.ctx) == errCancelled {
		return nil
	}
	return w.eventStream.Reply(reply)
}
