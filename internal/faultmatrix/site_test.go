package faultmatrix_test

import (
	"syscall"
	"testing"
	"time"
)

// site is a tenant and the proxy before it.
type site struct {
	tenant *process
	proxy  *proxy
	rest   rest
}

func newSite(t testing.TB) *site {
	t.Helper()
	tenant := &process{t: t, name: tenantCommand, arguments: []string{"--local-data", t.TempDir(), "--log-level", "error"}, listens: true}
	if err := tenant.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tenant.stop(syscall.SIGKILL) })
	return &site{tenant: tenant, proxy: newProxy(t, tenant.url), rest: rest{tenant.url}}
}

// down is how long a tenant that is killed stays away.
const down = 300 * time.Millisecond

// fronts are products that rows share: see [site.share].
type fronts map[string]front

// share starts a server, and for each era a bridge.
func (s *site) share(t testing.TB) fronts {
	t.Helper()
	server := newFront(t, "http", s.proxy.baseURL())
	shared := fronts{"http " + legacy: server, "http " + modern: server}
	for _, era := range []string{legacy, modern} {
		shared["stdio "+era] = newFront(t, "stdio", s.proxy.baseURL())
	}
	for _, kind := range []string{"http ", "stdio "} {
		if err := initialize(t.Context(), shared[kind+legacy]); err != nil {
			t.Fatal(err)
		}
	}
	return shared
}
