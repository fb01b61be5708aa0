package mcpserver

import (
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

func FuzzSessionIDs(f *testing.F) {
	mine := sessions{secret: "key", path: "tenant\x00agent"}
	everything := mcp.ClientCapabilities{Elicitation: new(mcp.ElicitationCapability), Tasks: new(mcp.TasksCapability)}
	declared, ok := mine.open(mine.begin(everything))
	if !ok || !exchange.ElicitsForms(declared) || declared.Tasks == nil {
		f.Fatalf("got %+v, %t", declared, ok)
	}
	if declared, ok = mine.open(mine.begin(mcp.ClientCapabilities{})); !ok || exchange.ElicitsForms(declared) || declared.Tasks != nil {
		f.Fatalf("got %+v, %t", declared, ok)
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
