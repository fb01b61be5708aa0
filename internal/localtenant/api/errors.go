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
}

func (p *problem) Error() string { return p.message }

var errNoRoute = &problem{status: http.StatusNotFound, message: "There is nothing at this path."}

func errMethod(method string, allow []string) error {
	return &problem{
		status: http.StatusMethodNotAllowed, allow: allow,
		message: fmt.Sprintf("%s is not allowed here; use %s.", method, strings.Join(allow, " or ")),
	}
}

// invalid is a 422: where is such as "body -> content".
func invalid(where, reason string) error {
	return &problem{status: http.StatusUnprocessableEntity, message: where + ": " + reason}
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
		writeError(w, known.status, known.message)
	case errors.As(err, &failed):
		writeFailure(w, http.StatusInternalServerError, failed.Failure)
	case errors.Is(err, store.ErrNotFound):
		writeError(w, http.StatusNotFound, err.Error())
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
		writeFailure(w, http.StatusInternalServerError, failure)
	}
}

// writeError answers with the envelope of a status.
func writeError(w http.ResponseWriter, status int, message string) {
	code, ok := codes[status]
	if !ok {
		code = "unexpected_error"
	}
	writeFailure(w, status, thread.Failure{ID: uuid.NewString(), Code: code, Message: message})
}

func writeFailure(w http.ResponseWriter, status int, failure thread.Failure) {
	// A client that has gone does not need its error.
	_ = writeJSON(w, status, map[string]thread.Failure{"error": failure})
}
