package restclient

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxErrorBytes   = 64 << 10 // read of an error's body
	maxMessageBytes = 1 << 10  // kept of its message
)

// APIError is an answer without a 2xx status. Decide on StatusCode: the vendor
// documents no list of codes.
type APIError struct {
	StatusCode int
	Code       string // the vendor's word, such as "not_found"; may be empty
	Message    string // plain text, shortened; never empty
	Details    json.RawMessage
	ErrorID    string // the vendor's id of this failure, for its support
	RequestID  string
	Method     string
	Path       string        // below the base URL
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
	// Foreign says that the body is no error of this API: another server answered,
	// or a gateway on the way. A 404 of it tells that the base URL is wrong.
	Foreign bool
	// OperatorsKey says whose key was sent, see [WithOperatorsKey].
	OperatorsKey bool
}

func (e *APIError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: %d %s", e.Method, e.Path, e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		fmt.Fprintf(&text, " (%s)", e.Code)
	}
	if e.Message != http.StatusText(e.StatusCode) {
		text.WriteString(": " + e.Message)
	}
	if id := cmp.Or(e.ErrorID, e.RequestID); id != "" {
		fmt.Fprintf(&text, " [%s]", id)
	}
	if advice := e.advice(); advice != "" {
		text.WriteString("; " + advice)
	}
	return text.String()
}

func (e *APIError) advice() string {
	switch {
	case e.StatusCode/100 == 3:
		return "the server is elsewhere: check the scheme and the host in the base URL"
	case e.StatusCode == http.StatusUnauthorized && e.OperatorsKey:
		return "the operator has to look after the API key"
	case e.StatusCode == http.StatusUnauthorized:
		return "check the API key"
	case e.StatusCode == http.StatusForbidden:
		return "the API key does not allow this"
	case e.StatusCode == http.StatusNotFound && e.Foreign:
		return "check the base URL"
	case e.RetryAfter > 0:
		return fmt.Sprintf("try again in %v", e.RetryAfter.Round(time.Second))
	}
	return ""
}

// apiError reads the error out of an answer. A body cut short still says
// something, so a failure to read it is no failure here.
func (c *Client) apiError(req request, response *http.Response) *APIError {
	body, _ := readAll(response.Body, maxErrorBytes)
	redact := c.redactor(req)
	e := decodeError(body, redact)
	if e.Message == "" {
		e.Message = cmp.Or(http.StatusText(response.StatusCode), "unknown status")
	}
	e.StatusCode, e.OperatorsKey = response.StatusCode, c.operatorsKey
	e.Method, e.Path = req.method, req.path
	e.RetryAfter = retryAfter(response.Header)
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "Request-Id"} {
		e.RequestID = cmp.Or(e.RequestID, clip(redact.text(response.Header.Get(name)), maxExcerptBytes))
	}
	return e
}

// ErrConflict is in the error of a call that what is there already stands
// against: as a rule a name that is taken. Some servers answer it with 400,
// which stands for other faults too: the [APIError] inside tells which.
var ErrConflict = errors.New("it conflicts with what is there already")

func taken(err error) error {
	return meaning(err, ErrConflict, http.StatusConflict, http.StatusBadRequest)
}

// meaning adds what a status says in answer to one call.
func meaning(err, sentinel error, statuses ...int) error {
	if refused, ok := errors.AsType[*APIError](err); ok && slices.Contains(statuses, refused.StatusCode) {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
}
