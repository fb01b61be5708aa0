package bridge

import (
	"fmt"
	"strings"
	"testing"

	"sema4mcp/restclient"
)

func TestWhatIsNotFoundIsNamedInTheWordsOfTheTools(t *testing.T) {
	t.Parallel()
	everyTool := []string{"list_agents", "list_threads", "list_files", "list_data_frames", "list_work_items", "list_data_connections", "list_semantic_data_models", "list_mcp_servers"}
	for request, want := range map[string]string{
		"GET /agents/A":                                   "agent list_agents",
		"POST /agents/A/publish":                          "agent list_agents",
		"GET /agents/A/conversations":                     "agent list_agents",
		"POST /work-items":                                "agent list_agents",
		"POST /agents/A/conversations/C/stream":           "thread list_threads",
		"GET /agents/A/conversations/C/files":             "thread list_threads",
		"DELETE /agents/A/conversations/C":                "thread list_threads",
		"GET /agents/A/conversations/C/files/download":    "file list_files",
		"GET /agents/A/conversations/C/data-frames/N":     "data frame list_data_frames",
		"POST /agents/A/mcp-servers":                      "MCP server list_mcp_servers",
		"DELETE /agents/A/semantic-data-models/M":         "semantic data model list_semantic_data_models",
		"POST /work-items/W/cancel":                       "work item list_work_items",
		"GET /data-connections/D":                         "data connection list_data_connections",
		"POST /semantic-data-models/scaffold-from-tables": "data connection list_data_connections",
		"GET /semantic-data-models/M":                     "semantic data model list_semantic_data_models",
		"PUT /mcp-servers/S":                              "MCP server list_mcp_servers",
	} {
		method, path, _ := strings.Cut(request, " ")
		err := error(&restclient.APIError{StatusCode: 404, Code: "not_found", Message: "Not here.", Method: method, Path: path})
		name, lister, _ := strings.Cut(want, " list_")
		got := failureOf(err, "").pointing(everyTool).Error()
		if want := fmt.Sprintf("There is no such %s (it says: Not here). It may have been deleted, or belong to another agent or workspace. See list_%s for those there are.", name, lister); got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
		if got := failureOf(err, notRun).pointing([]string{"get_run"}).Error(); strings.Contains(got, "list_") || strings.Contains(got, path) || !strings.Contains(got, notRun) {
			t.Errorf("%s, on a server without the list: got %q", request, got)
		}
	}
}

func TestAnAgentsServerPointsToItsOwnListOfThreads(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("the file a.txt could not be sent: %w", &restclient.APIError{StatusCode: 404, Message: "Not Found", Method: "POST", Path: "/agents/A/conversations/C/files"})
	got := failureOf(err, "").pointing([]string{"message_x_agent", "list_x_agent_threads"}).Error()
	if !strings.HasPrefix(got, "The file a.txt could not be sent: there is no such thread. ") || !strings.HasSuffix(got, "See list_x_agent_threads for those there are.") {
		t.Errorf("got %q", got)
	}
}

func TestAWrongBaseURLIsNotTakenForAWrongID(t *testing.T) {
	t.Parallel()
	foreign := &restclient.APIError{StatusCode: 404, Message: "Not here", Path: "/work-items/W", Foreign: true}
	for name, err := range map[string]error{
		"another server's":      foreign,
		"of an id":              unknownID(foreign, modelThing, "M"),
		"of a change":           unchanged(foreign),
		"no agents at that URL": &restclient.APIError{StatusCode: 404, Code: "not_found", Message: "Not here", Path: "/agents"},
	} {
		got := failureOf(err, "").pointing([]string{"list_agents", "list_work_items", "list_semantic_data_models"}).Error()
		if !strings.HasPrefix(got, "The base URL looks wrong") || !strings.Contains(got, "SEMA4_BASE_URL") || strings.Contains(got, "There is no") || strings.Contains(got, "See list") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	for _, path := range []string{"/work-items", "/document-intelligence"} {
		if got := failureOf(&restclient.APIError{StatusCode: 404, Message: "Not Found", Method: "GET", Path: path}, "").Error(); !strings.HasPrefix(got, "This Sema4.ai tenant does not offer that.") {
			t.Errorf("%s: got %q", path, got)
		}
	}
}
