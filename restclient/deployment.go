package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// OpenAPI opens the deployment's own description of its API, OpenAPI as JSON or
// YAML, which the vendor calls authoritative. It is asked for without the key.
// Close it when done with it.
func (c *Client) OpenAPI(ctx context.Context) (*Download, error) {
	req := request{method: http.MethodGet, path: "/", keyless: c.base.String()}
	return c.download(ctx, req, "text/html")
}

// Ping checks that the deployment answers at its base URL and says that it is
// well.
func (c *Client) Ping(ctx context.Context) error {
	_, err := call[health](ctx, c, get("ok"))
	return err
}

type health struct {
	OK *bool `json:"ok"`
}

func (h *health) check() error {
	if h.OK == nil || !*h.OK {
		return errors.New("it does not say that all is well")
	}
	return nil
}

// Raw calls what this package has no method for: what the deployment's OpenAPI
// document describes beyond the published API. The path is below the base URL,
// escaped, and may have a query; a nil body sends none. The answer is empty
// where the server sends none. As everywhere, only GET is repeated.
func (c *Client) Raw(ctx context.Context, method, path string, body json.RawMessage) (json.RawMessage, error) {
	req, err := rawRequest(method, path)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req = req.withJSON(body)
	}
	_, answer, err := c.fetch(ctx, req.private(secretsIn(body)...))
	return answer, err
}

func rawRequest(method, path string) (request, error) {
	target, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || target.Host != "" || target.Fragment != "" {
		return request{}, errors.New("the path of a raw call begins with one / and is escaped, such as /branding?limit=1")
	}
	for segment := range strings.SplitSeq(target.Path, "/") {
		if segment == "." || segment == ".." {
			return request{}, fmt.Errorf("the path of a raw call cannot hold %q", segment)
		}
	}
	return request{method: method, path: target.EscapedPath(), query: target.Query(), accept: jsonMediaType}, nil
}
