package mcpserver

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guarded is all routes behind the check of Host and Origin. Without it a web
// page could talk to a server on the reader's own machine.
func (s *Server) guarded(onLoopback bool) http.Handler {
	routes := s.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if onLoopback && !isLoopback(r.Host) && !slices.Contains(s.config.AllowedHosts, hostname(r.Host)) {
			http.Error(w, "The Host header names another machine. Behind a proxy, start the server with --allow-host "+hostname(r.Host)+".", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !s.allowsOrigin(origin, r.Host) {
			http.Error(w, "Web pages of this origin may not use the server. To let them, start it with --allow-origin.", http.StatusForbidden)
			return
		}
		routes.ServeHTTP(w, r)
	})
}

func (s *Server) allowsOrigin(origin, host string) bool {
	if slices.Contains(s.config.AllowedOrigins, origin) {
		return true
	}
	parsed, err := url.Parse(origin)
	if err != nil || parsed.Host == "" {
		return false
	}
	return isLoopback(parsed.Host) || strings.EqualFold(parsed.Host, host)
}

// isLoopback tells whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
