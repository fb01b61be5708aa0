package mcpserver

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

func FuzzSessionIDs(f *testing.F) {
	mine := sessions{secret: "key", path: "tenant\x00agent"}
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
	f.Add(sessions{secret: "other", path: mine.path}.begin(everything))
	f.Add(sessions{secret: mine.secret, path: "tenant\x00other"}.begin(everything))
	f.Fuzz(func(t *testing.T, id string) {
		if declared, ok := mine.open(id); ok {
			t.Errorf("%q was accepted, and declares %+v", id, declared)
		}
	})
}

// FuzzSessionsOfKeys: what a session's id says comes back for its key and path,
// for no others, and with any bit changed not at all.
func FuzzSessionsOfKeys(f *testing.F) {
	f.Add("key", "tenant", "agent", true, false, 3, byte(1))
	f.Add("", "", "", false, true, 0, byte(0x80))
	f.Fuzz(func(t *testing.T, key, tenant, agent string, forms, tasks bool, at int, change byte) {
		var declares mcp.ClientCapabilities
		if forms {
			declares.Elicitation = new(mcp.ElicitationCapability)
		}
		if tasks {
			declares.Tasks = new(mcp.TasksCapability)
		}
		mine := sessions{secret: key, path: tenant + "\x00" + agent}
		id := mine.begin(declares)
		if got, ok := mine.open(id); !ok || exchange.ElicitsForms(got) != forms || (got.Tasks != nil) != tasks {
			t.Errorf("got %+v, %t", got, ok)
		}
		for _, other := range []sessions{{key + "x", mine.path}, {key, mine.path + "x"}, {key, "x" + mine.path}} {
			if _, ok := other.open(id); ok {
				t.Errorf("%+v opened the session of %+v", other, mine)
			}
		}
		altered := []byte(id)
		altered[(at&0xffff)%len(altered)] ^= change
		if _, ok := mine.open(string(altered)); ok != (change == 0) {
			t.Errorf("%q was opened, %q is the id", altered, id)
		}
	})
}
