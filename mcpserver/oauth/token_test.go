package oauth_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sema4mcp/internal/testissuer"
	"sema4mcp/mcpserver/oauth"
)

const resource = "https://mcp.example/mcp"

// clock stands until it is moved.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

func issuerOf(t *testing.T, issuer *testissuer.Issuer, change func(*oauth.IssuerConfig)) *oauth.Issuer {
	t.Helper()
	config := oauth.IssuerConfig{URL: issuer.URL}
	if change != nil {
		change(&config)
	}
	made, err := oauth.NewIssuer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

func verify(t *testing.T, issuer *oauth.Issuer, token string) (oauth.Token, error) {
	t.Helper()
	return issuer.Verify(t.Context(), token, []string{resource, "api://named"})
}

func TestTokensThatCount(t *testing.T) {
	issuer := testissuer.Start(t, "")
	first := issuer.Key()
	keys := []testissuer.Key{first}
	for _, algorithm := range []jose.SignatureAlgorithm{jose.ES384, jose.EdDSA, jose.RS256, jose.PS256} {
		keys = append(keys, testissuer.NewKey(t, string(algorithm), algorithm))
	}
	issuer.Publish(keys...)
	verifier := issuerOf(t, issuer, nil)
	unnamed := first
	unnamed.ID = ""
	good := func(others testissuer.Claims) testissuer.Claims {
		return issuer.Claims(resource, "ann", "sema4 openid", others)
	}
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	tokens := map[string]string{
		"at+jwt":             issuer.Sign(first, "at+jwt", good(nil)),
		"application/at+jwt": issuer.Sign(first, "application/at+jwt", good(nil)),
		"JWT":                issuer.Sign(first, "JWT", good(nil)),
		"no type":            issuer.Sign(first, "", good(nil)),
		"no key id":          issuer.Sign(unnamed, "at+jwt", good(nil)),
		"several audiences":  issuer.Sign(first, "at+jwt", good(testissuer.Claims{"aud": []string{"https://other.example", resource}})),
		"a slash more":       issuer.Sign(first, "at+jwt", good(testissuer.Claims{"aud": resource + "/"})),
		"a name":             issuer.Sign(first, "at+jwt", good(testissuer.Claims{"aud": "api://named"})),
		"scp, a list":        issuer.Sign(first, "at+jwt", good(testissuer.Claims{"scope": nil, "scp": []string{"sema4", "openid"}})),
		"scp, a text":        issuer.Sign(first, "at+jwt", good(testissuer.Claims{"scope": nil, "scp": "sema4 openid"})),
		"just expired":       issuer.Sign(first, "at+jwt", good(testissuer.Claims{"exp": ago(20 * time.Second)})),
		"of a clock ahead":   issuer.Sign(first, "at+jwt", good(testissuer.Claims{"iat": ago(-20 * time.Second), "nbf": ago(-20 * time.Second)})),
		"cnf of null":        issuer.Sign(first, "at+jwt", good(testissuer.Claims{"cnf": json.RawMessage("null")})),
	}
	for _, key := range keys[1:] {
		tokens[string(key.Algorithm)] = issuer.Sign(key, "at+jwt", good(nil))
	}
	for name, token := range tokens {
		got, err := verify(t, verifier, token)
		if err != nil || got.Issuer != issuer.URL || got.Subject != "ann" || !slices.Equal(got.Scopes, []string{"sema4", "openid"}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if asked := issuer.Asked(); asked != 1 {
		t.Errorf("the keys were fetched %d times", asked)
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	issuer := testissuer.Start(t, "")
	first := issuer.Key()
	encrypts := testissuer.NewKey(t, "encrypts", jose.ES256)
	encrypts.Use = "enc"
	issuer.Publish(first, encrypts)
	verifier := issuerOf(t, issuer, nil)
	other := testissuer.Start(t, "")
	impostor := other.Key() // of the same id
	unnamed := impostor
	unnamed.ID = ""
	stranger := testissuer.NewKey(t, "stranger", jose.ES256)
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	with := func(others testissuer.Claims) string {
		return issuer.Token(resource, "ann", "sema4", others)
	}
	good := with(nil)
	for name, test := range map[string]struct{ token, says string }{
		"opaque":                    {"0123456789abcdef", "no signed JWT"},
		"encrypted":                 {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..a.b.c", "no signed JWT"},
		"algorithm none":            {unsigned(good), "algorithm"},
		"HS256 with the public key": {issuer.Sign(withPublicKeyAsSecret(t, first), "at+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "algorithm"},
		"other audience":            {with(testissuer.Claims{"aud": "https://mcp.example"}), "another resource"},
		"a longer audience":         {with(testissuer.Claims{"aud": resource + "/more"}), "another resource"},
		"empty audience":            {with(testissuer.Claims{"aud": ""}), "another resource"},
		"no audience":               {with(testissuer.Claims{"aud": nil}), "another resource"},
		"other issuer in it":        {with(testissuer.Claims{"iss": other.URL}), "another issuer"},
		"no issuer":                 {with(testissuer.Claims{"iss": nil}), "another issuer"},
		"expired":                   {with(testissuer.Claims{"exp": ago(40 * time.Second)}), "expired"},
		"without end":               {with(testissuer.Claims{"exp": nil}), "when it expires"},
		"not yet":                   {with(testissuer.Claims{"nbf": ago(-40 * time.Second)}), "not good yet"},
		"made in the future":        {with(testissuer.Claims{"iat": ago(-40 * time.Second)}), "not good yet"},
		"nobody's":                  {with(testissuer.Claims{"sub": nil}), "whom it stands for"},
		"bound to a key":            {with(testissuer.Claims{"cnf": map[string]string{"jkt": "x"}}), "bound to a key"},
		"scope of another kind":     {with(testissuer.Claims{"scope": 7}), "cannot be read"},
		"other type":                {issuer.Sign(first, "logout+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "no access token"},
		"of another's key":          {other.Sign(impostor, "at+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "not signed with a key"},
		"of another's, unnamed":     {other.Sign(unnamed, "at+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "not signed with a key"},
		"of a stranger's key":       {other.Sign(stranger, "at+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "not signed with a key"},
		"of a key for other things": {issuer.Sign(encrypts, "at+jwt", issuer.Claims(resource, "ann", "sema4", nil)), "not signed with a key"},
		"other claims put in":       {claimsOf(with(nil), with(testissuer.Claims{"sub": "eve"})), "not signed with a key"},
		"too long":                  {good + strings.Repeat("A", 17<<10), "too long"},
	} {
		_, err := verify(t, verifier, test.token)
		invalid, ok := errors.AsType[*oauth.InvalidTokenError](err)
		if !ok || !strings.Contains(invalid.Reason, test.says) {
			t.Errorf("%s: got %v, want it to say %q", name, err, test.says)
		} else if strings.ContainsAny(invalid.Reason, "\"\\\n") {
			t.Errorf("%s: %q cannot stand in a header", name, invalid.Reason)
		}
	}
	if _, err := verify(t, verifier, good); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if _, err := verify(t, verifier, issuer.Sign(first, "at+jwt", issuer.Claims("", "ann", "sema4", nil))); err == nil {
		t.Error("an empty audience counts")
	}
}

// unsigned is the token as one that says it needs no signature.
func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + "."
}

func claimsOf(token, other string) string {
	parts, others := strings.Split(token, "."), strings.Split(other, ".")
	return parts[0] + "." + others[1] + "." + parts[2]
}

// withPublicKeyAsSecret is the forger's key: what everybody knows, taken for a
// shared secret.
func withPublicKeyAsSecret(t *testing.T, key testissuer.Key) testissuer.Key {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Private.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return testissuer.Key{ID: key.ID, Algorithm: jose.HS256, Private: secret}
}
