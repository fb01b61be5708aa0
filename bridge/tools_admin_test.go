package bridge_test

import (
	"slices"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/seed"
)

type agentStatus struct {
	ID       string `json:"agent_id"`
	Name     string
	State    string
	HasDraft bool `json:"has_draft"`
	Next     string
}

func TestAnAgentFromItsCreationToItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	created := status[agentStatus](d, "", "create_agent", args{"name": "Helper", "description": "Helps.", "runbook": "# Help", "architecture": "echo"})
	if created.State != "draft" || created.Name != "Helper" || !strings.Contains(created.Next, "publish") {
		t.Errorf("got %+v", created)
	}
	// The catalogue forgot the list that it had: the agent is there at once.
	if listed := d.call("", "list_agents", nil); !listed.says(created.ID) {
		t.Errorf("got %s", listed.text())
	}
	if got := d.call("", "get_agent", args{"agent": "Helper"}); !got.says(created.ID, `"state": "draft"`, `"has_draft": true`, `"semantic_data_models": []`, `"mcp_servers": []`, "# Help", "Helps.") {
		t.Errorf("got %s", got.text())
	}
	server := status[struct {
		ID          string `json:"mcp_server_id"`
		Transport   string
		HeaderNames []string `json:"header_names"`
	}](d, "", "create_mcp_server", args{"name": "crm", "url": "https://crm.example/mcp", "headers": []args{{"name": "Authorization", "value": "Bearer " + planted}}})
	if server.ID == "" || server.Transport != "streamable-http" || !slices.Equal(server.HeaderNames, []string{"Authorization"}) {
		t.Errorf("got %+v", server)
	}
	model := status[struct {
		ID string `json:"semantic_data_model_id"`
	}](d, "", "create_semantic_data_model", args{"data_connection_id": seed.SalesConnectionID, "tables": []string{"customers", "orders"}, "name": "trade"})
	for kind, id := range map[string]string{"mcp_server": server.ID, "semantic_data_model": model.ID} {
		if got := d.call("", "attach_to_agent", args{"agent": "Helper", "kind": kind, "id": id}); got.IsError || !got.says(`"attached":true`, "in the agent's draft", "act_on_agent with publish") {
			t.Errorf("got %+v", got)
		}
		if got := d.call("", "get_agent", args{"agent": "Helper"}); !got.says(id) {
			t.Errorf("%s is not attached: %s", kind, got.text())
		}
		if got := d.call("", "detach_from_agent", args{"agent": "Helper", "kind": kind, "id": id}); got.IsError || !got.says(`"attached":false`, "in the agent's draft", "act_on_agent with publish") {
			t.Errorf("got %+v", got)
		}
		if got := d.call("", "get_agent", args{"agent": "Helper"}); got.says(id) {
			t.Errorf("%s is still attached: %s", kind, got.text())
		}
	}
	if live := status[agentStatus](d, "", "act_on_agent", args{"agent": "Helper", "action": "publish"}); live.State != "live" || live.HasDraft {
		t.Errorf("got %+v", live)
	}
	d.fails("", "act_on_agent", args{"agent": "Helper", "action": "discard_draft"}, "Nothing was changed", "act_on_agent with edit makes one")
	if edited := status[agentStatus](d, "", "act_on_agent", args{"agent": "Helper", "action": "edit"}); !edited.HasDraft {
		t.Errorf("got %+v", edited)
	}
	status[agentStatus](d, "", "update_agent", args{"agent": "Helper", "name": "Great Helper", "description": ""})
	d.call("", "act_on_agent", args{"agent": created.ID, "action": "publish"})
	if names := d.toolNames(""); !slices.Contains(names, "message_great_helper_agent") {
		t.Errorf("got %v", names)
	}
	if got := d.call("", "get_agent", args{"agent": "Great Helper"}); got.says("Helps.") || !got.says("# Help") {
		t.Errorf("got %s", got.text())
	}
	if got := d.call("", "delete_agent", args{"agent": "Great Helper"}); got.IsError || !got.says(created.ID, "Great Helper") {
		t.Errorf("got %+v", got)
	}
	d.fails("", "get_agent", args{"agent": created.ID}, "There is no agent")
	for tool, arguments := range map[string]args{"delete_mcp_server": {"mcp_server_id": server.ID}, "delete_semantic_data_model": {"semantic_data_model_id": model.ID}} {
		if got := d.call("", tool, arguments); got.IsError {
			t.Errorf("got %+v", got)
		}
		d.fails("", tool, arguments, "There is no", "Nothing was changed")
	}
}

func TestWhatIsAttachedWaitsForItsPublishing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	for i, tool := range []string{"attach_to_agent", "detach_from_agent"} {
		if got := d.call("", tool, args{"agent": "Echo", "kind": "semantic_data_model", "id": localtenant.SalesModelID}); got.IsError {
			t.Fatalf("%s: got %+v", tool, got)
		}
		if got := d.call("", "get_agent", args{"agent": "Echo"}); !got.says(`"has_draft": true`) || got.says(localtenant.SalesModelID) != (i == 0) {
			t.Errorf("%s made no draft: %s", tool, got.text())
		}
		if published := status[agentStatus](d, "", "act_on_agent", args{"agent": "Echo", "action": "publish"}); published.HasDraft {
			t.Errorf("got %+v", published)
		}
	}
}

func TestAdministrationThatCannotBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	d.fails("", "create_agent", args{"name": "echo"}, "There is an agent called “echo” already", "Nothing was changed")
	d.fails("", "create_agent", args{"description": "x"}, "name is missing")
	d.fails("", "update_agent", args{"agent": "Echo"}, "There is nothing to change")
	d.fails("", "act_on_agent", args{"agent": "Echo", "action": "freeze"}, "action must be one of edit, publish, discard_draft")
	d.fails("", "attach_to_agent", args{"agent": "Echo", "kind": "mcp_server", "id": nowhere}, "There is no such MCP server", "list_mcp_servers", "Nothing was changed")
	d.fails("", "attach_to_agent", args{"agent": "Echo", "kind": "file", "id": nowhere}, "kind must be one of semantic_data_model, mcp_server")
	d.fails("", "create_mcp_server", args{"name": "x"}, "either a url or a command", "Nothing was changed")
	d.fails("", "create_mcp_server", args{"name": "x", "url": "https://a.example", "command": "b"}, "either a url or a command")
	d.fails("", "create_mcp_server", args{"name": "x", "url": "https://a.example", "transport": "stdio"}, "422", "Nothing was changed")
	d.fails("", "create_mcp_server", args{"name": "x", "url": "https://a.example", "headers": []args{{"name": "X"}}}, "each of headers must have a value")
	d.fails("", "get_mcp_server", args{"mcp_server_id": nowhere}, "There is no MCP server", "list_mcp_servers")
	d.fails("", "create_semantic_data_model", args{"data_connection_id": nowhere, "tables": "orders", "name": "x"}, "There is no such data connection", "list_data_connections", "Nothing was changed")
	d.fails("", "create_semantic_data_model", args{"data_connection_id": seed.SalesConnectionID, "tables": []string{}, "name": "x"}, "No table is named")
	d.fails("", "get_data_connection", args{"data_connection_id": "../agents"}, "There is no data connection")
	d.fails("", "get_semantic_data_model", args{"semantic_data_model_id": nowhere}, "There is no semantic data model", "list_semantic_data_models")
	d.fails("", "get_semantic_data_model", args{"semantic_data_model_id": localtenant.SalesModelID, "cursor": "x"}, "cursor")
	d.fails("", "get_semantic_data_model", args{"semantic_data_model_id": localtenant.SalesModelID, "cursor": "9999999"}, "ends before the cursor")
	d.tenant.Fail("status=500,match=POST /agents")
	d.fails("", "create_agent", args{"name": "New"}, "It is not known whether the change was made")
	d.tenant.Fail("status=500,match=GET …/state")
	if got := d.call("", "act_on_agent", args{"agent": "Echo", "action": "edit"}); got.IsError || !got.says("It is done, but", "get_agent") {
		t.Errorf("got %+v", got)
	}
	d.fails("", "get_agent", args{"agent": "Echo"}, "500")
	d.tenant.Fail("status=404,match=GET …/state\nstatus=405,match=GET …/mcp-servers\nstatus=404,match=GET …/semantic-data-models")
	if got := d.call("", "get_agent", args{"agent": "Echo"}); got.IsError || got.says("mcp_servers") || got.says("semantic_data_models") {
		t.Errorf("of a deployment that does not list attachments: got %+v", got)
	}
}

func TestNoToolIsNamedThatTheServerDoesNotHave(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { c.Toolsets = []bridge.Toolset{bridge.ToolsetAdmin} })
	for tool, arguments := range map[string]args{
		"delete_semantic_data_model": {"semantic_data_model_id": nowhere},
		"create_semantic_data_model": {"data_connection_id": nowhere, "tables": "orders", "name": "x"},
	} {
		if got := d.call("", tool, arguments); !got.IsError || !got.says("There is no", "Nothing was changed") || got.says("list_") {
			t.Errorf("%s: got %+v", tool, got)
		}
	}
	d.tenant.Fail("html=404,match=DELETE …/" + localtenant.SalesModelID)
	d.fails("", "delete_semantic_data_model", args{"semantic_data_model_id": localtenant.SalesModelID}, "The base URL looks wrong", "Nothing was changed")
}

func TestANewAgentThatTheServerDoesNotOfferIsToldSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { everything(c); c.Agents = []string{"Echo"} })
	if got := status[agentStatus](d, "", "create_agent", args{"name": "New"}); !strings.Contains(got.Next, "does not offer") {
		t.Errorf("got %+v", got)
	}
}

func TestTheDataToolsShowTheSalesModel(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	if got := d.call("", "list_data_connections", nil); !got.says(seed.SalesConnectionID, "sqlite") || got.says("configuration") || got.says("db_file") {
		t.Errorf("got %s", got.text())
	}
	if got := d.call("", "get_data_connection", args{"data_connection_id": seed.SalesConnectionID}); got.IsError || !got.says("sqlite") {
		t.Errorf("got %+v", got)
	}
	if got := d.call("", "list_semantic_data_models", nil); !got.says(localtenant.SalesModelID) {
		t.Errorf("got %s", got.text())
	}
	arguments := args{"semantic_data_model_id": localtenant.SalesModelID}
	var whole strings.Builder
	for {
		got := d.call("", "get_semantic_data_model", arguments)
		if got.IsError || len(got.text()) > 31_000 {
			t.Fatalf("got %+v", got)
		}
		part, note, more := strings.Cut(got.text(), "\n\n[Bytes ")
		whole.WriteString(part)
		if !more {
			break
		}
		_, note, _ = strings.Cut(note, `cursor "`)
		arguments["cursor"], _, _ = strings.Cut(note, `"`)
	}
	if !strings.Contains(whole.String(), "verified_queries") || !strings.Contains(whole.String(), "sales_by_region") || !strings.HasSuffix(whole.String(), "}") {
		t.Errorf("got %d bytes", whole.Len())
	}
	if got := d.call("", "get_document_intelligence", nil); got.IsError || !got.says(`{"configured":false,"integrations":[]}`) {
		t.Errorf("got %+v", got)
	}
}
