package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sema4mcp/mcpserver"
)

func TestTheTenantsFile(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("THE_KEY", "from-env")
	path := filepath.Join(dir, "tenants.json")
	for text, want := range map[string][]mcpserver.HeldTenant{
		`{"b": {"base_url": "https://b/api/v2", "api_key": "env:THE_KEY"}, "a": {"api_key": "file:` + filepath.ToSlash(key) + `"}}`: {
			{ID: "a", BaseURL: "https://host/{tenant}", Key: "from-file"}, {ID: "b", BaseURL: "https://b/api/v2", Key: "from-env"}},
		`{"a": {"api_key": "itself"}}`: {{ID: "a", BaseURL: "https://host/{tenant}", Key: "itself"}},
		`{}`:                           {},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readTenants(t.Context(), path, "https://host/{tenant}"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{
		``:                                        "an end too early",
		`{"a": {"api_key": "secret-7"`:            "an end too early",
		`{"a": {"api_key": secret-7}}`:            "no JSON from byte",
		`{"a": "secret-7"}`:                       "another kind",
		`{"a": {"secret-7": ""}}`:                 "unknown field",
		`{"a": {"api_key": "secret-7"}} {}`:       "more than one",
		`{"": {"api_key": "secret-7"}}`:           "without an id",
		`{"a": {"api_key": "secret-7 secret-7"}}`: "tenant a: what api_key of a holds is not an API key",
		`{"a": {"api_key": "file:/not/there"}}`:   "tenant a: the API key cannot be read",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readTenants(t.Context(), path, ""); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret-7") {
			t.Errorf("%s: got %v, want it to say %q", text, err, says)
		}
	}
}
