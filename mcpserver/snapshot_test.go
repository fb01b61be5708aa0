package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

// TestToolSnapshots holds what hosts are shown against testdata/tools, where
// review reads it. UPDATE=1 rewrites the files.
func TestToolSnapshots(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	f := newFront(t, nil)
	all := newFront(t, func(c *mcpserver.Config) { c.Bridge.Toolsets = []bridge.Toolset{bridge.ToolsetAll} })
	for name, shown := range map[string]struct {
		*front
		path string
	}{
		"sales_analyst": {f, analystPath}, "unicode": {f, agentPath(localtenant.UnicodeID)}, "invoice_clerk": {f, agentPath(localtenant.InvoiceClerkID)},
		"tenant": {f, tenantPath}, "tenant_all_toolsets": {all, tenantPath},
	} {
		_, body := shown.post(shown.path, toolsList)
		var answer struct {
			Result struct {
				Tools []struct{ Name, Description string }
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Result.Tools) < 5 {
			t.Fatalf("%v in %s", err, body)
		}
		for _, tool := range answer.Result.Tools {
			if len(tool.Name) > 64 || len(tool.Description) > 2048 {
				t.Errorf("%s: %d bytes of name, %d of description: hosts cut that", tool.Name, len(tool.Name), len(tool.Description))
			}
			general := strings.NewReplacer("sales_analyst_agent", "<x>", "agente_unicode_agent", "<x>", "storyteller_agent", "<x>", "echo_agent", "<x>", "invoice_clerk_agent", "<x>").Replace(tool.Name)
			if !strings.Contains(string(readme), "`"+general+"`") {
				t.Errorf("the README does not name the tool %s", general)
			}
		}
		compare(t, filepath.Join("..", "testdata", "tools", name+".json"), body)
	}
	for _, id := range []string{localtenant.SalesAnalystID, localtenant.StorytellerID, localtenant.EchoID, localtenant.UnicodeID, localtenant.InvoiceClerkID} {
		if !strings.Contains(string(readme), id) {
			t.Errorf("the README does not name the agent %s", id)
		}
	}
}

func compare(t *testing.T, file, body string) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with UPDATE=1 and read what it writes", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("what hosts are shown has changed; if that is meant, run the test with UPDATE=1 and read the difference in %s", file)
	}
}
