package oauth_test

import (
	"reflect"
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
	const a, b = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	for _, test := range []struct{ offered, tenant, agent, want string }{
		{"sema4:tenant:t sema4:read sema4:agent:" + a, "", "", "sema4:tenant:t sema4:read sema4:agent:" + a},
		{"sema4:tenant:t sema4:read sema4:agent:" + a, "t", "", "sema4:tenant:t sema4:read sema4:agent:" + a},
		{"sema4:tenant:t sema4:read sema4:agent:" + a, "t", b, "sema4:tenant:t sema4:read"},
		{"sema4:read sema4:tenant:u:agent:" + b, "u", b, "sema4:read sema4:tenant:u:agent:" + b},
		// Which agent has a name is not known here.
		{"sema4:agent:message_echo_agent", "t", a, "sema4:agent:message_echo_agent"},
		{"sema4:agent:echo_agent sema4:agent:" + b, "", a, "sema4:agent:echo_agent"},
		// None is of use: those like them are offered, and no others.
		{"sema4:agent:" + a, "t", b, "sema4:agent:" + b},
		{"sema4:read:agent:" + a + " sema4:agent:" + a + " sema4:agent:" + a, "t", b, "sema4:agent:" + b + " sema4:read:agent:" + b},
		{"sema4:tenant:t", "u", b, "sema4:tenant:u"},
		{"sema4:tenant:t:agent:" + a, "u", b, "sema4:tenant:u:agent:" + b},
		{"sema4:tenant:t:agent:" + a, "u", "", "sema4:tenant:t:agent:" + a},
		{"sema4:tenant:t:agent:" + a, "", b, "sema4:tenant:t:agent:" + a},
	} {
		if got := strings.Join(oauth.Wanted(strings.Fields(test.offered), test.tenant, test.agent), " "); got != test.want {
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
