package api

import (
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/store"
)

func (s *server) mcpServerRoutes() []route {
	return []route{
		newRoute("mcp-servers", methods{http.MethodGet: s.listMCPServers, http.MethodPost: s.createMCPServer}),
		newRoute("mcp-servers/{server}", methods{
			http.MethodGet:    s.getMCPServer,
			http.MethodPut:    s.replaceMCPServer,
			http.MethodDelete: s.deleteMCPServer,
		}),
	}
}

func (s *server) listMCPServers(w http.ResponseWriter, r *http.Request, _ ids) error {
	const list = "MCP servers"
	window, err := window(r, list)
	if err != nil {
		return err
	}
	servers, err := s.Store.MCPServers(r.Context(), window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, servers))
}

func (s *server) createMCPServer(w http.ResponseWriter, r *http.Request, _ ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	server := mcpServerOf(body)
	unmask(body, &server, store.MCPServer{})
	if err := body.err(); err != nil {
		return err
	}
	if server, err = s.Store.CreateMCPServer(r.Context(), server, time.Now()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, server)
}

func (s *server) getMCPServer(w http.ResponseWriter, r *http.Request, ids ids) error {
	server, err := s.Store.MCPServer(r.Context(), ids["server"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, server)
}

// replaceMCPServer keeps the secrets that come back as the mask they were shown as.
func (s *server) replaceMCPServer(w http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	renew := func(old store.MCPServer) (store.MCPServer, error) {
		server := mcpServerOf(body)
		unmask(body, &server, old)
		return server, body.err()
	}
	server, err := s.Store.ReplaceMCPServer(r.Context(), ids["server"], time.Now(), renew)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, server)
}

func (s *server) deleteMCPServer(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DeleteMCPServer(r.Context(), ids["server"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
