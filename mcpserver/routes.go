package mcpserver

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge"
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
	for _, prefix := range []string{"/api/v1", "/tenants/{tenant}/api/v1"} {
		for _, slash := range []string{"", "/{$}"} {
			mux.Handle(prefix+"/agent-mcp/{aid}/mcp"+slash, agent)
			mux.Handle(prefix+"/mcp"+slash, tenant)
		}
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("/", notFound)
	return mux
}
