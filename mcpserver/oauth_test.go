package mcpserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testissuer"
	"sema4mcp/mcpserver"
)

// tokenFront is a server whose callers come in with tokens, and their issuer.
type tokenFront struct {
	*front
	issuer *testissuer.Issuer
}

func newTokenFront(t *testing.T, change func(*mcpserver.Config), agents ...localtenant.AgentSpec) *tokenFront {
	t.Helper()
	issuer := testissuer.Start(t, "")
	return &tokenFront{newFront(t, func(c *mcpserver.Config) {
		c.OAuth = &mcpserver.OAuth{
			Issuer:  issuer.URL,
			Tenants: []mcpserver.HeldTenant{{BaseURL: c.BaseURL, Key: localtenant.APIKey}},
			Renew: func(context.Context) ([]mcpserver.HeldTenant, error) {
				return nil, errors.New("there is nothing to look up")
			},
		}
		c.BaseURL = ""
		if change != nil {
			change(c)
		}
	}, agents...), issuer}
}

// token is the header of somebody who may come in everywhere.
func (f *tokenFront) token(subject, scope string) string {
	return otherKey(f.issuer.Token(f.http.URL, subject, scope, nil))
}

// as is the server as one user sees it, over HTTP.
func (f *tokenFront) as(subject, scope string) *front {
	f.t.Helper()
	handler := f.server.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+f.issuer.Token("http://"+r.Host, subject, scope, nil))
		handler.ServeHTTP(w, r)
	}))
	f.t.Cleanup(web.Close)
	return &front{f.t, f.tenant, f.server, web, f.config}
}

func (f *front) bare(method, path string, headers ...string) (*http.Response, string) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.http.URL+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if request.Header.Set(name, value); name == "Host" {
			request.Host = value
		}
	}
	response, err := f.http.Client().Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response, string(body)
}

const wellKnown = "/.well-known/oauth-protected-resource"

// resourcePaths are those that documents are about: the whole server's, and each
// endpoint's.
var resourcePaths = []string{"", "/", "/api/v1/mcp", "/api/v1/mcp/", strings.TrimSuffix(tenantPath, "/"), tenantPath,
	"/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp", strings.TrimSuffix(echoPath, "/"), echoPath}

func TestKeysPublishNoMetadata(t *testing.T) {
	f := newFront(t, nil)
	for _, path := range resourcePaths {
		if response, body := f.bare(http.MethodGet, wellKnown+path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%q: got %s %s", path, response.Status, body)
		}
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		if response, _ := f.bare(http.MethodGet, path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %s", path, response.Status)
		}
	}
	for _, key := range []string{"", "wrong"} {
		response := f.request(t.Context(), echoPath, ping, otherKey(key))
		response.Body.Close()
		if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != http.StatusUnauthorized || got != `Bearer realm="Sema4.ai"` {
			t.Errorf("%q: got %s and the challenge %s", key, response.Status, got)
		}
	}
}

func TestTheDocumentsAboutTheResources(t *testing.T) {
	for name, test := range map[string]struct {
		public, under string // the public URL, and where a proxy serves the server
	}{
		"as the request names it": {},
		"as the public URL":       {public: "https://mcp.example"},
		"under a path":            {public: "https://mcp.example/agents/", under: "/agents"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTokenFront(t, func(c *mcpserver.Config) {
				c.OAuth.PublicURL, c.OAuth.Scopes = test.public, []string{"sema4", "sema4:read"}
			})
			root := strings.TrimSuffix(test.public, "/")
			if root == "" {
				root = f.http.URL
			}
			for _, under := range []string{"", test.under} {
				for _, path := range resourcePaths {
					response, body := f.bare(http.MethodGet, wellKnown+under+path)
					var got map[string]any
					if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/json" {
						t.Fatalf("%q: got %s %s", path, response.Status, body)
					}
					if want := map[string]any{"resource": root + path, "authorization_servers": []any{f.issuer.URL}, "scopes_supported": []any{"sema4", "sema4:read"},
						"bearer_methods_supported": []any{"header"}, "resource_name": "Sema4.ai agents"}; !reflect.DeepEqual(got, want) {
						t.Errorf("%q: got %v, want %v", path, got, want)
					}
				}
			}
			for _, path := range []string{"/api/v1", "/api/v1/mcp/more", "/healthz", "/tenants/local"} {
				if response, _ := f.bare(http.MethodGet, wellKnown+path); response.StatusCode != http.StatusNotFound {
					t.Errorf("%s: got %s", path, response.Status)
				}
			}
			if response, _ := f.bare(http.MethodPost, wellKnown); response.StatusCode != http.StatusMethodNotAllowed && response.StatusCode != http.StatusNotFound {
				t.Errorf("POST: got %s", response.Status)
			}
			// The challenge leads to the document about the very URL that was asked.
			response := f.request(t.Context(), echoPath, ping, "Authorization: ")
			response.Body.Close()
			origin := root
			if test.public != "" {
				origin = "https://mcp.example"
			}
			if want := `resource_metadata="` + origin + wellKnown + test.under + echoPath + `"`; !strings.Contains(response.Header.Get("WWW-Authenticate"), want) {
				t.Errorf("got %s, want %s", response.Header.Get("WWW-Authenticate"), want)
			}
		})
	}
}

// TestANameThatTheRequestChoosesIsNoAudience: whoever could choose it could use
// tokens that were made for others.
func TestANameThatTheRequestChoosesIsNoAudience(t *testing.T) {
	f := newTokenFront(t, nil)
	host := "Host: other.example"
	if response, body := f.bare(http.MethodGet, wellKnown, host); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "--public-url") {
		t.Errorf("got %s %s", response.Status, body)
	}
	named := otherKey(f.issuer.Token("http://other.example", "ann", "sema4", nil))
	if response, body := f.bare(http.MethodPost, echoPath, host, named); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "--public-url") {
		t.Errorf("got %s %s", response.Status, body)
	}
	public := newTokenFront(t, func(c *mcpserver.Config) { c.OAuth.PublicURL = "https://mcp.example" })
	if status, body := public.post(echoPath, ping, public.token("ann", "sema4")); status != http.StatusUnauthorized {
		t.Errorf("for the name of the request: got %d %s", status, body)
	}
	if status, body := public.post(echoPath, ping, otherKey(public.issuer.Token("https://mcp.example", "ann", "sema4", nil))); status != http.StatusOK {
		t.Errorf("for the public name: got %d %s", status, body)
	}
}

func TestWhoIsNotLetInIsToldWhy(t *testing.T) {
	f := newTokenFront(t, func(c *mcpserver.Config) { c.OAuth.Audiences = []string{"api://sema4"} })
	token := func(audience, scope string, others testissuer.Claims) string {
		return f.issuer.Token(audience, "ann", scope, others)
	}
	endpoint := f.http.URL + echoPath
	for name, test := range map[string]struct {
		token  string
		status int
		says   []string
	}{
		"no token":            {"", 401, []string{`scope="sema4"`}},
		"opaque":              {"0123456789", 401, []string{`error="invalid_token"`, "JWT access tokens"}},
		"expired":             {token(endpoint, "sema4", testissuer.Claims{"exp": 1}), 401, []string{`error="invalid_token"`, `error_description="the token has expired"`, `scope="sema4"`}},
		"for another agent":   {token(f.http.URL+storyPath, "sema4", nil), 401, []string{"another resource"}},
		"for another server":  {token("https://other.example", "sema4", nil), 401, []string{"another resource"}},
		"without scopes":      {token(endpoint, "", nil), 403, []string{`error="insufficient_scope"`, `scope="sema4"`}},
		"with other scopes":   {token(endpoint, "openid sema4:write", nil), 403, []string{`error="insufficient_scope"`}},
		"of another agent":    {token(endpoint, "sema4:agent:"+localtenant.StorytellerID, nil), 403, []string{`error="insufficient_scope"`}},
		"of another tenant":   {token(endpoint, "sema4:tenant:other", nil), 403, []string{`error="insufficient_scope"`}},
		"for the endpoint":    {token(endpoint, "sema4", nil), 200, nil},
		"a slash less":        {token(strings.TrimSuffix(endpoint, "/"), "sema4", nil), 200, nil},
		"for the server":      {token(f.http.URL, "sema4:read", nil), 200, nil},
		"for the server, /":   {token(f.http.URL+"/", "sema4:tenant:local", nil), 200, nil},
		"for a name of it":    {token("api://sema4", "sema4:agent:"+localtenant.EchoID, nil), 200, nil},
		"by the tool's name":  {token(endpoint, "sema4:agent:message_echo_agent", nil), 200, nil},
		"by the agent's name": {token(endpoint, "sema4:agent:Echo", nil), 403, []string{`error="insufficient_scope"`}},
	} {
		t.Run(name, func(t *testing.T) {
			response := f.request(t.Context(), echoPath, ping, otherKey(test.token))
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			challenge := response.Header.Get("WWW-Authenticate")
			if response.StatusCode != test.status || (challenge != "") != (test.status != 200) {
				t.Fatalf("got %s, %q, %s", response.Status, challenge, body)
			}
			if challenge == "" {
				return
			}
			for _, said := range append(test.says, `resource_metadata="`+f.http.URL+wellKnown+echoPath+`"`) {
				if !strings.Contains(challenge, said) {
					t.Errorf("got %s, want it to say %s", challenge, said)
				}
			}
			if test.token == "" && strings.Contains(challenge, "error") {
				t.Errorf("without a token there is nothing wrong with it: %s", challenge)
			}
			if test.token != "" && (strings.Contains(challenge, test.token) || strings.Contains(string(body), test.token)) {
				t.Error("the token is repeated")
			}
		})
	}
	for name, header := range map[string]string{"another scheme": "Authorization: Basic YTpi", "in the URL": "X-Nothing: "} {
		status, body := f.post(echoPath+"?access_token="+token(endpoint, "sema4", nil), ping, "Authorization: ", header)
		if status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
}

// upstreamKeys notes what the tenant is sent as authorization.
type upstreamKeys struct {
	next http.RoundTripper
	seen chan<- string
}

func (u upstreamKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case u.seen <- r.Header.Get("Authorization"):
	default:
	}
	return u.next.RoundTrip(r)
}

func TestNoTokenIsPassedOn(t *testing.T) {
	seen := make(chan string, 100)
	f := newTokenFront(t, func(c *mcpserver.Config) { c.Transport = upstreamKeys{c.Transport, seen} })
	status, body := f.post(tenantPath, callBody(1, "ask_agent", map[string]any{"agent": "Echo", "message": "Hello", "thread_identifier": "t"}), f.token("ann", "sema4"))
	if status != http.StatusOK || !strings.Contains(decode(t, body).text(), "Hello") {
		t.Fatalf("got %d %s", status, body)
	}
	if len(seen) < 3 {
		t.Errorf("the tenant was asked %d times", len(seen))
	}
	for range len(seen) {
		if got := <-seen; got != "Bearer "+localtenant.APIKey {
			t.Errorf("the tenant was sent %q", got)
		}
	}
}

func TestAnIssuerThatCannotBeReached(t *testing.T) {
	f := newTokenFront(t, nil)
	f.issuer.Down(true)
	response := f.request(t.Context(), echoPath, ping, f.token("ann", "sema4"))
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || response.Header.Get("WWW-Authenticate") != "" ||
		!strings.Contains(string(body), "authorization server cannot be reached") {
		t.Errorf("got %s %s", response.Status, body)
	}
	if response, body := f.bare(http.MethodGet, "/readyz"); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "authorization server") {
		t.Errorf("readyz: got %s %s", response.Status, body)
	}
	if response, _ := f.bare(http.MethodGet, wellKnown); response.StatusCode != http.StatusOK {
		t.Errorf("the document: got %s", response.Status)
	}
	f.issuer.Down(false)
	again := &tokenFront{f.another(nil), f.issuer}
	if status, body := again.post(echoPath, ping, again.token("ann", "sema4")); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
	if response, body := again.bare(http.MethodGet, "/readyz"); response.StatusCode != http.StatusOK {
		t.Errorf("readyz: got %s %s", response.Status, body)
	}
}

func TestAKeyThatTheTenantDoesNotAcceptIsLookedUpAnew(t *testing.T) {
	var looked atomic.Int32
	var held atomic.Value
	held.Store("old-key-7")
	f := newTokenFront(t, func(c *mcpserver.Config) {
		base := c.OAuth.Tenants[0].BaseURL
		c.OAuth.Tenants[0].Key = "old-key-7"
		c.OAuth.Renew = func(context.Context) ([]mcpserver.HeldTenant, error) {
			looked.Add(1)
			return []mcpserver.HeldTenant{{BaseURL: base, Key: held.Load().(string)}}, nil
		}
	})
	for range 3 {
		response := f.request(t.Context(), echoPath, ping, f.token("ann", "sema4"))
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "operator") || strings.Contains(string(body), "old-key-7") {
			t.Errorf("got %s %s", response.Status, body)
		}
		if challenge := response.Header.Get("WWW-Authenticate"); challenge != "" {
			t.Errorf("the client is sent for another token: %s", challenge)
		}
	}
	if n := looked.Load(); n != 1 {
		t.Errorf("the key was looked up %d times, want once", n)
	}
	held.Store(localtenant.APIKey)
	if err := f.server.RenewKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, body := f.post(echoPath, ping, f.token("ann", "sema4")); status != http.StatusOK {
		t.Errorf("after the key was renewed: got %d %s", status, body)
	}
	held.Store("")
	if err := f.server.RenewKeys(t.Context()); err == nil {
		t.Error("no key at all is taken for one")
	}
	if status, body := f.post(storyPath, ping, f.token("ann", "sema4")); status != http.StatusOK {
		t.Errorf("the key that was there is gone: got %d %s", status, body)
	}

	fresh := newTokenFront(t, func(c *mcpserver.Config) {
		good := c.OAuth.Tenants[0]
		c.OAuth.Tenants = []mcpserver.HeldTenant{{BaseURL: good.BaseURL, Key: "old-key-7"}}
		c.OAuth.Renew = func(context.Context) ([]mcpserver.HeldTenant, error) { return []mcpserver.HeldTenant{good}, nil }
	})
	if status, body := fresh.post(echoPath, ping, fresh.token("ann", "sema4")); status != http.StatusOK {
		t.Errorf("with another key to be had: got %d %s", status, body)
	}
}

func TestSeveralTenants(t *testing.T) {
	f := newTokenFront(t, func(c *mcpserver.Config) {
		base := c.OAuth.Tenants[0].BaseURL
		c.OAuth.Tenants = []mcpserver.HeldTenant{{ID: "a", BaseURL: base, Key: localtenant.APIKey}, {ID: "b", BaseURL: base, Key: localtenant.APIKey},
			{ID: "local", BaseURL: strings.Replace(base, "/local/", "/{tenant}/", 1), Key: localtenant.APIKey}}
	})
	for _, test := range []struct {
		path, scope string
		status      int
	}{
		{"/tenants/a/api/v1/mcp", "sema4", 200},
		{"/tenants/b/api/v1/mcp", "sema4", 200},
		{tenantPath, "sema4", 200},
		{"/tenants/c/api/v1/mcp", "sema4", 404},
		{"/tenants/c/api/v1/mcp", "sema4:tenant:a", 403}, // which tenants there are is not theirs to find out
		{"/api/v1/mcp", "sema4", 404},
		{"/tenants/a/api/v1/mcp", "sema4:tenant:a", 200},
		{"/tenants/b/api/v1/mcp", "sema4:tenant:a", 403},
		{"/tenants/b/api/v1/mcp", "sema4:tenant:a sema4:tenant:b", 200},
		{"/tenants/b/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp", "sema4:tenant:a:agent:" + localtenant.EchoID, 403},
		{"/tenants/a/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp", "sema4:tenant:a:agent:" + localtenant.EchoID, 200},
	} {
		if status, body := f.post(test.path, ping, f.token("ann", test.scope)); status != test.status {
			t.Errorf("%s with %s: got %d %s, want %d", test.path, test.scope, status, body, test.status)
		}
	}
}

func TestOneTenantGoesByItsOwnNameAlone(t *testing.T) {
	f := newTokenFront(t, nil)
	for _, test := range []struct {
		path, scope string
		status      int
	}{
		{"/api/v1/mcp", "sema4:tenant:local", 200}, {"/api/v1/mcp", "sema4:tenant:other", 403},
		{"/tenants/other/api/v1/mcp", "sema4", 404}, {"/tenants/other/api/v1/mcp", "sema4:tenant:other", 404},
	} {
		if status, body := f.post(test.path, ping, f.token("ann", test.scope)); status != test.status {
			t.Errorf("%s with %s: got %d %s, want %d", test.path, test.scope, status, body, test.status)
		}
	}
	// A base URL that names no tenant: what the path calls it is the caller's choice.
	tenant := httptest.NewServer(http.StripPrefix("/api/v2", http.NotFoundHandler()))
	defer tenant.Close()
	unnamed := newTokenFront(t, func(c *mcpserver.Config) {
		c.OAuth.Tenants = []mcpserver.HeldTenant{{BaseURL: tenant.URL + "/api/v2", Key: "key"}}
		c.Transport = nil
	})
	if status, body := unnamed.post("/tenants/other/api/v1/mcp", ping, unnamed.token("ann", "sema4:tenant:other")); status != http.StatusForbidden {
		t.Errorf("got %d %s", status, body)
	}
}

func TestOAuthSettingsThatAreRefused(t *testing.T) {
	held := []mcpserver.HeldTenant{{BaseURL: "https://host/tenants/t/api/v2", Key: "key"}}
	for says, config := range map[string]mcpserver.OAuth{
		"https URL":            {Issuer: "http://issuer.example", Tenants: held},
		"no tenant":            {Issuer: "https://issuer.example"},
		"public URL must":      {Issuer: "https://issuer.example", PublicURL: "mcp.example", Tenants: held},
		"public URL ends":      {Issuer: "https://issuer.example", PublicURL: "https://mcp.example/tenants/t/api/v1/mcp/", Tenants: held},
		"no scope":             {Issuer: "https://issuer.example", Scopes: []string{"openid"}, Tenants: held},
		"no API key":           {Issuer: "https://issuer.example", Tenants: []mcpserver.HeldTenant{{BaseURL: held[0].BaseURL}}},
		"--tenants-file":       {Issuer: "https://issuer.example", Tenants: []mcpserver.HeldTenant{{BaseURL: "https://host/tenants/{tenant}/api/v2", Key: "key"}}},
		"twice":                {Issuer: "https://issuer.example", Tenants: append(held, held...)},
		"cannot be the id":     {Issuer: "https://issuer.example", Tenants: []mcpserver.HeldTenant{{ID: "a:b", BaseURL: held[0].BaseURL, Key: "key"}}},
		"base URL must read":   {Issuer: "https://issuer.example", Tenants: []mcpserver.HeldTenant{{BaseURL: "host", Key: "key"}}},
		"there is no base URL": {Issuer: "https://issuer.example", Tenants: []mcpserver.HeldTenant{{ID: "a", Key: "key"}}},
		"anew":                 {Issuer: "https://issuer.example", Tenants: held},
		"32 random characters": {Issuer: "https://issuer.example", Tenants: held, Secret: "0123456789"},
	} {
		if says != "anew" {
			config.Renew = func(context.Context) ([]mcpserver.HeldTenant, error) { return held, nil }
		}
		if _, err := mcpserver.New(mcpserver.Config{OAuth: &config}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want it to say %q", err, says)
		}
	}
}

func TestPagesOfAllowedOriginsMayComeInWithTokens(t *testing.T) {
	f := newTokenFront(t, func(c *mcpserver.Config) { c.AllowedOrigins = []string{"https://app.example"} })
	for _, path := range []string{wellKnown, wellKnown + echoPath, echoPath} {
		method := http.MethodGet
		if path == echoPath {
			method = http.MethodPost
		}
		response, _ := f.bare(http.MethodOptions, path, "Origin: https://app.example", "Access-Control-Request-Method: "+method,
			"Access-Control-Request-Headers: authorization, mcp-protocol-version")
		if response.StatusCode != http.StatusNoContent || response.Header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
			!strings.Contains(response.Header.Get("Access-Control-Allow-Methods"), method) || !strings.Contains(response.Header.Get("Access-Control-Allow-Headers"), "Mcp-Protocol-Version") {
			t.Errorf("%s: got %s %v", path, response.Status, response.Header)
		}
		answered, _ := f.bare(method, path, "Origin: https://app.example")
		exposed := answered.Header.Get("Access-Control-Expose-Headers")
		if !strings.Contains(exposed, "WWW-Authenticate") || !strings.Contains(exposed, "Mcp-Session-Id") {
			t.Errorf("%s: exposes %q", path, exposed)
		}
		if refused, _ := f.bare(method, path, "Origin: https://evil.example"); refused.StatusCode != http.StatusForbidden {
			t.Errorf("%s: a page of another origin got %s", path, refused.Status)
		}
	}
}

func TestThePageForPeopleSaysHowToComeIn(t *testing.T) {
	byToken := newTokenFront(t, nil)
	for says, f := range map[string]*front{"API Keys": newFront(t, nil), byToken.issuer.URL: byToken.front} {
		if _, body := f.bare(http.MethodGet, "/"); !strings.Contains(body, says) || strings.Contains(body, "ADVICE") {
			t.Errorf("got %s, want it to say %s", body, says)
		}
	}
}

func TestATenantInTroubleIsNoMatterOfTheToken(t *testing.T) {
	f := newTokenFront(t, nil)
	for faults, status := range map[string]int{"status=403": 403, "status=404": 404, "status=503": 503} {
		f.tenant.Fail(faults)
		response := f.request(t.Context(), echoPath, ping, f.token("ann"+faults, "sema4"))
		response.Body.Close()
		if response.StatusCode != status || response.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: got %s, %q", faults, response.Status, response.Header.Get("WWW-Authenticate"))
		}
	}
}
