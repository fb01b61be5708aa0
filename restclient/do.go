package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxResponseBytes bounds an ordinary answer. Whole conversations come in one.
const maxResponseBytes = 64 << 20

// maxDrainBytes is what is read of an answer nobody wants so that its
// connection can be used again.
const maxDrainBytes = 64 << 10

// open sends a request once and returns its answer as soon as the headers are
// there. An answer without a 2xx status becomes an *APIError.
func (c *Client) open(ctx context.Context, req request) (*http.Response, error) {
	if req.invalid != nil {
		return nil, req.invalid
	}
	httpRequest, err := http.NewRequestWithContext(ctx, req.method, c.target(req), req.body)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", req, err)
	}
	if req.length > 0 {
		httpRequest.ContentLength = req.length
	}
	httpRequest.Header.Set("User-Agent", c.userAgent)
	httpRequest.Header.Set("Accept", req.accept)
	if req.contentType != "" {
		httpRequest.Header.Set("Content-Type", req.contentType)
	}
	if req.accept == eventStreamMediaType {
		httpRequest.Header.Set("Accept-Encoding", "identity") // a compressor on the way holds small events back
	}
	response, err := c.carrier(req).Do(httpRequest)
	if err != nil {
		return nil, c.connectionError(req, err)
	}
	if response.StatusCode/100 != 2 {
		defer discard(response.Body)
		return nil, c.apiError(req, response)
	}
	return response, nil
}

func (c *Client) target(req request) string {
	target := c.base.String() + req.path
	if req.keyless != "" {
		target = req.keyless
	}
	if len(req.query) > 0 {
		target += "?" + req.query.Encode()
	}
	return target
}

func (c *Client) carrier(req request) *http.Client {
	if req.keyless != "" {
		return c.keyless
	}
	return c.http
}

// fetch sends a request and reads the whole answer, repeating a GET after the
// retry policy.
func (c *Client) fetch(ctx context.Context, req request) (*http.Response, []byte, error) {
	var response *http.Response
	var body []byte
	policy := c.retry
	if req.method != http.MethodGet {
		policy = RetryPolicy{}
	}
	err := policy.do(ctx, func() (err error) {
		response, body, err = c.attempt(ctx, req)
		return err
	})
	return response, body, preferContext(ctx, req, err)
}

// preferContext puts the end of a context in the place of what a connection,
// cut by it, has to say. An answer of the server stays.
func preferContext(ctx context.Context, req request, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if _, lost := errors.AsType[*ConnectionError](err); lost || errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%v: %w", req, ctx.Err())
	}
	return err
}

func (c *Client) attempt(ctx context.Context, req request) (*http.Response, []byte, error) {
	ctx, cancel := c.bound(ctx, &req)
	defer cancel()
	response, err := c.open(ctx, req)
	if err == nil {
		defer discard(response.Body)
		var body []byte
		if body, err = readAll(response.Body, c.maxResponseBytes); err == nil {
			return response, body, nil
		}
		err = c.readError(req, response, err)
	}
	cause := context.Cause(ctx)
	if lost, ok := errors.AsType[*ConnectionError](err); ok && (errors.Is(cause, ErrRequestTimeout) || errors.Is(cause, ErrStreamIdle)) {
		lost.Err = cause
	}
	return nil, nil, err
}

// bound ends an attempt that takes too long, or a transfer that stands still.
func (c *Client) bound(ctx context.Context, req *request) (context.Context, context.CancelFunc) {
	switch {
	case req.transfer:
		return c.watch(ctx, req)
	case req.unbounded || c.requestTimeout == 0:
		return ctx, func() {}
	}
	late := fmt.Errorf("%w within %v", ErrRequestTimeout, c.requestTimeout)
	return context.WithTimeoutCause(ctx, c.requestTimeout, late)
}

func (c *Client) watch(ctx context.Context, req *request) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	body := &watchedReader{call: ctx, wait: c.streamIdleTimeout, body: req.body, reading: req.reading}
	if body.wait > 0 {
		body.idle = time.AfterFunc(body.wait, func() { end(c.silence()) })
	}
	req.body = body
	return ctx, func() {
		if body.idle != nil {
			body.idle.Stop()
		}
		end(nil)
	}
}

// checker is an answer that can tell whether what the API promises is in it.
type checker interface{ check() error }

// call sends a request and decodes the answer.
func call[T any](ctx context.Context, c *Client, req request) (*T, error) {
	response, body, err := c.fetch(ctx, req)
	if err != nil {
		return nil, err
	}
	out := new(T)
	if req.optional && len(bytes.TrimSpace(body)) == 0 {
		return out, nil
	}
	if err := c.decode(req, response, body, out); err != nil {
		return nil, err
	}
	return out, nil
}

// change sends a request that changes an object and returns that, read anew
// where the answer is not it: {"status":"ok"} or nothing.
func change[T any, P interface {
	*T
	checker
}](ctx context.Context, c *Client, req, again request) (*T, error) {
	_, body, err := c.fetch(ctx, req)
	if err != nil {
		return nil, err
	}
	out := new(T)
	if json.Unmarshal(body, out) == nil && P(out).check() == nil {
		return out, nil
	}
	out, err = call[T](ctx, c, again)
	if err != nil {
		return nil, fmt.Errorf("%v was accepted, but what came of it cannot be read: %w", req, err)
	}
	return out, nil
}

// send sends a request whose answer says nothing but that it is done.
func (c *Client) send(ctx context.Context, req request) error {
	_, _, err := c.fetch(ctx, req)
	return err
}

func (c *Client) decode(req request, response *http.Response, body []byte, out any) error {
	err := json.Unmarshal(body, out)
	if answer, ok := out.(checker); ok && err == nil {
		err = answer.check()
	}
	if err != nil {
		return c.responseError(req, response, body, err)
	}
	return nil
}

var (
	errTooLarge = errors.New("it is too large")
	errNoID     = errors.New("it has no id")
)

func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return body, err
}

func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxDrainBytes)
	_ = body.Close()
}
