package bridge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// completed is what may stand in a blank.
type completed struct {
	Values  []string
	Total   *int
	HasMore bool
}

func (d *desk) complete(agentID string, ref args, name, typed string, before args) completed {
	d.t.Helper()
	reply := d.ask(agentID, "2025-11-25", "completion/complete", args{"ref": ref, "argument": args{"name": name, "value": typed}, "context": args{"arguments": before}})
	var got struct{ Completion completed }
	if reply.Error != nil || json.Unmarshal(reply.Result, &got) != nil || got.Completion.Values == nil {
		d.t.Fatalf("%v %s: got %s, %v", ref, name, reply.Result, reply.Error)
	}
	return got.Completion
}

func ofPrompt(name string) args { return args{"type": "ref/prompt", "name": name} }

// ofTemplate is the template whose name that is.
func (d *desk) ofTemplate(name string) args {
	d.t.Helper()
	var listed struct {
		ResourceTemplates []struct{ Name, URITemplate string }
	}
	if err := json.Unmarshal(d.ask("", "2025-11-25", "resources/templates/list", args{}).Result, &listed); err != nil {
		d.t.Fatal(err)
	}
	for _, template := range listed.ResourceTemplates {
		if template.Name == name {
			return args{"type": "ref/resource", "uri": template.URITemplate}
		}
	}
	d.t.Fatalf("there is no template %s", name)
	return nil
}

func TestAgentsAreCompletedByNameIDAndTool(t *testing.T) {
	d := newDesk(t, nil)
	for typed, want := range map[string][]string{
		"":            {"Sales Analyst", "Storyteller", "Echo", "Agenté Ünïcode 🚀", "Invoice Clerk"},
		"s":           {"Sales Analyst", "Storyteller"},
		"ECHO":        {"Echo"},
		"clerk":       {"Invoice Clerk"},
		"agente_u":    {"Agenté Ünïcode 🚀"},
		"ünï":         {"Agenté Ünïcode 🚀"},
		echo:          {"Echo"},
		"no such one": {},
	} {
		for ref, name := range map[string]string{"prompt": "agent", "template": "agent_id"} {
			of := ofPrompt("ask_agent")
			if ref == "template" {
				of = d.ofTemplate("thread")
			}
			got := d.complete("", of, name, typed, nil)
			if !slices.Equal(got.Values, want) || got.HasMore || got.Total != nil && *got.Total != len(want) {
				t.Errorf("%s %q: got %+v, want %q", ref, typed, got, want)
			}
		}
	}
	if got := d.complete(echo, d.ofTemplate("agent"), "agent_id", "", nil); !slices.Equal(got.Values, []string{"Echo"}) {
		t.Errorf("an agent's own server suggests %q", got.Values)
	}
	some := newDeskOf(t, d.tenant, func(c *bridge.Config) { c.Agents, c.ReadOnly = []string{"Echo", "Storyteller"}, true })
	if got := some.complete("", some.ofTemplate("agent"), "agent_id", "", nil); !slices.Equal(got.Values, []string{"Storyteller", "Echo"}) {
		t.Errorf("got %q where --agents names two", got.Values)
	}
}

func TestAtMostAHundredValuesAreSuggested(t *testing.T) {
	specs := make([]localtenant.AgentSpec, 130)
	for i := range specs {
		specs[i] = localtenant.AgentSpec{Name: fmt.Sprintf("Number %d", i)}
	}
	d := newDesk(t, nil, specs...)
	got := d.complete("", ofPrompt("ask_agent"), "agent", "number", nil)
	if len(got.Values) != 100 || !got.HasMore || got.Total == nil || *got.Total != 130 {
		t.Errorf("got %d values, %v, %t", len(got.Values), got.Total, got.HasMore)
	}
	if got := d.complete("", ofPrompt("ask_agent"), "agent", "12", nil); got.Values[0] != "Number 12" || len(got.Values) != 12 {
		t.Errorf("got %+v", got)
	}
}

func TestThreadsAreCompleted(t *testing.T) {
	d := newDesk(t, nil)
	var older restclient.Conversation
	for i, name := range []string{"invoices-k3x9qa", "Quarterly invoices", "invoices-k3x9qa", "other"} {
		created, err := d.tenant.Client().Conversations.Create(t.Context(), echo, name)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			older = *created
		}
	}
	byName := []string{"invoices-k3x9qa", "Quarterly invoices"}
	for _, prompt := range []string{"ask_echo_agent", "continue_echo_agent_thread"} {
		if got := d.complete(echo, ofPrompt(prompt), "thread", "INV", nil); !slices.Equal(got.Values, byName) || got.Total == nil || *got.Total != 2 {
			t.Errorf("%s: got %+v", prompt, got)
		}
	}
	if got := d.complete("", ofPrompt("ask_echo_agent"), "thread", "inv", nil); !slices.Equal(got.Values, byName) {
		t.Errorf("got %+v", got)
	}
	for _, named := range []string{"Echo", echo, "echo_agent"} {
		if got := d.complete("", ofPrompt("continue_thread"), "thread", "oth", args{"agent": named}); !slices.Equal(got.Values, []string{"other"}) {
			t.Errorf("%s: got %+v", named, got)
		}
		if got := d.complete("", d.ofTemplate("thread"), "thread_id", "inv", args{"agent_id": named}); !slices.Equal(got.Values, append([]string{"invoices-k3x9qa", older.ID}, "Quarterly invoices")) {
			t.Errorf("%s: got %+v", named, got)
		}
	}
	d.begin(echo, echoTool, "hello")
	if got := d.complete(echo, ofPrompt("ask_echo_agent"), "thread", "t-", nil); !slices.Equal(got.Values, []string{"t-1"}) {
		t.Errorf("got %+v just after the thread was begun", got)
	}
	for _, before := range []args{nil, {"agent": ""}, {"agent": "Nobody"}, {"agent": teller}} {
		if got := d.complete("", ofPrompt("continue_thread"), "thread", "", before); len(got.Values) > 0 || got.HasMore {
			t.Errorf("%v: got %+v", before, got)
		}
	}
}

func TestFilesAndDataFramesAreCompleted(t *testing.T) {
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "hello")
	d.upload(echo, thread, "orders.csv", "n\n1\n")
	d.upload(echo, thread, "größe 🚀.txt", "x")
	for _, before := range []args{{"agent_id": "Echo", "thread_id": "t-1"}, {"agent_id": echo, "thread_id": thread}} {
		if got := d.complete("", d.ofTemplate("thread-file"), "name", "", before); len(got.Values) != 2 || !slices.Contains(got.Values, "größe 🚀.txt") {
			t.Errorf("%v: got %+v", before, got)
		}
		if got := d.complete(echo, d.ofTemplate("thread-data-frame"), "name", "ORD", before); len(got.Values) != 1 {
			t.Errorf("%v: got %+v", before, got)
		}
	}
	for _, before := range []args{nil, {"agent_id": "Echo"}, {"agent_id": "Echo", "thread_id": nowhere}, {"agent_id": "Echo", "thread_id": "t-9"}, {"thread_id": thread}} {
		if got := d.complete("", d.ofTemplate("thread-file"), "name", "", before); len(got.Values) > 0 {
			t.Errorf("%v: got %+v", before, got)
		}
	}
	if got := d.complete("", d.ofTemplate("thread-data-frame"), "format", "j", nil); !slices.Equal(got.Values, []string{"json"}) {
		t.Errorf("got %+v", got)
	}
	for template, variable := range map[string]string{"run": "run_id", "thread": "offset", "thread-file": "limit"} {
		if got := d.complete("", d.ofTemplate(template), variable, "", nil); len(got.Values) > 0 {
			t.Errorf("%s: got %+v", variable, got)
		}
	}
}

func TestCompletionsOfWhatIsNotThere(t *testing.T) {
	d := newDesk(t, nil)
	argument := args{"name": "agent", "value": ""}
	for _, test := range []struct {
		ref, argument any
		says          string
	}{
		{ofPrompt("nonsense"), argument, "no such prompt"},
		{ofPrompt("ask_agent"), args{"name": "colour", "value": ""}, "no argument “colour”"},
		{args{"type": "ref/resource", "uri": "file:///{path}"}, argument, "no such resource template"},
		{d.ofTemplate("run"), args{"name": "path", "value": ""}, "run_id"},
		{args{"type": "ref/tool", "name": "ask_agent"}, argument, "ref/prompt"},
		{"ask_agent", argument, "cannot be read"},
		{ofPrompt("ask_agent"), "agent", "cannot be read"},
		{nil, argument, "cannot be read"},
	} {
		for _, version := range []string{"2025-03-26", "2026-07-28"} {
			got := d.ask("", version, "completion/complete", args{"ref": test.ref, "argument": test.argument})
			if got.Error == nil || got.Error.Code != -32602 || !strings.Contains(got.Error.Message, test.says) {
				t.Errorf("%v %v in %s: got %s, %+v", test.ref, test.argument, version, got.Result, got.Error)
			}
		}
	}
	d.tenant.Fail("status=503,match=GET …/conversations")
	got := d.ask(echo, "2025-11-25", "completion/complete", args{"ref": ofPrompt("ask_echo_agent"), "argument": args{"name": "thread", "value": ""}})
	if got.Error == nil || got.Error.Code != -32603 {
		t.Errorf("got %s, %+v", got.Result, got.Error)
	}
}

func TestTypingDoesNotHammerTheTenant(t *testing.T) {
	tenant := testtenant.Start(t)
	var asked atomic.Int64
	client := tenant.Client(restclient.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/conversations") {
			asked.Add(1)
		}
		return tenant.Transport().RoundTrip(r)
	})))
	d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{CallBudget: 5 * time.Second})}
	t.Cleanup(d.bridge.Close)
	d.createThreads(echo, 1150)
	asked.Store(0)
	for _, typed := range []string{"", "t", "th", "thr", "thread 11", "thread 1149"} {
		got := d.complete(echo, ofPrompt("ask_echo_agent"), "thread", typed, nil)
		if len(got.Values) == 0 || !got.HasMore || got.Total != nil {
			t.Errorf("%q: got %+v: only the newest threads were looked at", typed, got)
		}
	}
	if asked.Load() > 6 {
		t.Errorf("the tenant was asked %d times for its threads", asked.Load())
	}
}

func TestAgentsThatShareANameAreCompletedByTheirIDs(t *testing.T) {
	d := standIn(t, func(string) string {
		return `[{"id":"a1","name":"Twin"},{"id":"a2","name":"Twin"},{"id":"a3","name":"Single"},{"id":"a4","name":""}]`
	})
	if got := d.complete("", ofPrompt("ask_agent"), "agent", "", nil); !slices.Equal(got.Values, []string{"a1", "a2", "Single", "a4"}) {
		t.Errorf("got %+v", got)
	}
	if got := d.complete("", ofPrompt("ask_agent"), "agent", "twin", nil); !slices.Equal(got.Values, []string{"a1", "a2"}) {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutTheListOfAgentsNothingIsMadeUp(t *testing.T) {
	d := newDesk(t, func(c *bridge.Config) { c.CatalogueTTL = time.Nanosecond })
	met := d.server("")
	thread, file := d.ofTemplate("thread"), d.ofTemplate("thread-file")
	d.tenant.Fail("status=503,match=GET /agents")
	for method, params := range map[string]args{
		"resources/list": {},
		"resources/read": {"uri": "sema4://agents/" + echo},
		"prompts/get":    {"name": "ask_agent", "arguments": args{"agent": "Echo", "question": "x"}},
	} {
		if got := d.askOf(met, "2025-11-25", method, params); got.Error == nil || got.Error.Code != -32603 || !strings.Contains(got.Error.Message, "in a moment") {
			t.Errorf("%s: got %s, %+v", method, got.Result, got.Error)
		}
	}
	complete := func(ref args, name string) {
		before := args{"arguments": args{"agent_id": "Echo", "thread_id": "t-1"}}
		got := d.askOf(met, "2025-11-25", "completion/complete", args{"ref": ref, "argument": args{"name": name, "value": ""}, "context": before})
		if got.Error == nil || got.Error.Code != -32603 {
			t.Errorf("%s: got %s, %+v", name, got.Result, got.Error)
		}
	}
	complete(thread, "agent_id")
	complete(thread, "thread_id")
	complete(file, "name")
	d.tenant.Fail("status=503,match=GET …/conversations")
	complete(file, "name")
}
