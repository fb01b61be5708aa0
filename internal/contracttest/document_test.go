package contracttest_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"sema4mcp/testdata/contract"
)

// operations of the vendor's API, group by group, as the contract must have them.
var operations = map[string]string{
	// common rules
	"GET /": "getOpenAPI",

	// agents
	"GET /agents":                       "listAgents",
	"POST /agents":                      "createAgent",
	"GET /agents/{agent_id}":            "getAgent",
	"PATCH /agents/{agent_id}":          "updateAgent",
	"DELETE /agents/{agent_id}":         "deleteAgent",
	"GET /agents/{agent_id}/state":      "getAgentState",
	"POST /agents/{agent_id}/edit":      "editAgent",
	"POST /agents/{agent_id}/publish":   "publishAgent",
	"GET /agents/{agent_id}/export":     "exportAgent",
	"POST /agents/import":               "importAgent",
	"PUT /agents/{agent_id}/import":     "importAgentOver",
	"POST /agents/{agent_id}/diff":      "diffAgent",
	"GET /agents/{agent_id}/schedules":  "listSchedules",
	"POST /agents/{agent_id}/schedules": "createSchedule",

	"POST /agents/{agent_id}/discard-draft":             "discardAgentDraft",
	"GET /agents/{agent_id}/schedules/{schedule_id}":    "getSchedule",
	"PUT /agents/{agent_id}/schedules/{schedule_id}":    "replaceSchedule",
	"DELETE /agents/{agent_id}/schedules/{schedule_id}": "deleteSchedule",

	"GET /agents/{agent_id}/semantic-data-models":                             "listAgentSemanticDataModels",
	"POST /agents/{agent_id}/semantic-data-models":                            "attachSemanticDataModel",
	"DELETE /agents/{agent_id}/semantic-data-models/{semantic_data_model_id}": "detachSemanticDataModel",
	"GET /agents/{agent_id}/mcp-servers":                                      "listAgentMcpServers",
	"POST /agents/{agent_id}/mcp-servers":                                     "attachMcpServer",
	"DELETE /agents/{agent_id}/mcp-servers/{mcp_server_id}":                   "detachMcpServer",

	// conversations
	"GET /agents/{agent_id}/conversations":                      "listConversations",
	"POST /agents/{agent_id}/conversations":                     "createConversation",
	"DELETE /agents/{agent_id}/conversations/{conversation_id}": "deleteConversation",

	"GET /agents/{agent_id}/conversations/{conversation_id}/messages":           "listMessages",
	"POST /agents/{agent_id}/conversations/{conversation_id}/messages":          "postMessage",
	"POST /agents/{agent_id}/conversations/{conversation_id}/stream":            "streamMessage",
	"GET /agents/{agent_id}/conversations/{conversation_id}/files":              "listFiles",
	"POST /agents/{agent_id}/conversations/{conversation_id}/files":             "uploadFiles",
	"GET /agents/{agent_id}/conversations/{conversation_id}/files/download":     "downloadFile",
	"GET /agents/{agent_id}/conversations/{conversation_id}/data-frames":        "listDataFrames",
	"GET /agents/{agent_id}/conversations/{conversation_id}/data-frames/{name}": "readDataFrame",

	// work items
	"GET /work-items":                              "listWorkItems",
	"POST /work-items":                             "createWorkItem",
	"GET /work-items/{work_item_id}":               "getWorkItem",
	"PATCH /work-items/{work_item_id}":             "updateWorkItem",
	"GET /work-items/summary":                      "getWorkItemSummary",
	"GET /work-items/status":                       "getWorkerStatus",
	"POST /work-items/upload-file":                 "uploadWorkItemFile",
	"POST /work-items/{work_item_id}/confirm-file": "confirmWorkItemFile",
	"POST /work-items/{work_item_id}/continue":     "continueWorkItem",
	"POST /work-items/{work_item_id}/restart":      "restartWorkItem",
	"POST /work-items/{work_item_id}/cancel":       "cancelWorkItem",
	"POST /work-items/{work_item_id}/complete":     "completeWorkItem",

	// data connections
	"GET /data-connections":                                "listDataConnections",
	"POST /data-connections":                               "createDataConnection",
	"GET /data-connections/{connection_id}":                "getDataConnection",
	"PUT /data-connections/{connection_id}":                "replaceDataConnection",
	"DELETE /data-connections/{connection_id}":             "deleteDataConnection",
	"GET /data-connections/{connection_id}/semantic-views": "listSemanticViews",

	// semantic data models
	"GET /semantic-data-models":                                 "listSemanticDataModels",
	"POST /semantic-data-models":                                "createSemanticDataModel",
	"GET /semantic-data-models/{semantic_data_model_id}":        "getSemanticDataModel",
	"PUT /semantic-data-models/{semantic_data_model_id}":        "replaceSemanticDataModel",
	"DELETE /semantic-data-models/{semantic_data_model_id}":     "deleteSemanticDataModel",
	"POST /semantic-data-models/scaffold-from-tables":           "scaffoldSemanticDataModel",
	"GET /semantic-data-models/{semantic_data_model_id}/export": "exportSemanticDataModel",
	"POST /semantic-data-models/import":                         "importSemanticDataModel",

	// MCP servers
	"GET /mcp-servers":                    "listMcpServers",
	"POST /mcp-servers":                   "createMcpServer",
	"GET /mcp-servers/{mcp_server_id}":    "getMcpServer",
	"PUT /mcp-servers/{mcp_server_id}":    "replaceMcpServer",
	"DELETE /mcp-servers/{mcp_server_id}": "deleteMcpServer",

	// the rest
	"GET /document-intelligence":    "getDocumentIntelligence",
	"GET /document-intelligence/ok": "checkDocumentIntelligence",
	"GET /ok":                       "getOk",

	// the local tenant's own
	"GET /local/faults":    "getFaults",
	"PUT /local/faults":    "setFaults",
	"DELETE /local/faults": "clearFaults",
}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	if err := document(t).Validate(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestDocumentHasEveryOperation(t *testing.T) {
	got := map[string]string{}
	for path, item := range document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			got[method+" "+path] = operation.OperationID
		}
	}
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		if got[name] != operations[name] {
			t.Errorf("%s is %q, want %q", name, got[name], operations[name])
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("operations nobody has asked for: %v", got)
	}
}

func TestOperationsAreDescribed(t *testing.T) {
	doc := document(t)
	var tags []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			name := method + " " + path
			if operation.Summary == "" || strings.HasSuffix(operation.Summary, ".") {
				t.Errorf("%s: summary %q", name, operation.Summary)
			}
			if len(operation.Tags) != 1 || !slices.Contains(tags, operation.Tags[0]) {
				t.Errorf("%s: tags %q", name, operation.Tags)
			}
			if operation.Extensions["x-confidence"] == nil {
				t.Errorf("%s: no x-confidence", name)
			}
			if local := strings.HasPrefix(path, "/local/"); local != slices.Contains(operation.Tags, "local") {
				t.Errorf("%s: tags %q", name, operation.Tags)
			}
			if status := operation.Extensions["x-local-status"]; status != nil && operation.Responses.Value(fmt.Sprint(status)) == nil {
				t.Errorf("%s: x-local-status %v is not listed", name, status)
			}
			checkStatuses(t, name, path, operation)
		}
	}
}

// checkStatuses holds an operation to the statuses that its kind must list.
func checkStatuses(t *testing.T, name, path string, operation *openapi3.Operation) {
	t.Helper()
	responses := operation.Responses
	must := map[string]bool{
		"default": true,
		"401":     path != "/",
		"404":     strings.Contains(path, "{"),
		"413":     operation.RequestBody != nil,
		"422":     operation.RequestBody != nil,
		"400":     operation.RequestBody != nil && !strings.HasPrefix(path, "/local/"),
	}
	for status, listed := range must {
		if listed && responses.Value(status) == nil {
			t.Errorf("%s: status %s is not listed", name, status)
		}
	}
	succeeds := false
	for status, response := range responses.Map() {
		if code, err := strconv.Atoi(status); err == nil && code < 400 {
			succeeds = true
			if empty := code == http.StatusNoContent || code == http.StatusNotModified; empty != (len(response.Value.Content) == 0) {
				t.Errorf("%s: content of status %s: %v", name, status, response.Value.Content)
			}
			continue
		}
		media := response.Value.Content["application/json"]
		if len(response.Value.Content) != 1 || media == nil || media.Schema.Ref != "#/components/schemas/Error" {
			t.Errorf("%s: status %s has another body than the error envelope", name, status)
		}
	}
	if !succeeds {
		t.Errorf("%s never succeeds", name)
	}
}

// x-confidence is one of three words, wherever it stands.
func TestConfidence(t *testing.T) {
	count := 0
	for line := range strings.Lines(string(contract.OpenAPI())) {
		_, word, ok := strings.Cut(line, "x-confidence: ")
		if !ok {
			continue
		}
		count++
		if word = strings.TrimRight(word, "}\n"); !slices.Contains([]string{"documented", "observed", "assumed"}, word) {
			t.Errorf("x-confidence %q", word)
		}
	}
	if count <= len(operations) {
		t.Errorf("%d confidences for %d operations: none for parameters and properties", count, len(operations))
	}
}

// Every component is used; a $ref that leads nowhere does not load.
func TestComponentsAreUsed(t *testing.T) {
	text := string(contract.OpenAPI())
	components := document(t).Components
	for kind, names := range map[string][]string{
		"schemas":       slices.Collect(maps.Keys(components.Schemas)),
		"parameters":    slices.Collect(maps.Keys(components.Parameters)),
		"responses":     slices.Collect(maps.Keys(components.Responses)),
		"requestBodies": slices.Collect(maps.Keys(components.RequestBodies)),
	} {
		for _, name := range names {
			if !strings.Contains(text, `"#/components/`+kind+"/"+name+`"`) && name != "StreamEvent" {
				t.Errorf("nothing uses %s/%s", kind, name)
			}
		}
	}
}
