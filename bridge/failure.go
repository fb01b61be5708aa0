package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// failure is what a tool that failed has to say: what happened, whether the
// agent ran, and what to do next.
type failure struct {
	what, ran, next string
	lister          string // the tool that shows what there is instead, if the server has it
}

// What a call that failed leaves untouched.
const (
	notRun       = "The agent did not run."
	runUntouched = "The run itself is untouched by this, and its answer is kept."
)

func (f *failure) Error() string {
	return strings.Join(slices.DeleteFunc([]string{f.what, f.ran, f.next}, func(s string) bool { return s == "" }), " ")
}

func (f *failure) result() *mcp.CallToolResult { return mcp.NewToolResultError(f.Error()) }

// failureOf explains an error of the tenant, of the way there, or of the run
// itself. Untouched is what the tool has to say of the agent where the error
// says nothing: what goes wrong after a message was sent is part of its run.
func failureOf(err error, untouched string) *failure {
	var known *failure
	if errors.As(err, &known) {
		f := *known
		f.ran = cmp.Or(f.ran, untouched)
		return &f
	}
	f := &failure{what: sentence(err), ran: untouched}
	var (
		badID    *run.IDError
		conflict *run.KeyConflictError
		answer   *restclient.APIError
		lost     *restclient.ConnectionError
	)
	switch {
	case errors.As(err, &badID):
		f.ran = ""
	case errors.As(err, &conflict):
		f.ran = "Nothing was sent to the agent."
	case errors.Is(err, run.ErrNotHeld):
		f.ran, f.next = "The agent may still be at work.", "Wait for it with get_run."
	case errors.Is(err, run.ErrPosted):
		f.ran, f.next = "The agent may still be at work.", "Wait for it with get_run. Messages sent with progress wanted, or under --send=stream, can be stopped."
	case errors.Is(err, ErrNotGranted):
		f.next = "Use an agent that list_agents shows, or have an access token issued that allows this one."
	case errors.Is(err, ErrNotOffered):
		f.next = "Use an agent that it does offer, or have the agent added to its setting --agents."
	case errors.Is(err, run.ErrClosed):
		f.ran, f.next = "", "Call again in a moment."
	case errors.Is(err, run.ErrClosing):
		f.next = "Call again in a moment."
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.what, f.next = "The call was cancelled before it was done.", "Call again if the answer is still wanted."
	case errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound:
		return notFound(err, answer, untouched)
	case answer != nil:
		f.next = adviceFor(answer)
	case errors.As(err, &lost):
		f.what, f.next = "The Sema4.ai tenant cannot be reached: "+sentence(err), "Check the base URL and the network, then call again."
	default:
		f.next = "Call again; if it fails again, look at the bridge's log."
	}
	return f
}

func adviceFor(answer *restclient.APIError) string {
	if answer.OperatorsKey && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return "That key is the server's own: its operator has to see to it. Neither another access token nor calling again helps before."
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		return "The API key is missing, wrong or revoked: run sema4-mcp-bridge login again, or set SEMA4_API_KEY (or the Authorization header) to a key of this workspace."
	case http.StatusForbidden:
		return "The API key may not do this: use a key of the workspace that the agent belongs to."
	case http.StatusTooManyRequests:
		if answer.RetryAfter > 0 {
			return fmt.Sprintf("Call again in %s.", answer.RetryAfter)
		}
		return "Call again in a minute."
	}
	if answer.StatusCode >= 500 {
		return "The tenant is in trouble: call again in a moment."
	}
	return "Change the request as the message says."
}

// sentence is an error's text with a full stop.
func sentence(err error) string {
	text := err.Error()
	if text == "" || text[len(text)-1] == '.' {
		return text
	}
	return text + "."
}
