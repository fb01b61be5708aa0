package oauth_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sema4mcp/mcpserver/oauth"
)

func TestGrants(t *testing.T) {
	for scope, want := range map[string]*oauth.Grant{
		"sema4":                        {},
		"sema4:read":                   {ReadOnly: true},
		"sema4:tenant:acme":            {Tenant: "acme"},
		"sema4:agent:a-1":              {Agent: "a-1"},
		"sema4:read:tenant:t:agent:a":  {ReadOnly: true, Tenant: "t", Agent: "a"},
		"openid":                       nil,
		"":                             nil,
		"sema4:":                       nil,
		"sema4:write":                  nil,
		"sema4:agent":                  nil,
		"sema4:agent:":                 nil,
		"sema4:agent:a:tenant:t":       nil,
		"sema4:agent:a:agent:b":        nil,
		"sema4:tenant:t:read":          nil,
		"sema4x":                       nil,
		"SEMA4":                        nil,
		"sema4:read:read":              nil,
		"sema4:tenant:t:agent:a:extra": nil,
	} {
		got, ok := oauth.ParseGrant(scope)
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%q: got %+v, %t", scope, got, ok)
		}
	}
}

func TestWhatScopesAllowTogether(t *testing.T) {
	all, reading := oauth.Access{}, oauth.Access{ReadOnly: true}
	some := func(agents ...string) oauth.Access { return oauth.Access{Agents: agents} }
	for scopes, want := range map[string][]oauth.Access{
		"":                                      nil,
		"openid profile":                        nil,
		"sema4":                                 {all},
		"sema4 sema4:read sema4:agent:a":        {all},
		"sema4:read":                            {reading},
		"sema4:tenant:t":                        {all},
		"sema4:tenant:other":                    nil,
		"sema4:tenant:other sema4:read":         {reading},
		"sema4:agent:b sema4:agent:a":           {some("a", "b")},
		"sema4:agent:a sema4:agent:a":           {some("a")},
		"sema4:tenant:other:agent:a":            nil,
		"sema4:tenant:t:agent:a sema4:agent:b":  {some("a", "b")},
		"sema4:agent:a sema4:tenant:t":          {all},
		"sema4:agent:a sema4:read":              {some("a"), reading},
		"sema4:agent:a sema4:read:agent:b":      {some("a"), {ReadOnly: true, Agents: []string{"b"}}},
		"sema4:read:agent:b sema4:read":         {reading},
		"sema4:agent:a sema4:read:tenant:other": {some("a")},
	} {
		if got := oauth.GrantsOf(strings.Fields(scopes)).At("t"); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", scopes, got, want)
		}
	}
	if got := oauth.GrantsOf([]string{"sema4:tenant:t"}).At(""); got != nil {
		t.Errorf("a tenant without an id is taken for any: %+v", got)
	}
}

func TestWantedScopes(t *testing.T) {
	offered := []string{"sema4:tenant:t", "sema4:read", "sema4:agent:a", "sema4:tenant:u:agent:b"}
	for _, test := range []struct{ tenant, agent, want string }{
		{"", "", "sema4:tenant:t sema4:read sema4:agent:a sema4:tenant:u:agent:b"},
		{"t", "", "sema4:tenant:t sema4:read sema4:agent:a"},
		{"t", "b", "sema4:tenant:t sema4:read"},
		{"u", "b", "sema4:read sema4:tenant:u:agent:b"},
	} {
		if got := strings.Join(oauth.Wanted(offered, test.tenant, test.agent), " "); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
	for _, test := range []struct{ tenant, agent, want string }{
		{"u", "", "sema4:tenant:u"}, {"", "b", "sema4:agent:b"}, {"u", "b", "sema4:tenant:u:agent:b"},
	} {
		if got := oauth.Wanted([]string{"sema4:tenant:t:agent:a"}, test.tenant, test.agent); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestChallenges(t *testing.T) {
	for want, challenge := range map[string]oauth.Challenge{
		`Bearer scope="sema4 sema4:read", resource_metadata="https://h/.well-known/x"`: {Scopes: []string{"sema4", "sema4:read"}, Metadata: "https://h/.well-known/x"},
		`Bearer error="invalid_token", error_description="it is bad"`:                  {Error: oauth.InvalidToken, Description: "it is \"b\\\nad\"\u00e9"},
	} {
		if got := challenge.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
