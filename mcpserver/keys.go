package mcpserver

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge"
	"sema4mcp/restclient"
)

// tenants holds what each principal can see, once the tenant has accepted its key.
// Entries are found by a hash of the principal's secret and access.
type tenants struct {
	config  Config
	streams *streams

	mu    sync.Mutex // guards all below
	known map[secretHash]*seen
	swept time.Time
}

type secretHash [sha256.Size]byte

type seen struct {
	client   *restclient.Client
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

func newTenants(config Config, streams *streams) *tenants {
	return &tenants{config: config, streams: streams, known: make(map[secretHash]*seen)}
}

// errNoSuchTenant wraps why a path leads to no tenant.
type errNoSuchTenant struct{ error }

// destination is where a request leads: the MCP server that it is meant for, and
// what else there is of its principal.
type destination struct {
	mcp *server.MCPServer
	key *seen
}

// find returns the MCP server that choose picks among what the principal can see.
// It is remembered only when the tenant has accepted its key, so that keys made up
// by anybody cost nothing that lasts.
func (t *tenants) find(p principal, choose func(*bridge.Tenant) (*server.MCPServer, error)) (destination, error) {
	name := secretHash(sha256.Sum256([]byte(p.base + "\x00" + p.secret + "\x00" + p.access)))
	if known := t.get(name); known != nil {
		if err := known.client.UseKey(p.key); err != nil {
			return destination{}, errNoSuchTenant{err}
		}
		return known.destination(choose)
	}
	config := p.config(t.config.Bridge)
	client, err := config.NewClient(p.base, p.key, "sema4-mcp-server/"+config.Version, t.config.Transport)
	if err != nil {
		return destination{}, errNoSuchTenant{err}
	}
	candidate := &seen{client: client, tenant: bridge.NewTenant(client, config)}
	found, err := candidate.destination(choose)
	if err != nil {
		candidate.tenant.Close()
		return destination{}, err
	}
	if known := t.adopt(name, candidate); known != candidate {
		candidate.tenant.Close()
		return known.destination(choose) // another request of this principal was quicker
	}
	return found, nil
}

func (s *seen) destination(choose func(*bridge.Tenant) (*server.MCPServer, error)) (destination, error) {
	found, err := choose(s.tenant)
	return destination{found, s}, err
}

func (t *tenants) get(name secretHash) *seen {
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

func (t *tenants) adopt(name secretHash, candidate *seen) *seen {
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
