package baseurl_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sema4mcp/cmd/internal/baseurl"
)

func TestForms(t *testing.T) {
	const published = "https://h.example/tenants/acme/api/v2"
	for text, first := range map[string]string{
		published:                             published,
		published + "/":                       published,
		" h.example/tenants/acme ":            published,
		"https://h.example/tenants/acme/":     published,
		published + "/agents?limit=1":         published,
		"https://h.example/tenants/acme/home": published,
		"https://h.example/tenants/acme/api/v1/agent-mcp/5a1e/mcp/": published,
		"https://h.example/tenants/acme/configuration/api-keys#new": published,
		"https://h.example":               "https://h.example/api/v2",
		"https://h.example/home":          "https://h.example/api/v2",
		"https://h.example/behind/api/v2": "https://h.example/behind/api/v2",
		"h.example/api/v1":                "https://h.example/api/v2",
		"localhost:8000/api/public/v1":    "http://localhost:8000/api/public/v1",
		"127.0.0.1:8081":                  "http://127.0.0.1:8081/api/v2",
		"http://tenant:8081/tenants/x":    "http://tenant:8081/tenants/x/api/v2",
	} {
		forms, err := baseurl.Forms(text)
		if err != nil || forms[0] != first {
			t.Errorf("%q: got %q, %v; want %q first", text, forms, err, first)
		}
		sorted := slices.Sorted(slices.Values(forms))
		if len(slices.Compact(sorted)) != len(forms) {
			t.Errorf("%q: twice the same in %q", text, forms)
		}
	}
}

func TestFormsOfOlderDeployments(t *testing.T) {
	forms, err := baseurl.Forms("https://h.example/")
	want := []string{"https://h.example/api/v2", "https://h.example/tenants/spar/api/v2", "https://h.example/api/public/v2", "https://h.example/api/public/v1"}
	if err != nil || !slices.Equal(forms, want) {
		t.Errorf("got %q, %v", forms, err)
	}
}

func TestWhatIsNoURLIsNotRepeated(t *testing.T) {
	for _, text := range []string{"", "s4w_secret", "https://me:s4w_secret@h.example", "ftp://h.example/s4w_secret", "https://h .example", "https://", "s4w-secret"} {
		_, err := baseurl.Forms(text)
		if !errors.Is(err, baseurl.ErrNoURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
