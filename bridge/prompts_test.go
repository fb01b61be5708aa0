package bridge_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
)

// listedPrompt is a prompt as hosts see it.
type listedPrompt struct {
	Name, Title, Description string
	Arguments                []struct {
		Name, Description string
		Required          bool
	}
}

// prompts are all that prompts/list shows, page by page.
func (d *desk) prompts(agentID string) (prompts []listedPrompt) {
	d.t.Helper()
	params := args{}
	for pages := 0; pages < 20; pages++ {
		reply := d.ask(agentID, "2026-07-28", "prompts/list", params)
		var page struct {
			Prompts []listedPrompt
			Next    *string `json:"nextCursor"`
			TTL     *int    `json:"ttlMs"`
			Scope   string  `json:"cacheScope"`
		}
		if reply.Error != nil || json.Unmarshal(reply.Result, &page) != nil || page.Prompts == nil || page.TTL == nil || page.Scope != "private" || len(page.Prompts) > 100 {
			d.t.Fatalf("got %s, %v", reply.Result, reply.Error)
		}
		prompts = append(prompts, page.Prompts...)
		if page.Next == nil {
			return prompts
		}
		params = args{"cursor": *page.Next}
	}
	d.t.Fatal("the list does not end")
	return nil
}

func promptNames(prompts []listedPrompt) []string {
	names := make([]string, len(prompts))
	for i, each := range prompts {
		names[i] = each.Name
	}
	return names
}

// written is what a prompt writes.
type written struct {
	Messages []struct {
		Role    string
		Content struct{ Type, Text, URI, Name string }
	}
}

func (d *desk) write(agentID, version, prompt string, arguments args) written {
	d.t.Helper()
	reply := d.ask(agentID, version, "prompts/get", args{"name": prompt, "arguments": arguments})
	var got written
	if reply.Error != nil || json.Unmarshal(reply.Result, &got) != nil || len(got.Messages) == 0 || got.Messages[0].Role != "user" || got.Messages[0].Content.Type != "text" {
		d.t.Fatalf("%s: got %s, %v", prompt, reply.Result, reply.Error)
	}
	return got
}

func (w written) says(parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(w.Messages[0].Content.Text, part) })
}

func TestPromptsOfAnAgentAndOfAll(t *testing.T) {
	d := newDesk(t, nil)
	own := d.prompts(echo)
	if got := promptNames(own); !slices.Equal(got, []string{"ask_echo_agent", "continue_echo_agent_thread"}) {
		t.Errorf("got %q", got)
	}
	all := d.prompts("")
	want := []string{"ask_agent", "continue_thread", "ask_sales_analyst_agent", "ask_storyteller_agent", "ask_echo_agent", "ask_agente_unicode_agent", "ask_invoice_clerk_agent"}
	if got := promptNames(all); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, each := range append(own, all...) {
		if each.Title == "" || each.Description == "" || len(each.Arguments) == 0 {
			t.Errorf("got %+v", each)
		}
	}
	if got := promptNames(newDeskOf(t, d.tenant, func(c *bridge.Config) { c.Agents = []string{"Echo"} }).prompts("")); !slices.Equal(got, []string{"ask_agent", "continue_thread", "ask_echo_agent"}) {
		t.Errorf("got %q", got)
	}
	reading := newDeskOf(t, d.tenant, func(c *bridge.Config) { c.ReadOnly = true })
	if got := append(reading.prompts(""), reading.prompts(echo)...); len(got) > 0 {
		t.Errorf("a server that only reads has the prompts %q", promptNames(got))
	}
}

func TestManyAgentsHaveNoPromptOfTheirOwnUnlessTheirToolsAreListed(t *testing.T) {
	specs := []localtenant.AgentSpec{{Name: "Agent"}}
	for i := range 150 {
		specs = append(specs, localtenant.AgentSpec{Name: fmt.Sprintf("Number %d", i)})
	}
	d := newDesk(t, nil, specs...)
	if got := promptNames(d.prompts("")); !slices.Equal(got, []string{"ask_agent", "continue_thread"}) {
		t.Errorf("got %q", got)
	}
	always := newDeskOf(t, d.tenant, func(c *bridge.Config) { c.AgentTools = bridge.AgentToolsAlways })
	names := promptNames(always.prompts(""))
	if len(names) != 2+5+151 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("got %d prompts: %q", len(names), names)
	}
	called := slices.IndexFunc(names, regexp.MustCompile(`^ask_agent_[0-9a-f]{6}$`).MatchString)
	if called < 0 {
		t.Fatalf("an agent called Agent has no prompt in %q", names)
	}
	if got := always.write("", "2025-11-25", names[called], args{"question": "Hello?"}); !got.says("the tool message_agent with thread_identifier", "Hello?") {
		t.Errorf("got %+v", got)
	}
}

func TestAPromptWritesWhichToolToCall(t *testing.T) {
	d := newDesk(t, nil)
	question := "What were “total” sales — in größe? 🚀"
	got := d.write(analyst, "2025-06-18", "ask_sales_analyst_agent", args{"question": question})
	if !got.says("the tool message_sales_analyst_agent with thread_identifier \"what-were-total-sales-", question, "“Sales Analyst”", "do not send the message again") || len(got.Messages) != 1 {
		t.Errorf("got %+v", got)
	}
	if again := d.write(analyst, "2025-06-18", "ask_sales_analyst_agent", args{"question": question}); again.Messages[0].Content.Text == got.Messages[0].Content.Text {
		t.Errorf("two questions share a thread: %+v", got)
	}
	if got := d.write("", "2025-06-18", "ask_agent", args{"agent": "echo", "question": "Hi", "thread": " my topic "}); !got.says(`the tool ask_agent with agent "` + echo + `", thread_identifier "my topic"`) {
		t.Errorf("got %+v", got)
	}
	if got := d.write("", "2025-06-18", "ask_echo_agent", args{"question": "??"}); !got.says("the tool message_echo_agent with thread_identifier \"") {
		t.Errorf("got %+v", got)
	}
	thread := d.begin(echo, echoTool, "hello")
	if got := d.write("", "2025-06-18", "ask_echo_agent", args{"question": "Hi", "thread": thread}); !got.says(`thread_identifier "t-1"`) {
		t.Errorf("got %+v, want the name of the thread", got)
	}
}

func TestAPromptGoesOnWithAThread(t *testing.T) {
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "hello")
	for version, links := range map[string]int{"2024-11-05": 0, "2025-03-26": 0, "2025-06-18": 1, "2025-11-25": 1, "2026-07-28": 1} {
		for _, named := range []string{"t-1", thread} {
			got := d.write(echo, version, "continue_echo_agent_thread", args{"thread": named})
			if !got.says(`get_echo_agent_thread_messages with thread_id "`+thread+`"`, `message_echo_agent with thread_identifier "t-1"`, "“t-1”") || len(got.Messages) != 1+links {
				t.Errorf("version %s: got %+v", version, got)
			}
			if links > 0 && (got.Messages[1].Content.Type != "resource_link" || got.Messages[1].Content.URI != threadOf(echo, thread)) {
				t.Errorf("version %s: got %+v", version, got)
			}
		}
	}
	got := d.write("", "2025-11-25", "continue_thread", args{"agent": "Echo", "thread": "t-1", "question": "And now?"})
	if !got.says(`get_thread_messages with agent "`+echo+`", thread_id "`+thread+`"`, `ask_agent with agent "`+echo+`", thread_identifier "t-1"`, "And now?") {
		t.Errorf("got %+v", got)
	}
}

func TestPromptsThatCannotBeWritten(t *testing.T) {
	d := newDesk(t, nil)
	d.begin(echo, echoTool, "hello")
	for _, test := range []struct {
		server, prompt string
		arguments      any
		says           string
	}{
		{"", "nonsense", args{}, "no such prompt"},
		{"", "ask_agent", args{"agent": "Echo"}, "question is missing"},
		{"", "ask_agent", args{"agent": "Echo", "question": "  "}, "question is missing"},
		{"", "ask_agent", args{"agent": "Nobody", "question": "x"}, "There is no agent “Nobody”"},
		{"", "ask_agent", args{"agent": "Echo", "question": "x", "topic": "y"}, `no argument "topic"`},
		{"", "ask_agent", args{"agent": "Echo", "question": 7}, "cannot be read"},
		{"", "ask_agent", []string{"Echo"}, "object of strings"},
		{"", "ask_agent", args{"agent": "Echo", "question": "x", "thread": nowhere}, "There is no thread “" + nowhere},
		{"", "continue_thread", args{"agent": "Nobody", "thread": "t-9"}, "There is no agent “Nobody”"},
		{"", "continue_thread", args{"agent": "Echo", "thread": "t-9"}, "There are: “t-1”"},
		{echo, "continue_echo_agent_thread", nil, "thread is missing"},
		{echo, "ask_storyteller_agent", args{"question": "x"}, "no such prompt"},
	} {
		for _, version := range []string{"2025-03-26", "2026-07-28"} {
			got := d.ask(test.server, version, "prompts/get", args{"name": test.prompt, "arguments": test.arguments})
			if got.Error == nil || got.Error.Code != -32602 || !strings.Contains(got.Error.Message, test.says) {
				t.Errorf("%s %v in %s: got %s, %+v", test.prompt, test.arguments, version, got.Result, got.Error)
			}
		}
	}
	d.tenant.Fail("status=503,match=GET …/conversations")
	if got := d.ask(echo, "2025-11-25", "prompts/get", args{"name": "continue_echo_agent_thread", "arguments": args{"thread": "t-1"}}); got.Error == nil || got.Error.Code != -32603 || !strings.Contains(got.Error.Message, "in a moment") {
		t.Errorf("got %s, %+v", got.Result, got.Error)
	}
}

func TestAThreadWithoutANameCannotBeGoneOnWith(t *testing.T) {
	d := standIn(t, func(path string) string {
		if strings.HasSuffix(path, "/conversations") {
			return `[{"id":"c1","name":" ","agent_id":"a1"}]`
		}
		return `{"id":"a1","name":"Old"}`
	})
	got := d.ask("a1", "2025-11-25", "prompts/get", args{"name": "continue_old_agent_thread", "arguments": args{"thread": "c1"}})
	if got.Error == nil || got.Error.Code != -32602 || !strings.Contains(got.Error.Message, "has no name") {
		t.Errorf("got %s, %+v", got.Result, got.Error)
	}
}
