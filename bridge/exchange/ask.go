package exchange

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
)

var _ server.SessionWithElicitation = (*Exchange)(nil)

// ErrNoAnswer is returned for a question that cannot be answered any more, as
// the connection or the server ends.
var ErrNoAnswer = errors.New("no answer of the user can come any more")

// AnswerError says that a client answered a question with an error, or with
// something that is no answer to it.
type AnswerError struct{ Reason string }

func (e *AnswerError) Error() string { return "the client could not ask its user: " + e.Reason }

// Questions are what clients have been asked in the midst of a call and have not
// answered yet: there is one for a connection, or for a key. The zero value is
// ready, and safe for concurrent use.
type Questions struct {
	mu     sync.Mutex // guards all below
	open   map[question]chan Message
	closed bool
}

// question tells what a client was asked from what others were.
type question struct{ session, id string }

// Answer hands the response of a session's client to whoever asked it. One to a
// question that is no longer open, or that another session was asked, is dropped.
func (q *Questions) Answer(session string, response Message) {
	asked := question{session: session}
	if json.Unmarshal(response.ID, &asked.id) != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if waiting, ok := q.open[asked]; ok {
		delete(q.open, asked)
		waiting <- response
	}
}

// Close ends all questions, those to come too, with [ErrNoAnswer].
func (q *Questions) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for asked, waiting := range q.open {
		delete(q.open, asked)
		close(waiting)
	}
}

// begin opens a question to a session under an id that nobody can guess. Its
// channel has one answer, or is closed without.
func (q *Questions) begin(session string) (asked question, answer <-chan Message) {
	asked = question{session, rand.Text()}
	waiting := make(chan Message, 1) // so that Answer never waits
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		close(waiting)
	case q.open == nil:
		q.open = map[question]chan Message{asked: waiting}
	default:
		q.open[asked] = waiting
	}
	return asked, waiting
}

func (q *Questions) forget(asked question) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, asked)
}

// CanElicit tells whether this very caller's user can be asked something: the
// client has declared so, and either takes questions as results, as from
// 2026-07-28 on, or reads a stream that can carry one.
func (x *Exchange) CanElicit() bool {
	if x == nil || !ElicitsForms(x.GetClientCapabilities()) {
		return false
	}
	return x.request.modern() || x.asker != nil
}

// ElicitsForms tells whether a client that declares this can put a form to its
// user. Before there was another kind of question, forms were not named.
func ElicitsForms(declared mcp.ClientCapabilities) bool {
	elicits := declared.Elicitation
	return elicits != nil && (elicits.Form != nil || elicits.URL == nil)
}

// RequestElicitation puts a form to the user of a client from before 2026-07-28,
// on the call's own stream, and waits for the answer until ctx ends: then the
// question is withdrawn. Declining is an answer. An [*AnswerError] is the
// client's failure; [server.ErrElicitationNotSupported] is for one that cannot
// be asked, see [Exchange.CanElicit].
func (x *Exchange) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if x.request.modern() || !x.CanElicit() {
		return nil, server.ErrElicitationNotSupported
	}
	asked, answer := x.peer.Questions.begin(x.peer.Session)
	defer x.peer.Questions.forget(asked)
	asking := mcp.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(asked.id), Params: request.Params}
	asking.Method = string(mcp.MethodElicitationCreate)
	select {
	case x.questions <- asking:
	case <-x.closed:
		return nil, ErrAnswered
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case response, ok := <-answer:
		if !ok {
			return nil, ErrNoAnswer
		}
		return elicited(ctx, response)
	case <-ctx.Done():
		x.withdraw(asked.id)
		return nil, ctx.Err()
	}
}

// elicited reads the client's answer. What its error says is the client's own
// text: it goes into the log alone.
func elicited(ctx context.Context, response Message) (*mcp.ElicitationResult, error) {
	if response.Failure != nil {
		zerolog.Ctx(ctx).Warn().RawJSON("error", response.Failure).Msg("a client answered a question with an error")
		return nil, &AnswerError{"it answered with an error"}
	}
	var result mcp.ElicitationResult
	if err := json.Unmarshal(response.Result, &result); err != nil {
		return nil, &AnswerError{"its answer cannot be read"}
	}
	switch result.Action {
	case mcp.ElicitationResponseActionAccept, mcp.ElicitationResponseActionDecline, mcp.ElicitationResponseActionCancel:
		return &result, nil
	default:
		return nil, &AnswerError{fmt.Sprintf("it answered with the action %q, which there is none of", result.Action)}
	}
}

// withdraw lets the client take the question away from its user. A client that
// has gone, or reads too slowly, is not told.
func (x *Exchange) withdraw(id string) {
	n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
	n.Method = string(mcp.MethodNotificationCancelled)
	n.Params.AdditionalFields = map[string]any{"requestId": id, "reason": "the answer took too long"}
	select {
	case x.notifications <- n:
	default:
	}
}
