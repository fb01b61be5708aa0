package endtoend_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serveAgents puts an MCP server in front of a tenant and gives its address.
func serveAgents(t *testing.T, tenant *testtenant.Tenant) string {
	t.Helper()
	server, err := mcpserver.New(mcpserver.Config{
		BaseURL: tenant.BaseURL(), Transport: tenant.Transport(), Logger: zerolog.Nop(),
		Bridge: bridge.Config{CallBudget: 20 * time.Second, Version: "test", Logger: zerolog.Nop()},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		web.Close()
		server.Close()
	})
	return web.URL
}

// withModel is a tenant whose agent Assistant has a language model and the MCP
// servers given.
func withModel(t *testing.T, model *testllm.Model, servers ...restclient.MCPServer) (*testtenant.Tenant, string) {
	t.Helper()
	tenant := testtenant.StartWith(t, localtenant.Config{
		Logger: zerolog.Nop(),
		Agents: []localtenant.AgentSpec{{Name: "Assistant", Architecture: openaichat.Architecture, Runbook: "Answer with numbers."}},
		LLM:    openaichat.Config{URL: model.URL, Key: "model-key", Model: "test-model"},
	})
	agent := tenant.AgentID("Assistant")
	client := tenant.Client()
	for _, server := range servers {
		created, err := client.MCPServers.Create(t.Context(), server)
		if err == nil {
			err = client.Agents.AttachMCPServer(t.Context(), agent, created.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Agents.Publish(t.Context(), agent, nil); err != nil {
		t.Fatal(err)
	}
	return tenant, agent
}

func analystServer(address, key string) restclient.MCPServer {
	return restclient.MCPServer{
		Name: "analyst", Transport: restclient.TransportStreamableHTTP,
		URL:     address + "/tenants/local/api/v1/agent-mcp/" + localtenant.SalesAnalystID + "/mcp/",
		Headers: map[string]restclient.MCPServerVariable{"Authorization": {Type: restclient.VariableSecret, Value: restclient.Secret("Bearer " + key)}},
	}
}

const salesTool = "message_sales_analyst_agent"

// One tenant's agent is a tool of another's: a model asks the Sales Analyst over
// MCP, gets the numbers of its database, and answers with them.
func TestAnAgentCallsAnAgent(t *testing.T) {
	analysts := testtenant.Start(t)
	address := serveAgents(t, analysts)
	model := testllm.Start(t,
		testllm.CallsTools("call_a", salesTool, `{"message":"What were total sales by region?","thread_identifier":"regions-x1"}`),
		testllm.Says("The regions ", "are known."),
		testllm.Says("As said before."),
	)
	tenant, agent := withModel(t, model, analystServer(address, localtenant.APIKey))
	client := tenant.Client()
	conversation, err := client.Conversations.Create(t.Context(), agent, "talk")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Conversations.Send(t.Context(), agent, conversation.ID, "Sales by region?"); err != nil {
		t.Fatal(err)
	}

	// What the agent did stands in its conversation.
	messages := tenant.Conversation(agent, "talk")
	call, text := lastCall(t, messages), messages[len(messages)-1].Text()
	if text != "The regions are known." {
		t.Errorf("the answer is %q", text)
	}
	if call.Name != salesTool || call.Status != "finished" || call.SubType != "mcp-external" || !strings.Contains(call.ArgumentsRaw, "regions-x1") {
		t.Errorf("the call is %+v", call)
	}
	if call.Result == nil || !strings.Contains(*call.Result, "Europe") {
		t.Fatalf("the call gave %v", call.Result)
	}

	// The Sales Analyst was asked, and its answer is what the model got.
	asked := analysts.Conversation(localtenant.SalesAnalystID, "regions-x1")
	if len(asked) != 2 || asked[0].Text() != "What were total sales by region?" || !strings.Contains(asked[1].Text(), "| Europe |") {
		t.Errorf("the analyst's conversation: %+v", asked)
	}
	requests := model.Requests()
	if names := toolNames(requests[0]); !strings.Contains(names, salesTool+" ") {
		t.Errorf("the model was offered %q", names)
	}
	last := requests[1].Messages[len(requests[1].Messages)-1]
	if last.Role != "tool" || last.ToolCallID != "call_a" || last.Content != *call.Result {
		t.Errorf("the model was told %+v", last)
	}

	// The next turn remembers the call.
	if _, err := client.Conversations.Send(t.Context(), agent, conversation.ID, "Again?"); err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, message := range model.Requests()[2].Messages {
		roles = append(roles, message.Role)
	}
	if got := strings.Join(roles, " "); got != "system user assistant tool assistant user" {
		t.Errorf("the model remembers %q", got)
	}
}

// A key the server refuses does not end the turn, and is shown to nobody.
func TestAnAgentWithTheWrongKeyForAnother(t *testing.T) {
	const wrong = "planted-wrong-key"
	model := testllm.Start(t, testllm.Says("I cannot look it up."))
	tenant, agent := withModel(t, model, analystServer(serveAgents(t, testtenant.Start(t)), wrong), restclient.MCPServer{Name: "gone", URL: "http://127.0.0.1:1/mcp"})
	client := tenant.Client()
	conversation, err := client.Conversations.Create(t.Context(), agent, "talk")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Conversations.Send(t.Context(), agent, conversation.ID, "Sales?"); err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(tenant.Conversation(agent, "talk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"“gone” cannot be used", "I cannot look it up."} {
		if !strings.Contains(string(stored), said) {
			t.Errorf("nothing says %q in %s", said, stored)
		}
	}
	if strings.Contains(string(stored), wrong) {
		t.Errorf("the key is shown: %s", stored)
	}
	if system := model.Requests()[0].Messages[0].Content; !strings.Contains(system, "cannot be used now") || !strings.Contains(system, "gone") {
		t.Errorf("the model was told %q", system)
	}
}

func lastCall(t *testing.T, messages []restclient.Message) *restclient.ToolCall {
	t.Helper()
	for _, content := range messages[len(messages)-1].Content {
		if content.ToolCall != nil {
			return content.ToolCall
		}
	}
	t.Fatalf("no tool call in %+v", messages[len(messages)-1])
	return nil
}

func toolNames(request testllm.Request) string {
	var names strings.Builder
	for _, tool := range request.Tools {
		names.WriteString(tool.Function.Name + " ")
	}
	return names.String()
}
