package mcpserver

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge"
)

// LoseReaders has a reader that takes nothing count as gone after this long,
// until restore.
func LoseReaders(after time.Duration) (restore func()) {
	was := writeEventWithin
	writeEventWithin = after
	return func() { writeEventWithin = was }
}

// BeginStreams has a stream wait this long for an error that has a status of its
// own, until restore: a busy machine finds it late.
func BeginStreams(within time.Duration) (restore func()) {
	was := beginWithin
	beginWithin = within
	return func() { beginWithin = was }
}

// OpenStreams are those that clients listen on.
func (s *Server) OpenStreams() int { return s.streams.count() }

// HandlerOf serves one MCP server where agents would be, to any key.
func (s *Server) HandlerOf(fixture *server.MCPServer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/agents/{aid}/mcp", s.endpoint("fixture", func(context.Context, *bridge.Tenant, *http.Request) (*server.MCPServer, error) {
		return fixture, nil
	}))
	return mux
}

// ServeInPlace is Serve with the fixture in the place of each of the tenant's
// agents: a key has to be good for the agent, and then gets the fixture.
func (s *Server) ServeInPlace(ctx context.Context, listener net.Listener, fixture *server.MCPServer) error {
	mux := http.NewServeMux()
	mux.Handle("/tenants/{tenant}/api/v1/agent-mcp/{aid}/mcp/{$}", s.endpoint("agent", func(ctx context.Context, t *bridge.Tenant, r *http.Request) (*server.MCPServer, error) {
		_, err := t.AgentServer(ctx, r.PathValue("aid"))
		return fixture, err
	}))
	return s.serve(ctx, listener, mux)
}
