package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Token is what an access token that was verified says.
type Token struct {
	Issuer  string // as the issuer's metadata has it
	Subject string // the user, or the client that acts for itself; never empty
	Scopes  []string
	Expires time.Time // from when on it is refused here: the leeway is over
}

// InvalidTokenError is why a token does not count. Reason never holds a part of
// the token, and no character that a header cannot.
type InvalidTokenError struct{ Reason string }

func (e *InvalidTokenError) Error() string { return e.Reason }

func invalid(reason string) error { return &InvalidTokenError{reason} }

// algorithms are those with a public key: with one of a shared secret, anybody
// could sign with what the issuer publishes.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// leeway is by how much the clocks of issuer and server may differ.
const leeway = 30 * time.Second

// maxToken bounds what is looked at, in bytes.
const maxToken = 16 << 10

// accessTokenTypes are the values of typ that an access token may have: RFC 9068
// has the first, and many issuers write the generic one, or none.
var accessTokenTypes = []string{"at+jwt", "application/at+jwt", "jwt", ""}

// claims are those that matter here.
type claims struct {
	jwt.Claims
	Scope        words           `json:"scope"`
	Scp          words           `json:"scp"` // what some issuers call it
	Confirmation json.RawMessage `json:"cnf"`
}

// words are a claim that is a list, or a text with spaces between.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*w = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// Verify checks that the issuer made the token for one of the audiences, that it
// is an access token, and that it is good now. The errors are
// [*InvalidTokenError] and [*UnavailableError].
func (i *Issuer) Verify(ctx context.Context, token string, audiences []string) (Token, error) {
	if len(token) > maxToken {
		return Token{}, invalid("the token is too long")
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	_, otherAlgorithm := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err)
	switch {
	case otherAlgorithm:
		return Token{}, invalid("the token is not signed with an algorithm that is accepted here: RS, PS, ES or EdDSA")
	case err != nil || len(parsed.Headers) != 1:
		return Token{}, invalid("the token is no signed JWT: the authorization server has to issue JWT access tokens for this resource")
	}
	header := parsed.Headers[0]
	if kind, _ := header.ExtraHeaders[jose.HeaderType].(string); !slices.Contains(accessTokenTypes, strings.ToLower(kind)) {
		return Token{}, invalid("the token is no access token")
	}
	said, from, err := i.claims(ctx, parsed, header)
	if err != nil {
		return Token{}, err
	}
	if err := said.check(from.issuer, audiences, i.config.Now()); err != nil {
		return Token{}, err
	}
	return Token{from.issuer, said.Subject, append(said.Scope, said.Scp...), said.Expiry.Time().Add(leeway)}, nil
}

// claims are those of a token that was signed with a key of the issuer. Where the
// keys that are known do not fit, the issuer may have new ones.
func (i *Issuer) claims(ctx context.Context, token *jwt.JSONWebToken, header jose.Header) (claims, *published, error) {
	for _, fresh := range []bool{false, true} {
		from, err := i.keys(ctx, fresh)
		if err != nil {
			return claims{}, nil, err
		}
		named := false
		for _, key := range from.keys {
			if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
				continue
			}
			named = named || header.KeyID != ""
			if token.Claims(key.Key) != nil { // without a place for them it but verifies
				continue
			}
			var said claims
			if token.UnsafeClaimsWithoutVerification(&said) != nil {
				return claims{}, nil, invalid("the claims of the token cannot be read")
			}
			return said, from, nil
		}
		if named {
			break
		}
	}
	return claims{}, nil, invalid("the token is not signed with a key of the authorization server")
}

func (c claims) check(issuer string, audiences []string, now time.Time) error {
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: now}, leeway)
	switch {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return invalid("the token is of another issuer")
	case c.Expiry == nil:
		return invalid("the token does not say when it expires")
	case errors.Is(err, jwt.ErrExpired):
		return invalid("the token has expired")
	case err != nil:
		return invalid("the token is not good yet: the clocks of the authorization server and of this one differ")
	case c.Subject == "":
		return invalid("the token does not say whom it stands for")
	case len(c.Confirmation) > 0 && string(c.Confirmation) != "null":
		return invalid("the token is bound to a key of its client, which this server cannot check")
	case !slices.ContainsFunc(c.Audience, func(meant string) bool { return isFor(meant, audiences) }):
		return invalid("the token is meant for another resource: ask the authorization server for one with this resource as its audience")
	}
	return nil
}

// isFor tolerates a trailing slash: clients and authorization servers add and drop
// it.
func isFor(meant string, audiences []string) bool {
	return slices.ContainsFunc(audiences, func(audience string) bool {
		return meant != "" && strings.TrimSuffix(meant, "/") == strings.TrimSuffix(audience, "/")
	})
}
