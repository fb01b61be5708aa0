package mcpserver

import (
	"net/http"
	"slices"
	"time"

	"sema4mcp/internal/loopback"
)

// guarded is routes behind the check of Host and Origin. Without it a web page
// could talk to a server on the reader's own machine.
func (s *Server) guarded(onLoopback bool, routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http reads what is left of a body before it writes an answer: a body
		// that never comes must not hold up a refusal. readBatch ends the deadline.
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(readBodyWithin))
		_ = control.SetWriteDeadline(time.Time{}) // of the answer before, on the same connection
		if onLoopback && !loopback.Is(r.Host) && !slices.Contains(s.config.AllowedHosts, loopback.Hostname(r.Host)) {
			http.Error(w, "The Host header names another machine. Behind a proxy, start the server with --allow-host "+loopback.Hostname(r.Host)+".", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if !s.allowsOrigin(origin) {
				http.Error(w, "Web pages of this origin may not use the server. To let them, start it with --allow-origin.", http.StatusForbidden)
				return
			}
			if allowPage(w, r, origin) {
				return
			}
		}
		routes.ServeHTTP(w, r)
	})
}

// allowPage tells a browser that pages of the origin may read the answer. A
// preflight is answered with that alone.
func allowPage(w http.ResponseWriter, r *http.Request, origin string) (preflight bool) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", origin)
	header.Add("Vary", "Origin")
	header.Set("Access-Control-Expose-Headers", headerSession+", WWW-Authenticate, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, DELETE") // DELETE is refused in words that a page can read
	header.Set("Access-Control-Max-Age", "600")
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, "+headerSession)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allowsOrigin accepts pages of this machine and those that were named. A page
// that merely shares the request's host may have come by a name rebound to it.
func (s *Server) allowsOrigin(origin string) bool {
	if slices.Contains(s.config.AllowedOrigins, origin) {
		return true
	}
	return loopback.Is(loopback.OriginHost(origin))
}
