package restclient

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	const base = "https://host/api/v2"
	for name, c := range map[string]struct {
		baseURL, key string
		opt          Option
		want         string
	}{
		"no base URL":       {"", testKey, nil, "is empty"},
		"slashes alone":     {" // ", testKey, nil, "is empty"},
		"no URL":            {"https://ho st/%zz", testKey, nil, "is not a URL"},
		"no scheme":         {"host/api/v2", testKey, nil, "does not start with http"},
		"another scheme":    {"ftp://host", testKey, nil, "does not start with http"},
		"no host":           {"https:///api/v2", testKey, nil, "names no host"},
		"a password":        {"https://me:secret@host", testKey, nil, "holds a user name"},
		"a query":           {base + "?key=1", testKey, nil, "holds a query"},
		"a fragment":        {base + "#agents", testKey, nil, "holds a query or a fragment"},
		"the key as URL":    {testKey, testKey, nil, "does not start with http"},
		"no key":            {base, "", nil, "API key is empty"},
		"a line in the key": {base, testKey + "\n", nil, "line break"},
		"a quote in it":     {base, `"` + testKey + `"`, nil, "quote"},
		"a negative wait":   {base, testKey, WithRequestTimeout(-1), "time-out is negative"},
		"negative silence":  {base, testKey, WithStreamIdleTimeout(-1), "time-out is negative"},
		"negative attempts": {base, testKey, WithRetry(RetryPolicy{Attempts: -1}), "retry policy holds a negative"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := []Option{}
			if c.opt != nil {
				opts = append(opts, c.opt)
			}
			_, err := New(c.baseURL, c.key, opts...)
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, "error", err.Error(), c.want)
			if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q gives a secret away", err)
			}
		})
	}
}

func TestBaseURLIsOpaque(t *testing.T) {
	for given, want := range map[string]string{
		"https://host":                               "https://host",
		" https://host/tenants/acme/api/v2// ":       "https://host/tenants/acme/api/v2",
		"http://127.0.0.1:58885/api/public/v1":       "http://127.0.0.1:58885/api/public/v1",
		"https://[::1]:8443/with%2Fescape/%C3%BC/v2": "https://[::1]:8443/with%2Fescape/%C3%BC/v2",
	} {
		client, err := New(given, testKey)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "base URL", client.BaseURL(), want)
	}
}

func TestHeaders(t *testing.T) {
	var seen http.Header
	handler := func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		answer(200, "application/json", `{"id":"a1","name":"Invoices"}`)(w, r)
	}
	for _, c := range []struct {
		opts                     []Option
		authorization, userAgent string
	}{
		{nil, "Bearer " + testKey, "sema4mcp"},
		{[]Option{WithUserAgent("bridge/1.2"), WithSnowflakeToken()}, `Snowflake Token="` + testKey + `"`, "bridge/1.2"},
	} {
		client := serve(t, handler, c.opts...)
		if _, err := client.Agents.Get(t.Context(), "a1"); err != nil {
			t.Fatal(err)
		}
		equal(t, "Authorization", seen.Get("Authorization"), c.authorization)
		equal(t, "User-Agent", seen.Get("User-Agent"), c.userAgent)
		equal(t, "Accept", seen.Get("Accept"), "application/json")
		equal(t, "Content-Type", seen.Get("Content-Type"), "")
	}
}

func TestDefaultTransportBoundsNoHeaders(t *testing.T) {
	transport := NewTransport()
	equal(t, "is a clone", transport != http.DefaultTransport, true)
	equal(t, "ResponseHeaderTimeout", transport.ResponseHeaderTimeout, time.Duration(0))
}

func TestForeignDefaultTransportIsKept(t *testing.T) {
	shared := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = shared })
	http.DefaultTransport = roundTrip(shared.RoundTrip)
	if _, ok := defaultTransport().(roundTrip); !ok {
		t.Error("a default transport of another type was not used")
	}
	if NewTransport().Proxy == nil {
		t.Error("a transport to change knows no proxies")
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRedirectOfGetDoesNotCarryTheKeyAway(t *testing.T) {
	var carried []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		carried = append(carried, r.Header.Get("Authorization"))
		answer(200, "application/json", `{"id":"a1","name":"moved"}`)(w, r)
	}))
	defer elsewhere.Close()
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/agents/near" {
			http.Redirect(w, r, "/tenants/acme/api/v2/agents/home", http.StatusFound)
			return
		}
		if r.URL.Path == "/agents/home" {
			equal(t, "key at home", r.Header.Get("Authorization"), "Bearer "+testKey)
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	agent, err := client.Agents.Get(t.Context(), "near")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "agent", agent.Name, "moved")
	equalSlices(t, "keys elsewhere", carried, []string{""})
}

func TestRedirectOfPostIsAnError(t *testing.T) {
	followed := false
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
			return
		}
		http.Redirect(w, r, "/tenants/acme/api/v2/elsewhere", http.StatusTemporaryRedirect)
	})
	_, err := client.Conversations.Create(t.Context(), "a1", "work")
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, "error", err.Error(), "307", "check the scheme and the host in the base URL")
	equal(t, "followed", followed, false)
}

func TestRedirectsInACircle(t *testing.T) {
	asked := 0
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/tenants/acme/api/v2"+r.URL.Path, http.StatusFound)
	})
	_, err := client.Agents.Get(t.Context(), "a1")
	contains(t, "error", err.Error(), "302 Found")
	equal(t, "requests", asked, maxRedirects)
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://host", "https://HOST:443/x", true},
		{"http://host", "http://host:80", true},
		{"http://host", "https://host", false},
		{"https://host", "https://host:8443", false},
		{"https://host", "https://host.example", false},
	} {
		a, errA := parseBaseURL(c.a)
		b, errB := parseBaseURL(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		equal(t, c.a+" and "+c.b, originOf(a) == originOf(b), c.same)
	}
}
