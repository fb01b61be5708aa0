// Package oauth is the part of OAuth 2 that a resource server plays: it tells
// whose access tokens count and what they allow, and publishes where to get one.
// It knows nothing of MCP or of tenants beyond their names.
//
// Begin with [Issuer], the authorization server: it verifies tokens (JWT access
// tokens, RFC 9068) with keys that it fetches, keeps and renews. [Grants] are what
// the scopes of a token allow, [Metadata] is the document of RFC 9728, and
// [Challenge] the header of RFC 6750. All are safe for concurrent use.
package oauth
