package mcpserver_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
)

// toolNames are those of the tools that an endpoint lists.
func (f *front) toolNames(path string) []string {
	f.t.Helper()
	status, body := f.post(path, toolsList)
	var listed struct {
		Result struct{ Tools []struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(body), &listed); err != nil || status != http.StatusOK {
		f.t.Fatalf("%s: got %d %s", path, status, body)
	}
	names := make([]string, len(listed.Result.Tools))
	for i, tool := range listed.Result.Tools {
		names[i] = tool.Name
	}
	return names
}

// read is what comes of reading a resource.
func (f *front) read(path, uri string) (text string, failed bool) {
	f.t.Helper()
	_, body := f.post(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":%q}}`, uri))
	return body, decode(f.t, body).Error != nil
}

// TestATokenForOneAgentReachesNoOther tries every way that there is.
func TestATokenForOneAgentReachesNoOther(t *testing.T) {
	f := newTokenFront(t, func(c *mcpserver.Config) { c.Bridge.Toolsets = []bridge.Toolset{bridge.ToolsetAll} },
		testtenant.Scripted("Writer", "- attach: secret.txt text/plain classified\n- say: classified"))
	writer := f.tenant.AgentID("Writer")
	all, one := f.as("ann", "sema4"), f.as("ann", "sema4:agent:"+localtenant.EchoID)

	made := all.call(tenantPath, "ask_agent", map[string]any{"agent": writer, "message": "go", "thread_identifier": "t-secret"})
	runID, threadID := made.runID(), made.Result.Meta["ai.sema4/run"].ThreadID
	if runID == "" || threadID == "" || made.Result.IsError {
		t.Fatalf("got %+v", made)
	}
	item := all.call(tenantPath, "create_work_item", map[string]any{"agent": localtenant.InvoiceClerkID, "message": "x"})
	var created struct {
		ID string `json:"work_item_id"`
	}
	if err := json.Unmarshal([]byte(item.text()), &created); err != nil || created.ID == "" {
		t.Fatalf("got %s", item.text())
	}

	names := one.toolNames(tenantPath)
	for _, wanted := range []string{"ask_agent", "message_echo_agent", "list_agents"} {
		if !slices.Contains(names, wanted) {
			t.Errorf("%s is not among %v", wanted, names)
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "message_") && name != "message_echo_agent" || strings.Contains(name, "mcp_server") || strings.Contains(name, "connection") || strings.Contains(name, "create_agent") {
			t.Errorf("%s is offered", name)
		}
	}
	if listed := one.call(tenantPath, "list_agents", nil).text(); !strings.Contains(listed, "Echo") || strings.Contains(listed, "Writer") || strings.Contains(listed, "Sales") {
		t.Errorf("got %s", listed)
	}
	if answer := one.call(tenantPath, "ask_agent", map[string]any{"agent": "Echo", "message": "Hello", "thread_identifier": "t"}); answer.Result.IsError || !strings.Contains(answer.text(), "Hello") {
		t.Errorf("its own agent: got %s", answer.text())
	}
	if status, body := one.post(echoPath, ping); status != http.StatusOK {
		t.Errorf("its own agent: got %d %s", status, body)
	}

	for _, path := range []string{agentPath(writer), "/tenants/local" + agentPath(writer), agentPath(localtenant.StorytellerID), agentPath("00000000-0000-4000-8000-000000000000"),
		agentPath("nothing"), agentPath(writer) + "/"} {
		for _, body := range []string{ping, initialize, toolsList, callBody(1, "message_writer_agent", ask("x", "t"))} {
			if status, got := one.post(path, body); status != http.StatusForbidden || strings.Contains(got, "Writer") {
				t.Errorf("%s: got %d %s", path, status, got)
			}
		}
	}

	for _, call := range []struct {
		tool      string
		arguments map[string]any
	}{
		{"ask_agent", map[string]any{"agent": writer, "message": "x", "thread_identifier": "t-secret"}},
		{"ask_agent", map[string]any{"agent": "Writer", "message": "x", "thread_identifier": "t-secret"}},
		{"ask_agent", map[string]any{"agent": "message_writer_agent", "message": "x", "thread_identifier": "t-secret"}},
		{"list_threads", map[string]any{"agent": writer}},
		{"get_thread_messages", map[string]any{"agent": writer, "thread_id": threadID}},
		{"get_thread_messages", map[string]any{"agent": "Echo", "thread_id": threadID}},
		{"list_files", map[string]any{"agent": writer, "thread_id": threadID}},
		{"list_files", map[string]any{"agent": "Echo", "thread_id": threadID}},
		{"read_file", map[string]any{"agent": writer, "thread_id": threadID, "file": "secret.txt"}},
		{"read_file", map[string]any{"agent": "Echo", "thread_id": threadID, "file": "secret.txt"}},
		{"list_data_frames", map[string]any{"agent": writer, "thread_id": threadID}},
		{"read_data_frame", map[string]any{"agent": writer, "thread_id": threadID, "name": "x"}},
		{"get_run", map[string]any{"run_id": runID}},
		{"cancel_run", map[string]any{"run_id": runID}},
		{"create_work_item", map[string]any{"agent": localtenant.InvoiceClerkID, "message": "x"}},
		{"list_work_items", map[string]any{"agent": localtenant.InvoiceClerkID}},
		{"get_work_item", map[string]any{"work_item_id": created.ID}},
		{"act_on_work_item", map[string]any{"work_item_id": created.ID, "action": "cancel"}},
	} {
		got := one.call(tenantPath, call.tool, call.arguments)
		if !got.Result.IsError || strings.Contains(got.text(), "classified") {
			t.Errorf("%s %v: got %s", call.tool, call.arguments, got.text())
		}
	}
	if items := one.call(tenantPath, "list_work_items", nil); strings.Contains(items.text(), created.ID) {
		t.Errorf("got %s", items.text())
	}
	for _, tool := range []string{"message_writer_agent", "create_agent", "delete_agent", "list_mcp_servers", "list_data_connections"} {
		if status, body := one.post(tenantPath, callBody(1, tool, ask("x", "t"))); decode(t, body).Error == nil {
			t.Errorf("%s: got %d %s", tool, status, body)
		}
	}
	for _, uri := range []string{"sema4://runs/" + runID, "sema4://agents/" + writer + "/threads/" + threadID,
		"sema4://agents/" + writer + "/threads/" + threadID + "/files/secret.txt", "sema4://agents/" + localtenant.EchoID + "/threads/" + threadID,
		"sema4://agents/" + localtenant.EchoID + "/threads/" + threadID + "/files/secret.txt"} {
		for _, path := range []string{tenantPath, echoPath} {
			if body, failed := one.read(path, uri); !failed || strings.Contains(body, "classified") {
				t.Errorf("%s at %s: got %s", uri, path, body)
			}
		}
	}
	for _, path := range []string{tenantPath, echoPath} {
		for _, got := range []taskAnswer{
			one.modernTask(path, "tasks/get", taskID(runID), tasksDeclared), one.modernTask(path, "tasks/cancel", taskID(runID), tasksDeclared),
			one.modernTask(path, "tasks/update", taskID(runID)+`,"inputResponses":{}`, tasksDeclared),
			one.coreTask(path, "tasks/get", taskID(runID)), one.coreTask(path, "tasks/result", taskID(runID)), one.coreTask(path, "tasks/cancel", taskID(runID)),
		} {
			if got.code() != -32602 || strings.Contains(got.raw, "classified") {
				t.Errorf("%s: got %s", path, got.raw)
			}
		}
	}
	// All of it is there for who may have it.
	if body, failed := all.read(tenantPath, "sema4://agents/"+writer+"/threads/"+threadID+"/files/secret.txt"); failed || !strings.Contains(body, "classified") {
		t.Errorf("got %s", body)
	}
	if got := all.call(tenantPath, "get_run", map[string]any{"run_id": runID}); !strings.Contains(got.text(), "classified") {
		t.Errorf("got %s", got.text())
	}
}

func TestATokenToReadChangesNothing(t *testing.T) {
	f := newTokenFront(t, nil)
	f.as("ann", "sema4").call(tenantPath, "ask_agent", map[string]any{"agent": "Echo", "message": "Hello", "thread_identifier": "t"})
	reader := f.as("bob", "sema4:read")
	for _, path := range []string{tenantPath, echoPath} {
		names := reader.toolNames(path)
		for _, name := range names {
			if strings.HasPrefix(name, "message_") || slices.Contains([]string{"ask_agent", "cancel_run", "create_work_item", "act_on_work_item"}, name) {
				t.Errorf("%s offers %s", path, name)
			}
		}
		if !slices.Contains(names, "list_files") {
			t.Errorf("%s offers %v", path, names)
		}
	}
	if got := reader.call(tenantPath, "list_threads", map[string]any{"agent": "Echo"}); got.Result.IsError || !strings.Contains(got.text(), `"t"`) {
		t.Errorf("got %s", got.text())
	}
	if status, body := reader.post(echoPath, callBody(1, "message_echo_agent", ask("x", "t"))); decode(t, body).Error == nil {
		t.Errorf("got %d %s", status, body)
	}
}

// TestATokenThatMayAskOneAndReadAll is served as far as its scopes go at each
// endpoint.
func TestATokenThatMayAskOneAndReadAll(t *testing.T) {
	f := newTokenFront(t, nil)
	mixed := f.as("ann", "sema4:agent:"+localtenant.EchoID+" sema4:read")
	if names := mixed.toolNames(echoPath); !slices.Contains(names, "message_echo_agent") {
		t.Errorf("the one to ask: got %v", names)
	}
	if names := mixed.toolNames(storyPath); slices.Contains(names, "message_storyteller_agent") || !slices.Contains(names, "list_files") {
		t.Errorf("another: got %v", names)
	}
	if names := mixed.toolNames(tenantPath); !slices.Contains(names, "message_echo_agent") || slices.Contains(names, "message_storyteller_agent") {
		t.Errorf("together: got %v", names)
	}
}

func TestTheServersOwnLimitsHoldForTokensToo(t *testing.T) {
	f := newTokenFront(t, func(c *mcpserver.Config) { c.Bridge.Agents, c.Bridge.ReadOnly = []string{"Echo"}, true })
	all := f.as("ann", "sema4")
	if names := all.toolNames(tenantPath); slices.Contains(names, "ask_agent") {
		t.Errorf("got %v", names)
	}
	if status, body := all.post(storyPath, ping); status != http.StatusNotFound {
		t.Errorf("got %d %s", status, body)
	}
	other := f.as("ann", "sema4:agent:"+localtenant.StorytellerID)
	if status, body := other.post(storyPath, ping); status != http.StatusNotFound || !strings.Contains(body, "does not offer") {
		t.Errorf("got %d %s", status, body)
	}
	if got := other.call(tenantPath, "list_threads", map[string]any{"agent": "Echo"}); !strings.Contains(got.text(), "access token") {
		t.Errorf("got %s", got.text())
	}
}

// TestUsersOfOneKeyShareNothingButTheTenant: two users of one issuer, and one of
// them with other scopes, in this process and in another.
func TestUsersOfOneKeyShareNothingButTheTenant(t *testing.T) {
	f := newTokenFront(t, nil, asker)
	elsewhere := &tokenFront{f.another(nil), f.issuer}
	id := f.tenant.AgentID("Asker")
	path := agentPath(id)
	ann, bob, less := f.as("ann", "sema4"), f.as("bob", "sema4"), f.as("ann", "sema4:agent:"+id)
	annElsewhere, bobElsewhere := elsewhere.as("ann", "sema4 openid"), elsewhere.as("bob", "sema4")

	sessionID := ann.begin(path, elicits)
	for name, test := range map[string]struct {
		who    *front
		status int
	}{
		"its own": {ann, 200}, "its own, elsewhere": {annElsewhere, 200}, "another's": {bob, 404}, "another's, elsewhere": {bobElsewhere, 404}, "with other scopes": {less, 200},
	} {
		if status, body := test.who.post(path, ping, session(sessionID)); status != test.status {
			t.Errorf("session, %s: got %d %s, want %d", name, status, body, test.status)
		}
	}

	call := ask("go", "t-ann")
	question := ann.elicit(path, "message_asker_agent", call, nil)
	if !question.asks("reply", "Which year?") {
		t.Fatalf("got %+v", question)
	}
	reply := question.accepted(form{"reply": "2025"})
	for name, who := range map[string]*front{"another": bob, "another, elsewhere": bobElsewhere} {
		if got := who.elicit(path, "message_asker_agent", call, reply); !got.Result.IsError || !got.says("cannot be opened") {
			t.Errorf("state, %s: got %+v", name, got)
		}
	}
	if status, body := f.as("ann", "sema4:agent:"+localtenant.EchoID).post(path, ping, session(sessionID)); status != http.StatusForbidden {
		t.Errorf("session, with scopes for another agent: got %d %s", status, body)
	}
	again := annElsewhere.elicit(path, "message_asker_agent", call, reply)
	if !again.asks("reply", "I was told 2025.") {
		t.Errorf("state, elsewhere: got %+v", again)
	}
	if got := less.elicit(path, "message_asker_agent", call, again.accepted(form{"reply": "2026"})); !got.says("I was told 2026.") && !got.asks("reply", "I was told 2026.") {
		t.Errorf("state, with other scopes that cover the agent: got %+v", got)
	}
	if n := f.said(id, "t-ann", "2025"); n != 1 {
		t.Errorf("the reply stands in the thread %d times", n)
	}

	made := ann.call(echoPath, "message_echo_agent", ask("Hello", "t-run"))
	runID := made.runID()
	for name, who := range map[string]*front{"another": bob, "another, elsewhere": bobElsewhere} {
		for _, tool := range []string{"get_run", "cancel_run"} {
			for _, at := range []string{echoPath, tenantPath} {
				if got := who.call(at, tool, map[string]any{"run_id": runID}); !got.Result.IsError || !strings.Contains(got.text(), "belongs to another user") {
					t.Errorf("%s, %s: got %s", tool, name, got.text())
				}
			}
		}
		if body, failed := who.read(tenantPath, "sema4://runs/"+runID); !failed {
			t.Errorf("run, %s: got %s", name, body)
		}
		if got := who.modernTask(echoPath, "tasks/get", taskID(runID), tasksDeclared); got.code() != -32602 || !strings.Contains(got.raw, "Task not found") {
			t.Errorf("task, %s: got %s", name, got.raw)
		}
		if got := who.coreTask(echoPath, "tasks/result", taskID(runID)); got.code() != -32602 {
			t.Errorf("task, %s: got %s", name, got.raw)
		}
	}
	for name, who := range map[string]*front{"its own": ann, "its own, elsewhere": annElsewhere, "with other scopes": f.as("ann", "sema4:read")} {
		if got := who.call(tenantPath, "get_run", map[string]any{"run_id": runID}); got.Result.IsError || !strings.Contains(got.text(), "Hello") {
			t.Errorf("run, %s: got %s", name, got.text())
		}
	}
	if got := annElsewhere.modernTask(echoPath, "tasks/get", taskID(runID), tasksDeclared); got.Result.Status != "completed" {
		t.Errorf("task, elsewhere: got %s", got.raw)
	}
}

// TestNoUserCancelsAnothersCall: the ids of the calls are the same, and one user even
// knows the session of the other.
func TestNoUserCancelsAnothersCall(t *testing.T) {
	began, ended := make(chan string), make(chan string, 2)
	f := newTokenFront(t, nil)
	f.serveFixture(began, ended)
	ann, bob := f.token("ann", "sema4"), f.token("bob", "sema4")
	annsSession, bobsSession := session(f.begin(fixturePath, "{}", ann)), session(f.begin(fixturePath, "{}", bob))
	for _, who := range []string{"ann", "bob"} {
		headers := map[string][]string{"ann": {ann, annsSession}, "bob": {bob, bobsSession}}[who]
		response := f.request(t.Context(), fixturePath, callBody(7, "wait", map[string]any{"who": who}), append(headers, "Accept: "+accepting)...)
		defer response.Body.Close()
		<-began
	}
	const cancelling = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
	if status, body := f.post(fixturePath, cancelling, bob, annsSession); status != http.StatusNotFound {
		t.Errorf("with another's session: got %d %s", status, body)
	}
	f.post(fixturePath, cancelling, bob, bobsSession)
	if who := <-ended; who != "bob" {
		t.Errorf("bob cancelled the call of %s", who)
	}
	select {
	case who := <-ended:
		t.Errorf("bob cancelled the call of %s, too", who)
	default:
	}
	f.post(fixturePath, cancelling, ann, annsSession)
	if who := <-ended; who != "ann" {
		t.Errorf("ann cancelled the call of %s", who)
	}
}

func TestNoUserAnswersForAnother(t *testing.T) {
	f := newTokenFront(t, nil)
	f.serveFixture(nil, nil)
	ann, bob := f.token("ann", "sema4"), f.token("bob", "sema4")
	id, bobs := session(f.begin(fixturePath, elicits, ann)), session(f.begin(fixturePath, elicits, bob))
	response := f.request(t.Context(), fixturePath, callBody(7, "ask", nil), ann, id, "Accept: "+accepting)
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	question := next(t, stream)
	for question.Method != "elicitation/create" {
		question = next(t, stream)
	}
	answer := func(year int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":"accept","content":{"year":%d}}}`, question.ID, year)
	}
	for _, headers := range [][]string{{bob, bobs}, {bob}} {
		if status, body := f.post(fixturePath, answer(1666), headers...); status != http.StatusAccepted {
			t.Errorf("got %d %s", status, body)
		}
	}
	if status, body := f.post(fixturePath, answer(2025), ann, id); status != http.StatusAccepted {
		t.Errorf("got %d %s", status, body)
	}
	if result := next(t, stream); !strings.Contains(result.raw, "2025") {
		t.Errorf("got %s", result.raw)
	}
}
