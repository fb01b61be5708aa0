package bridge_test

import (
	"slices"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
)

var modelTools = []string{"list_files", "read_file", "list_data_frames", "read_data_frame"}

func TestWhatEachServerOffers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	one := append([]string{"message_echo_agent", "list_echo_agent_threads", "get_echo_agent_thread_messages", "get_run", "cancel_run"}, modelTools...)
	if got := d.toolNames(echo); !slices.Equal(got, one) {
		t.Errorf("one agent: got %v", got)
	}
	items := []string{"create_work_item", "get_work_item", "list_work_items", "act_on_work_item"}
	if got := d.toolNames(clerk); !slices.Equal(got[5:], slices.Concat(modelTools, items)) {
		t.Errorf("a worker agent: got %v", got)
	}
	got := d.toolNames("")
	if want := slices.Concat([]string{"list_agents", "ask_agent", "list_threads", "get_thread_messages", "get_run", "cancel_run"}, modelTools, items); !slices.Equal(got[:len(want)], want) {
		t.Errorf("all agents: got %v", got)
	}
	data, admin := "list_data_connections", "delete_agent"
	for set, want := range map[bridge.Toolset][2]bool{bridge.ToolsetAgents: {}, bridge.ToolsetData: {true, false}, bridge.ToolsetAdmin: {false, true}, bridge.ToolsetAll: {true, true}} {
		d := newDesk(t, func(c *bridge.Config) { c.Toolsets = []bridge.Toolset{set} })
		names := d.toolNames("")
		if got := [2]bool{slices.Contains(names, data), slices.Contains(names, admin)}; got != want {
			t.Errorf("%s: got %v", set, names)
		}
		if names := d.toolNames(echo); !slices.Equal(names, one) {
			t.Errorf("%s: an agent's own server has %v", set, names)
		}
	}
}

func TestToolsetsAreChosenByName(t *testing.T) {
	t.Parallel()
	if got, err := bridge.ParseToolsets([]string{" Data", "ADMIN"}); err != nil || !slices.Equal(got, []bridge.Toolset{bridge.ToolsetData, bridge.ToolsetAdmin}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := bridge.ParseToolsets([]string{"data", "date"}); err == nil || !strings.Contains(err.Error(), `"date": the toolsets are agents, data, admin and all`) {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyOffersOnlyWhatChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) {
		everything(c)
		c.ReadOnly, c.FilesDirs = true, []string{t.TempDir()}
	})
	for _, id := range []string{"", echo, clerk} {
		tools := d.tools(id)
		if len(tools) < 6 {
			t.Errorf("got only %d tools", len(tools))
		}
		for _, tool := range tools {
			if !*tool.Annotations.ReadOnlyHint || *tool.Annotations.DestructiveHint {
				t.Errorf("%s is offered", tool.Name)
			}
			if strings.Contains(string(tool.InputSchema), "save_as") {
				t.Errorf("%s can save", tool.Name)
			}
		}
	}
	for _, name := range []string{"ask_agent", "cancel_run", "delete_agent", "act_on_work_item"} {
		if slices.Contains(d.toolNames(""), name) {
			t.Errorf("%s is offered", name)
		}
	}
	if names := d.toolNames(""); !slices.Contains(names, "get_work_item") || !slices.Contains(names, "list_mcp_servers") || !slices.Contains(names, "get_run") {
		t.Errorf("got %v", names)
	}
}

func TestOnlyTheNamedAgentsAreOfferedAndReached(t *testing.T) {
	t.Parallel()
	open := newDesk(t, nil)
	d := &desk{t, open.tenant, bridge.NewTenant(open.tenant.Client(), bridge.Config{Agents: []string{"ECHO", localtenant.StorytellerID, "Sales Analist"}, Toolsets: []bridge.Toolset{bridge.ToolsetAll}})}
	t.Cleanup(d.bridge.Close)
	listed := d.call("", "list_agents", nil)
	if !listed.says("Echo", "Storyteller") || listed.says("Sales Analyst") || listed.says("Invoice Clerk") {
		t.Errorf("got %s", listed.text())
	}
	if names := d.toolNames(""); !slices.Contains(names, "message_echo_agent") || slices.Contains(names, "message_sales_analyst_agent") {
		t.Errorf("got %v", names)
	}
	if _, err := d.bridge.AgentServer(t.Context(), clerk); err == nil || !strings.Contains(err.Error(), "does not offer that agent") {
		t.Errorf("got %v", err)
	}
	asked := open.call(analyst, "message_sales_analyst_agent", args{"message": "What were total sales by region?", "thread_identifier": "t-1"}).Meta["ai.sema4/run"]
	item := status[workItem](open, clerk, "create_work_item", doubtful)
	for tool, arguments := range map[string]args{
		"ask_agent":        {"agent": analyst, "message": "x", "thread_identifier": "t"},
		"list_threads":     {"agent": "Sales Analyst"},
		"list_files":       {"agent": "Sales Analyst", "thread_id": asked.ThreadID},
		"list_work_items":  {"agent": "Invoice Clerk"},
		"create_work_item": {"agent": clerk, "message": "x"},
		"get_agent":        {"agent": analyst},
		"delete_agent":     {"agent": "Sales Analyst"},
		"attach_to_agent":  {"agent": "Sales Analyst", "kind": "mcp_server", "id": nowhere},
	} {
		d.fails("", tool, arguments, "There is no agent", "“Echo”")
	}
	for tool, arguments := range map[string]args{
		"get_run": {"run_id": asked.RunID}, "cancel_run": {"run_id": asked.RunID},
		"get_work_item": {"work_item_id": item.ID}, "act_on_work_item": {"work_item_id": item.ID, "action": "cancel"},
	} {
		d.fails("", tool, arguments, "does not offer that agent", "--agents")
	}
	if listed := status[workItems](d, "", "list_work_items", nil); len(listed.Items) != 0 {
		t.Errorf("got %+v", listed)
	}
	none := &desk{t, open.tenant, bridge.NewTenant(open.tenant.Client(), bridge.Config{Agents: []string{"Nobody"}})}
	t.Cleanup(none.bridge.Close)
	none.fails("", "ask_agent", args{"agent": "Echo", "message": "x", "thread_identifier": "t"}, "None of the agents that the setting --agents names")
}
