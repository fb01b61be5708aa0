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

const (
	jsonMediaType        = "application/json"
	eventStreamMediaType = "text/event-stream"
	octetStreamMediaType = "application/octet-stream"
)

// request is one call of the API.
type request struct {
	method       string
	path         string // below the base URL, escaped
	query        url.Values
	body         io.Reader
	length       int64 // of a body that is streamed; 0 if it is not known
	contentType  string
	accept       string
	invalid      error         // why it cannot be sent
	secrets      []string      // what stands in it and may not be repeated in an error
	unbounded    bool          // the request time-out does not apply
	transfer     bool          // its silence is bounded instead
	confidential bool          // its answer may hold secrets
	optional     bool          // its answer may be empty
	reading      chan struct{} // full while the body of a transfer is read
	keyless      string        // the whole URL of a request that is sent without the key
}

// newRequest makes a request of the names of collections and the ids in them.
func newRequest(method string, segments ...string) request {
	path, err := resourcePath(segments...)
	return request{method: method, path: path, accept: jsonMediaType, invalid: err}
}

func get(segments ...string) request    { return newRequest(http.MethodGet, segments...) }
func remove(segments ...string) request { return newRequest(http.MethodDelete, segments...) }

func post(body any, segments ...string) request {
	return newRequest(http.MethodPost, segments...).withJSON(body)
}

func put(body any, segments ...string) request {
	return newRequest(http.MethodPut, segments...).withJSON(body)
}

func patch(body any, segments ...string) request {
	return newRequest(http.MethodPatch, segments...).withJSON(body)
}

// withJSON gives a request its body; nil stands for none.
func (r request) withJSON(body any) request {
	if r.invalid != nil || body == nil {
		return r
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		r.invalid = fmt.Errorf("%v: %w", r, err)
	}
	r.body, r.contentType = bytes.NewReader(encoded), jsonMediaType
	return r
}

// with adds a parameter to the query; an empty value adds none.
func (r request) with(name, value string) request {
	if value == "" {
		return r
	}
	if r.query == nil {
		r.query = url.Values{}
	}
	r.query.Set(name, value)
	return r
}

// private marks what may carry secrets, both ways.
func (r request) private(secrets ...string) request {
	r.confidential, r.secrets = true, secrets
	return r
}

// needs makes a request invalid unless something it cannot do without is there.
func (r request) needs(present bool, what string) request {
	if !present && r.invalid == nil {
		r.invalid = errors.New(what)
	}
	return r
}

// bodyLeft waits, once the call is over, for a Read of its body that has begun.
func (r request) bodyLeft(ctx context.Context) error {
	select {
	case r.reading <- struct{}{}:
		<-r.reading
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%v: %w", r, ctx.Err())
	}
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
