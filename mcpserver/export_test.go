package mcpserver

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge"
)

// HandlerOf serves one MCP server where agents would be, to any key.
func (s *Server) HandlerOf(fixture *server.MCPServer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/agents/{aid}/mcp", s.endpoint("fixture", func(context.Context, *bridge.Tenant, *http.Request) (*server.MCPServer, error) {
		return fixture, nil
	}))
	return mux
}
