package bridge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

type workItem struct {
	ID       string `json:"work_item_id"`
	AgentID  string `json:"agent_id"`
	Name     string
	Status   string
	ThreadID string `json:"thread_id"`
	Next     string
	Reply    string `json:"agent_reply"`
}

type workItems struct {
	Items []workItem `json:"work_items"`
	Next  *int       `json:"next_offset"`
}

const clerk = localtenant.InvoiceClerkID

// worker is a worker agent that follows a runbook.
func worker(name, runbook string) localtenant.AgentSpec {
	spec := testtenant.Scripted(name, runbook)
	spec.Mode = "worker"
	return spec
}

// doubtful is an invoice that no purchase order stands behind.
var doubtful = args{"payload": args{"invoice_number": "INV-7", "vendor": "Nobody", "po_number": "PO-9", "amount": "10.00"}, "name": "Invoice 7"}

func TestAWorkItemGoesThroughReviewToItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	created := status[workItem](d, clerk, "create_work_item", doubtful)
	if created.ID == "" || created.AgentID != clerk || created.Status != "PENDING" || created.Name != "Invoice 7" || !strings.Contains(created.Next, "get_work_item") {
		t.Errorf("got %+v", created)
	}
	got := d.call(clerk, "get_work_item", args{"work_item_id": created.ID})
	if got.IsError || !got.says("NEEDS_REVIEW", "Invoice 7", `"po_number":"PO-9"`, "There is no purchase order PO-9", "act_on_work_item", "continue") || got.Structured != nil {
		t.Fatalf("got %+v", got)
	}
	if thread := got.Meta["ai.sema4/work_item"].ThreadID; thread == "" || !got.says("Thread: "+thread) {
		t.Errorf("the thread %q is not in %s", thread, got.text())
	}
	acted := status[workItem](d, clerk, "act_on_work_item", args{"work_item_id": created.ID, "action": "continue", "message": "Approve: agreed by phone."})
	if acted.ID != created.ID || !strings.Contains(acted.Reply, "approved") {
		t.Errorf("got %+v", acted)
	}
	got = d.call(clerk, "get_work_item", args{"work_item_id": created.ID})
	if !got.says("COMPLETED", "approved") {
		t.Errorf("got %+v", got)
	}
	listed := status[workItems](d, "", "list_work_items", args{"status": "completed", "name": "voice 7", "agent": "invoice clerk"})
	if len(listed.Items) != 1 || listed.Items[0].ID != created.ID || listed.Next != nil {
		t.Errorf("got %+v", listed)
	}
}

func TestTheTenantsWorkItemTools(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done with {{message}}\n"))
	arguments := args{"agent": "Doer", "message": "the work", "payload": `{"n": 9007199254740993}`}
	created := status[workItem](d, "", "create_work_item", arguments)
	got := d.call("", "get_work_item", args{"work_item_id": created.ID})
	if !got.says("COMPLETED", "9007199254740993", "Done with") {
		t.Errorf("got %+v", got)
	}
	if got := d.call("", "get_work_item", args{"work_item_id": created.ID, "cursor": "99999"}); !got.says("end before the cursor") {
		t.Errorf("got %+v", got)
	}
	d.fails("", "get_work_item", args{"work_item_id": created.ID, "cursor": "x"}, "cursor")
	restarted := status[workItem](d, "", "act_on_work_item", args{"work_item_id": created.ID, "action": "Restart"})
	if restarted.Status != "PENDING" {
		t.Errorf("got %+v", restarted)
	}
}

func TestWaitingForAWorkItem(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Slow", "- wait: 60s\n- say: Done\n"))
	id := d.tenant.AgentID("Slow")
	created := status[workItem](d, id, "create_work_item", args{"message": "go"})
	got := d.call(id, "get_work_item", args{"work_item_id": created.ID, "wait_seconds": 1})
	if got.IsError || !got.says("EXECUTING", "not done with it", "The agent has written nothing yet") || !slices.Contains(got.told, "The work item is EXECUTING") {
		t.Errorf("got %+v", got)
	}
	d.fails(id, "act_on_work_item", args{"work_item_id": created.ID, "action": "continue"}, "EXECUTING", "continue is not possible", "Nothing was changed", "Possible in this status: cancel, complete.")
	d.fails(id, "act_on_work_item", args{"work_item_id": created.ID, "action": "continue", "message": "hurry"}, "EXECUTING", "Nothing was changed")
	d.fails(id, "act_on_work_item", args{"work_item_id": created.ID, "action": "complete", "message": "never mind"}, "The agent is at work on it", "Nothing was sent", "get_work_item")
	if n := len(d.tenant.Conversation(id, "Work Item "+created.ID)); n != 1 {
		t.Errorf("the thread holds %d messages: a message for an action that is not possible must not be sent", n)
	}
	if cancelled := status[workItem](d, id, "act_on_work_item", args{"work_item_id": created.ID, "action": "cancel"}); cancelled.Status != "CANCELLED" {
		t.Errorf("got %+v", cancelled)
	}
	d.fails(id, "act_on_work_item", args{"work_item_id": created.ID, "action": "cancel"}, "CANCELLED", "Possible in this status: continue, restart, complete.")
}

func TestADecisionThatIsStillBeingAnsweredIsNotSentAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { c.CallBudget /= 10 }, worker("Asker", "- wait: 900ms\n- ask: Well?\n"))
	id := d.tenant.AgentID("Asker")
	created := status[workItem](d, id, "create_work_item", args{"message": "go", "name": "item"})
	for range 20 {
		if d.call(id, "get_work_item", args{"work_item_id": created.ID}).says("NEEDS_REVIEW") {
			break
		}
	}
	decide := args{"work_item_id": created.ID, "action": "continue", "message": "Yes."}
	first := d.call(id, "act_on_work_item", decide)
	if first.IsError || !first.says("still answering", "NEEDS_REVIEW as before", "same arguments") {
		t.Fatalf("got %+v", first)
	}
	for range 20 {
		if got := d.call(id, "act_on_work_item", decide); !got.says("still answering") {
			if got.IsError {
				t.Errorf("got %+v", got)
			}
			if !got.says("the agent asks back: Well?", "NEEDS_REVIEW as before", "act_on_work_item with action continue") {
				t.Errorf("the agent's question was passed over: %+v", got)
			}
			break
		}
	}
	said := 0
	for _, message := range d.tenant.Conversation(id, "item") {
		if message.Text() == "Yes." {
			said++
		}
	}
	if said != 1 {
		t.Errorf("the decision stands %d times in the thread", said)
	}
}

func (d *desk) said(agentID, thread, text string) int {
	d.t.Helper()
	n := 0
	for _, message := range d.tenant.Conversation(agentID, thread) {
		if message.Role == restclient.RoleUser && message.Text() == text {
			n++
		}
	}
	return n
}

func TestADecisionIsNotSentAgainByAnotherProcess(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	created := status[workItem](d, clerk, "create_work_item", doubtful)
	d.call(clerk, "get_work_item", args{"work_item_id": created.ID})
	const decision = "Approve: agreed by phone."
	decide := args{"work_item_id": created.ID, "action": "continue", "message": decision}
	for code, says := range map[string]string{"422": "422", "403": "403", "412": "continue is not possible"} {
		d.tenant.Fail("status=" + code + ",match=POST …/continue")
		got := d.call(clerk, "act_on_work_item", decide)
		if !got.IsError || !got.says(says, "The message stands in the work item's thread", "The work item itself was not changed", "approved") || got.says("Nothing was changed") {
			t.Errorf("%s: got %+v", code, got)
		}
	}
	d.tenant.Fail("")
	d.bridge.Close()
	d.bridge = bridge.NewTenant(d.tenant.Client(), bridge.Config{Logger: zerolog.Nop(), Run: run.Config{Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}})
	t.Cleanup(d.bridge.Close)
	acted := status[workItem](d, clerk, "act_on_work_item", decide)
	if n := d.said(clerk, "Invoice 7", decision); n != 1 || !strings.Contains(acted.Reply, "approved") {
		t.Errorf("the decision stands %d times in the thread; got %+v", n, acted)
	}
}

func TestTheSameWordsInALaterReviewAreANewDecision(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Asker", "- ask: Well?\n"))
	id := d.tenant.AgentID("Asker")
	created := status[workItem](d, id, "create_work_item", args{"message": "Yes.", "name": "item"})
	d.call(id, "get_work_item", args{"work_item_id": created.ID})
	decide := args{"work_item_id": created.ID, "action": "continue", "message": "Yes."}
	if got := d.call(id, "act_on_work_item", decide); got.IsError || !got.says("asks back: Well?") || d.said(id, "item", "Yes.") != 2 {
		t.Errorf("the first message of the item was taken for the decision: %+v", got)
	}
}

func TestWorkItemsWithFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done\n"))
	id := d.tenant.AgentID("Doer")
	files := []args{{"name": "../a.txt", "text": "one"}, {"name": "b.csv", "text": "n\n1\n"}}
	created := status[workItem](d, id, "create_work_item", args{"files": files})
	got := d.call(id, "get_work_item", args{"work_item_id": created.ID})
	thread := got.Meta["ai.sema4/work_item"].ThreadID
	if !got.says("COMPLETED", "Files:\n", "- a.txt (text/plain; charset=utf-8), 3 bytes\n", "- b.csv (text/csv; charset=utf-8), 4 bytes\n", `read_file: thread_id "`+thread+`"`, "\n\nUser:\n\n", "\n\nAgent:\n\nDone") {
		t.Errorf("got %s", got.text())
	}
	if read := d.call(id, "read_file", args{"thread_id": thread, "file": "a.txt"}); read.IsError || !read.says("one") {
		t.Errorf("a file cannot be read as the result says: %+v", read)
	}
	if of := d.call("", "get_work_item", args{"work_item_id": created.ID}); !of.says(`read_file: agent "` + id + `", thread_id "` + thread + `"`) {
		t.Errorf("got %s", of.text())
	}
	for fault, says := range map[string]string{"status=500,match=GET …/files": "could not be listed: call list_files", "status=404,match=GET …/files": "Its thread is gone"} {
		d.tenant.Fail(fault)
		if got := d.call(id, "get_work_item", args{"work_item_id": created.ID}); got.IsError || !got.says("COMPLETED", says, "Done") {
			t.Errorf("%s: got %s", fault, got.text())
		}
		d.tenant.Fail("")
	}
	found := ""
	for _, message := range d.tenant.Conversation(id, "Work Item "+created.ID) {
		found += message.Text()
	}
	if !strings.Contains(found, "a.txt") || !strings.Contains(found, "b.csv") {
		t.Errorf("the agent was told %q", found)
	}
	// A creation that fails leaves a draft, and says so.
	d.tenant.Fail("status=422,match=POST /work-items")
	d.fails(id, "create_work_item", args{"files": files}, "There is a draft", "only a server for the whole workspace can cancel it")
	failed := d.call("", "create_work_item", args{"agent": "Doer", "files": files, "name": "x"})
	d.tenant.Fail("")
	if !failed.IsError || !failed.says("There is a draft", "a.txt, b.csv", "cancel") {
		t.Fatalf("got %+v", failed)
	}
	_, rest, _ := strings.Cut(failed.text(), `work_item_id "`)
	draft, _, _ := strings.Cut(rest, `"`)
	if shown := d.call("", "get_work_item", args{"work_item_id": draft, "wait_seconds": 0}); !shown.says("DRAFT", "It is a draft", "Files that were given with it can be seen when") {
		t.Errorf("got %+v", shown)
	}
	// It belongs to no agent, so a server for certain agents leaves it alone.
	some := &desk{t, d.tenant, bridge.NewTenant(d.tenant.Client(), bridge.Config{Agents: []string{"Doer"}})}
	t.Cleanup(some.bridge.Close)
	d.fails(id, "get_work_item", args{"work_item_id": draft}, "belongs to no agent yet")
	d.fails(id, "act_on_work_item", args{"work_item_id": draft, "action": "cancel"}, "belongs to no agent yet")
	some.fails("", "act_on_work_item", args{"work_item_id": draft, "action": "cancel"}, "belongs to no agent yet")
	if cancelled := status[workItem](d, "", "act_on_work_item", args{"work_item_id": draft, "action": "cancel"}); cancelled.Status != "CANCELLED" {
		t.Errorf("got %+v", cancelled)
	}
}

func TestManyFilesOfAWorkItemAreCounted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done\n"))
	id := d.tenant.AgentID("Doer")
	files := make([]args, 40)
	for i := range files {
		files[i] = args{"name": fmt.Sprintf("%02d%s.txt", i, strings.Repeat("n", 200)), "text": "x"}
	}
	created := status[workItem](d, id, "create_work_item", args{"files": files})
	got := d.call(id, "get_work_item", args{"work_item_id": created.ID})
	shown := strings.Count(got.text(), " bytes\n- ")
	if got.IsError || shown == 0 || !got.says(fmt.Sprintf("- and %d more: see list_files.", 40-shown), "Agent:\n\nDone") {
		t.Errorf("got %s", got.text())
	}
}

func TestALostUploadIsNoLostCreation(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done\n"))
	create := args{"agent": "Doer", "files": []args{{"name": "a.txt", "text": "one"}}}
	for fault, says := range map[string][]string{
		"cut=headers,match=POST …/upload-file": {"the file a.txt could not be uploaded", "No work item was created", "may be left behind", "again with all files"},
		"cut=headers,match=POST /work-items":   {"It is not known whether the work item was created", "work_item_id", "still the draft that holds a.txt", "list_work_items", "cancel the draft"},
	} {
		d.tenant.Fail(fault)
		got := d.call("", "create_work_item", create)
		d.tenant.Fail("")
		if !got.IsError || !got.says(says...) || strings.Contains(fault, "upload") && got.says("not known") {
			t.Errorf("%s: got %+v", fault, got)
		}
	}
}

func TestWorkItemsThatCannotBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done\n"), worker("Other", "- say: Done\n"))
	doer, other := d.tenant.AgentID("Doer"), d.tenant.AgentID("Other")
	created := status[workItem](d, doer, "create_work_item", args{"message": "go"})
	d.call(doer, "get_work_item", args{"work_item_id": created.ID})
	unknown := "5a1e0000-0000-4000-8000-00000000ffff"
	d.fails(doer, "create_work_item", args{"name": "nothing"}, "nothing to work on", "No work item was created")
	d.fails(doer, "create_work_item", args{"payload": "7"}, "payload must be a JSON object")
	d.fails("", "create_work_item", args{"agent": "Echo", "message": "go"}, "worker", "No work item was created")
	d.fails("", "create_work_item", args{"agent": "Nobody", "message": "go"}, "There is no agent")
	d.fails(doer, "create_work_item", args{"files": []args{{"name": "a", "text": "1"}, {"name": "x/a", "text": "2"}}}, "Two of the files are called “a”")
	d.fails(doer, "create_work_item", args{"files": "/home/me/orders.csv"}, `each of files must be an object: write files as [{"name": "orders.csv", "text": "id,amount\n1,9.50\n"}]`)
	d.fails(doer, "create_work_item", args{"files": []args{{"name": "..", "text": "1"}}}, "not a name for a file")
	d.fails(doer, "create_work_item", args{"files": []args{{"name": "a", "text": strings.Repeat("x", 1<<20+1)}}}, "too long")
	d.fails(doer, "get_work_item", args{"work_item_id": unknown}, "There is no work item", "list_work_items")
	d.fails(doer, "act_on_work_item", args{"work_item_id": unknown, "action": "cancel"}, "There is no work item")
	d.fails(doer, "act_on_work_item", args{"work_item_id": created.ID, "action": "stop"}, "action must be one of continue, restart, cancel, complete")
	d.fails(doer, "act_on_work_item", args{"work_item_id": created.ID, "action": "restart", "message": "x"}, "of no use with restart", "Nothing was sent")
	d.fails(doer, "act_on_work_item", args{"work_item_id": created.ID, "action": "complete"}, "COMPLETED", "Possible in this status: continue, restart.")
	for _, tool := range []string{"get_work_item", "act_on_work_item"} {
		arguments := args{"work_item_id": created.ID}
		if tool == "act_on_work_item" {
			arguments["action"] = "restart"
		}
		d.fails(other, tool, arguments, "belongs to another agent")
	}
	if listed := status[workItems](d, other, "list_work_items", nil); len(listed.Items) != 0 {
		t.Errorf("got %+v", listed)
	}
	d.fails(doer, "list_work_items", args{"status": []string{"DONE"}}, "each of status must be one of DRAFT")
	// A call that is cut may have arrived.
	d.tenant.Fail("status=503,match=POST /work-items")
	d.fails(doer, "create_work_item", args{"message": "go"}, "It is not known whether the work item was created", "list_work_items")
	d.tenant.Fail("")
}

func TestManyWorkItemsAreListedInParts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Doer", "- say: Done\n"))
	id := d.tenant.AgentID("Doer")
	want := make(map[string]bool)
	for i := range 120 {
		created := status[workItem](d, id, "create_work_item", args{"message": "go", "name": fmt.Sprintf("%03d %s", i, strings.Repeat("n", 240))})
		want[created.ID] = true
	}
	for id := range want { // until nothing moves any more
		d.call("", "get_work_item", args{"work_item_id": id})
	}
	seen := make(map[string]bool)
	for offset := 0; ; {
		got := d.call(id, "list_work_items", args{"offset": offset})
		if len(got.text()) > 31_000 {
			t.Fatalf("a part has %d bytes", len(got.text()))
		}
		var part workItems
		if err := json.Unmarshal([]byte(got.text()), &part); err != nil {
			t.Fatal(err)
		}
		for _, item := range part.Items {
			if seen[item.ID] || !want[item.ID] {
				t.Errorf("%s is listed twice, or is none of ours", item.ID)
			}
			seen[item.ID] = true
		}
		if part.Next == nil {
			break
		}
		offset = *part.Next
	}
	if len(seen) != len(want) {
		t.Errorf("got %d of %d", len(seen), len(want))
	}
}

func TestALongWorkItemComesInParts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, worker("Huge", "- repeat 3000\n  - say: \"line {{n}} of a very long report 🚀\\n\"\n"))
	id := d.tenant.AgentID("Huge")
	created := status[workItem](d, id, "create_work_item", args{"payload": args{"text": strings.Repeat("é", 20_000)}})
	var whole strings.Builder
	arguments := args{"work_item_id": created.ID}
	for {
		got := d.call(id, "get_work_item", arguments)
		if got.IsError || len(got.text()) > 31_000 {
			t.Fatalf("got %d bytes of %+v", len(got.text()), got)
		}
		text := got.text()
		if _, after, first := strings.Cut(text, "The messages, oldest first:\n\n"); first {
			text = after
		}
		part, note, more := strings.Cut(text, "\n\n[Bytes ")
		whole.WriteString(part)
		if !more {
			break
		}
		_, note, _ = strings.Cut(note, `cursor "`)
		arguments["cursor"], _, _ = strings.Cut(note, `"`)
	}
	given, report, _ := strings.Cut(whole.String(), "\n\nAgent:\n\n")
	if !strings.HasPrefix(given, "User:\n\n") || !strings.Contains(given, "[cut: ") {
		t.Errorf("got %.100q before the report", given)
	}
	lines := strings.Split(strings.TrimSpace(report), "\n")
	if len(lines) != 3000 || lines[2999] != "line 3000 of a very long report 🚀" {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}
