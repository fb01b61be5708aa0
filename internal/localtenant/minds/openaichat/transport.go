package openaichat

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/mark3labs/mcp-go/client/transport"
)

// transport is how a server is reached.
func (m *Mind) transport(ctx context.Context, server Server, invocation string) (transport.Interface, error) {
	silent := slog.New(slog.DiscardHandler) // what goes wrong comes back as an error; the log would get URLs
	kind := server.kind()
	if kind == transportStdio {
		if server.Command == "" { // which would panic in mcp-go
			return nil, errCommandless
		}
		if !m.config.AllowCommands {
			return nil, errCommands
		}
		return transport.NewStdioWithOptions(server.Command, nil, server.Args,
			transport.WithCommandFunc(server.process), transport.WithCommandLogger(silent)), nil
	}
	address, err := url.Parse(server.URL)
	if err != nil || address.Host == "" {
		return nil, errURLless
	}
	web := &http.Client{CheckRedirect: sameHost, Transport: &signed{
		next: m.web, turn: ctx, host: address.Host, headers: server.headers(invocation),
	}}
	switch kind {
	case transportSSE:
		return transport.NewSSE(server.URL, transport.WithHTTPClient(web), transport.WithSSELogger(silent),
			transport.WithEndpointTimeout(connectWithin), transport.WithResponseTimeout(callWithin))
	case transportStreamableHTTP:
		return transport.NewStreamableHTTP(server.URL, transport.WithHTTPBasicClient(web), transport.WithHTTPLogger(silent))
	default:
		return nil, fmt.Errorf("no transport is called %q; use streamable-http, sse, stdio or auto", kind)
	}
}

// signed adds a server's headers to the requests for its own host, so that no
// redirect carries them away, and sends nothing once the turn is over.
type signed struct {
	next    http.RoundTripper
	turn    context.Context
	host    string
	headers http.Header
}

// RoundTrip is of [http.RoundTripper].
func (s *signed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := s.turn.Err(); err != nil {
		return nil, err
	}
	if r.URL.Host == s.host {
		r = r.Clone(r.Context())
		for name, values := range s.headers {
			r.Header[name] = values
		}
	}
	response, err := s.next.RoundTrip(r)
	if err == nil {
		response.Body = bounded{io.LimitReader(response.Body, maxMCPAnswer), response.Body}
	}
	return response, err
}

type bounded struct {
	io.Reader
	io.Closer
}
