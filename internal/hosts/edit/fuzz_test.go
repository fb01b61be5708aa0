package edit_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/tailscale/hujson"

	"sema4mcp/internal/hosts/edit"
)

// fuzzed adds an entry to whatever is a document and removes it again. What an
// empty object, or an empty container, was set like is not kept in the text.
func fuzzed(f *testing.F, format edit.Format, at edit.Place, emptied func(text []byte) bool) {
	for _, c := range documents {
		for _, text := range c.texts {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, found, err := format.Find(text, at); err != nil || found {
			return
		}
		added, err := format.Add(text, at, entry)
		if err != nil {
			return // refused
		}
		removed, err := format.Remove(added, at)
		if err != nil {
			t.Fatalf("%v, from %q", err, added)
		}
		if string(removed) != string(text) && !emptied(text) {
			t.Errorf("%q became %q became %q", text, added, removed)
		}
	})
}

func FuzzJSON(f *testing.F) {
	fuzzed(f, edit.JSON, inServers, func(text []byte) bool {
		standard, err := hujson.Standardize(text)
		var root map[string]json.RawMessage
		if err != nil || json.Unmarshal(standard, &root) != nil || len(root) == 0 {
			return true
		}
		var container map[string]any
		return root["mcpServers"] != nil && json.Unmarshal(root["mcpServers"], &container) == nil && len(container) == 0
	})
}

func FuzzTOML(f *testing.F) {
	empty := regexp.MustCompile(`\{\s*\}`)
	fuzzed(f, edit.TOML, inTables, empty.Match)
}

func FuzzYAML(f *testing.F) {
	empty := regexp.MustCompile(`extensions["']?\s*:|\{|^\s*(?:~|null)`)
	fuzzed(f, edit.YAML, inBlock, empty.Match)
}
