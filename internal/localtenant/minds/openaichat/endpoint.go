package openaichat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sema4mcp/internal/localtenant/minds"
)

const (
	idleConnections = 90 * time.Second
	// patience is how long the endpoint may send nothing: a local model can read
	// for minutes before it says the first word.
	patience      = 10 * time.Minute
	maxRetries    = 2
	retryPause    = 2 * time.Second  // where the endpoint names no time
	maxRetryPause = 60 * time.Second // a longer wait is for the user to decide
	maxErrorBody  = 64 << 10
)

// endpoint is an OpenAI-compatible API.
type endpoint struct {
	address *url.URL // of the chat completions
	key     string
	model   string
	secrets secrets
	http    *http.Client
}

const completionsPath = "/chat/completions"

func newEndpoint(address *url.URL, config Config, transport http.RoundTripper) *endpoint {
	full := *address
	full.Path = strings.TrimRight(full.Path, "/")
	if !strings.HasSuffix(full.Path, completionsPath) {
		full.Path += completionsPath
	}
	full.RawPath = ""
	e := &endpoint{address: &full, key: config.Key, model: config.Model, http: &http.Client{Transport: transport, CheckRedirect: sameHost}}
	e.secrets.add(config.Key)
	e.secrets.addURL(address)
	return e
}

const maxRedirects = 5

// sameHost keeps prompts and keys from being carried elsewhere, or in the clear,
// by a redirect.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme || len(before) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

func (e *endpoint) host() string { return e.address.Scheme + "://" + e.address.Host }

func (e *endpoint) modelName() string {
	if e.model == "" {
		return "which model to use"
	}
	return fmt.Sprintf("the model %q", e.model)
}

var errSilent = errors.New("nothing came for a long time")

// ask lets the model go on with the conversation, and tells its words as they
// come. The error is a [minds.Failure] or the context's.
func (e *endpoint) ask(ctx context.Context, messages []message, tools []toolSpec, out minds.Emitter) (*reply, error) {
	body, err := json.Marshal(request{Model: e.model, Messages: messages, Tools: tools, Stream: true})
	if err != nil {
		return nil, err
	}
	live, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer silence.Stop()
	response, err := e.post(live, body, silence, out)
	if err != nil {
		return nil, e.explain(ctx, live, err)
	}
	defer response.Body.Close()
	r, err := e.read(&watched{response.Body, silence}, out)
	if err != nil {
		return nil, e.explain(ctx, live, err)
	}
	return r, nil
}

// post sends the request, again where the endpoint asks for patience, and gives
// an answer of status 200.
func (e *endpoint) post(ctx context.Context, body []byte, silence *time.Timer, out minds.Emitter) (*http.Response, error) {
	for try := 0; ; try++ {
		response, err := e.send(ctx, body)
		if err != nil {
			return nil, err
		}
		if response.StatusCode == http.StatusOK {
			return response, nil
		}
		refusal, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // the status says enough
		_ = response.Body.Close()
		pause, again := retry(response, errorIn(refusal).Code, try)
		if !again {
			return nil, e.refused(response.StatusCode, refusal)
		}
		out.Think(fmt.Sprintf("The model's endpoint asks to wait (status %d). I try again in %v.", response.StatusCode, pause))
		if err := minds.Pause(ctx, pause); err != nil {
			return nil, err
		}
		silence.Reset(patience)
	}
}

func (e *endpoint) send(ctx context.Context, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream, application/json")
	if e.key != "" {
		r.Header.Set("Authorization", "Bearer "+e.key)
	}
	return e.http.Do(r)
}

// retry says whether and when to send again. Used-up credit does not come back by
// waiting.
func retry(response *http.Response, code string, tried int) (time.Duration, bool) {
	busy := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
	if !busy || tried == maxRetries || code == "insufficient_quota" {
		return 0, false
	}
	pause := retryAfter(response.Header.Get("Retry-After"), retryPause<<tried)
	return pause, pause <= maxRetryPause
}

// retryAfter reads the header of RFC 9110, section 10.2.3.
func retryAfter(value string, otherwise time.Duration) time.Duration {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return otherwise
}

// explain turns what went wrong into what the user is told.
func (e *endpoint) explain(ctx, live context.Context, err error) error {
	var (
		known  *minds.Failure
		failed *url.Error
	)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known):
		return known
	case errors.Is(context.Cause(live), errSilent):
		return e.broken(fmt.Sprintf("the model's endpoint %s sent nothing for %v", e.host(), patience))
	case errors.As(err, &failed): // its own text has the URL in it
		return failure("unexpected_error", "The model's endpoint %s cannot be reached: %s. Check that it runs, and %s.", e.host(), quoted(e.secrets.hide(failed.Err.Error())), EnvURL)
	default:
		return e.broken(fmt.Sprintf("the connection to the model's endpoint %s was cut", e.host()))
	}
}

// watched puts the end of patience off with everything that comes, comments that
// keep a connection alive among it.
type watched struct {
	io.Reader
	silence *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.silence.Reset(patience)
	}
	return n, err
}
