package mcpserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// refusal is why a request is not carried: an HTTP status, and for those who
// read the body a JSON-RPC error.
type refusal struct {
	status     int
	code       int64
	message    string
	data       any
	id         json.RawMessage
	omitID     bool
	allow      string
	challenge  string // of the status 401 or 403, how to be let in
	retryAfter int    // seconds
}

// forRequest addresses the refusal to the batch's only request.
func (r *refusal) forRequest(batch exchange.Batch) *refusal {
	if r != nil && !batch.IsArray && batch.Messages[0].Kind == exchange.Request {
		r.id = batch.Messages[0].ID
	}
	return r
}

func (r *refusal) write(w http.ResponseWriter) {
	header := w.Header()
	switch {
	case r.challenge != "":
		header.Set("WWW-Authenticate", r.challenge)
	case r.allow != "":
		header.Set("Allow", r.allow)
	case r.retryAfter > 0:
		header.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	fault := &jsonrpc2.Error{Code: r.code, Message: r.message}
	if r.data != nil {
		fault.SetError(r.data)
	}
	writeJSON(w, r.status, exchange.Reply{ID: r.id, OmitID: r.omitID, Error: fault})
}

// refusalOf tells a client what the tenant, or the way to it, said of its key
// and its agent.
func refusalOf(err error) *refusal {
	if _, ok := errors.AsType[errNoSuchTenant](err); ok {
		return &refusal{status: http.StatusNotFound, code: jsonrpc2.CodeInvalidRequest, message: err.Error()}
	}
	if errors.Is(err, bridge.ErrNotOffered) {
		return &refusal{status: http.StatusNotFound, code: jsonrpc2.CodeInvalidRequest, message: err.Error()}
	}
	unreachable := &refusal{status: http.StatusBadGateway, code: jsonrpc2.CodeInternalError, message: "the Sema4.ai tenant cannot be reached: " + err.Error()}
	var answer *restclient.APIError
	if !errors.As(err, &answer) {
		return unreachable
	}
	r := &refusal{status: answer.StatusCode, code: jsonrpc2.CodeInvalidRequest, message: err.Error(), retryAfter: int(answer.RetryAfter.Seconds())}
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		r.message = "the tenant does not accept the API key: " + err.Error()
	case http.StatusForbidden:
		r.message = "the API key may not use this agent: " + err.Error()
	case http.StatusNotFound:
		r.message = "there is no such agent for this key: " + err.Error()
	case http.StatusTooManyRequests:
	case http.StatusServiceUnavailable:
		r.code, r.message = jsonrpc2.CodeInternalError, "the Sema4.ai tenant is not available: "+err.Error()
	default:
		return unreachable
	}
	return r
}
