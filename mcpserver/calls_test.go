package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
)

// fiveSteps is an agent that is seen at five things: three calls of tools, of
// which only the beginning and the end of two count, and the writing.
var fiveSteps = testtenant.Scripted("Five", "- call: one {} => 1\n- call: two {} => 2\n- say: done\n")

func TestTheAnalystGivesTheNumbersOfTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	rows, err := f.tenant.SalesDB().QueryContext(t.Context(), `
		SELECT r.name, SUM(l.quantity * l.unit_price_cents) FROM order_lines l
		JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id JOIN regions r ON r.id = c.region_id
		GROUP BY r.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	want := make(map[string]string)
	for rows.Next() {
		var region string
		var cents int64
		if err := rows.Scan(&region, &cents); err != nil {
			t.Fatal(err)
		}
		want[region] = withCommas(cents)
	}
	if err := rows.Err(); err != nil || len(want) < 3 {
		t.Fatalf("got %v, %v", want, err)
	}
	body, headers := modernCall(1, "message_sales_analyst_agent", ask("What were total sales by region?", "modern"))
	for name, response := range map[string]*http.Response{
		"legacy": f.request(t.Context(), analystPath, callBody(1, "message_sales_analyst_agent", ask("What were total sales by region?", "legacy")), "Accept: "+accepting),
		"modern": f.request(t.Context(), analystPath, body, headers...),
	} {
		got := events(t, response.Body)
		response.Body.Close()
		result := got[len(got)-1]
		if len(got) < 4 || result.Result.IsError || string(result.ID) != "1" {
			t.Fatalf("%s: got %d messages, the last %+v; want three notifications and the result", name, len(got), result)
		}
		for region, sales := range want {
			if !strings.Contains(result.text(), region) || !strings.Contains(result.text(), sales) {
				t.Errorf("%s: %s with %s is not in %s", name, region, sales, result.text())
			}
		}
	}
}

func withCommas(cents int64) string {
	whole := fmt.Sprint(cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}

// TestNoNotificationIsLostOrLate makes 500 calls in each era, 8 at once.
func TestNoNotificationIsLostOrLate(t *testing.T) {
	t.Parallel()
	const calls, atOnce, each = 500, 8, 5
	f := newFront(t, nil, fiveSteps)
	path := agentPath(f.tenant.AgentID("Five"))
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			ids := make(chan int)
			var working sync.WaitGroup
			for range atOnce {
				working.Go(func() {
					for id := range ids {
						arguments := ask("go", fmt.Sprintf("%s-%d", era, id%atOnce))
						arguments["idempotency_key"] = fmt.Sprint(era, id)
						body, headers := callBody(id, "message_five_agent", arguments), []string{"Accept: " + accepting}
						if era == "modern" {
							body, headers = modernCall(id, "message_five_agent", arguments)
						}
						response := f.request(t.Context(), path, body, headers...)
						checkStream(t, id, each, events(t, response.Body))
						response.Body.Close()
					}
				})
			}
			for id := range calls {
				ids <- id
			}
			close(ids)
			working.Wait()
		})
	}
}

// checkStream wants a notification for each step. On a busy machine a call may take
// so long that it is told the text so far besides.
func checkStream(t *testing.T, id, notifications int, got []answer) {
	numbered := 0
	got = slices.DeleteFunc(got, func(message answer) bool {
		if message.ID == nil {
			numbered++
			if int(message.Params.Progress) != numbered {
				t.Errorf("call %d: notification %d is numbered %v", id, numbered, message.Params.Progress)
			}
		}
		return strings.HasPrefix(message.Params.Message, "… ")
	})
	if len(got) != notifications+1 {
		t.Errorf("call %d: got %d messages, want %d and the result", id, len(got), notifications)
		return
	}
	for i, message := range got[:notifications] {
		if string(message.Params.ProgressToken) != fmt.Sprint(id) {
			t.Errorf("call %d: message %d is %+v", id, i, message)
		}
	}
	if result := got[notifications]; string(result.ID) != fmt.Sprint(id) || result.text() != "done" {
		t.Errorf("call %d: the last message is %+v", id, result)
	}
}

func TestProgressShowsTextAndTime(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.ProgressInterval = 100 * time.Millisecond },
		testtenant.Scripted("Slow", "- say: the first words\n- wait: 1300ms\n- say: \" and the last\"\n- attach: notes.txt text/plain hello\n"))
	response := f.request(t.Context(), agentPath(f.tenant.AgentID("Slow")), callBody(1, "message_slow_agent", ask("go", "t")), "Accept: "+accepting)
	defer response.Body.Close()
	got := events(t, response.Body)
	var told strings.Builder
	for i, message := range got[:len(got)-1] {
		if int(message.Params.Progress) != i+1 {
			t.Errorf("message %d has the progress %v", i, message.Params.Progress)
		}
		told.WriteString(message.Params.Message + "\n")
	}
	for _, part := range []string{"Slow is still at work, 1s so far", "… the first words", "Slow attaches notes.txt"} {
		if !strings.Contains(told.String(), part) {
			t.Errorf("%q was not told in %s", part, &told)
		}
	}
	if text := got[len(got)-1].text(); !strings.HasPrefix(text, "the first words and the last\n\nThe agent left, beside the text:\n- the file \"notes.txt\" (text/plain, ") {
		t.Errorf("got %q", text)
	}
}

func TestARunOutlivesItsCall(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.CallBudget = 200 * time.Millisecond },
		testtenant.Scripted("Slow", "- say: first\n- wait: 900ms\n- say: \" and last\"\n"))
	path := agentPath(f.tenant.AgentID("Slow"))
	working := f.call(path, "message_slow_agent", ask("go", "t"))
	if text := working.text(); working.Result.IsError || !strings.Contains(text, "still working") || !strings.Contains(text, working.runID()) ||
		!strings.Contains(text, "first") || working.Result.Meta["ai.sema4/run"].State != "working" {
		t.Fatalf("got %+v", working)
	}
	for range 20 {
		got := f.call(path, "get_run", map[string]any{"run_id": working.runID()})
		if got.text() == "first and last" {
			if n := len(f.tenant.Conversation(f.tenant.AgentID("Slow"), "t")); n != 2 {
				t.Errorf("the conversation holds %d messages, want the question and the answer", n)
			}
			return
		}
	}
	t.Error("the answer never came")
}

func TestAHostThatHangsUpLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Slow", "- say: first\n- wait: 400ms\n- say: \" and last\"\n"))
	id := f.tenant.AgentID("Slow")
	ctx, hangUp := context.WithCancel(t.Context())
	response := f.request(ctx, agentPath(id), callBody(1, "message_slow_agent", ask("go", "t")), "Accept: "+accepting)
	buffer := make([]byte, 1024)
	for !bytes.Contains(buffer, []byte("writes the answer")) {
		if _, err := response.Body.Read(buffer); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	response.Body.Close()
	// The same question joins the run, or would be a second message.
	again := f.call(agentPath(id), "message_slow_agent", ask("go", "t"))
	if again.text() != "first and last" {
		t.Errorf("got %+v", again)
	}
	if messages := f.tenant.Conversation(id, "t"); len(messages) != 2 {
		t.Errorf("the conversation holds %d messages, want the question once and its answer", len(messages))
	}
}

func TestCancelRunStopsTheAgent(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	arguments := ask("Tell me a 60-second story", "t")
	arguments["wait_seconds"] = 0
	begun := f.call(storyPath, "message_storyteller_agent", arguments)
	status, body := f.post(storyPath, callBody(2, "cancel_run", map[string]any{"run_id": begun.runID()}))
	if status != 200 || !strings.Contains(body, `"structuredContent":{"run_id":"`+begun.runID()+`","state":"cancelled"}`) {
		t.Fatalf("got %d %s", status, body)
	}
	after := f.call(storyPath, "get_run", map[string]any{"run_id": begun.runID()})
	if after.Result.IsError || !strings.Contains(after.text(), "cancelled") {
		t.Errorf("got %+v", after)
	}
	again := f.call(storyPath, "cancel_run", map[string]any{"run_id": begun.runID()})
	if !strings.Contains(again.text(), "cancelled") {
		t.Errorf("cancelling twice: got %+v", again)
	}
}

func TestTheAgentAsks(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Asker", "- say: I need to know.\n- ask: Which year?\n"))
	got := f.call(agentPath(f.tenant.AgentID("Asker")), "message_asker_agent", ask("go", "t-1"))
	if text := got.text(); got.Result.IsError || !strings.Contains(text, "Which year?") || !strings.Contains(text, "message_asker_agent") || !strings.Contains(text, `"t-1"`) {
		t.Errorf("got %+v", got)
	}
}

func TestWhatGoesWrongInARunIsTold(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Failing", "- say: so far\n- fail: the cellar is flooded\n"))
	got := f.call(agentPath(f.tenant.AgentID("Failing")), "message_failing_agent", ask("go", "t"))
	if !got.Result.IsError || !strings.Contains(got.text(), "the cellar is flooded") || !strings.Contains(got.text(), "so far") {
		t.Errorf("got %+v", got)
	}
}

func TestThreadTools(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	if got := f.call(echoPath, "list_echo_agent_threads", nil); got.text() != `{"threads":[]}` {
		t.Errorf("got %s", got.text())
	}
	asked := f.call(echoPath, "message_echo_agent", ask("<héllo> & 🚀 \u2028", "t-1"))
	thread := asked.Result.Meta["ai.sema4/run"].ThreadID
	if asked.text() != "<héllo> & 🚀" {
		t.Errorf("got %q", asked.text())
	}
	status, body := f.post(echoPath, callBody(1, "list_echo_agent_threads", nil))
	if listed := decode(t, body); status != 200 || listed.text() != `{"threads":[{"thread_identifier":"t-1","thread_id":"`+thread+`"}]}` || !strings.Contains(body, `"content_type":"application/json"`) {
		t.Errorf("got %s", body)
	}
	read := f.call(echoPath, "get_echo_agent_thread_messages", map[string]any{"thread_id": thread})
	var messages struct {
		Messages []struct {
			Role    string
			Content []struct{ Kind, Text string }
		} `json:"thread_messages"`
	}
	if err := json.Unmarshal([]byte(read.text()), &messages); err != nil || len(messages.Messages) != 2 || messages.Messages[1].Role != "agent" || messages.Messages[1].Content[0].Kind != "text" {
		t.Errorf("got %s, %v", read.text(), err)
	}
	other := f.call(storyPath, "get_storyteller_agent_thread_messages", map[string]any{"thread_id": thread})
	if !other.Result.IsError || !strings.Contains(other.text(), "There is no such thread") {
		t.Errorf("a thread of another agent: got %+v", other)
	}
}

func TestTenantTools(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for agent, says := range map[string]string{localtenant.EchoID: "one", "echo": "two", "message_echo_agent": "three"} {
		arguments := ask(says, "t-"+says)
		arguments["agent"] = agent
		if got := f.call(tenantPath, "ask_agent", arguments); got.text() != says {
			t.Errorf("%s: got %+v", agent, got)
		}
	}
	if got := f.call(tenantPath, "message_echo_agent", ask("four", "t-4")); got.text() != "four" {
		t.Errorf("got %+v", got)
	} else if found := f.call(tenantPath, "get_run", map[string]any{"run_id": got.runID()}); found.text() != "four" {
		t.Errorf("got %+v", found)
	}
	if got := f.call(tenantPath, "list_threads", map[string]any{"agent": "Echo"}); strings.Count(got.text(), "thread_id\"") != 4 {
		t.Errorf("got %s", got.text())
	}
	listed := f.call(tenantPath, "list_agents", nil)
	for _, part := range []string{localtenant.UnicodeID, "Agenté Ünïcode 🚀", "message_agente_unicode_agent", "Sales Analyst"} {
		if !strings.Contains(listed.text(), part) {
			t.Errorf("%s is not in %s", part, listed.text())
		}
	}
	wrong := ask("hi", "t")
	wrong["agent"] = "Nobody"
	if got := f.call(tenantPath, "ask_agent", wrong); !got.Result.IsError || !strings.Contains(got.text(), "“Echo”") {
		t.Errorf("got %+v", got)
	}
}

func TestBadArguments(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	begun := f.call(echoPath, "message_echo_agent", ask("hi", "t"))
	for name, test := range map[string]struct {
		path, tool string
		arguments  any
		says       string
	}{
		"missing":              {echoPath, "message_echo_agent", map[string]any{"message": "hi"}, "thread_identifier is missing"},
		"extra":                {echoPath, "message_echo_agent", map[string]any{"message": "hi", "thread_identifier": "t", "thread": "t"}, `no argument "thread"`},
		"wrong type":           {echoPath, "message_echo_agent", map[string]any{"message": []int{1}, "thread_identifier": "t"}, "must be a string"},
		"not an object":        {echoPath, "message_echo_agent", []int{1}, "must be an object"},
		"no run id":            {echoPath, "get_run", map[string]any{"run_id": "7"}, "not a run id"},
		"damaged run id":       {echoPath, "get_run", map[string]any{"run_id": begun.runID()[:40]}, "damaged"},
		"another agent's run":  {storyPath, "get_run", map[string]any{"run_id": begun.runID()}, "another agent"},
		"another agent's stop": {storyPath, "cancel_run", map[string]any{"run_id": begun.runID()}, "another agent"},
		"bad cursor":           {echoPath, "get_run", map[string]any{"run_id": begun.runID(), "cursor": "x"}, "cursor"},
		"cursor past the end":  {echoPath, "get_run", map[string]any{"run_id": begun.runID(), "cursor": "99"}, "ends before"},
		"bad list cursor":      {echoPath, "list_echo_agent_threads", map[string]any{"cursor": "x"}, "cursor"},
		"bad messages cursor":  {echoPath, "get_echo_agent_thread_messages", map[string]any{"thread_id": begun.Result.Meta["ai.sema4/run"].ThreadID, "cursor": "9"}, "cursor"},
		"bad agents cursor":    {tenantPath, "list_agents", map[string]any{"cursor": "9"}, "cursor"},
		"path as thread":       {echoPath, "get_echo_agent_thread_messages", map[string]any{"thread_id": "../../agents"}, "There is no such thread"},
	} {
		got := f.call(test.path, test.tool, test.arguments)
		if !strings.Contains(got.text(), test.says) || (name != "cursor past the end") != got.Result.IsError {
			t.Errorf("%s: got %+v, want it to say %q", name, got, test.says)
		}
	}
}

func TestKeysAreReused(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	keyed := func(message string) answer {
		arguments := ask(message, "t")
		arguments["idempotency_key"] = "k"
		return f.call(echoPath, "message_echo_agent", arguments)
	}
	first, second := keyed("hi"), keyed("hi")
	if first.runID() == "" || first.runID() != second.runID() {
		t.Errorf("got the runs %q and %q", first.runID(), second.runID())
	}
	if other := keyed("something else"); !other.Result.IsError || !strings.Contains(other.text(), "another message") {
		t.Errorf("got %+v", other)
	}
	if n := len(f.tenant.Conversation(localtenant.EchoID, "t")); n != 2 {
		t.Errorf("the conversation holds %d messages, want 2", n)
	}
}

func TestAHugeAnswerComesInParts(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Huge", "- repeat 4000\n  - say: \"line {{n}} of a very long answer\\n\"\n"))
	path := agentPath(f.tenant.AgentID("Huge"))
	got := f.call(path, "message_huge_agent", ask("go", "t"))
	var whole strings.Builder
	for cursor := 0; ; {
		part, note, more := strings.Cut(got.text(), "\n\n[Bytes ")
		if len(got.text()) > 31_000 {
			t.Fatalf("a part has %d bytes", len(got.text()))
		}
		whole.WriteString(part)
		if !more {
			break
		}
		cursor += len(part)
		if !strings.Contains(note, fmt.Sprintf(`cursor "%d"`, cursor)) {
			t.Fatalf("after %d bytes the note reads %s", cursor, note)
		}
		got = f.call(path, "get_run", map[string]any{"run_id": got.runID(), "cursor": fmt.Sprint(cursor)})
	}
	lines := strings.Split(whole.String(), "\n")
	if len(lines) != 4000 || lines[0] != "line 1 of a very long answer" || lines[3999] != "line 4000 of a very long answer" {
		t.Errorf("got %d lines, the first %q, the last %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestAnArrayOfCallsIsOneStream(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	body := "[" + callBody(1, "message_echo_agent", ask("one", "t-1")) + "," + ping2 + "," + callBody(3, "message_echo_agent", ask("three", "t-3")) + ",7]"
	response := f.request(t.Context(), echoPath, body, "Accept: "+accepting)
	defer response.Body.Close()
	texts := make(map[string]string)
	for _, message := range events(t, response.Body) {
		if message.Method == "" {
			texts[string(message.ID)] = message.text()
		}
	}
	if len(texts) != 4 || texts["1"] != "one" || texts["3"] != "three" {
		t.Errorf("got %v", texts)
	}
	status, answers := f.post(echoPath, body)
	var list []answer
	if err := json.Unmarshal([]byte(answers), &list); err != nil || status != 200 || len(list) != 4 || string(list[1].ID) != "2" {
		t.Errorf("as JSON: got %d %s, %v", status, answers, err)
	}
}

const ping2 = `{"jsonrpc":"2.0","id":2,"method":"ping"}`

func TestNobodyCancelsAnothersCall(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Slow", "- wait: 400ms\n- say: done\n"))
	path := agentPath(f.tenant.AgentID("Slow"))
	answered := make(chan answer)
	go func() { answered <- f.call(path, "message_slow_agent", ask("go", "t")) }()
	for range 20 {
		if status, _ := f.post(path, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`); status != http.StatusAccepted {
			t.Fatalf("got %d", status)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got := <-answered; got.text() != "done" {
		t.Errorf("got %+v", got)
	}
}

func TestShutdownFinishesWhatIsGoingOn(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, testtenant.Scripted("Slow", "- wait: 300ms\n- say: done\n"))
	ctx, stop := context.WithCancel(t.Context())
	address, done := f.serve(ctx)
	f.http.URL = address
	answered := make(chan answer)
	go func() { answered <- f.call(agentPath(f.tenant.AgentID("Slow")), "message_slow_agent", ask("go", "t")) }()
	f.arrives(f.tenant.AgentID("Slow"))
	stop()
	if got := <-answered; got.text() != "done" {
		t.Errorf("got %+v", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// arrives waits until the agent has a conversation with a message in it.
func (f *front) arrives(agentID string) {
	f.t.Helper()
	client := f.tenant.Client()
	for {
		for conversation, err := range client.Conversations.All(f.t.Context(), agentID, nil) {
			if err != nil {
				f.t.Fatal(err)
			}
			page, err := client.Conversations.Messages(f.t.Context(), agentID, conversation.ID, nil)
			if err != nil {
				f.t.Fatal(err)
			}
			if len(page.Items) > 0 {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestShutdownTellsWhatDoesNotFinish(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Drain = 200 * time.Millisecond })
	ctx, stop := context.WithCancel(t.Context())
	address, done := f.serve(ctx)
	f.http.URL = address
	answered := make(chan answer)
	go func() {
		answered <- f.call(storyPath, "message_storyteller_agent", ask("Tell me a 60-second story", "t"))
	}()
	f.arrives(f.tenant.AgentID("Storyteller"))
	stop()
	if got := <-answered; got.runID() == "" || !got.Result.IsError || !strings.Contains(got.text(), "shut down") {
		t.Errorf("got %+v", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestALoopbackListenerRefusesOtherHosts(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.AllowedHosts = []string{"agents.example"} })
	ctx, stop := context.WithCancel(t.Context())
	address, done := f.serve(ctx)
	for host, status := range map[string]int{"evil.example": 403, "agents.example": 200, "localhost:1": 200, "[::1]:80": 200} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: got %d, want %d", host, response.StatusCode, status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
