package bridge

import (
	"net/http"
	"time"

	"sema4mcp/restclient"
)

// streamIdleTimeout is the longest silence of an agent that is taken for work.
// Giving up closes the stream, which stops the agent; so it is generous.
const streamIdleTimeout = 15 * time.Minute

// NewClient returns the client that a [Tenant] reaches its agents through. The
// transport may be nil. The error says what is wrong with the base URL or key.
func NewClient(baseURL, key, userAgent string, transport http.RoundTripper) (*restclient.Client, error) {
	options := []restclient.Option{restclient.WithUserAgent(userAgent), restclient.WithStreamIdleTimeout(streamIdleTimeout)}
	if transport != nil {
		options = append(options, restclient.WithTransport(transport))
	}
	return restclient.New(baseURL, key, options...)
}
