package oauth

import "strings"

// WellKnown is the path of [Metadata]; what follows it is the path of the resource.
const WellKnown = "/.well-known/oauth-protected-resource"

// Metadata is the document of RFC 9728 that tells a client where to get a token for
// a resource.
type Metadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name"`
}

// Challenge is what a client without a sufficient token is told, for the header
// WWW-Authenticate. Empty fields are left out.
type Challenge struct {
	Error       string // a code of RFC 6750; "" where no token was sent
	Description string
	Scopes      []string
	Metadata    string // the URL of the document
}

// The codes of RFC 6750.
const (
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)

func (c Challenge) String() string {
	var params []string
	for _, param := range []struct{ name, value string }{
		{"error", c.Error}, {"error_description", c.Description}, {"scope", strings.Join(c.Scopes, " ")}, {"resource_metadata", c.Metadata},
	} {
		if param.value != "" {
			params = append(params, param.name+`="`+quotable(param.value)+`"`)
		}
	}
	return "Bearer " + strings.Join(params, ", ")
}

// quotable drops what a quoted value of RFC 6750 may not hold.
func quotable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, text)
}
