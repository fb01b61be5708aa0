package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// problem is an error with the status it is answered with.
type problem struct {
	status  int
	message string
	allow   []string // the methods a route has, with status 405
	about   *details
}

// details name the one field an error is about, as the vendor documents them.
type details struct {
	Field string `json:"field"`
	Issue string `json:"issue"`
}

func (p *problem) Error() string { return p.message }

var errNoRoute = &problem{status: http.StatusNotFound, message: "There is nothing at this path."}

func errMethod(method string, allow []string) error {
	return &problem{
		status: http.StatusMethodNotAllowed, allow: allow,
		message: fmt.Sprintf("%s is not allowed here; use %s.", method, strings.Join(allow, " or ")),
	}
}

// fault is what is wrong with a part of a request.
type fault struct{ where, reason string } // where is such as "body -> content"

// faulty says all that is wrong with a request; the details have room for the first.
func faulty(status int, faults ...fault) error {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.where + ": " + f.reason
	}
	field := faults[0].where
	if _, inside, ok := strings.Cut(field, " -> "); ok {
		field = inside
	}
	return &problem{status: status, message: strings.Join(texts, "; "), about: &details{field, faults[0].reason}}
}

// invalid is a 422: where is such as "body -> content".
func invalid(where, reason string) error {
	return faulty(http.StatusUnprocessableEntity, fault{where, reason})
}

// codes are the vendor's error families.
var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusConflict:              "conflict",
	http.StatusPreconditionFailed:    "precondition_failed",
	http.StatusRequestEntityTooLarge: "bad_request.too_large",
	http.StatusUnprocessableEntity:   "unprocessable_entity",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusServiceUnavailable:    "unexpected.unavailable",
}

// idFields are the names of ids, by what they are the id of.
var idFields = map[string]string{
	"agent":               "agent_id",
	"conversation":        "conversation_id",
	"data connection":     "connection_id",
	"MCP server":          "mcp_server_id",
	"schedule":            "schedule_id",
	"semantic data model": "semantic_data_model_id",
	"work item":           "work_item_id",
}

// unknown is a 404 for what the store does not have.
func unknown(err error) *problem {
	return unknownAs(idFields[store.Missing(err)], err)
}

// unknownAs is unknown for an id that the request has under another name.
func unknownAs(field string, err error) *problem {
	p := &problem{status: http.StatusNotFound, message: err.Error()}
	if field != "" {
		p.about = &details{field, "unknown"}
	}
	return p
}

// answerError answers with the envelope that fits the error.
func (s *server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	var (
		known  *problem
		failed *runs.Failed
	)
	switch {
	case errors.As(err, &known):
		if known.allow != nil {
			w.Header().Set("Allow", strings.Join(known.allow, ", "))
		}
		if known.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		writeProblem(w, known)
	case errors.As(err, &failed):
		writeFailure(w, http.StatusInternalServerError, failed.Failure, nil)
	case errors.Is(err, store.ErrNotFound):
		writeProblem(w, unknown(err))
	case errors.Is(err, store.ErrConflict):
		writeError(w, http.StatusConflict, err.Error())
	case errors.Is(err, store.ErrPrecondition):
		writeError(w, http.StatusPreconditionFailed, err.Error())
	case errors.Is(err, store.ErrLimit):
		writeError(w, http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, runs.ErrClosed) || s.Runner.Closed():
		writeError(w, http.StatusServiceUnavailable, "The tenant is shutting down; try again when it is back.")
	case r.Context().Err() != nil: // nobody is left to be answered
	default:
		failure := thread.Failure{ID: uuid.NewString(), Code: "unexpected_error", Message: "Something went wrong in the tenant."}
		s.Logger.Error().Err(err).Str("method", r.Method).Str("path", r.URL.Path).Str("error_id", failure.ID).Msg("request failed")
		writeFailure(w, http.StatusInternalServerError, failure, nil)
	}
}

// writeError answers with the envelope of a status.
func writeError(w http.ResponseWriter, status int, message string) {
	writeProblem(w, &problem{status: status, message: message})
}

func writeProblem(w http.ResponseWriter, p *problem) {
	code, ok := codes[p.status]
	if !ok {
		code = "unexpected_error"
	}
	writeFailure(w, p.status, thread.Failure{ID: uuid.NewString(), Code: code, Message: p.message}, p.about)
}

func writeFailure(w http.ResponseWriter, status int, failure thread.Failure, about *details) {
	type detailed struct {
		thread.Failure
		Details *details `json:"details,omitempty"`
	}
	// A client that has gone does not need its error.
	_ = writeJSON(w, status, map[string]detailed{"error": {failure, about}})
}
