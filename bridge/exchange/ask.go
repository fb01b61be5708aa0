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
type AnswerError struct {
	Asked  string // what the client was to do, as in "ask its user"
	Reason string
}

func (e *AnswerError) Error() string { return "the client could not " + e.Asked + ": " + e.Reason }

// question is a method that a client can be asked for, and what it means in an
// [AnswerError].
type question struct {
	method mcp.MCPMethod
	asks   string
}

var userQuestion = question{mcp.MethodElicitationCreate, "ask its user"}

// Questions are what clients have been asked in the midst of a call and have not
// answered yet: there is one for a connection, or for a key. The zero value is
// ready, and safe for concurrent use.
type Questions struct {
	mu     sync.Mutex // guards all below
	open   map[openQuestion]chan Message
	closed bool
}

// openQuestion tells what a client was asked from what others were.
type openQuestion struct{ session, id string }

// Answer hands the response of a session's client to whoever asked it. One to a
// question that is no longer open, or that another session was asked, is dropped.
func (q *Questions) Answer(session string, response Message) {
	asked := openQuestion{session: session}
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
func (q *Questions) begin(session string) (asked openQuestion, answer <-chan Message) {
	asked = openQuestion{session, rand.Text()}
	waiting := make(chan Message, 1) // so that Answer never waits
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		close(waiting)
	case q.open == nil:
		q.open = map[openQuestion]chan Message{asked: waiting}
	default:
		q.open[asked] = waiting
	}
	return asked, waiting
}

func (q *Questions) forget(asked openQuestion) {
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
	return x.request.IsModern() || x.asker != nil
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
	if !x.asksInside() || !x.CanElicit() {
		return nil, server.ErrElicitationNotSupported
	}
	var result mcp.ElicitationResult
	if err := x.ask(ctx, userQuestion, request.Params, &result); err != nil {
		return nil, err
	}
	switch result.Action {
	case mcp.ElicitationResponseActionAccept, mcp.ElicitationResponseActionDecline, mcp.ElicitationResponseActionCancel:
		return &result, nil
	default:
		return nil, userQuestion.failed(fmt.Sprintf("it answered with the action %q, which there is none of", result.Action))
	}
}

func (q question) failed(reason string) error { return &AnswerError{q.asks, reason} }

// unreadable is for a result that is not of the form which the method has.
func (q question) unreadable() error { return q.failed("its answer cannot be read") }

// asksInside tells whether questions go out on the call's own stream.
func (x *Exchange) asksInside() bool { return !x.request.IsModern() && x.asker != nil }

// ask sends the client a question and reads its answer into result. What a
// client's error says is its own text: it goes into the log alone.
func (x *Exchange) ask(ctx context.Context, q question, params, result any) error {
	asked, answer := x.peer.Questions.begin(x.peer.Session)
	defer x.peer.Questions.forget(asked)
	request := mcp.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(asked.id), Params: params}
	request.Method = string(q.method)
	select {
	case x.questions <- request:
	case <-x.closed:
		return ErrAnswered
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case response, ok := <-answer:
		switch {
		case !ok:
			return ErrNoAnswer
		case response.Failure != nil:
			zerolog.Ctx(ctx).Warn().RawJSON("error", response.Failure).Msgf("a client answered %s with an error", q.method)
			return q.failed("it answered with an error")
		case json.Unmarshal(response.Result, result) != nil:
			return q.unreadable()
		}
		return nil
	case <-ctx.Done():
		x.withdraw(asked.id)
		return ctx.Err()
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
