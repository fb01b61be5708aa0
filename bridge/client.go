package bridge

import (
	"net/http"

	"sema4mcp/restclient"
)

// NewClient returns the client that a [Tenant] of this configuration reaches its
// agents through. The transport may be nil. The error says what is wrong with the
// base URL or key.
//
// Giving up on a silent stream closes it, which stops the agent; so the limit is
// generous by default.
func (c Config) NewClient(baseURL, key, userAgent string, transport http.RoundTripper) (*restclient.Client, error) {
	options := []restclient.Option{restclient.WithUserAgent(userAgent), restclient.WithStreamIdleTimeout(c.withDefaults().StreamIdle)}
	if transport != nil {
		options = append(options, restclient.WithTransport(transport))
	}
	if c.RefreshKey != nil {
		options = append(options, restclient.WithKeyRefresh(c.RefreshKey))
	}
	if c.OperatorsKey {
		options = append(options, restclient.WithOperatorsKey())
	}
	return restclient.New(baseURL, key, options...)
}
