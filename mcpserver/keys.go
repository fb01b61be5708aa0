package mcpserver

import (
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge"
)

// bearerKey is the caller's key, "" where there is none.
func bearerKey(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// keyOf is the caller's key, or what a request without one is refused with.
func keyOf(r *http.Request) (string, *refusal) {
	key := bearerKey(r)
	if key == "" {
		return "", &refusal{status: http.StatusUnauthorized, code: jsonrpc2.CodeInvalidRequest,
			message: "there is no API key: send the header Authorization: Bearer KEY, with a key made under Configuration > API Keys in the Sema4.ai application"}
	}
	return key, nil
}

// tenants holds what each key can see, once the tenant has accepted the key.
// Keys themselves live only in the clients that send them on; entries are found
// by a hash.
type tenants struct {
	base    baseURL
	config  Config
	streams *streams

	mu    sync.Mutex // guards all below
	known map[keyHash]*seen
	swept time.Time
}

type keyHash [sha256.Size]byte

type seen struct {
	tenant   *bridge.Tenant
	inFlight inFlight
	speakers speakers
	streams  int       // that clients listen on; guarded by the streams' mu
	used     time.Time // guarded by the tenants' mu
}

// An entry that is idle for this long is dropped, unless an agent is at work for
// it, or somebody listens. It is longer than finished runs are remembered.
const (
	forgetAfter = 30 * time.Minute
	sweepEvery  = time.Minute
)

func newTenants(base baseURL, config Config, streams *streams) *tenants {
	return &tenants{base: base, config: config, streams: streams, known: make(map[keyHash]*seen)}
}

// errNoSuchTenant wraps why a path leads to no tenant.
type errNoSuchTenant struct{ error }

// destination is where a request leads: the MCP server that it is meant for, and
// what else there is of its key.
type destination struct {
	mcp *server.MCPServer
	key *seen
}

// find returns the MCP server that choose picks among what the key can see. A
// key is remembered only when the tenant has accepted it, so that keys made up
// by anybody cost nothing that lasts.
func (t *tenants) find(tenant, key string, choose func(*bridge.Tenant) (*server.MCPServer, error)) (destination, error) {
	base, err := t.base.forTenant(tenant)
	if err != nil {
		return destination{}, errNoSuchTenant{err}
	}
	name := keyHash(sha256.Sum256([]byte(base + "\x00" + key)))
	if known := t.get(name); known != nil {
		return known.destination(choose)
	}
	client, err := t.config.Bridge.NewClient(base, key, "sema4-mcp-server/"+t.config.Bridge.Version, t.config.Transport)
	if err != nil {
		return destination{}, errNoSuchTenant{err}
	}
	config := t.config.Bridge
	config.Sealer = bridge.SealerFor(key)
	candidate := &seen{tenant: bridge.NewTenant(client, config)}
	found, err := candidate.destination(choose)
	if err != nil {
		candidate.tenant.Close()
		return destination{}, err
	}
	if known := t.adopt(name, candidate); known != candidate {
		candidate.tenant.Close()
		return known.destination(choose) // another request with this key was quicker
	}
	return found, nil
}

func (s *seen) destination(choose func(*bridge.Tenant) (*server.MCPServer, error)) (destination, error) {
	found, err := choose(s.tenant)
	return destination{found, s}, err
}

func (t *tenants) get(name keyHash) *seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	entry := t.known[name]
	if entry == nil {
		return nil
	}
	entry.used = time.Now()
	return entry
}

func (t *tenants) adopt(name keyHash, candidate *seen) *seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	if entry := t.known[name]; entry != nil {
		return entry
	}
	candidate.used = time.Now()
	t.known[name] = candidate
	return candidate
}

// sweep wants t.mu held.
func (t *tenants) sweep() {
	if time.Since(t.swept) < sweepEvery {
		return
	}
	t.swept = time.Now()
	for name, entry := range t.known {
		if t.streams.of(entry) > 0 {
			entry.used = time.Now()
		}
		if time.Since(entry.used) > forgetAfter && entry.tenant.LiveRuns() == 0 {
			delete(t.known, name)
			entry.tenant.Close()
		}
	}
}

func (t *tenants) all() []*seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.known))
}

func (t *tenants) liveRuns() int {
	live := 0
	for _, entry := range t.all() {
		live += entry.tenant.LiveRuns()
	}
	return live
}

func (t *tenants) drain(ctx context.Context) {
	var draining sync.WaitGroup
	for _, entry := range t.all() {
		draining.Go(func() { entry.tenant.Drain(ctx) })
	}
	draining.Wait()
}

func (t *tenants) close() {
	for _, entry := range t.all() {
		entry.inFlight.questions.Close()
		entry.tenant.Close()
	}
}
