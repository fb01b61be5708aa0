package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sema4mcp/internal/testissuer"
	"sema4mcp/mcpserver/oauth"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRotation(t *testing.T) {
	issuer, clock := testissuer.Start(t, ""), new(clock)
	fetched := make(chan error, 10)
	verifier := issuerOf(t, issuer, func(c *oauth.IssuerConfig) {
		c.Now, c.Fetched = clock.now, func(err error) { fetched <- err }
	})
	old, next := issuer.Key(), testissuer.NewKey(t, "next", jose.RS256)
	byOld := issuer.Token(resource, "ann", "sema4", nil)
	if _, err := verify(t, verifier, byOld); err != nil {
		t.Fatal(err)
	}
	<-fetched
	issuer.Publish(next, old)
	byNext := issuer.Token(resource, "ann", "sema4", nil)
	if _, err := verify(t, verifier, byNext); err == nil {
		t.Error("the keys were fetched again at once")
	}
	clock.advance(6 * time.Second)
	for range 2 {
		for name, token := range map[string]string{"old": byOld, "next": byNext} {
			if _, err := verify(t, verifier, token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	<-fetched
	if asked := issuer.Asked(); asked != 2 {
		t.Errorf("the keys were fetched %d times, want 2", asked)
	}

	// A key that is taken away is good until the keys are renewed, which happens beside
	// the requests.
	issuer.Publish(next)
	clock.advance(11 * time.Minute)
	later := testissuer.Claims{"exp": clock.now().Add(time.Hour).Unix()}
	byOld = issuer.Sign(old, "at+jwt", issuer.Claims(resource, "ann", "sema4", later))
	if _, err := verify(t, verifier, byOld); err != nil {
		t.Error(err)
	}
	if err := <-fetched; err != nil {
		t.Error(err)
	}
	if _, err := verify(t, verifier, byOld); err == nil {
		t.Error("a token of a key that was taken away counts")
	}
}

func TestTokensOfUnknownKeysDoNotHaveTheIssuerAskedEachTime(t *testing.T) {
	issuer := testissuer.Start(t, "")
	verifier := issuerOf(t, issuer, nil)
	stranger := testissuer.NewKey(t, "stranger", jose.ES256)
	var verifying sync.WaitGroup
	for range 50 {
		verifying.Go(func() {
			_, err := verifier.Verify(t.Context(), issuer.Sign(stranger, "", issuer.Claims(resource, "eve", "sema4", nil)), []string{resource})
			if _, ok := errors.AsType[*oauth.InvalidTokenError](err); !ok {
				t.Errorf("got %v", err)
			}
		})
	}
	verifying.Wait()
	if asked := issuer.Asked(); asked != 1 {
		t.Errorf("the keys were fetched %d times, want 1", asked)
	}
}

func TestAnIssuerThatIsAway(t *testing.T) {
	issuer, clock := testissuer.Start(t, ""), new(clock)
	fetched := make(chan error, 10)
	verifier := issuerOf(t, issuer, func(c *oauth.IssuerConfig) {
		c.Now, c.Fetched = clock.now, func(err error) { fetched <- err }
	})
	away := func(err error) bool {
		_, ok := errors.AsType[*oauth.UnavailableError](err)
		return ok && !strings.Contains(err.Error(), "eyJ")
	}
	token := func() string {
		return issuer.Token(resource, "ann", "sema4", testissuer.Claims{"exp": clock.now().Add(time.Minute).Unix()})
	}
	issuer.Down(true)
	if err := verifier.Ready(t.Context()); !away(err) {
		t.Errorf("got %v", err)
	}
	<-fetched
	issuer.Down(false)
	if _, err := verify(t, verifier, token()); !away(err) {
		t.Errorf("it was asked again at once: %v", err)
	}
	clock.advance(6 * time.Second)
	if err := verifier.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	<-fetched

	issuer.Down(true)
	clock.advance(11 * time.Minute)
	if _, err := verify(t, verifier, token()); err != nil {
		t.Errorf("with keys that are known: %v", err)
	}
	if err := <-fetched; err == nil {
		t.Error("the keys were renewed by an issuer that is away")
	}
	if _, err := verify(t, verifier, token()); err != nil {
		t.Errorf("with keys that could not be renewed: %v", err)
	}
	stranger := testissuer.NewKey(t, "stranger", jose.ES256)
	if _, err := verify(t, verifier, issuer.Sign(stranger, "", issuer.Claims(resource, "ann", "sema4", nil))); !away(err) {
		t.Errorf("whether a new key is the issuer's cannot be known, but got %v", err)
	}
	verifier.Close()
	clock.advance(6 * time.Second)
	if _, err := verify(t, verifier, issuer.Sign(stranger, "", issuer.Claims(resource, "ann", "sema4", nil))); !away(err) {
		t.Errorf("after the end: got %v", err)
	}
}

func TestDiscovery(t *testing.T) {
	elsewhere := httptest.NewServer(http.RedirectHandler("http://issuer.example/keys", http.StatusFound))
	defer elsewhere.Close()
	nothing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) }))
	defer nothing.Close()
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("keys")) }))
	defer garbage.Close()
	for name, test := range map[string]struct {
		path   string
		change func(*testissuer.Issuer)
		url    func(string) string
		says   string
	}{
		"OAuth's":                 {},
		"OpenID's":                {change: (*testissuer.Issuer).OnlyOpenID},
		"of a path":               {path: "/realms/a"},
		"OpenID's, of a path":     {path: "/realms/a", change: (*testissuer.Issuer).OnlyOpenID},
		"a slash more":            {url: func(url string) string { return url + "/" }},
		"another issuer":          {change: func(i *testissuer.Issuer) { i.Rename("https://issuer.example") }, says: "another issuer"},
		"keys without TLS":        {change: func(i *testissuer.Issuer) { i.KeysAt("http://issuer.example/keys") }, says: "jwks_uri"},
		"keys nowhere":            {change: func(i *testissuer.Issuer) { i.KeysAt("keys") }, says: "jwks_uri"},
		"keys led away, no TLS":   {change: func(i *testissuer.Issuer) { i.KeysAt(elsewhere.URL) }, says: "redirects"},
		"no keys":                 {change: func(i *testissuer.Issuer) { i.KeysAt(nothing.URL) }, says: "no public key"},
		"keys that are no JSON":   {change: func(i *testissuer.Issuer) { i.KeysAt(garbage.URL) }, says: "not the JSON"},
		"a path without metadata": {url: func(url string) string { return url + "/other" }, says: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := testissuer.Start(t, test.path)
			if test.change != nil {
				test.change(issuer)
			}
			verifier := issuerOf(t, issuer, func(c *oauth.IssuerConfig) {
				if test.url != nil {
					c.URL = test.url(c.URL)
				}
			})
			_, err := verify(t, verifier, issuer.Token(resource, "ann", "sema4", nil))
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want it to say %q", err, test.says)
			}
		})
	}
}

func TestIssuerURLs(t *testing.T) {
	for _, url := range []string{"", "issuer.example", "http://issuer.example", "https://u:p@issuer.example", "https://issuer.example?a=b", "https://issuer.example#a", "ftp://127.0.0.1", "https://"} {
		if _, err := oauth.NewIssuer(oauth.IssuerConfig{URL: url}); err == nil || !strings.Contains(err.Error(), "https URL") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

func TestARequestThatIsGivenUpIsNotTheEndOfFetching(t *testing.T) {
	issuer := testissuer.Start(t, "")
	begun, goOn := make(chan struct{}), make(chan struct{})
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	verifier := issuerOf(t, issuer, func(c *oauth.IssuerConfig) {
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "oauth-authorization-server") {
				close(begun)
				<-goOn
			}
			return transport.RoundTrip(r)
		})
	})
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		<-begun
		giveUp()
	}()
	token := issuer.Token(resource, "ann", "sema4", nil)
	if _, err := verifier.Verify(ctx, token, []string{resource}); err == nil {
		t.Error("it was verified without keys")
	}
	close(goOn)
	if _, err := verify(t, verifier, token); err != nil {
		t.Error(err)
	}
	if asked := issuer.Asked(); asked != 1 {
		t.Errorf("the keys were fetched %d times, want 1", asked)
	}
}
