package mcpserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

var clerkPath = agentPath(localtenant.InvoiceClerkID)

// TestFilesFramesAndWorkItemsInBothEras does with each what a host would.
func TestFilesFramesAndWorkItemsInBothEras(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for era, call := range map[string]func(path, tool string, arguments any) answer{
		"legacy": f.call,
		"modern": func(path, tool string, arguments any) answer {
			body, headers := modernCall(1, tool, arguments)
			response := f.request(t.Context(), path, body, headers...)
			defer response.Body.Close()
			got := events(t, response.Body)
			return got[len(got)-1]
		},
	} {
		t.Run(era, func(t *testing.T) {
			question := ask("see", "t-"+era)
			question["files"] = []map[string]string{{"name": "n.csv", "text": "n\n9007199254740993\n"}}
			thread := call(echoPath, "message_echo_agent", question).Result.Meta["ai.sema4/run"].ThreadID
			if got := call(echoPath, "read_file", map[string]any{"thread_id": thread, "file": "n.csv"}); got.text() != "n\n9007199254740993\n" {
				t.Errorf("got %+v", got)
			}
			var frames struct {
				Frames []struct{ Name string } `json:"data_frames"`
			}
			listed := call(echoPath, "list_data_frames", map[string]any{"thread_id": thread})
			if err := json.Unmarshal([]byte(listed.text()), &frames); err != nil || len(frames.Frames) != 1 {
				t.Fatalf("%v in %+v", err, listed)
			}
			read := call(echoPath, "read_data_frame", map[string]any{"thread_id": thread, "name": frames.Frames[0].Name})
			if read.text() != `{"columns":["n"],"rows":[[9007199254740993]],"offset":0,"total_rows":1}` {
				t.Errorf("got %s", read.text())
			}
			var item struct {
				ID string `json:"work_item_id"`
			}
			created := call(clerkPath, "create_work_item", map[string]any{"payload": `{"invoice_number":"I","vendor":"V","po_number":"PO-9","amount":"1.00"}`})
			if err := json.Unmarshal([]byte(created.text()), &item); err != nil {
				t.Fatalf("%v in %+v", err, created)
			}
			if got := call(tenantPath, "get_work_item", map[string]any{"work_item_id": item.ID}); !strings.Contains(got.text(), "NEEDS_REVIEW") {
				t.Errorf("got %+v", got)
			}
			done := call(clerkPath, "act_on_work_item", map[string]any{"work_item_id": item.ID, "action": "complete"})
			if !strings.Contains(done.text(), `"status":"COMPLETED"`) {
				t.Errorf("got %+v", done)
			}
		})
	}
}

func TestAnAgentThatIsNotOfferedIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.Agents = []string{"Echo"} })
	if status, body := f.post(storyPath, toolsList); status != http.StatusNotFound || !strings.Contains(body, "does not offer that agent") {
		t.Errorf("got %d %s", status, body)
	}
	if status, body := f.post(echoPath, toolsList); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
}

func TestTheToolsetsBelongToTheTenant(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.Toolsets = []bridge.Toolset{bridge.ToolsetAdmin} })
	created := f.call(tenantPath, "create_agent", map[string]any{"name": "New Helper", "architecture": "echo"})
	if created.Result.IsError {
		t.Fatalf("got %+v", created)
	}
	if _, body := f.post(tenantPath, toolsList); !strings.Contains(body, `"message_new_helper_agent"`) {
		t.Error("the agent that was made has no tool yet")
	}
	if status, body := f.post(echoPath, callBody(1, "create_agent", map[string]any{"name": "Other"})); !strings.Contains(body, "not found") {
		t.Errorf("on an agent's own server: got %d %s", status, body)
	}
}
