package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sema4mcp/internal/loopback"
)

// Guard lets only requests through to next that mean this machine, or one of the
// allowed hosts, which are names without a port. The tenant's key is published:
// without this, any web page could read what is on the reader's own machine. A
// page that merely shares the request's host may have come by a name rebound to it,
// so its origin is held to the same names.
func Guard(next http.Handler, allowedHosts []string) http.Handler {
	allowed := func(host string) bool {
		return loopback.Is(host) || slices.ContainsFunc(allowedHosts, func(name string) bool {
			return strings.EqualFold(name, loopback.Hostname(host))
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r.Host) {
			writeError(w, http.StatusForbidden, fmt.Sprintf("The Host header names another machine, %q. Behind a proxy, start the local tenant with --allow-host and that name.", loopback.Hostname(r.Host)))
			return
		}
		for _, origin := range r.Header.Values("Origin") {
			if !allowed(loopback.OriginHost(origin)) {
				writeError(w, http.StatusForbidden, "Web pages of this origin may not use the local tenant; only those of this machine may, and of the hosts that it was started with --allow-host for.")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
