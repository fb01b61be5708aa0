package mcpserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// tasksDeclared are capabilities of a client that knows the extension, and can
// put forms to its user.
const tasksDeclared = `{"extensions":{"io.modelcontextprotocol/tasks":{}},"elicitation":{"form":{}}}`

// taskAnswer is what a request about tasks is answered with.
type taskAnswer struct {
	status int // of HTTP
	Result struct {
		ResultType     string
		TaskID         string
		Status         string
		StatusMessage  string
		CreatedAt      time.Time
		LastUpdatedAt  time.Time
		TTLMs          *int
		TTL            *int
		PollIntervalMs int
		PollInterval   int
		Task           *struct{ TaskID, Status string }
		Result         json.RawMessage
		InputRequests  map[string]struct {
			Method string
			Params struct {
				Mode, Message   string
				RequestedSchema json.RawMessage
			}
		}
		IsError bool
		Content []struct{ Text string }
		Meta    map[string]json.RawMessage `json:"_meta"`
	}
	Error *struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	raw string
}

// text is that of the result, or of the task's.
func (a taskAnswer) text() string {
	content := a.Result.Content
	if a.Result.Result != nil {
		var inlined struct{ Content []struct{ Text string } }
		if json.Unmarshal(a.Result.Result, &inlined) == nil {
			content = inlined.Content
		}
	}
	if len(content) == 0 {
		return ""
	}
	return content[0].Text
}

func (a taskAnswer) code() int {
	if a.Error == nil {
		return 0
	}
	return a.Error.Code
}

// modernTask sends one request of the era of the extension.
func (f *front) modernTask(path, method, params, capabilities string) taskAnswer {
	f.t.Helper()
	var named struct{ Name, TaskID string }
	if err := json.Unmarshal([]byte("{"+params+"}"), &named); err != nil {
		f.t.Fatal(err)
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientCapabilities":%s}}}`, method, params, capabilities)
	return f.task(path, body, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: "+method, "Mcp-Name: "+named.Name+named.TaskID)
}

// coreTask sends one request of a client of 2025-11-25.
func (f *front) coreTask(path, method, params string) taskAnswer {
	f.t.Helper()
	return f.task(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, params), "Mcp-Protocol-Version: 2025-11-25")
}

func (f *front) task(path, body string, headers ...string) taskAnswer {
	f.t.Helper()
	status, answer := f.post(path, body, headers...)
	decoded := taskAnswer{status: status, raw: answer}
	if err := json.Unmarshal([]byte(answer), &decoded); err != nil {
		f.t.Fatalf("%v in %s", err, answer)
	}
	return decoded
}

// toolCall waits for an answer as long as the server likes, hurriedCall not at
// all.
func toolCall(tool, message, thread string) string {
	return fmt.Sprintf(`"name":%q,"arguments":{"message":%q,"thread_identifier":%q}`, tool, message, thread)
}

func hurriedCall(tool, message, thread string) string {
	return fmt.Sprintf(`"name":%q,"arguments":{"message":%q,"thread_identifier":%q,"wait_seconds":0}`, tool, message, thread)
}

func taskID(id string) string { return fmt.Sprintf(`"taskId":%q`, id) }

// poll asks for a task until it has the status.
func (f *front) poll(path, id, want string) taskAnswer {
	f.t.Helper()
	var got taskAnswer
	for range 20 {
		if got = f.modernTask(path, "tasks/get", taskID(id), tasksDeclared); got.Result.Status == want {
			return got
		}
		if got.Error != nil {
			break
		}
	}
	f.t.Fatalf("the task never was %s: %s", want, got.raw)
	return got
}

var twoParts = testtenant.Scripted("Slow", "- say: first\n- wait: 600ms\n- say: \" and last\"\n")

func TestAnAnswerThatTakesLongIsATask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	for name, server := range map[string]string{"agent": path, "tenant": tenantPath} {
		made := f.modernTask(server, "tools/call", hurriedCall("message_slow_agent", "go", name), tasksDeclared)
		if r := made.Result; r.ResultType != "task" || r.Status != "working" || r.TTLMs == nil || *r.TTLMs != 24*60*60*1000 || r.PollIntervalMs != 2000 ||
			!strings.HasPrefix(r.TaskID, "run") || time.Since(r.CreatedAt) > time.Minute || r.LastUpdatedAt.Before(r.CreatedAt) || r.Content != nil || r.Task != nil {
			t.Fatalf("%s: got %s", name, made.raw)
		}
		if got := f.modernTask(path, "tasks/get", taskID(made.Result.TaskID), tasksDeclared); got.Result.ResultType != "complete" || got.Result.TaskID != made.Result.TaskID {
			t.Errorf("%s: got %s", name, got.raw)
		}
		done := f.poll(server, made.Result.TaskID, "completed")
		if done.text() != "first and last" || !strings.Contains(string(done.Result.Result), `"resultType":"complete"`) || strings.Contains(done.raw, "related-task") {
			t.Errorf("%s: got %s", name, done.raw)
		}
		if got := f.call(path, "get_run", map[string]any{"run_id": made.Result.TaskID}); got.text() != "first and last" {
			t.Errorf("%s: as a run: got %+v", name, got)
		}
		if n := len(f.tenant.Conversation(f.tenant.AgentID("Slow"), name)); n != 2 {
			t.Errorf("%s: the conversation holds %d messages, want the question and the answer", name, n)
		}
	}
}

func TestAnAnswerThatIsThereIsNoTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	got := f.modernTask(echoPath, "tools/call", toolCall("message_echo_agent", "hi", "t"), tasksDeclared)
	if got.Result.ResultType != "complete" || got.text() != "hi" || got.Result.TaskID != "" {
		t.Errorf("got %s", got.raw)
	}
	if got := f.modernTask(agentPath(f.tenant.AgentID("Slow")), "tools/call", toolCall("message_slow_agent", "hi", "t"), tasksDeclared); got.Result.ResultType != "complete" || got.text() != "first and last" {
		t.Errorf("an answer within two seconds: got %s", got.raw)
	}
	if got := f.modernTask(echoPath, "tools/call", `"name":"list_echo_agent_threads"`, tasksDeclared); got.Result.ResultType != "complete" || got.Result.TaskID != "" {
		t.Errorf("got %s", got.raw)
	}
}

// TestWhoDeclaresNoTasksGetsNone: neither earlier declarations count, nor the
// capabilities and params of the experiment.
func TestWhoDeclaresNoTasksGetsNone(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	made := f.modernTask(path, "tools/call", hurriedCall("message_slow_agent", "go", "t"), tasksDeclared)
	for i, capabilities := range []string{`{}`, `{"tasks":{"requests":{"tools":{"call":{}}}}}`} {
		got := f.modernTask(path, "tools/call", hurriedCall("message_slow_agent", "go", fmt.Sprint(i))+`,"task":{"ttl":1000}`, capabilities)
		if got.Result.ResultType != "complete" || got.Result.TaskID != "" || !strings.Contains(got.text(), "To wait for the answer, call get_run") {
			t.Errorf("%s: got %s", capabilities, got.raw)
		}
		for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
			got := f.modernTask(path, method, taskID(made.Result.TaskID), capabilities)
			if got.status != http.StatusBadRequest || got.code() != -32021 || string(got.Error.Data) != `{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}` {
				t.Errorf("%s: got %d %s", method, got.status, got.raw)
			}
		}
	}
	for _, method := range []string{"tasks/result", "tasks/list"} {
		if got := f.modernTask(path, method, taskID(made.Result.TaskID), tasksDeclared); got.status != http.StatusNotFound || got.code() != -32601 {
			t.Errorf("%s: got %d %s", method, got.status, got.raw)
		}
	}
}

func TestEachVersionIsToldOfItsOwnTasks(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	discovered := f.task(echoPath, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover")
	if !strings.Contains(discovered.raw, `"extensions":{"io.modelcontextprotocol/tasks":{}}`) || strings.Contains(discovered.raw, `"tasks":{`) {
		t.Errorf("got %s", discovered.raw)
	}
	for version, announces := range map[string]bool{"2025-11-25": true, "2025-06-18": false, "2025-03-26": false, "2024-11-05": false} {
		initialized := f.task(echoPath, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":%q,"capabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}},"clientInfo":{"name":"t","version":"1"}}}`, version))
		if got := strings.Contains(initialized.raw, `"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}`); got != announces || strings.Contains(initialized.raw, "extensions") {
			t.Errorf("%s: got %s", version, initialized.raw)
		}
		listed := f.task(echoPath, toolsList, "Mcp-Protocol-Version: "+version)
		if n := strings.Count(listed.raw, `"execution":{"taskSupport":"optional"}`); n != map[bool]int{true: 2}[announces] {
			t.Errorf("%s: %d tools can be run as tasks: %s", version, n, listed.raw)
		}
	}
	body := strings.TrimSuffix(toolsList, "}") + `,"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	if listed := f.task(echoPath, body, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list"); strings.Contains(listed.raw, "taskSupport") || !strings.Contains(listed.raw, "message_echo_agent") {
		t.Errorf("2026-07-28: got %s", listed.raw)
	}
}

func TestATaskCanBeCancelled(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	made := f.modernTask(storyPath, "tools/call", toolCall("message_storyteller_agent", "Tell me a 60-second story", "t"), tasksDeclared)
	for range 2 { // a task that is over is cancelled all the same
		if got := f.modernTask(storyPath, "tasks/cancel", taskID(made.Result.TaskID), tasksDeclared); got.Error != nil || got.Result.ResultType != "complete" || got.Result.TaskID != "" {
			t.Errorf("got %s", got.raw)
		}
	}
	if got := f.poll(storyPath, made.Result.TaskID, "cancelled"); got.Result.Result != nil || got.Result.StatusMessage == "" {
		t.Errorf("got %s", got.raw)
	}
}

func TestATaskThatCannotBeStoppedSaysSo(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.Run.Quiet = 10 * time.Second })
	other := f.beside(func(c *mcpserver.Config) { c.Bridge.Run.Quiet = 10 * time.Second })
	id := f.modernTask(storyPath, "tools/call", hurriedCall("message_storyteller_agent", "Tell me a 60-second story", "t"), tasksDeclared).Result.TaskID
	if got := other.modernTask(storyPath, "tasks/cancel", taskID(id), tasksDeclared); got.Error != nil || got.Result.ResultType != "complete" {
		t.Errorf("got %s", got.raw)
	}
	if got := other.modernTask(storyPath, "tasks/get", taskID(id), tasksDeclared); got.Result.Status != "working" || !strings.Contains(got.Result.StatusMessage, "cannot be stopped") {
		t.Errorf("got %s", got.raw)
	}
	if got := other.coreTask(storyPath, "tasks/cancel", taskID(id)); got.code() != -32603 || !strings.Contains(got.Error.Message, "cannot be stopped") {
		t.Errorf("got %s", got.raw)
	}
}

var yearAsker = testtenant.Scripted("Asker", "- say: I need to know.\n- ask: Which year?\n")

// question returns the only question of a task.
func (a taskAnswer) question(t *testing.T) (key, message string) {
	t.Helper()
	if len(a.Result.InputRequests) != 1 || a.Result.Result != nil {
		t.Fatalf("got %s", a.raw)
	}
	for key, request := range a.Result.InputRequests {
		if request.Method != "elicitation/create" || request.Params.Mode != "form" || !strings.Contains(string(request.Params.RequestedSchema), `"required":["reply"]`) {
			t.Errorf("got %s", a.raw)
		}
		return key, request.Params.Message
	}
	return "", ""
}

func (f *front) updateTask(path, id, responses string) taskAnswer {
	f.t.Helper()
	return f.modernTask(path, "tasks/update", taskID(id)+`,"inputResponses":`+responses, tasksDeclared)
}

func TestTheUsersReplyGoesOnWithTheTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, yearAsker)
	agent := f.tenant.AgentID("Asker")
	path := agentPath(agent)
	id := f.modernTask(path, "tools/call", hurriedCall("message_asker_agent", "go", "t"), tasksDeclared).Result.TaskID
	first, message := f.poll(path, id, "input_required").question(t)
	if message != "Which year?" {
		t.Errorf("got %q", message)
	}
	for _, ignored := range []string{`{}`, `{"another":{"action":"accept","content":{"reply":"1999"}}}`} {
		if got := f.updateTask(path, id, ignored); got.Error != nil || got.Result.ResultType != "complete" || got.Result.TaskID != "" {
			t.Errorf("%s: got %s", ignored, got.raw)
		}
	}
	for _, malformed := range []string{`7`, `{"action":"accept"}`, `{"action":"accept","content":{"reply":" "}}`, `{"action":"perhaps"}`} {
		if got := f.updateTask(path, id, fmt.Sprintf(`{%q:%s}`, first, malformed)); got.code() != -32602 {
			t.Errorf("%s: got %s", malformed, got.raw)
		}
	}
	if n := len(f.tenant.Conversation(agent, "t")); n != 2 {
		t.Fatalf("the conversation holds %d messages, want the question and the agent's own", n)
	}

	reply := fmt.Sprintf(`{%q:{"action":"accept","content":{"reply":"2001"}}}`, first)
	if got := f.updateTask(path, id, reply); got.Error != nil || got.Result.ResultType != "complete" {
		t.Fatalf("got %s", got.raw)
	}
	second, _ := f.poll(path, id, "input_required").question(t)
	if second == first {
		t.Error("two questions of one task have one key")
	}
	f.updateTask(path, id, reply) // again, as after a lost answer
	if said := f.tenant.Conversation(agent, "t"); len(said) != 4 || said[2].Text() != "2001" {
		t.Errorf("the conversation holds %d messages, want the reply in it once", len(said))
	}

	f.teach(agent, "- say: so it was {{message}}\n")
	f.updateTask(path, id, fmt.Sprintf(`{%q:{"action":"accept","content":{"reply":"2002"}}}`, second))
	if got := f.poll(path, id, "completed"); got.text() != "so it was 2002" || got.Result.TaskID != id {
		t.Errorf("got %s", got.raw)
	}
}

// teach gives an agent another runbook.
func (f *front) teach(agent, runbook string) {
	f.t.Helper()
	f.republish(agent, restclient.AgentUpdate{RunbookText: &runbook})
}

// TestAQuestionThatIsNotAnswered ends the task, with how to answer all the same.
func TestAQuestionThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, yearAsker)
	agent := f.tenant.AgentID("Asker")
	path := agentPath(agent)
	for _, action := range []string{"decline", "cancel"} {
		id := f.modernTask(path, "tools/call", hurriedCall("message_asker_agent", "go", action), tasksDeclared).Result.TaskID
		key, _ := f.poll(path, id, "input_required").question(t)
		f.updateTask(path, id, fmt.Sprintf(`{%q:{"action":%q}}`, key, action))
		if got := f.poll(path, id, "completed"); !strings.Contains(got.text(), "Which year?") || !strings.Contains(got.text(), "message_asker_agent") {
			t.Errorf("%s: got %s", action, got.raw)
		}
	}
	id := f.modernTask(path, "tools/call", hurriedCall("message_asker_agent", "go", "t"), tasksDeclared).Result.TaskID
	f.modernTask(path, "tasks/cancel", taskID(id), tasksDeclared)
	f.poll(path, id, "cancelled")
	// Who cannot be asked is told at once.
	got := f.modernTask(path, "tools/call", toolCall("message_asker_agent", "go", "deaf"), `{"extensions":{"io.modelcontextprotocol/tasks":{}}}`)
	if got.Result.ResultType != "complete" || !strings.Contains(got.text(), "Which year?") {
		t.Errorf("got %s", got.raw)
	}
}

// TestWhatGoesWrongIsTheTasksResult: only JSON-RPC's own errors make a task of
// the extension fail.
func TestWhatGoesWrongIsTheTasksResult(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Failing", "- say: so far\n- wait: 300ms\n- fail: the cellar is flooded\n"))
	path := agentPath(f.tenant.AgentID("Failing"))
	id := f.modernTask(path, "tools/call", hurriedCall("message_failing_agent", "go", "t"), tasksDeclared).Result.TaskID
	got := f.poll(path, id, "completed")
	if !strings.Contains(string(got.Result.Result), `"isError":true`) || !strings.Contains(got.text(), "the cellar is flooded") || !strings.Contains(got.Result.StatusMessage, "cellar") {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(path, "tasks/get", taskID(id)); got.Result.Status != "failed" || !strings.Contains(got.Result.StatusMessage, "cellar") {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(path, "tasks/result", taskID(id)); !got.Result.IsError || !strings.Contains(got.text(), "cellar") {
		t.Errorf("got %s", got.raw)
	}
}

func TestTasksThatAreNotThere(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	made := f.modernTask(path, "tools/call", hurriedCall("message_slow_agent", "go", "t"), tasksDeclared)
	id := made.Result.TaskID
	foreign, _ := run.ParseID(id)
	foreign.ConversationID = "00000000-0000-4000-8000-000000000000"
	stranger, _ := run.ParseID(id)
	stranger.AgentID = "00000000-0000-4000-8000-000000000000"
	expired := f.beside(func(c *mcpserver.Config) { c.Bridge.TaskTTL = time.Nanosecond })
	unshown := f.beside(func(c *mcpserver.Config) { c.Bridge.Agents = []string{"Echo"} })
	for name, test := range map[string]struct {
		front          *front
		path, id, says string
	}{
		"no id":                   {f, path, "7", "not a run id"},
		"damaged":                 {f, path, id[:40], "damaged"},
		"another version":         {f, path, "run999_abc", "another version"},
		"another agent's server":  {f, echoPath, id, "Task not found"},
		"a conversation unknown":  {f, path, foreign.String(), "Task not found"},
		"an agent unknown":        {f, tenantPath, stranger.String(), "Task not found"},
		"an agent that is hidden": {unshown, tenantPath, id, "Task not found"},
		"expired":                 {expired, path, id, "get_run"},
	} {
		for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
			if got := test.front.modernTask(test.path, method, taskID(test.id)+`,"inputResponses":{}`, tasksDeclared); got.status != http.StatusBadRequest || got.code() != -32602 || !strings.Contains(got.Error.Message, test.says) {
				t.Errorf("%s, %s: got %d %s", name, method, got.status, got.raw)
			}
		}
		for _, method := range []string{"tasks/get", "tasks/result", "tasks/cancel"} {
			if got := test.front.coreTask(test.path, method, taskID(test.id)); got.status != http.StatusOK || got.code() != -32602 || !strings.Contains(got.Error.Message, test.says) {
				t.Errorf("%s, %s: got %d %s", name, method, got.status, got.raw)
			}
		}
	}
	if got := f.coreTask(path, "tasks/get", `"taskId":7`); got.code() != -32602 {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(path, "tasks/list", ``); got.code() != -32601 {
		t.Errorf("got %s", got.raw)
	}
}

func TestAnotherKeySeesNoTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	id := f.modernTask(agentPath(f.tenant.AgentID("Slow")), "tools/call", hurriedCall("message_slow_agent", "go", "t"), tasksDeclared).Result.TaskID
	status, body := f.post(agentPath(f.tenant.AgentID("Slow")), fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{%s}}`, taskID(id)), "Authorization: Bearer another")
	if status != http.StatusUnauthorized || strings.Contains(body, "working") {
		t.Errorf("got %d %s", status, body)
	}
}

// TestAnyProcessAnswersForATask has a second server over the tenant, and a third
// after the first has ended.
func TestAnyProcessAnswersForATask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	other := f.beside(nil)
	id := f.modernTask(path, "tools/call", hurriedCall("message_slow_agent", "go", "t"), tasksDeclared).Result.TaskID
	if got := other.modernTask(path, "tasks/get", taskID(id), tasksDeclared); got.Result.TaskID != id || got.Result.Status != "working" && got.Result.Status != "completed" {
		t.Errorf("got %s", got.raw)
	}
	if got := f.poll(path, id, "completed"); got.text() != "first and last" {
		t.Errorf("got %s", got.raw)
	}
	f.server.Close()
	restarted := f.beside(nil)
	for _, server := range []*front{other, restarted} {
		if got := server.poll(path, id, "completed"); got.text() != "first and last" {
			t.Errorf("got %s", got.raw)
		}
		if got := server.coreTask(path, "tasks/result", taskID(id)); got.text() != "first and last" {
			t.Errorf("got %s", got.raw)
		}
	}
}

func TestTheHeaderNamesTheTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"taskId":"run1_x","inputResponses":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":%s}}}`, method, tasksDeclared)
		for header, code := range map[string]int{"Mcp-Name: ": -32020, "Mcp-Name: run1_y": -32020, "Mcp-Name: =?base64?!?=": -32020, "Mcp-Name: run1_x": -32602, "Mcp-Name: =?base64?cnVuMV94?=": -32602} {
			if got := f.task(echoPath, body, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: "+method, header); got.status != http.StatusBadRequest || got.code() != code {
				t.Errorf("%s, %s: got %d %s, want %d", method, header, got.status, got.raw, code)
			}
		}
	}
}

func TestTasksOfTheExperiment(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	agent := f.tenant.AgentID("Slow")
	path := agentPath(agent)
	made := f.coreTask(path, "tools/call", hurriedCall("message_slow_agent", "go", "t")+`,"task":{"ttl":60000}`)
	if made.Result.Task == nil || made.Result.Task.Status != "working" || made.Result.Content != nil || !strings.Contains(made.raw, `"ttl":86400000`) ||
		!strings.Contains(made.raw, `"pollInterval":2000`) || made.Result.Meta["io.modelcontextprotocol/model-immediate-response"] == nil || strings.Contains(made.raw, "resultType") {
		t.Fatalf("got %s", made.raw)
	}
	id := made.Result.Task.TaskID
	result := f.coreTask(path, "tasks/result", taskID(id))
	if result.text() != "first and last" || string(result.Result.Meta["io.modelcontextprotocol/related-task"]) != fmt.Sprintf(`{"taskId":%q}`, id) {
		t.Errorf("got %s", result.raw)
	}
	if got := f.coreTask(path, "tasks/get", taskID(id)); got.Result.Status != "completed" {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(path, "tasks/cancel", taskID(id)); got.code() != -32602 || !strings.Contains(got.Error.Message, `"completed"`) {
		t.Errorf("got %s", got.raw)
	}
	if n := len(f.tenant.Conversation(agent, "t")); n != 2 {
		t.Errorf("the conversation holds %d messages, want the question and the answer", n)
	}

	again := f.coreTask(path, "tools/call", fmt.Sprintf(`"name":"get_run","arguments":{"run_id":%q},"task":{}`, id))
	if again.Result.Task == nil || again.Result.Task.TaskID != id || again.Result.Task.Status != "working" {
		t.Errorf("got %s", again.raw)
	}
}

func TestCallsThatCannotBeTasksOfTheExperiment(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for params, want := range map[string]int{
		`"name":"list_echo_agent_threads","task":{}`:                         -32601,
		`"name":"message_echo_agent","arguments":{"message":"hi"},"task":{}`: -32602,
		`"name":"get_run","arguments":{"run_id":"7"},"task":{}`:              -32602,
		`"name":"no_such_tool","task":{}`:                                    -32602,
	} {
		if got := f.coreTask(echoPath, "tools/call", params); got.code() != want {
			t.Errorf("%s: got %s, want %d", params, got.raw, want)
		}
	}
	made := f.coreTask(echoPath, "tools/call", toolCall("message_echo_agent", "hi", "t")+`,"task":{}`)
	if got := f.coreTask(echoPath, "tools/call", fmt.Sprintf(`"name":"get_run","arguments":{"run_id":%q,"cursor":"1"},"task":{}`, made.Result.Task.TaskID)); got.code() != -32602 || !strings.Contains(got.Error.Message, "params.task") {
		t.Errorf("got %s", got.raw)
	}
	// An older version has no such params, and a server that only reads no tasks.
	if got := f.task(echoPath, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{`+toolCall("message_echo_agent", "hi", "t")+`,"task":{}}}`, "Mcp-Protocol-Version: 2025-06-18"); got.text() != "hi" {
		t.Errorf("got %s", got.raw)
	}
	reading := f.beside(func(c *mcpserver.Config) { c.Bridge.ReadOnly = true })
	if got := reading.coreTask(echoPath, "tools/call", fmt.Sprintf(`"name":"get_run","arguments":{"run_id":%q},"task":{}`, made.Result.Task.TaskID)); got.text() != "hi" {
		t.Errorf("got %s", got.raw)
	}
	if got := reading.coreTask(echoPath, "tasks/get", taskID(made.Result.Task.TaskID)); got.code() != -32601 {
		t.Errorf("got %s", got.raw)
	}
}

func TestATaskOfTheExperimentCanBeCancelled(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	made := f.coreTask(storyPath, "tools/call", toolCall("message_storyteller_agent", "Tell me a 60-second story", "t")+`,"task":{}`)
	id := made.Result.Task.TaskID
	if got := f.coreTask(storyPath, "tasks/get", taskID(id)); got.Result.Status != "working" || got.Result.TaskID != id || got.Result.TTL == nil || got.Result.PollInterval != 2000 || strings.Contains(got.raw, "related-task") {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(storyPath, "tasks/cancel", taskID(id)); got.Result.Status != "cancelled" || got.Result.TaskID != id {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(storyPath, "tasks/cancel", taskID(id)); got.code() != -32602 {
		t.Errorf("got %s", got.raw)
	}
	if got := f.coreTask(storyPath, "tasks/result", taskID(id)); !strings.Contains(got.text(), "cancelled") {
		t.Errorf("got %s", got.raw)
	}
}

// listen opens a subscription to tasks, and returns what comes.
func (f *front) listen(path, capabilities string, ids ...string) (next func() listened, status int) {
	encoded, _ := json.Marshal(ids)
	return f.listenTo(path, capabilities, fmt.Sprintf(`{"taskIds":%s}`, encoded))
}

func (f *front) listenTo(path, capabilities, notifications string) (next func() listened, status int) {
	f.t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":"L-1","method":"subscriptions/listen","params":{"notifications":%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientCapabilities":%s}}}`, notifications, capabilities)
	response := f.request(f.t.Context(), path, body, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen", "Accept: "+accepting)
	f.t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() listened {
		f.t.Helper()
		for lines.Scan() {
			data := strings.TrimPrefix(lines.Text(), "data: ")
			if !strings.HasPrefix(data, "{") {
				continue
			}
			got := listened{raw: data}
			if err := json.Unmarshal([]byte(data), &got); err != nil {
				f.t.Fatalf("%v in %s", err, data)
			}
			return got
		}
		f.t.Fatalf("the stream has ended: %v", lines.Err())
		return listened{}
	}, response.StatusCode
}

func first[T, U any](a T, _ U) T { return a }

// listened is a message of a subscription.
type listened struct {
	Method string
	Params struct {
		TaskID, Status, ResultType string
		Notifications              struct{ TaskIDs []string }
		Meta                       map[string]any `json:"_meta"`
	}
	Result *struct {
		ResultType string
		Meta       map[string]any `json:"_meta"`
	}
	Error *struct{ Code int }
	raw   string
}

const subscriptionID = "io.modelcontextprotocol/subscriptionId"

func TestASubscriptionTellsOfTasks(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	id := f.modernTask(storyPath, "tools/call", hurriedCall("message_storyteller_agent", "Tell me a 60-second story", "t"), tasksDeclared).Result.TaskID
	next, status := f.listen(storyPath, tasksDeclared, id, "no such task")
	if got := next(); status != http.StatusOK || got.Method != "notifications/subscriptions/acknowledged" || !slices.Equal(got.Params.Notifications.TaskIDs, []string{id}) || got.Params.Meta[subscriptionID] != "L-1" {
		t.Errorf("got %s", got.raw)
	}
	if got := next(); got.Method != "notifications/tasks" || got.Params.TaskID != id || got.Params.Status != "working" || got.Params.ResultType != "" || got.Params.Meta[subscriptionID] != "L-1" {
		t.Errorf("got %s", got.raw)
	}
	f.modernTask(storyPath, "tasks/cancel", taskID(id), tasksDeclared)
	if got := next(); got.Params.TaskID != id || got.Params.Status != "cancelled" {
		t.Errorf("got %s", got.raw)
	}
	if got := next(); got.Result == nil || got.Result.ResultType != "complete" || got.Result.Meta[subscriptionID] != "L-1" {
		t.Errorf("got %s", got.raw)
	}
}

func TestASubscriptionTellsOfQuestionsAndAnswers(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, yearAsker)
	agent := f.tenant.AgentID("Asker")
	path := agentPath(agent)
	id := f.modernTask(path, "tools/call", toolCall("message_asker_agent", "go", "t"), tasksDeclared).Result.TaskID
	next, _ := f.listen(path, tasksDeclared, id)
	next() // the acknowledgment
	if got := next(); got.Params.Status != "input_required" || !strings.Contains(got.raw, "Which year?") {
		t.Fatalf("got %s", got.raw)
	}
	key, _ := f.poll(path, id, "input_required").question(t)
	f.teach(agent, "- say: so it was {{message}}\n")
	f.updateTask(path, id, fmt.Sprintf(`{%q:{"action":"accept","content":{"reply":"2001"}}}`, key))
	for got := next(); ; got = next() {
		if got.Params.Status == "completed" {
			if !strings.Contains(got.raw, "so it was 2001") {
				t.Errorf("got %s", got.raw)
			}
			return
		}
		if got.Params.Status != "working" {
			t.Fatalf("got %s", got.raw)
		}
	}
}

func TestASubscriptionEndsWithTheServer(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	id := f.modernTask(storyPath, "tools/call", hurriedCall("message_storyteller_agent", "Tell me a 60-second story", "t"), tasksDeclared).Result.TaskID
	next, _ := f.listen(storyPath, tasksDeclared, id)
	next()
	next()
	f.server.Close()
	for got := next(); got.Result == nil; got = next() {
		if got.Method != "notifications/tasks" {
			t.Fatalf("got %s", got.raw)
		}
	}
}

// TestSubscriptionsToNothing holds them to staying open: a client that asks again
// when one is over would do so all the time.
func TestSubscriptionsToNothing(t *testing.T) {
	defer mcpserver.BeginStreams(time.Minute)()
	f := newFront(t, nil)
	id := f.modernTask(storyPath, "tools/call", hurriedCall("message_storyteller_agent", "Tell me a 60-second story", "t"), tasksDeclared).Result.TaskID
	if next, status := f.listen(storyPath, `{}`, id); status != http.StatusBadRequest || next().Error.Code != -32021 {
		t.Errorf("without the extension: got %d", status)
	}
	reading := f.beside(func(c *mcpserver.Config) { c.Bridge.ReadOnly = true })
	for name, next := range map[string]func() listened{
		"to no task":               first(f.listen(storyPath, tasksDeclared)),
		"where there are no tasks": first(reading.listen(storyPath, tasksDeclared, id)),
	} {
		if got := next(); got.Method != "notifications/subscriptions/acknowledged" || !strings.Contains(got.raw, `"notifications":{}`) {
			t.Errorf("%s: got %s", name, got.raw)
		}
	}
	f.until(t, "sema4_mcp_streams_open 1")
	next, _ := f.listen(echoPath, tasksDeclared, id)
	if got := next(); len(got.Params.Notifications.TaskIDs) != 0 || !strings.Contains(got.raw, `"taskIds":[]`) {
		t.Errorf("to another agent's: got %s", got.raw)
	}
	f.until(t, "sema4_mcp_streams_open 2")
	f.server.Close()
	if got := next(); got.Result == nil {
		t.Errorf("at the end: got %s", got.raw)
	}
}

// TestATenantInTroubleIsNoMissingTask: what passes must not read as gone.
func TestATenantInTroubleIsNoMissingTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, yearAsker)
	agent := f.tenant.AgentID("Asker")
	path := agentPath(agent)
	id := f.modernTask(path, "tools/call", toolCall("message_asker_agent", "go", "t"), tasksDeclared).Result.TaskID
	key, _ := f.poll(path, id, "input_required").question(t)
	other := f.beside(nil)
	other.modernTask(path, "tools/call", `"name":"list_asker_agent_threads"`, tasksDeclared) // it knows the agent
	f.tenant.Fail("status=501,match=GET …/messages")
	for name, got := range map[string]taskAnswer{
		"get":    other.modernTask(path, "tasks/get", taskID(id), tasksDeclared),
		"result": other.coreTask(path, "tasks/result", taskID(id)),
		"cancel": other.modernTask(path, "tasks/cancel", taskID(id), tasksDeclared),
		"update": f.updateTask(path, id, fmt.Sprintf(`{%q:{"action":"accept","content":{"reply":"2001"}}}`, key)),
	} {
		if got.status != http.StatusOK || got.code() != -32603 {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
	}
	f.tenant.Fail("")
	if got := f.modernTask(path, "tasks/get", taskID(id), tasksDeclared); got.Result.Status != "input_required" {
		t.Errorf("the question is gone: %s", got.raw)
	}
	if n := len(f.tenant.Conversation(agent, "t")); n != 2 {
		t.Errorf("the conversation holds %d messages: the reply was sent", n)
	}
}

func TestWhoHangsUpLosesNoTask(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	id := f.coreTask(path, "tools/call", toolCall("message_slow_agent", "go", "t")+`,"task":{}`).Result.Task.TaskID
	ctx, hangUp := context.WithCancel(t.Context())
	response := f.request(ctx, path, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tasks/result","params":{%s}}`, taskID(id)), "Accept: "+accepting, "Mcp-Protocol-Version: 2025-11-25")
	if _, err := response.Body.Read(make([]byte, 1)); err != nil { // the stream has begun: the answer is being waited for
		t.Fatal(err)
	}
	hangUp()
	response.Body.Close()
	if got := f.coreTask(path, "tasks/result", taskID(id)); got.text() != "first and last" {
		t.Errorf("got %s", got.raw)
	}
}
