package oauth

import (
	"regexp"
	"slices"
	"strings"
)

// Scope is the one that allows everything. Those that allow less add to it, in
// this order and each at most once, what they are limited to:
//
//	sema4[:read][:tenant:ID][:agent:ID]
//
// Read allows only what changes nothing. A tenant goes by its id, an agent by its
// id or by the name of its message tool, with or without message_.
const Scope = "sema4"

// Grant is what one scope allows.
type Grant struct {
	ReadOnly bool
	Tenant   string // "" for all of them
	Agent    string // "" for all of them
}

// Grants are what several scopes allow together.
type Grants []Grant

// ParseGrant reads a scope; ok is false for one that is not ours, or that cannot be
// understood, which allows nothing.
func ParseGrant(scope string) (grant Grant, ok bool) {
	parts := strings.Split(scope, ":")
	if parts[0] != Scope {
		return Grant{}, false
	}
	parts = parts[1:]
	if len(parts) > 0 && parts[0] == "read" {
		grant.ReadOnly, parts = true, parts[1:]
	}
	for _, part := range []struct {
		name  string
		value *string
	}{{"tenant", &grant.Tenant}, {"agent", &grant.Agent}} {
		if len(parts) >= 2 && parts[0] == part.name && parts[1] != "" {
			*part.value, parts = parts[1], parts[2:]
		}
	}
	return grant, len(parts) == 0
}

// GrantsOf are what the scopes of a token allow.
func GrantsOf(scopes []string) Grants {
	var grants Grants
	for _, scope := range scopes {
		if grant, ok := ParseGrant(scope); ok {
			grants = append(grants, grant)
		}
	}
	return grants
}

// Access is what a token allows at one tenant.
type Access struct {
	ReadOnly bool
	Agents   []string // these alone, sorted; nil for all of them
}

// At is what the grants allow at a tenant: asking agents first, then what there is
// beyond that to read. It is empty where they allow nothing.
func (g Grants) At(tenant string) []Access {
	asking, asks := g.at(tenant, false)
	reading, reads := g.at(tenant, true)
	var all []Access
	if asks {
		all = append(all, asking)
	}
	if reads && !(asks && asking.Agents == nil) {
		all = append(all, reading)
	}
	return all
}

func (g Grants) at(tenant string, readOnly bool) (access Access, some bool) {
	access.ReadOnly = readOnly
	whole := false
	for _, grant := range g {
		if grant.ReadOnly != readOnly || grant.Tenant != "" && grant.Tenant != tenant {
			continue
		}
		some = true
		if whole = whole || grant.Agent == ""; !whole {
			access.Agents = append(access.Agents, grant.Agent)
		}
	}
	if whole {
		access.Agents = nil
	}
	slices.Sort(access.Agents)
	access.Agents = slices.Compact(access.Agents)
	return access, some
}

// anID is what agents' ids look like; a scope may have the name of a tool instead.
var anID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Wanted are those of the offered scopes that are of use at a tenant and, unless it
// is "", at the agent of an id: which agent goes by a name is not known here. Where
// none is, they are those like it for that tenant and agent; and where none of the
// offered can be for them, all.
func Wanted(offered []string, tenant, agent string) []string {
	var useful, alike []string
	for _, scope := range offered {
		grant, ok := ParseGrant(scope)
		if !ok {
			continue
		}
		if (tenant == "" || grant.Tenant == "" || grant.Tenant == tenant) && (agent == "" || grant.Agent == agent || !anID.MatchString(grant.Agent)) {
			useful = append(useful, scope)
		}
		if grant.narrow(tenant, agent) {
			alike = append(alike, grant.String())
		}
	}
	switch {
	case len(useful) > 0:
		return useful
	case len(alike) > 0:
		slices.Sort(alike)
		return slices.Compact(alike)
	}
	return offered
}

// narrow has a grant of a certain tenant or agent be one of these instead; false
// means that there is none to be put in the place.
func (g *Grant) narrow(tenant, agent string) bool {
	for of, now := range map[*string]string{&g.Tenant: tenant, &g.Agent: agent} {
		if *of != "" && now == "" {
			return false
		}
		if *of != "" {
			*of = now
		}
	}
	return true
}

// String is the scope that allows what the grant does.
func (g Grant) String() string {
	scope := Scope
	if g.ReadOnly {
		scope += ":read"
	}
	if g.Tenant != "" {
		scope += ":tenant:" + g.Tenant
	}
	if g.Agent != "" {
		scope += ":agent:" + g.Agent
	}
	return scope
}
