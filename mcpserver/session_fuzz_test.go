package mcpserver

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

func FuzzSessionIDs(f *testing.F) {
	mine := sessions{key: "key", path: "tenant\x00agent"}
	var everything mcp.ClientCapabilities
	for i, capabilities := range []string{`{}`, `{"elicitation":{}}`, `{"tasks":{}}`, `{"sampling":{}}`, `{"roots":{}}`, `{"elicitation":{},"tasks":{},"sampling":{},"roots":{}}`} {
		everything = mcp.ClientCapabilities{}
		if err := json.Unmarshal([]byte(capabilities), &everything); err != nil {
			f.Fatal(err)
		}
		declared, ok := mine.open(mine.begin(everything))
		got := []bool{exchange.ElicitsForms(declared), declared.Tasks != nil, declared.Sampling != nil, declared.Roots != nil}
		if want := []bool{i == 1 || i == 5, i == 2 || i == 5, i == 3 || i == 5, i == 4 || i == 5}; !ok || !slices.Equal(got, want) {
			f.Fatalf("%s: got %v, %t", capabilities, got, ok)
		}
	}
	f.Add("")
	f.Add("AQE")
	f.Add(sessions{key: "other", path: mine.path}.begin(everything))
	f.Add(sessions{key: mine.key, path: "tenant\x00other"}.begin(everything))
	f.Fuzz(func(t *testing.T, id string) {
		if declared, ok := mine.open(id); ok {
			t.Errorf("%q was accepted, and declares %+v", id, declared)
		}
	})
}
