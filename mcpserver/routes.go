package mcpserver

import (
	"context"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge"
	"sema4mcp/mcpserver/oauth"
)

// Handler serves every route, for a listener that others can reach. Use Serve
// for one on loopback, which is guarded against web pages that rebind a name.
func (s *Server) Handler() http.Handler { return s.guarded(false, s.routes()) }

// routes: the vendor's own path for one agent and its like for a whole tenant,
// each with and without the tenant segment and the last slash.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	agent := s.endpoint("agent", func(ctx context.Context, t *bridge.Tenant, r *http.Request) (*server.MCPServer, error) {
		return t.AgentServer(ctx, r.PathValue("aid"))
	})
	tenant := s.endpoint("tenant", func(ctx context.Context, t *bridge.Tenant, _ *http.Request) (*server.MCPServer, error) {
		return t.Server(ctx)
	})
	prefixes, document := s.gate.metadata()
	for _, path := range []string{"", "/api/v1/mcp", "/tenants/{tenant}/api/v1/mcp", "/api/v1/agent-mcp/{aid}/mcp", "/tenants/{tenant}/api/v1/agent-mcp/{aid}/mcp"} {
		for _, slash := range []string{"", "/{$}"} {
			switch {
			case strings.Contains(path, "{aid}"):
				mux.Handle(path+slash, agent)
			case path != "":
				mux.Handle(path+slash, tenant)
			}
			for _, prefix := range prefixes {
				mux.Handle("GET "+oauth.WellKnown+prefix+path+slash, document)
			}
		}
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("/", notFound)
	return mux
}
