package bridge_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/seed"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// TestEveryToolTellsATenantInTrouble lets one request of each tool fail.
func TestEveryToolTellsATenantInTrouble(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { everything(c); c.CatalogueTTL = time.Nanosecond }, worker("Doer", "- say: Done\n"))
	o := d.call(echo, echoTool, args{"message": "x", "thread_identifier": "t-1", "files": []args{{"name": "n.csv", "text": "n\n1\n"}}})
	thread := o.Meta["ai.sema4/run"].ThreadID
	frame := status[frameList](d, echo, "list_data_frames", args{"thread_id": thread}).Frames[0].Name
	item := status[workItem](d, "", "create_work_item", args{"agent": "Doer", "message": "go"})
	d.call("", "get_work_item", args{"work_item_id": item.ID})
	model := args{"semantic_data_model_id": localtenant.SalesModelID}
	for _, test := range []struct {
		tool, fails string
		arguments   args
	}{
		{"list_files", "GET …/files", args{"thread_id": thread}},
		{"read_file", "GET …/files", args{"thread_id": thread, "file": "n.csv"}},
		{"read_file", "GET …/files/download", args{"thread_id": thread, "file": "n.csv"}},
		{"list_data_frames", "GET …/data-frames", args{"thread_id": thread}},
		{"read_data_frame", "GET …/data-frames", args{"thread_id": thread, "name": frame}},
		{"read_data_frame", "GET …/data-frames/" + frame, args{"thread_id": thread, "name": frame}},
		{"list_work_items", "GET /work-items", nil},
		{"get_work_item", "GET …/" + item.ID, args{"work_item_id": item.ID}},
		{"act_on_work_item", "GET …/" + item.ID, args{"work_item_id": item.ID, "action": "restart"}},
		{"act_on_work_item", "POST …/restart", args{"work_item_id": item.ID, "action": "restart"}},
		{"list_data_connections", "GET /data-connections", nil},
		{"get_data_connection", "GET …/" + seed.SalesConnectionID, args{"data_connection_id": seed.SalesConnectionID}},
		{"list_semantic_data_models", "GET /semantic-data-models", nil},
		{"get_semantic_data_model", "GET …/" + localtenant.SalesModelID, model},
		{"delete_semantic_data_model", "DELETE …/" + localtenant.SalesModelID, model},
		{"list_mcp_servers", "GET /mcp-servers", nil},
		{"get_document_intelligence", "GET /document-intelligence", nil},
		{"get_agent", "GET …/" + echo, args{"agent": "Echo"}},
		{"get_agent", "GET …/semantic-data-models", args{"agent": "Echo"}},
		{"get_agent", "GET …/mcp-servers", args{"agent": "Echo"}},
		{"update_agent", "PATCH …/" + echo, args{"agent": "Echo", "name": "New"}},
		{"delete_agent", "DELETE …/" + echo, args{"agent": "Echo"}},
	} {
		arguments := args{}
		for name, value := range test.arguments {
			arguments[name] = value
		}
		if _, ofThread := arguments["thread_id"]; ofThread {
			arguments["agent"] = "Echo"
		}
		if strings.HasPrefix(test.fails, "GET") && !strings.HasPrefix(test.tool, "act") {
			if o := d.call("", test.tool, arguments); o.IsError {
				t.Errorf("%s without a fault: got %+v", test.tool, o)
			}
		}
		d.tenant.Fail("status=500,match=" + test.fails)
		d.fails("", test.tool, arguments, "500")
		d.tenant.Fail("")
	}
	for _, tool := range []string{"ask_agent", "list_files", "create_work_item", "get_agent", "update_agent", "act_on_agent", "delete_agent", "attach_to_agent"} {
		arguments := map[string]args{
			"ask_agent": {"message": "x", "thread_identifier": "t"}, "list_files": {"thread_id": thread}, "create_work_item": {"message": "x"}, "update_agent": {"name": "x"},
			"act_on_agent": {"action": "edit"}, "attach_to_agent": {"kind": "mcp_server", "id": "x"},
		}[tool]
		if arguments == nil {
			arguments = args{}
		}
		arguments["agent"] = "Echo"
		d.tenant.Fail("status=500,match=GET /agents")
		if o := d.offline(tool, arguments); !o.IsError || !o.says("500") {
			t.Errorf("%s: got %+v", tool, o)
		}
		d.tenant.Fail("")
	}
}

func TestADecisionThatDoesNotArriveChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	item := status[workItem](d, clerk, "create_work_item", doubtful)
	d.call(clerk, "get_work_item", args{"work_item_id": item.ID})
	decide := args{"work_item_id": item.ID, "action": "continue", "message": "Approve."}
	d.tenant.Fail("status=422,match=POST …/stream")
	d.fails(clerk, "act_on_work_item", decide, "The message was not delivered", "The work item is NEEDS_REVIEW as before")
	d.tenant.Fail("status=500,match=GET …/messages")
	d.fails(clerk, "act_on_work_item", decide, "500")
	d.tenant.Fail("")
	if got := d.call(clerk, "act_on_work_item", decide); got.IsError {
		t.Errorf("after the trouble has passed: got %+v", got)
	}
	if got := d.call(clerk, "get_work_item", args{"work_item_id": item.ID}); !got.says("COMPLETED") || !got.says("Recorded: approved") {
		t.Errorf("got %+v", got)
	}
}

// failing answers 500 to the requests that it is true of.
type failing struct {
	http.RoundTripper
	request func(*http.Request) bool
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.request(r) {
		return f.RoundTripper.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func TestAWorkItemThatIsChangedButNotReadIsDone(t *testing.T) {
	t.Parallel()
	tenant := testtenant.Start(t)
	acted := false
	client := tenant.Client(restclient.WithTransport(failing{tenant.Transport(), func(r *http.Request) bool {
		if r.Method == http.MethodPost {
			acted = strings.HasSuffix(r.URL.Path, "/complete")
			return false
		}
		return acted
	}}))
	d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{})}
	t.Cleanup(d.bridge.Close)
	item := status[workItem](d, clerk, "create_work_item", doubtful)
	d.call(clerk, "get_work_item", args{"work_item_id": item.ID})
	if got := d.call(clerk, "act_on_work_item", args{"work_item_id": item.ID, "action": "complete"}); got.IsError || !got.says("It is done (complete)", "get_work_item") {
		t.Errorf("got %+v", got)
	}
	acted = false
	if got := d.call(clerk, "get_work_item", args{"work_item_id": item.ID}); !got.says("COMPLETED", "Completed by: HUMAN") {
		t.Errorf("got %+v", got)
	}
}

func TestAWaitTellsThatItGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { c.ProgressInterval = 50 * time.Millisecond }, worker("Slow", "- wait: 60s\n"))
	item := status[workItem](d, "", "create_work_item", args{"agent": "Slow", "message": "go"})
	got := d.call("", "get_work_item", args{"work_item_id": item.ID, "wait_seconds": 1})
	if !strings.Contains(strings.Join(got.told, "\n"), "The work item is still EXECUTING, ") {
		t.Errorf("got %q", got.told)
	}
	d.call("", "act_on_work_item", args{"work_item_id": item.ID, "action": "cancel"})
}

func TestAFailureOfTheReplyStopsTheAction(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Asker", "- say: I tried\n- fail: out of paper\n"))
	id := d.tenant.AgentID("Asker")
	item := status[workItem](d, id, "create_work_item", args{"message": "go", "name": "item"})
	d.call(id, "get_work_item", args{"work_item_id": item.ID})
	got := d.call(id, "act_on_work_item", args{"work_item_id": item.ID, "action": "complete", "message": "Stop here."})
	if !got.IsError || !got.says("out of paper", "The message stands in the work item's thread", "ERROR as before", "I tried") {
		t.Errorf("got %+v", got)
	}
	if got := d.call(id, "get_work_item", args{"work_item_id": item.ID}); got.says("COMPLETED") {
		t.Errorf("the action was taken: %+v", got)
	}
}

// stalling never answers the requests that it is true of.
type stalling struct {
	http.RoundTripper
	request func(*http.Request) bool
}

func (s stalling) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.request(r) {
		return s.RoundTripper.RoundTrip(r)
	}
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestATenantThatIsSlowToTellOfAWorkItem(t *testing.T) {
	t.Parallel()
	for name, stalls := range map[string]func(*http.Request, int) bool{
		"the messages":      func(r *http.Request, _ int) bool { return r.URL.Query().Has("results") },
		"all but the first": func(_ *http.Request, n int) bool { return n > 1 },
	} {
		tenant := testtenant.Start(t, worker("Slow", "- wait: 60s\n"))
		looks := 0
		client := tenant.Client(restclient.WithTransport(stalling{tenant.Transport(), func(r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/work-items/") {
				return false
			}
			looks++
			return stalls(r, looks)
		}}))
		d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{CallBudget: time.Second})}
		t.Cleanup(d.bridge.Close)
		item := status[workItem](d, "", "create_work_item", args{"agent": "Slow", "message": "go"})
		for plain, taken := tenant.Client(), false; !taken; {
			now, err := plain.WorkItems.Get(t.Context(), item.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			taken = now.Status == restclient.WorkItemExecuting
		}
		if got := d.call("", "get_work_item", args{"work_item_id": item.ID}); got.IsError || !got.says("EXECUTING", "took too long to tell what was written", "The agent is not done with it") {
			t.Errorf("%s: got %+v", name, got)
		}
		d.call("", "act_on_work_item", args{"work_item_id": item.ID, "action": "cancel"})
	}
}

func TestARunWhoseConversationIsGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	asked := d.call(echo, echoTool, args{"message": "x", "thread_identifier": "t-1"}).Meta["ai.sema4/run"]
	again := &desk{t, d.tenant, bridge.NewTenant(d.tenant.Client(), bridge.Config{CatalogueTTL: time.Nanosecond})} // it remembers nothing
	t.Cleanup(again.bridge.Close)
	run := args{"run_id": asked.RunID}
	both := func(agentID string, says ...string) {
		t.Helper()
		for _, tool := range []string{"get_run", "cancel_run"} {
			got := again.call(agentID, tool, run)
			if !got.IsError || !got.says(says...) || got.says("is kept") {
				t.Errorf("%s: got %+v", tool, got)
			}
		}
	}
	if _, err := d.tenant.Client().Conversations.Delete(t.Context(), echo, asked.ThreadID); err != nil {
		t.Fatal(err)
	}
	for _, agentID := range []string{echo, ""} {
		both(agentID, "The conversation of this run is gone", "The answer went with it", "new thread")
	}
	d.tenant.Fail("html=404,match=GET …/messages")
	again.fails(echo, "get_run", run, "The base URL looks wrong")
	d.tenant.Fail("")
	if err := d.tenant.Client().Agents.Delete(t.Context(), echo); err != nil {
		t.Fatal(err)
	}
	both("", "The agent of this run is gone", "The answer went with it")
}
