package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// HeldTenant is a tenant whose key the server holds.
type HeldTenant struct {
	ID      string // as in paths and scopes; "" for the one that the base URL names
	BaseURL string // of its REST API; {tenant} in it stands for the ID
	Key     string
}

// held are the tenants whose keys the server holds.
type held struct {
	fetch func(context.Context) ([]HeldTenant, error)

	renewing sync.Mutex // guards renewed
	renewed  time.Time

	mu   sync.Mutex // guards byID
	byID map[string]heldTenant
}

type heldTenant struct{ id, base, key string }

// renewEvery bounds how often the keys are fetched again because a tenant does not
// accept one: a reference may be a command that asks somebody.
const renewEvery = 10 * time.Second

func newHeld(tenants []HeldTenant, fetch func(context.Context) ([]HeldTenant, error)) (*held, error) {
	byID, err := checkHeld(tenants)
	return &held{fetch: fetch, byID: byID}, err
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
		byID[id] = heldTenant{id, strings.ReplaceAll(base.text, tenantPlaceholder, id), tenant.Key}
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

// renew fetches tenants and keys anew.
func (h *held) renew(ctx context.Context) error {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	return h.renewLocked(ctx)
}

// renewLocked wants h.renewing held.
func (h *held) renewLocked(ctx context.Context) error {
	tenants, err := h.fetch(ctx)
	h.renewed = time.Now()
	if err != nil {
		return err
	}
	byID, err := checkHeld(tenants)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byID = byID
	return nil
}

// replaced tells whether there is another key than that one, which the tenant does
// not accept; it looks anew unless that was done just now.
func (h *held) replaced(ctx context.Context, id, key string) (bool, error) {
	h.renewing.Lock()
	defer h.renewing.Unlock()
	differs := func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		now, ok := h.byID[id]
		return ok && now.key != key
	}
	if differs() || !h.renewed.IsZero() && time.Since(h.renewed) < renewEvery {
		return differs(), nil
	}
	err := h.renewLocked(context.WithoutCancel(ctx))
	return differs(), err
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
