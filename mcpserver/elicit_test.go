package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// asked is a result of the era of 2026-07-28, which may ask the user something.
type asked struct {
	answer
	Result struct {
		ResultType    string
		RequestState  string
		InputRequests map[string]struct {
			Method string
			Params struct {
				Message         string
				RequestedSchema struct {
					Type       string
					Properties map[string]struct {
						Type, Title string
						OneOf       []struct{ Const, Title string }
					}
					Required []string
				}
			}
		}
		IsError bool
		Content []struct{ Text string }
		Meta    map[string]struct{ State string } `json:"_meta"`
	}
}

func (a asked) text() string {
	if len(a.Result.Content) == 0 {
		return ""
	}
	return a.Result.Content[0].Text
}

func (a asked) says(parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(a.text(), part) })
}

// asks tells whether the user is asked for the field, in these words.
func (a asked) asks(field string, words ...string) bool {
	request := a.Result.InputRequests["question"]
	schema := request.Params.RequestedSchema
	return a.Result.ResultType == "input_required" && a.Result.RequestState != "" && len(a.Result.InputRequests) == 1 && request.Method == "elicitation/create" &&
		schema.Type == "object" && slices.Equal(schema.Required, []string{field}) && schema.Properties[field].Type == "string" && schema.Properties[field].Title != "" &&
		!slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(request.Params.Message, word) })
}

type form = map[string]any

// accepted are the parameters of a call whose user has filled in the form.
func (a asked) accepted(content any) form {
	return a.answered(form{"action": "accept", "content": content})
}

func (a asked) answered(response any) form {
	return form{"requestState": a.Result.RequestState, "inputResponses": form{"question": response}}
}

// elicit calls a tool as a client that can put forms to its user, with what it
// adds to the call when it comes back.
func (f *front) elicit(path, tool string, arguments any, answers form) asked {
	f.t.Helper()
	params := form{"name": tool, "arguments": arguments, "_meta": form{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": form{"elicitation": form{"form": form{}}}}}
	maps.Copy(params, answers)
	body, err := json.Marshal(form{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
	if err != nil {
		f.t.Fatal(err)
	}
	status, got := f.post(path, string(body), "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: "+tool)
	var a asked
	if err := json.Unmarshal([]byte(got), &a); err != nil || status != http.StatusOK {
		f.t.Fatalf("status %d, %v: %s", status, err, got)
	}
	return a
}

// said counts how often a user's message stands in a conversation.
func (f *front) said(agentID, thread, text string) int {
	f.t.Helper()
	n := 0
	for _, message := range f.tenant.Conversation(agentID, thread) {
		if message.Role == restclient.RoleUser && message.Text() == text {
			n++
		}
	}
	return n
}

// asker asks back whatever it is told.
var asker = testtenant.Scripted("Asker", "- say: I was told {{message}}.\n- ask: Which year?\n")

// another is a second server in front of the same tenant: another process.
func (f *front) another(change func(*mcpserver.Config)) *front {
	f.t.Helper()
	config := f.config
	if change != nil {
		change(&config)
	}
	server, err := mcpserver.New(config)
	if err != nil {
		f.t.Fatal(err)
	}
	return &front{f.t, f.tenant, server, serverOf(f.t, server), config}
}

func TestTheUserIsAskedWhatTheAgentAsks(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id := f.tenant.AgentID("Asker")
	for tool, at := range map[string]struct {
		path string
		more form
	}{"message_asker_agent": {agentPath(id), nil}, "ask_agent": {tenantPath, form{"agent": "Asker"}}} {
		thread := "t-" + tool
		call := ask("go", thread)
		maps.Copy(call, at.more)
		first := f.elicit(at.path, tool, call, nil)
		if !first.asks("reply", "I was told go.", "Asker asks: Which year?") || strings.Count(fmt.Sprint(first.Result.InputRequests), "Which year?") != 1 {
			t.Fatalf("%s: got %+v", tool, first)
		}
		second := f.elicit(at.path, tool, call, first.accepted(form{"reply": " 2025 "}))
		if !second.asks("reply", "I was told 2025.") {
			t.Fatalf("%s: got %+v", tool, second)
		}
		third := f.elicit(at.path, tool, call, second.accepted(form{"reply": "2026"}))
		if !third.asks("reply", "I was told 2026.") {
			t.Fatalf("%s: got %+v", tool, third)
		}
		last := f.elicit(at.path, tool, call, third.answered(form{"action": "decline"}))
		if last.Result.IsError || !last.says("declined to answer", "Nothing was sent", "Which year?", tool, `thread_identifier "`+thread+`"`) {
			t.Errorf("%s: got %+v", tool, last)
		}
		if n := len(f.tenant.Conversation(id, thread)); n != 6 {
			t.Errorf("%s: the thread holds %d messages, want what the user said three times and the answers", tool, n)
		}
	}
}

func TestAReplyThatComesAgainIsSentOnce(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id, call := f.tenant.AgentID("Asker"), ask("go", "t-1")
	path := agentPath(id)
	other := f.another(nil)
	first := f.elicit(path, "message_asker_agent", call, nil)
	var retrying sync.WaitGroup
	for range 4 {
		retrying.Go(func() {
			if again := f.elicit(path, "message_asker_agent", call, first.accepted(form{"reply": "2025"})); !again.asks("reply", "I was told 2025.") {
				t.Errorf("got %+v", again)
			}
		})
	}
	retrying.Wait()
	// Another process reads the thread, where the reply stands already.
	if again := other.elicit(path, "message_asker_agent", call, first.accepted(form{"reply": "2025"})); again.Result.IsError {
		t.Errorf("another process: got %+v", again)
	}
	if again := other.elicit(path, "message_asker_agent", call, first.accepted(form{"reply": "2024"})); !again.Result.IsError || !again.says("gone on since the agent asked", "reply was not sent") {
		t.Errorf("another reply: got %+v", again)
	}
	if go1, reply, other := f.said(id, "t-1", "go"), f.said(id, "t-1", "2025"), f.said(id, "t-1", "2024"); go1 != 1 || reply != 1 || other != 0 {
		t.Errorf("the message stands %d times, the reply %d times, another one %d times", go1, reply, other)
	}
}

func TestAnotherProcessSendsTheReply(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id, call := f.tenant.AgentID("Asker"), ask("2025", "t-1") // the same words as the reply's
	path := agentPath(id)
	first := f.elicit(path, "message_asker_agent", call, nil)
	second := f.another(nil).elicit(path, "message_asker_agent", form{"thread_identifier": "t-1", "message": "2025"}, first.accepted(form{"reply": "2025"}))
	if !second.asks("reply", "I was told 2025.") || f.said(id, "t-1", "2025") != 2 {
		t.Errorf("got %+v; the words stand %d times", second, f.said(id, "t-1", "2025"))
	}
	if again := f.elicit(path, "message_asker_agent", call, first.accepted(form{"reply": "2025"})); again.Result.IsError || f.said(id, "t-1", "2025") != 2 {
		t.Errorf("got %+v; the words stand %d times", again, f.said(id, "t-1", "2025"))
	}
}

func TestAUserWhoGivesNoAnswer(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id, call := f.tenant.AgentID("Asker"), ask("go", "t-1")
	first := f.elicit(agentPath(id), "message_asker_agent", call, nil)
	for name, test := range map[string]struct {
		response any
		says     string
	}{
		"declined":        {form{"action": "decline"}, "declined"},
		"cancelled":       {form{"action": "cancel"}, "gave no answer"},
		"unknown action":  {form{"action": "later"}, "gave no answer"},
		"no object":       {"2025", "no answer came"},
		"null":            {nil, "gave no answer"},
		"no content":      {form{"action": "accept"}, "cannot be used"},
		"content no form": {form{"action": "accept", "content": "2025"}, "cannot be used"},
		"empty":           {form{"action": "accept", "content": form{"reply": " \n"}}, "cannot be used"},
		"no text":         {form{"action": "accept", "content": form{"reply": 2025}}, "cannot be used"},
		"another field":   {form{"action": "accept", "content": form{"answer": "2025"}}, "cannot be used"},
	} {
		got := f.elicit(agentPath(id), "message_asker_agent", call, first.answered(test.response))
		if got.Result.IsError || !got.says(test.says, "Nothing was sent to the agent", "Which year?", "message_asker_agent", `"t-1"`) || got.Result.Meta["ai.sema4/run"].State != "needs_input" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	none := f.elicit(agentPath(id), "message_asker_agent", call, form{"requestState": first.Result.RequestState})
	if none.Result.IsError || !none.says("no answer came", "Which year?") {
		t.Errorf("no responses: got %+v", none)
	}
	elsewhere := f.another(nil).elicit(agentPath(id), "message_asker_agent", call, first.answered(form{"action": "decline"}))
	if elsewhere.Result.IsError || !elsewhere.says("declined", "Which year?", `"t-1"`) || elsewhere.Result.Meta["ai.sema4/run"].State != "needs_input" {
		t.Errorf("another process: got %+v", elsewhere)
	}
	if n := len(f.tenant.Conversation(id, "t-1")); n != 2 {
		t.Errorf("the thread holds %d messages", n)
	}
}

func TestStatesOfOtherCallsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id, call := f.tenant.AgentID("Asker"), ask("go", "t-1")
	path := agentPath(id)
	first := f.elicit(path, "message_asker_agent", call, nil)
	reply := first.accepted(form{"reply": "2025"})
	altered := func(state string) form {
		changed := maps.Clone(reply)
		changed["requestState"] = state
		return changed
	}
	state := first.Result.RequestState
	for name, test := range map[string]struct {
		tool      string
		arguments form
		answers   form
		says      string
	}{
		"altered":         {"message_asker_agent", call, altered(state[:len(state)/2] + "A" + state[len(state)/2+1:] + "A"), "altered"},
		"cut":             {"message_asker_agent", call, altered(state[:len(state)-4]), "altered"},
		"garbage":         {"message_asker_agent", call, altered("garbage"), "altered"},
		"none":            {"message_asker_agent", call, altered(""), "no requestState"},
		"other message":   {"message_asker_agent", ask("gone", "t-1"), reply, "another call"},
		"other thread":    {"message_asker_agent", ask("go", "t-2"), reply, "another call"},
		"other tool":      {"get_run", form{"run_id": "run1_x"}, reply, "another call"},
		"tool that never": {"list_asker_agent_threads", form{}, reply, "asks users nothing"},
	} {
		got := f.elicit(path, test.tool, test.arguments, test.answers)
		if !got.Result.IsError || !got.says(test.says, "Nothing was sent to the agent") {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if n := len(f.tenant.Conversation(id, "t-1")); n != 2 || f.tenant.Conversation(id, "t-2") != nil {
		t.Errorf("the thread holds %d messages", n)
	}
}

func TestARunThatWasFoundAsks(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id := f.tenant.AgentID("Asker")
	path := agentPath(id)
	begun := f.call(path, "message_asker_agent", ask("go", "t-1")) // by a client that cannot be asked
	if !strings.Contains(begun.text(), "Answer by calling message_asker_agent") {
		t.Errorf("got %+v", begun)
	}
	get := form{"run_id": begun.runID()}
	if rest := f.elicit(path, "get_run", form{"run_id": begun.runID(), "cursor": "3"}, nil); rest.Result.ResultType != "complete" {
		t.Errorf("the rest of a text: got %+v", rest)
	}
	first := f.elicit(path, "get_run", get, nil)
	if !first.asks("reply", "Which year?") {
		t.Fatalf("got %+v", first)
	}
	if second := f.elicit(path, "get_run", get, first.accepted(form{"reply": "2025"})); !second.asks("reply", "I was told 2025.") || f.said(id, "t-1", "2025") != 1 {
		t.Errorf("got %+v", second)
	}
	if again := f.elicit(path, "get_run", get, nil); again.Result.ResultType != "complete" || !again.says("Which year?") {
		t.Errorf("what has been answered was asked again: %+v", again)
	}
	only := f.another(func(c *mcpserver.Config) { c.Bridge.ReadOnly = true })
	if got := only.elicit(path, "get_run", get, nil); got.Result.ResultType != "complete" {
		t.Errorf("a server that only reads asked: %+v", got)
	}
	if got := only.elicit(path, "get_run", get, first.accepted(form{"reply": "2025"})); !got.Result.IsError || !got.says("only reads", "Nothing was sent") {
		t.Errorf("a server that only reads passed an answer on: %+v", got)
	}
}

func TestAReplyThatCannotBeSentLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id, call := f.tenant.AgentID("Asker"), ask("go", "t-1")
	first := f.elicit(agentPath(id), "message_asker_agent", call, nil)
	f.tenant.Fail("status=403,match=GET …/messages")
	got := f.elicit(agentPath(id), "message_asker_agent", call, first.accepted(form{"reply": "2025"}))
	if !got.Result.IsError || !got.says("403", "The reply was not sent", "The agent still asks: Which year?", "message_asker_agent", `"t-1"`) {
		t.Errorf("got %+v", got)
	}
	f.tenant.Fail("")
	if again := f.elicit(agentPath(id), "message_asker_agent", call, first.accepted(form{"reply": "2025"})); !again.asks("reply", "I was told 2025.") || f.said(id, "t-1", "2025") != 1 {
		t.Errorf("got %+v", again)
	}
}

func TestAQuestionWhoseThreadCannotBeReadIsTold(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	path := agentPath(f.tenant.AgentID("Asker"))
	begun := f.call(path, "message_asker_agent", ask("go", "t-1"))
	f.tenant.Fail("status=403,match=GET …/messages")
	if got := f.elicit(path, "get_run", form{"run_id": begun.runID()}, nil); got.Result.ResultType != "complete" || got.Result.IsError || !got.says("Which year?", "message_asker_agent") {
		t.Errorf("got %+v", got)
	}
}

// reviewed is an invoice that no purchase order stands behind.
func (f *front) reviewed(name string) form {
	f.t.Helper()
	item := f.call(agentPath(localtenant.InvoiceClerkID), "create_work_item", form{"name": name,
		"payload": form{"invoice_number": "INV-7", "vendor": "Nobody", "po_number": "PO-9", "amount": "10.00"}})
	return f.itemOf(item)
}

func (f *front) itemOf(created answer) form {
	f.t.Helper()
	var item struct {
		ID string `json:"work_item_id"`
	}
	if err := json.Unmarshal([]byte(created.text()), &item); err != nil || item.ID == "" {
		f.t.Fatalf("got %+v", created)
	}
	return form{"work_item_id": item.ID}
}

func TestTheUserDecidesOnAWorkItem(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	clerk, item := agentPath(localtenant.InvoiceClerkID), f.reviewed("Invoice 7")
	first := f.elicit(clerk, "get_work_item", item, nil)
	if !first.asks("action", "NEEDS_REVIEW", "Invoice 7", "There is no purchase order PO-9") {
		t.Fatalf("got %+v", first)
	}
	fields := first.Result.InputRequests["question"].Params.RequestedSchema.Properties
	var actions []string
	for _, choice := range fields["action"].OneOf {
		if actions = append(actions, choice.Const); choice.Title == "" {
			t.Errorf("%s has no title", choice.Const)
		}
	}
	if !slices.Equal(actions, []string{"continue", "restart", "complete"}) || fields["comment"].Type != "string" {
		t.Errorf("got %+v", fields)
	}
	for name, test := range map[string]struct {
		response any
		says     string
	}{
		"declined":           {form{"action": "decline"}, "declined"},
		"empty":              {form{"action": "accept", "content": form{}}, "cannot be used"},
		"impossible":         {form{"action": "accept", "content": form{"action": "cancel"}}, "not possible"},
		"unknown":            {form{"action": "accept", "content": form{"action": "burn"}}, "not possible"},
		"comment on restart": {form{"action": "accept", "content": form{"action": "restart", "comment": "Again."}}, "of no use with restart"},
	} {
		got := f.elicit(clerk, "get_work_item", item, first.answered(test.response))
		if got.Result.IsError || !got.says(test.says, "Nothing was changed", "NEEDS_REVIEW", "act_on_work_item") {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	const decision = "Approve: agreed by phone."
	accepted := first.accepted(form{"action": "continue", "comment": decision})
	f.tenant.Fail("status=500,match=POST …/continue")
	if failed := f.elicit(clerk, "get_work_item", item, accepted); !failed.Result.IsError || !failed.says("The message stands in the work item's thread") {
		t.Errorf("got %+v", failed)
	}
	f.tenant.Fail("")
	done := f.elicit(clerk, "get_work_item", item, accepted)
	if done.Result.IsError || !done.says("The decision was taken (continue)", "COMPLETED", "approved") {
		t.Errorf("got %+v", done)
	}
	if again := f.another(nil).elicit(clerk, "get_work_item", item, accepted); again.Result.IsError || !again.says("this answer changed nothing", "COMPLETED") {
		t.Errorf("got %+v", again)
	}
	if n := f.said(localtenant.InvoiceClerkID, "Invoice 7", decision); n != 1 {
		t.Errorf("the decision stands %d times in the thread", n)
	}
}

func TestTheUserDecidesWithoutAComment(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	clerk, item := agentPath(localtenant.InvoiceClerkID), f.reviewed("Invoice 8")
	first := f.elicit(clerk, "get_work_item", item, nil)
	if got := f.elicit(clerk, "get_work_item", item, first.accepted(form{"action": "complete"})); got.Result.IsError || !got.says("The decision was taken (complete)", "COMPLETED", "Completed by: HUMAN") {
		t.Errorf("got %+v", got)
	}
	item = f.reviewed("Invoice 9")
	first = f.elicit(clerk, "get_work_item", item, nil)
	if second := f.elicit(clerk, "get_work_item", item, first.accepted(form{"action": "restart"})); !second.asks("action", "NEEDS_REVIEW", "PO-9") {
		t.Errorf("a review after the restart: got %+v", second)
	}
	if got := f.call(clerk, "get_work_item", item); got.Result.IsError || !strings.Contains(got.text(), "It waits for a decision") {
		t.Errorf("a client that cannot be asked: got %+v", got)
	}
}

// retrain publishes the agent with another runbook.
func (f *front) retrain(agentID, runbook string) {
	f.t.Helper()
	agents := f.tenant.Client().Agents
	if _, err := agents.Edit(f.t.Context(), agentID); err != nil {
		f.t.Fatal(err)
	}
	if _, err := agents.Update(f.t.Context(), agentID, restclient.AgentUpdate{RunbookText: &runbook}); err != nil {
		f.t.Fatal(err)
	}
	if _, err := agents.Publish(f.t.Context(), agentID, nil); err != nil {
		f.t.Fatal(err)
	}
}

func TestTheAnswerAfterTheReplyIsTheResult(t *testing.T) {
	t.Parallel()
	worker := asker
	worker.Mode = "worker"
	f := newFront(t, nil, worker)
	id := f.tenant.AgentID("Asker")
	path, call := agentPath(id), ask("go", "t-1")
	item := f.itemOf(f.call(path, "create_work_item", form{"message": "go", "name": "item"}))
	review := f.elicit(path, "get_work_item", item, nil)
	asksBack := f.elicit(path, "get_work_item", item, review.accepted(form{"action": "complete", "comment": "Yes."}))
	question := f.elicit(path, "message_asker_agent", call, nil)
	if !question.asks("reply", "Which year?") || !asksBack.asks("reply", "Which year?") {
		t.Fatalf("got %+v and %+v", question, asksBack)
	}
	f.retrain(id, "- wait: 300ms\n- say: \"{{message}} was a good year.\"\n")
	if got := f.elicit(path, "message_asker_agent", call, question.accepted(form{"reply": "2025"})); got.Result.IsError || got.text() != "2025 was a good year." || got.Result.Meta["ai.sema4/run"].State != "completed" {
		t.Errorf("got %+v", got)
	}
	// A client that comes back at once is told how to wait.
	unread := f.another(func(c *mcpserver.Config) { c.Bridge.CallBudget = time.Millisecond })
	if got := unread.elicit(path, "get_work_item", item, asksBack.accepted(form{"reply": "2024"})); got.Result.IsError ||
		!got.says("to wait for that", "NEEDS_REVIEW as before", fmt.Sprintf("work_item_id %q, action complete and message %q", item["work_item_id"], "2024")) {
		t.Errorf("got %+v", got)
	}
	if got := f.elicit(path, "get_work_item", item, asksBack.accepted(form{"reply": "2024"})); got.Result.IsError || !got.says("The decision was taken (complete)", "COMPLETED", "2024 was a good year.") || f.said(id, "item", "2024") != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestStatesOfOtherWorkItemsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	clerk, item := agentPath(localtenant.InvoiceClerkID), f.reviewed("Invoice 7")
	first := f.elicit(clerk, "get_work_item", item, nil)
	accepted := first.accepted(form{"action": "complete"})
	act := form{"work_item_id": item["work_item_id"], "action": "complete"}
	for tool, arguments := range map[string]form{"get_work_item": f.reviewed("Invoice 8"), "act_on_work_item": act} {
		if got := f.elicit(clerk, tool, arguments, accepted); !got.Result.IsError || !got.says("belongs to another call", "Nothing was sent to the agent or changed") {
			t.Errorf("%s: got %+v", tool, got)
		}
	}
	f.tenant.Fail(fmt.Sprintf("status=503,match=GET …/%s", item["work_item_id"]))
	if got := f.elicit(clerk, "get_work_item", item, accepted); !got.Result.IsError || !got.says("503") {
		t.Errorf("got %+v", got)
	}
	f.tenant.Fail("")
	if got := f.elicit(clerk, "get_work_item", item, accepted); !got.says("The decision was taken (complete)") {
		t.Errorf("got %+v", got)
	}
}

func TestTheUserAnswersBeforeTheActionIsTaken(t *testing.T) {
	t.Parallel()
	worker := asker
	worker.Mode = "worker"
	f := newFront(t, nil, worker)
	id := f.tenant.AgentID("Asker")
	path := agentPath(id)
	for tool, act := range map[string]form{"get_work_item": nil, "act_on_work_item": {"action": "continue", "message": "Yes."}} {
		item := f.itemOf(f.call(path, "create_work_item", form{"message": "go", "name": tool}))
		first := f.elicit(path, "get_work_item", item, nil)
		if !first.asks("action", "Which year?") {
			t.Fatalf("got %+v", first)
		}
		answers := first.accepted(form{"action": "continue", "comment": "Yes."})
		if act != nil {
			maps.Copy(item, act)
			answers = nil
		}
		second := f.elicit(path, tool, item, answers)
		if !second.asks("reply", "I was told Yes.", "Asker asks: Which year?") {
			t.Fatalf("%s: got %+v", tool, second)
		}
		third := f.elicit(path, tool, item, second.accepted(form{"reply": "Yes."})) // in the words of the message
		if !third.asks("reply", "I was told Yes.") || f.said(id, tool, "Yes.") != 2 {
			t.Fatalf("%s: got %+v; the words stand %d times", tool, third, f.said(id, tool, "Yes."))
		}
		if last := f.elicit(path, tool, item, third.answered(form{"action": "cancel"})); last.Result.IsError || !last.says("gave no answer", "NEEDS_REVIEW as before", "Which year?", "act_on_work_item with work_item_id", "action continue") {
			t.Errorf("%s: got %+v", tool, last)
		}
		if stale := f.elicit(path, tool, item, second.accepted(form{"reply": "No."})); !stale.Result.IsError || !stale.says("gone on since") {
			t.Errorf("%s: got %+v", tool, stale)
		}
		f.call(path, "act_on_work_item", form{"work_item_id": item["work_item_id"], "action": "complete"})
		if moved := f.elicit(path, tool, item, third.accepted(form{"reply": "2025"})); moved.Result.IsError || !moved.says("this answer changed nothing", "COMPLETED") || f.said(id, tool, "2025") != 0 {
			t.Errorf("%s: got %+v", tool, moved)
		}
	}
}
