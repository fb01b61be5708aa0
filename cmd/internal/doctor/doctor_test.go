package doctor_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/cmd/internal/doctor"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// examined is what a doctor finds with these arguments, by check.
func examined(t *testing.T, ask string, args ...string) map[string][]doctor.Finding {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("SEMA4_API_KEY", localtenant.APIKey)
	var settings cli.Settings
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	settings.TenantFlags(flags)
	settings.KeyFlag(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	broken := settings.Complete()
	hosts := doctor.Check{Name: "hosts", Run: func(context.Context) []doctor.Finding { return []doctor.Finding{{Status: doctor.OK}} }}
	d := doctor.Doctor{Settings: &settings, Broken: broken, Ask: ask, UserAgent: "test", More: []doctor.Check{hosts}, Logger: zerolog.Nop()}
	found := make(map[string][]doctor.Finding)
	for _, finding := range d.Run(t.Context(), nil) {
		found[finding.Check] = append(found[finding.Check], finding)
	}
	if len(found["hosts"]) != 1 {
		t.Errorf("the check that was added found %v", found["hosts"])
	}
	return found
}

// says fails unless the first finding of a check is so.
func says(t *testing.T, found map[string][]doctor.Finding, check string, status doctor.Status, parts ...string) {
	t.Helper()
	if len(found[check]) == 0 {
		t.Fatalf("%s: no finding", check)
	}
	got := found[check][0]
	text := got.Text + ". " + got.Next
	if got.Status != status || slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) }) {
		t.Errorf("%s: got %s: %s; want %s: %q", check, got.Status, text, status, parts)
	}
}

// tenantWith is a tenant over HTTP with something before it.
func tenantWith(t *testing.T, before func(w http.ResponseWriter, r *http.Request) bool) *httptest.Server {
	t.Helper()
	tenant := testtenant.Start(t, testtenant.Scripted("Broken", "- fail: no\n")).Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !before(w, r) {
			tenant.ServeHTTP(w, r)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	return server
}

func TestWhatATenantHasAndLacks(t *testing.T) {
	server := tenantWith(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v1/agent-mcp/"):
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`)
		case r.URL.Path == "/api/v2":
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, "000000000003/conversations"):
			w.WriteHeader(http.StatusForbidden)
		default:
			return false
		}
		return true
	})
	server.Start()
	found := examined(t, "Broken", "--base-url", server.URL+"/api/v2")
	says(t, found, "vendor's mcp", doctor.OK, "is on, at "+server.URL+"/api/v1/agent-mcp/")
	says(t, found, "api document", doctor.Note, "serves none")
	says(t, found, "stream", doctor.Problem, "Broken: ", "Try the agent in the Sema4.ai application")
	says(t, found, "key", doctor.OK, "the value of SEMA4_API_KEY")
	if !slices.ContainsFunc(found["agents"], func(f doctor.Finding) bool {
		return f.Status == doctor.Problem && strings.Contains(f.Text, "Echo: ")
	}) {
		t.Errorf("got %+v", found["agents"])
	}
}

func TestAnAuthorityThatIsNotTrusted(t *testing.T) {
	server := tenantWith(t, func(http.ResponseWriter, *http.Request) bool { return false })
	server.StartTLS()
	found := examined(t, "", "--base-url", server.URL+"/api/v2")
	says(t, found, "connection", doctor.Problem, "no connection", "--ca FILE")
	says(t, found, "tenant", doctor.Problem, "See the connection above")
	says(t, found, "base url", doctor.Skipped)
	found = examined(t, "", "--base-url", strings.Replace(server.URL, "https", "http", 1)+"/api/v2")
	says(t, found, "connection", doctor.OK, "not encrypted")
	says(t, found, "tenant", doctor.Problem)
	plain := tenantWith(t, func(http.ResponseWriter, *http.Request) bool { return false })
	plain.Start()
	found = examined(t, "", "--base-url", strings.Replace(plain.URL, "http", "https", 1)+"/api/v2")
	says(t, found, "connection", doctor.Problem, "Use http:// in the base URL")
}

func TestAHostThatIsNotKnown(t *testing.T) {
	found := examined(t, "", "--base-url", "http://tenant.invalid/api/v2", "--proxy", "none")
	says(t, found, "dns", doctor.Problem, "tenant.invalid is not known", "Check the host")
	says(t, found, "connection", doctor.Problem)
	proxy := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(proxy.Close)
	found = examined(t, "", "--base-url", "http://tenant.invalid/api/v2", "--proxy", proxy.URL)
	says(t, found, "dns", doctor.Note, "the proxy looks it up")
	says(t, found, "proxy", doctor.OK, "from the setting proxy")
	says(t, found, "connection", doctor.Problem, "not encrypted", "Use https://")
	says(t, found, "base url", doctor.Problem, "no REST API answers there")
}

func TestSettingsThatCannotBeUsed(t *testing.T) {
	found := examined(t, "", "--base-url", "http://127.0.0.1:1/api/v2", "--ca", "/no/such/file")
	says(t, found, "configuration", doctor.Problem, "certificates to trust cannot be read")
	for _, check := range []string{"dns", "proxy", "connection", "key", "tenant", "base url", "agents", "stream", "vendor's mcp", "api document"} {
		says(t, found, check, doctor.Skipped)
	}
}
