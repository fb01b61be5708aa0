package bridge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// counting counts the lists of files and data frames that are asked for.
type counting struct {
	http.RoundTripper
	mu    sync.Mutex
	lists int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/files") && r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/data-frames") {
		c.mu.Lock()
		c.lists++
		c.mu.Unlock()
	}
	return c.RoundTripper.RoundTrip(r)
}

func newCountingDesk(t *testing.T, runbook string) (*desk, *counting) {
	t.Helper()
	tenant := testtenant.Start(t, testtenant.Scripted("Maker", runbook))
	counter := &counting{RoundTripper: tenant.Transport()}
	client := tenant.Client(restclient.WithTransport(counter))
	d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{CallBudget: 5 * time.Second, Run: run.Config{Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}})}
	t.Cleanup(d.bridge.Close)
	return d, counter
}

type linked struct {
	Content []struct{ Type, Text, URI, Name, MIMEType string }
	Meta    map[string]struct {
		RunID    string `json:"run_id"`
		ThreadID string `json:"thread_id"`
	} `json:"_meta"`
}

func (d *desk) callLinked(agentID, tool string, arguments args) linked {
	d.t.Helper()
	reply := d.ask(agentID, "2025-11-25", "tools/call", args{"name": tool, "arguments": arguments})
	var got linked
	if err := json.Unmarshal(reply.Result, &got); err != nil || len(got.Content) == 0 {
		d.t.Fatalf("%v in %s, %v", err, reply.Result, reply.Error)
	}
	return got
}

func TestTheFramesAndChartsOfARunAreNamedAndLinked(t *testing.T) {
	t.Parallel()
	d, counter := newCountingDesk(t, "- say: x\n")
	d.call(analyst, "message_sales_analyst_agent", args{"message": "Who were the top 10 customers?", "thread_identifier": "t-1"})
	got := d.callLinked(analyst, "message_sales_analyst_agent", args{"message": "total sales by region", "thread_identifier": "t-1"})
	thread := got.Meta["ai.sema4/run"].ThreadID
	for _, says := range []string{`the data frame "sales_by_region" (5 rows × 2 columns)`, "the chart “What were total sales by region?”", `read_data_frame with thread_id "` + thread + `" and name "sales_by_region"`} {
		if !strings.Contains(got.Content[0].Text, says) {
			t.Errorf("%s is not in %s", says, got.Content[0].Text)
		}
	}
	if strings.Contains(got.Content[0].Text, "top_customers") || len(got.Content) != 2 {
		t.Fatalf("what an earlier run left is named: %+v", got.Content)
	}
	link := got.Content[1]
	if read := d.read(analyst, link.URI); link.Type != "resource_link" || !strings.HasPrefix(read.Text, "region,") || read.MIMEType != link.MIMEType || strings.Count(read.Text, "\n") != 6 {
		t.Errorf("got %+v, read as %+v", link, read)
	}
	before := counter.lists
	again := d.callLinked("", "get_run", args{"run_id": got.Meta["ai.sema4/run"].RunID})
	if counter.lists != before {
		t.Errorf("looking again cost %d lists", counter.lists-before)
	}
	if !strings.Contains(again.Content[0].Text, `read_data_frame with agent "`+analyst+`", thread_id "`+thread+`"`) {
		t.Errorf("on the whole tenant's server: got %s", again.Content[0].Text)
	}
	before = counter.lists
	if echoed := d.callLinked(echo, echoTool, args{"message": "hi", "thread_identifier": "t-1"}); counter.lists != before || echoed.Content[0].Text != "hi" {
		t.Errorf("an answer alone cost %d lists: %+v", counter.lists-before, echoed)
	}
}

func TestAnAttachedFileCanBeRead(t *testing.T) {
	t.Parallel()
	d, _ := newCountingDesk(t, "- call: make => made\n- attach: größe_🚀.txt text/plain Hello\n- say: done\n")
	id := d.tenant.AgentID("Maker")
	got := d.callLinked(id, "message_maker_agent", args{"message": "go", "thread_identifier": "t-1", "files": []args{{"name": "sent.csv", "text": "n\n1\n"}}})
	run := got.Meta["ai.sema4/run"]
	if text := got.Content[0].Text; text != "done\n\nThe agent left, beside the text:\n- the file \"größe_🚀.txt\" (text/plain, 5 bytes)\nTo read one, call read_file with thread_id \""+run.ThreadID+"\" and file \"größe_🚀.txt\"." {
		t.Errorf("got %s", text)
	}
	if len(got.Content) != 2 || got.Content[1].Name != "größe_🚀.txt" || strings.ContainsAny(got.Content[1].URI, " 🚀ö") {
		t.Fatalf("got %+v", got.Content)
	}
	if read := d.read(id, got.Content[1].URI); read.Text != "Hello" || read.MIMEType != "text/plain" {
		t.Errorf("got %+v", read)
	}
	if read := d.call(id, "read_file", args{"thread_id": run.ThreadID, "file": "größe_🚀.txt"}); read.IsError || read.text() != "Hello" {
		t.Errorf("got %+v", read)
	}
	if whole := d.read(id, "sema4://runs/"+run.RunID); whole.Text != got.Content[0].Text {
		t.Errorf("the resource of the run: got %+v", whole)
	}
	if transcript := d.read(id, threadOf(id, run.ThreadID)); !strings.Contains(transcript.Text, "*called the tool make (finished)*\n\n*attached the file größe_🚀.txt (text/plain)*") {
		t.Errorf("got %s", transcript.Text)
	}
	d.fails(id, "read_file", args{"thread_id": run.ThreadID, "file": "other.txt"}, "There is no file “other.txt”")
	d.tenant.Fail("status=503,match=GET …/messages")
	d.fails(id, "read_file", args{"thread_id": run.ThreadID, "file": "größe_🚀.txt"}, "There is no file")
}

func TestAnAnswerDoesNotDependOnWhatWasLeft(t *testing.T) {
	t.Parallel()
	d, counter := newCountingDesk(t, "- call: make => made\n- say: done\n")
	id := d.tenant.AgentID("Maker")
	d.tenant.Fail("status=500,match=GET …/files")
	got := d.call(id, "message_maker_agent", args{"message": "go", "thread_identifier": "t-1"})
	if got.IsError || !strings.HasPrefix(got.text(), "done\n\nWhat else it may have left could not be listed in time: call list_files with thread_id") {
		t.Fatalf("got %+v", got)
	}
	d.tenant.Fail("")
	for range 2 {
		if again := d.call(id, "get_run", args{"run_id": got.Meta["ai.sema4/run"].RunID}); again.text() != "done" {
			t.Errorf("after the trouble has passed: got %+v", again)
		}
	}
	if counter.lists != 4 {
		t.Errorf("%d lists were asked for: two in trouble, two after, none again", counter.lists)
	}
}
