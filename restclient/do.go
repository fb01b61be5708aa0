package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxResponseBytes bounds an ordinary answer. Whole conversations come in one.
const maxResponseBytes = 64 << 20

// maxDrainBytes is what is read of an answer nobody wants so that its
// connection can be used again.
const maxDrainBytes = 64 << 10

const (
	jsonMediaType        = "application/json"
	eventStreamMediaType = "text/event-stream"
)

// request is one call of the API.
type request struct {
	method      string
	path        string // below the base URL, escaped
	query       url.Values
	body        io.Reader
	contentType string
	accept      string
	unbounded   bool // the request time-out does not apply
}

func get(path string, query url.Values) request {
	return request{method: http.MethodGet, path: path, query: query, accept: jsonMediaType}
}

func post(body any, segments ...string) (request, error) {
	path, err := resourcePath(segments...)
	if err != nil {
		return request{}, err
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return request{}, fmt.Errorf("POST %s: %w", path, err)
	}
	return request{
		method:      http.MethodPost,
		path:        path,
		body:        bytes.NewReader(encoded),
		contentType: jsonMediaType,
		accept:      jsonMediaType,
	}, nil
}

// String leaves out the query, which may hold what people searched for.
func (r request) String() string { return r.method + " " + r.path }

// resourcePath joins the names of collections and the ids in them, which take
// turns, each escaped by itself. What a server might read as another path is
// refused: "", "." and "..".
func resourcePath(segments ...string) (string, error) {
	var path strings.Builder
	for i, segment := range segments {
		switch segment {
		case "":
			return "", fmt.Errorf("the id after %q is empty", segments[i-1])
		case ".", "..":
			return "", fmt.Errorf("the id after %q cannot be %q", segments[i-1], segment)
		}
		path.WriteByte('/')
		path.WriteString(url.PathEscape(segment))
	}
	return path.String(), nil
}

// open sends a request once and returns its answer as soon as the headers are
// there. An answer without a 2xx status becomes an *APIError.
func (c *Client) open(ctx context.Context, req request) (*http.Response, error) {
	target := c.base.String() + req.path
	if len(req.query) > 0 {
		target += "?" + req.query.Encode()
	}
	httpRequest, err := http.NewRequestWithContext(ctx, req.method, target, req.body)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", req, err)
	}
	httpRequest.Header.Set("User-Agent", c.userAgent)
	httpRequest.Header.Set("Accept", req.accept)
	if req.contentType != "" {
		httpRequest.Header.Set("Content-Type", req.contentType)
	}
	if req.accept == eventStreamMediaType {
		httpRequest.Header.Set("Accept-Encoding", "identity") // a compressor on the way holds small events back
	}
	response, err := c.http.Do(httpRequest)
	if err != nil {
		return nil, c.connectionError(req, err)
	}
	if response.StatusCode/100 != 2 {
		defer discard(response.Body)
		return nil, c.apiError(req, response)
	}
	return response, nil
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
	if c.requestTimeout > 0 && !req.unbounded {
		var cancel context.CancelFunc
		late := fmt.Errorf("%w within %v", ErrRequestTimeout, c.requestTimeout)
		ctx, cancel = context.WithTimeoutCause(ctx, c.requestTimeout, late)
		defer cancel()
	}
	response, err := c.open(ctx, req)
	if err == nil {
		defer discard(response.Body)
		var body []byte
		if body, err = readAll(response.Body, c.maxResponseBytes); err == nil {
			return response, body, nil
		}
		err = c.readError(req, response, err)
	}
	if lost, ok := errors.AsType[*ConnectionError](err); ok && errors.Is(context.Cause(ctx), ErrRequestTimeout) {
		lost.Err = context.Cause(ctx)
	}
	return nil, nil, err
}

// checker is an answer that can tell whether what the API promises is in it.
type checker interface{ check() error }

// call sends a request and decodes the answer into out.
func (c *Client) call(ctx context.Context, req request, out any) error {
	response, body, err := c.fetch(ctx, req)
	if err != nil {
		return err
	}
	return c.decode(req, response, body, out)
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
