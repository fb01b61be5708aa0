package mcpserver

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

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

// tenants holds what each key can see. Keys themselves live only in the clients
// that send them on; entries are found by a hash.
type tenants struct {
	base   baseURL
	config Config

	mu    sync.Mutex // guards all below
	known map[[sha256.Size]byte]*seen
}

type seen struct {
	tenant *bridge.Tenant
	used   time.Time
	proven bool // the tenant has accepted the key
}

// Idle entries are dropped after this time, the oldest sooner when there are
// this many. One with an agent at work stays.
const (
	forgetAfter = 30 * time.Minute
	maxKeys     = 1000
)

func newTenants(base baseURL, config Config) *tenants {
	return &tenants{base: base, config: config, known: make(map[[sha256.Size]byte]*seen)}
}

// get returns what the key can see of the tenant, without asking the tenant.
func (t *tenants) get(tenant, key string) (*seen, error) {
	base, err := t.base.forTenant(tenant)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name := sha256.Sum256([]byte(base + "\x00" + key))
	entry := t.known[name]
	if entry == nil {
		client, err := bridge.NewClient(base, key, "sema4-mcp-server/"+t.config.Bridge.Version, t.config.Transport)
		if err != nil {
			return nil, err
		}
		t.forgetIdle()
		entry = &seen{tenant: bridge.NewTenant(client, t.config.Bridge)}
		t.known[name] = entry
	}
	entry.used = time.Now()
	return entry, nil
}

// forgetIdle wants t.mu held.
func (t *tenants) forgetIdle() {
	for name, entry := range t.known {
		idle := time.Since(entry.used)
		limit := forgetAfter
		if len(t.known) >= maxKeys || !entry.proven {
			limit = time.Minute
		}
		if idle > limit && entry.tenant.LiveRuns() == 0 {
			delete(t.known, name)
			entry.tenant.Close()
		}
	}
}

func (t *tenants) prove(entry *seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry.proven = true
}

func (t *tenants) all() []*bridge.Tenant {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*bridge.Tenant, 0, len(t.known))
	for _, entry := range t.known {
		all = append(all, entry.tenant)
	}
	return all
}

func (t *tenants) liveRuns() int {
	live := 0
	for _, tenant := range t.all() {
		live += tenant.LiveRuns()
	}
	return live
}

func (t *tenants) drain(ctx context.Context) {
	var draining sync.WaitGroup
	for _, tenant := range t.all() {
		draining.Go(func() { tenant.Drain(ctx) })
	}
	draining.Wait()
}

func (t *tenants) close() {
	for _, tenant := range t.all() {
		tenant.Close()
	}
}
