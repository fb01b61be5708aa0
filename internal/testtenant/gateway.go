package testtenant

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sema4mcp/internal/localtenant"
)

// Gateway is one host with several tenants, each behind keys of its own: by the
// tenant's name in the path.
type Gateway map[string]Door

// Door is the way to one tenant of a [Gateway].
type Door struct {
	*Tenant
	Keys []string // that it accepts; a local tenant by itself has one
}

// BaseURL has a place for the tenant's name.
func (Gateway) BaseURL() string { return "http://gateway/tenants/{tenant}/api/v2" }

// RoundTrip passes a request on to the tenant that its path names. One of a key
// that is not the tenant's arrives with that key, and is refused there.
func (g Gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/tenants/"), "/")
	door, known := g[name]
	if !known {
		return nil, fmt.Errorf("the gateway has no tenant %q", name)
	}
	inner := r.Clone(r.Context())
	inner.URL.Host, inner.Host = "localtenant", ""
	inner.URL.Path, inner.URL.RawPath = "/tenants/"+localtenant.TenantID+"/"+rest, ""
	if slices.Contains(door.Keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
		inner.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	}
	return door.Transport().RoundTrip(inner)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (g Gateway) CloseIdleConnections() {
	for _, door := range g {
		if closer, ok := door.Transport().(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
		}
	}
}
