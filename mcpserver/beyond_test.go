package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

// both asks in both eras, the modern one as JSON and as a stream too, and returns
// what came of each.
func (f *front) both(path, method, name, params string) map[string]string {
	f.t.Helper()
	answers := make(map[string]string)
	_, answers["legacy"] = f.post(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, params), "Mcp-Protocol-Version: 2025-11-25")
	if params == "" {
		params = `"cursor":""`
	}
	body, headers := modernBody(method, name, params)
	_, answers["modern"] = f.post(path, body, headers...)
	_, answers["modern stream"] = f.post(path, body, append(headers, "Accept: text/event-stream")...)
	return answers
}

func TestListsPromptsAndCompletionsOverHTTP(t *testing.T) {
	f := newFront(t, nil)
	for _, test := range []struct{ path, method, name, params, says string }{
		{tenantPath, "resources/list", "", "", `"uri":"sema4://agents/` + localtenant.EchoID + `"`},
		{echoPath, "resources/list", "", "", `"name":"Echo"`},
		{tenantPath, "prompts/list", "", "", `"name":"ask_echo_agent"`},
		{echoPath, "prompts/get", "ask_echo_agent", `"name":"ask_echo_agent","arguments":{"question":"Größe?"}`, `thread_identifier \"grosse-`},
		{tenantPath, "prompts/get", "ask_agent", `"name":"ask_agent","arguments":{"agent":"Echo"}`, `"code":-32602`},
		{tenantPath, "completion/complete", "", `"ref":{"type":"ref/prompt","name":"ask_agent"},"argument":{"name":"agent","value":"ec"}`, `"values":["Echo"]`},
		{echoPath, "completion/complete", "", `"ref":{"type":"ref/prompt","name":"ask_agent"},"argument":{"name":"agent","value":""}`, `"code":-32602`},
		{echoPath, "resources/read", "sema4://agents/Echo?limit=6", `"uri":"sema4://agents/Echo?limit=6"`, `"ai.sema4/next":"sema4://agents/Echo?limit=6&offset=6"`},
	} {
		for era, answer := range f.both(test.path, test.method, test.name, test.params) {
			if !strings.Contains(answer, test.says) {
				t.Errorf("%s %s, %s: no %s in %.500s", test.path, test.method, era, test.says, answer)
			}
		}
	}
	body, headers := modernBody("prompts/get", "ask_agent", `"name":"ask_echo_agent","arguments":{"question":"x"}`)
	if status, answer := f.post(echoPath, body, headers...); status != http.StatusBadRequest || !strings.Contains(answer, "-32020") {
		t.Errorf("a header that names another prompt: got %d %s", status, answer)
	}
}

// TestPromptSnapshots holds what hosts show as commands against testdata/prompts,
// where review reads it. UPDATE=1 rewrites the files.
func TestPromptSnapshots(t *testing.T) {
	f := newFront(t, nil)
	reading := f.beside(func(c *mcpserver.Config) { c.Bridge.ReadOnly = true })
	for name, shown := range map[string]struct {
		*front
		path string
	}{
		"sales_analyst": {f, analystPath}, "unicode": {f, agentPath(localtenant.UnicodeID)}, "tenant": {f, tenantPath}, "tenant_read_only": {reading, tenantPath},
	} {
		_, body := shown.post(shown.path, `{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`)
		var answer struct {
			Result struct{ Prompts []struct{ Name string } }
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Result.Prompts == nil {
			t.Fatalf("%v in %s", err, body)
		}
		for _, prompt := range answer.Result.Prompts {
			if len(prompt.Name) > 64 {
				t.Errorf("%s: hosts cut that", prompt.Name)
			}
		}
		compare(t, filepath.Join("..", "testdata", "prompts", name+".json"), body)
	}
	_, templates := f.post(tenantPath, `{"jsonrpc":"2.0","id":1,"method":"resources/templates/list"}`)
	compare(t, filepath.Join("..", "testdata", "resources", "templates.json"), templates)
}
