package mcpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// HeldTenant is a tenant whose key the server holds.
type HeldTenant struct {
	ID      string // as in paths and scopes; "" for the one that the base URL names
	BaseURL string // of its REST API; {tenant} in it stands for the ID
	Key     string
}

// held are the tenants whose keys the server holds.
type held struct {
	fetch  func(context.Context) ([]HeldTenant, error)
	secret string // of the operator's; "" where there is none

	life  context.Context // of what is fetched
	end   context.CancelFunc
	group singleflight.Group
	turn  sync.Mutex // held while keys are fetched, so that what is newer comes last

	mu      sync.Mutex // guards all below
	byID    map[string]heldTenant
	roots   map[tenantAt]string // what callers' secrets are made of, since the process began
	renewed time.Time
}

type heldTenant struct {
	id, base, key string
	root          string // stays when the key changes
}

type tenantAt struct{ id, base string }

// renewEvery bounds how often the keys are fetched again because a tenant does not
// accept one: a reference may be a command that asks somebody.
const renewEvery = 10 * time.Second

// minSecret is the length of an operator's secret: who has a session's id could try
// out shorter ones.
const minSecret = 32

func newHeld(config OAuth) (*held, error) {
	byID, err := checkHeld(config.Tenants)
	switch {
	case err != nil:
		return nil, err
	case config.Renew == nil:
		return nil, errors.New("there is no way to look up the tenants' keys anew")
	case config.Secret != "" && len(config.Secret) < minSecret:
		return nil, fmt.Errorf("the secret that users' sessions and runs are bound to is too short: make one of %d random characters or more", minSecret)
	}
	h := &held{fetch: config.Renew, secret: config.Secret, roots: make(map[tenantAt]string)}
	h.life, h.end = context.WithCancel(context.Background())
	h.take(byID)
	return h, nil
}

// take wants h.mu held, but where nobody knows of h.
func (h *held) take(byID map[string]heldTenant) {
	for id, tenant := range byID {
		at := tenantAt{id, tenant.base}
		if _, known := h.roots[at]; !known {
			h.roots[at] = cmp.Or(h.secret, tenant.key)
		}
		tenant.root = h.roots[at]
		byID[id] = tenant
	}
	h.byID = byID
}

// checkHeld finds each tenant's id and URL.
func checkHeld(tenants []HeldTenant) (map[string]heldTenant, error) {
	if len(tenants) == 0 {
		return nil, errors.New("there is no tenant to serve")
	}
	byID := make(map[string]heldTenant, len(tenants))
	for _, tenant := range tenants {
		base, err := parseBaseURL(tenant.BaseURL)
		if err != nil {
			return nil, err
		}
		id := tenant.ID
		switch {
		case id != "" && !plainSegment.MatchString(id):
			return nil, fmt.Errorf("%q cannot be the id of a tenant: it is a part of paths and scopes", id)
		case id == "" && strings.Contains(base.text, tenantPlaceholder):
			return nil, errors.New("the base URL holds {tenant}, and a key opens one tenant only: name the tenants and their keys with --tenants-file")
		case id == "":
			id = base.tenant
		}
		if tenant.Key == "" {
			return nil, fmt.Errorf("there is no API key for the tenant %q", id)
		}
		if _, twice := byID[id]; twice {
			return nil, fmt.Errorf("the tenant %q is there twice", id)
		}
		byID[id] = heldTenant{id: id, base: strings.ReplaceAll(base.text, tenantPlaceholder, id), key: tenant.Key}
	}
	return byID, nil
}

// find is the tenant that a path names; "" is the only one.
func (h *held) find(tenant string) (heldTenant, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.byID) == 1 {
		for id, only := range h.byID {
			if tenant == "" || id == "" {
				return only, nil
			}
		}
	}
	if tenant == "" {
		return heldTenant{}, errors.New("this server serves several tenants: put /tenants/TENANT in front of the path")
	}
	found, ok := h.byID[tenant]
	if !ok {
		return heldTenant{id: tenant}, fmt.Errorf("there is no tenant %q here", tenant)
	}
	return found, nil
}

// renew fetches tenants and keys anew: what is being fetched already may be older
// than what the caller knows of.
func (h *held) renew(ctx context.Context) error {
	h.group.Forget("")
	return h.fetched(ctx)
}

// fetched is renew, once for all who want it at the same time. It goes on when one of
// them leaves.
func (h *held) fetched(ctx context.Context) error {
	done := h.group.DoChan("", func() (any, error) { return nil, h.fetchNow() })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-done:
		return result.Err
	}
}

func (h *held) fetchNow() error {
	h.turn.Lock()
	defer h.turn.Unlock()
	tenants, err := h.fetch(h.life)
	var byID map[string]heldTenant
	if err == nil {
		byID, err = checkHeld(tenants)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renewed = time.Now()
	if err == nil {
		h.take(byID)
	}
	return err
}

// keyAfterRefusal is the key to use at a tenant that has refused one. It looks anew
// unless that was done just now. A tenant that has moved has none: the key of one
// place is not for another.
func (h *held) keyAfterRefusal(ctx context.Context, id, base string) (string, error) {
	h.mu.Lock()
	justNow := !h.renewed.IsZero() && time.Since(h.renewed) < renewEvery
	h.mu.Unlock()
	if !justNow {
		if err := h.fetched(ctx); err != nil {
			return "", err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now, ok := h.byID[id]
	if !ok || now.base != base {
		return "", fmt.Errorf("the tenant %q is no longer served at the same place", id)
	}
	return now.key, nil
}

func (h *held) probes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	urls := make([]string, 0, len(h.byID))
	for _, id := range slices.Sorted(maps.Keys(h.byID)) {
		urls = append(urls, h.byID[id].base)
	}
	return urls
}

func (h *held) close() { h.end() }
