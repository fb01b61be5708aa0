package baseurl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sema4mcp/restclient"
)

// tryWithin bounds one attempt: somebody is waiting at a terminal.
const tryWithin = 20 * time.Second

// Attempt is one form of the base URL and what came of it.
type Attempt struct {
	URL string
	Err error // nil: the REST API answered
}

// ErrKeyRefused is in the error of a tenant that was found and refuses the key.
var ErrKeyRefused = errors.New("the tenant refuses the API key: copy it again, alone, or make a new one under Configuration > API Keys in the Sema4.ai application")

// NotFoundError says that the host answers and has no REST API at any of the forms.
type NotFoundError struct{ Attempts []Attempt }

func (e *NotFoundError) Error() string {
	tried := make([]string, len(e.Attempts))
	for i, attempt := range e.Attempts {
		tried[i] = fmt.Sprintf("%s (%s)", attempt.URL, brief(attempt.Err))
	}
	return "no REST API answers there: copy the base URL from Configuration > API Keys in the Sema4.ai application. Tried " + strings.Join(tried, ", ")
}

func brief(err error) string {
	if answer, ok := errors.AsType[*restclient.APIError](err); ok {
		return fmt.Sprint(answer.StatusCode)
	}
	return "not its answer"
}

// Find returns the first of the forms that a REST API answers at with the key. Each
// try is one call. The error is [ErrKeyRefused], a [*NotFoundError], the
// [*restclient.ConnectionError] of a host that cannot be reached, or the
// [*restclient.APIError] of one that is in trouble.
func Find(ctx context.Context, forms []string, key, userAgent string, transport http.RoundTripper) (string, error) {
	var attempts []Attempt
	for _, form := range forms {
		err := Try(ctx, form, key, userAgent, transport)
		if err == nil {
			return form, nil
		}
		if verdict := final(err); verdict != nil {
			return form, verdict
		}
		attempts = append(attempts, Attempt{form, err})
	}
	return "", &NotFoundError{attempts}
}

// Try lists one agent at a base URL.
func Try(ctx context.Context, base, key, userAgent string, transport http.RoundTripper) error {
	client, err := restclient.New(base, key, restclient.WithTransport(transport), restclient.WithUserAgent(userAgent),
		restclient.WithRetry(restclient.RetryPolicy{}), restclient.WithRequestTimeout(tryWithin))
	if err != nil {
		return err
	}
	_, err = client.Agents.List(ctx, &restclient.AgentListOptions{Limit: 1})
	return err
}

// final is what another form would not change; nil for anything else.
func final(err error) error {
	answer, answered := errors.AsType[*restclient.APIError](err)
	_, unreadable := errors.AsType[*restclient.ResponseError](err)
	switch {
	case unreadable:
		return nil
	case !answered:
		return err
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w (%d)", ErrKeyRefused, answer.StatusCode)
	case answer.StatusCode >= http.StatusInternalServerError, answer.StatusCode == http.StatusTooManyRequests:
		return err
	}
	return nil
}
