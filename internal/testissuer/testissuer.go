// Package testissuer is an authorization server for the tests of other packages, as
// far as a resource server sees one: metadata and keys over real HTTP, and tokens
// signed with them, good and bad. Nothing else may import it.
package testissuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer lives as long as a test.
type Issuer struct {
	URL string

	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex // guards all below
	keys    []Key
	renamed string // what the metadata names as issuer, "" for the URL
	openID  bool   // whether only OpenID's metadata is there
	jwksURI string // "" for the issuer's own
	down    bool
	asked   int // for the keys
}

// Key is one that tokens are signed with. A secret one is not published.
type Key struct {
	ID        string
	Algorithm jose.SignatureAlgorithm
	Private   any // an *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, or a secret
	Use       string
}

// Claims are those of a token, by their names.
type Claims map[string]any

// Start returns an issuer at that path, "" for none, with one key of ES256.
func Start(t testing.TB, path string) *Issuer {
	i := &Issuer{t: t, keys: []Key{NewKey(t, "first", jose.ES256)}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL + path
	return i
}

// NewKey makes a key.
func NewKey(t testing.TB, id string, algorithm jose.SignatureAlgorithm) Key {
	t.Helper()
	var private any
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case jose.RS256, jose.PS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		t.Fatalf("no keys are made here for %s", algorithm)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Key{ID: id, Algorithm: algorithm, Private: private}
}

// ServeHTTP publishes what the issuer says of itself.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	path := strings.TrimPrefix(i.URL, i.server.URL)
	switch {
	case i.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/oauth-authorization-server"+path && !i.openID, r.URL.Path == path+"/.well-known/openid-configuration":
		metadata := map[string]string{"issuer": i.URL, "jwks_uri": i.server.URL + "/keys"}
		if i.renamed != "" {
			metadata["issuer"] = i.renamed
		}
		if i.jwksURI != "" {
			metadata["jwks_uri"] = i.jwksURI
		}
		_ = json.NewEncoder(w).Encode(metadata)
	case r.URL.Path == "/keys":
		i.asked++
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.published()})
	default:
		http.NotFound(w, r)
	}
}

// published has a key of an unknown kind among the others, as issuers may.
func (i *Issuer) published() []any {
	all := []any{map[string]string{"kty": "of-the-future", "kid": "other"}}
	for _, key := range i.keys {
		if private, ok := key.Private.(crypto.Signer); ok {
			all = append(all, jose.JSONWebKey{Key: private.Public(), KeyID: key.ID, Algorithm: string(key.Algorithm), Use: key.Use})
		}
	}
	return all
}

// Publish replaces the keys.
func (i *Issuer) Publish(keys ...Key) { i.change(func() { i.keys = keys }) }

// Key is the first of those that are published.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[0]
}

// Rename has the metadata name another issuer.
func (i *Issuer) Rename(issuer string) { i.change(func() { i.renamed = issuer }) }

// OnlyOpenID leaves OAuth's own metadata out.
func (i *Issuer) OnlyOpenID() { i.change(func() { i.openID = true }) }

// KeysAt has the metadata say that the keys are elsewhere.
func (i *Issuer) KeysAt(url string) { i.change(func() { i.jwksURI = url }) }

// Down has every request fail, or no more.
func (i *Issuer) Down(down bool) { i.change(func() { i.down = down }) }

func (i *Issuer) change(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

// Asked counts the requests for the keys.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// Token is a good one for the audience and the scopes, but for the claims that
// replace its own; a nil one takes a claim away.
func (i *Issuer) Token(audience, subject, scope string, others Claims) string {
	return i.Sign(i.Key(), "at+jwt", i.Claims(audience, subject, scope, others))
}

// Claims are those of [Issuer.Token].
func (i *Issuer) Claims(audience, subject, scope string, others Claims) Claims {
	now := time.Now()
	claims := Claims{"iss": i.URL, "aud": audience, "sub": subject, "scope": scope, "client_id": "client", "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	maps.Copy(claims, others)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// Sign makes a token with any key; its header names the key unless that has no id,
// and the type unless it is "".
func (i *Issuer) Sign(key Key, kind string, claims Claims) string {
	i.t.Helper()
	options := new(jose.SignerOptions)
	if kind != "" {
		options.WithType(jose.ContentType(kind))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.Algorithm, Key: jose.JSONWebKey{Key: key.Private, KeyID: key.ID}}, options)
	if err != nil {
		i.t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}
