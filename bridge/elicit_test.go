package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// user is who a client from before 2026-07-28 puts its forms to.
type user func(ctx context.Context, question mcp.ElicitationParams) (*mcp.ElicitationResult, error)

func (u user) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return u(ctx, request.Params)
}

func accepts(content map[string]any) (*mcp.ElicitationResult, error) {
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionAccept, Content: content}}, nil
}

func says(reply string) (*mcp.ElicitationResult, error) {
	return accepts(map[string]any{"reply": reply})
}

// office is where calls of older clients are played.
type office struct {
	t      *testing.T
	tenant *testtenant.Tenant
	scope  scope
}

func newOffice(t *testing.T, agent localtenant.AgentSpec) office {
	t.Helper()
	tenant := testtenant.Start(t, agent)
	bridge := NewTenant(tenant.Client(), Config{Logger: zerolog.Nop(), Run: run.Config{Send: run.SendStream, Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}})
	t.Cleanup(bridge.Close)
	known, err := bridge.catalogue.agent(t.Context(), tenant.AgentID(agent.Name))
	if err != nil {
		t.Fatal(err)
	}
	return office{t, tenant, scope{tenant: bridge, agent: &known, replyTool: "message_asker_agent"}}
}

// play calls a tool, and returns its result and text.
func (o office) play(called tool, budget time.Duration, u user, arguments string) (*mcp.CallToolResult, string) {
	o.t.Helper()
	result := elicited(o.t.Context(), u, budget, called.rounds(json.RawMessage(arguments)))
	return result, result.Content[0].(mcp.TextContent).Text
}

// said is what users said in a thread.
func (o office) said(thread string) (said []string) {
	o.t.Helper()
	for _, message := range o.tenant.Conversation(o.scope.agent.ID, thread) {
		if message.Role == restclient.RoleUser {
			said = append(said, message.Text())
		}
	}
	return said
}

// workItem has the agent work on something and names it in arguments.
func (o office) workItem() string {
	o.t.Helper()
	item, err := o.tenant.Client().WorkItems.Create(o.t.Context(), restclient.WorkItemCreate{AgentID: o.scope.agent.ID, Messages: []restclient.Message{restclient.UserMessage("go")}})
	if err != nil {
		o.t.Fatal(err)
	}
	return fmt.Sprintf(`{"work_item_id":%q}`, item.ID)
}

var (
	asksBack       = testtenant.Scripted("Asker", "- ask: Which year?\n")
	asksBackAtWork = localtenant.AgentSpec{Name: "Asker", Architecture: "scripted", Mode: "worker", Runbook: "- ask: Which year?\n"}
)

// played is the result of a message to an agent that asks back whatever it is
// told, and what stands in its thread then.
func played(t *testing.T, budget time.Duration, u user) (result *mcp.CallToolResult, text string, thread []string) {
	t.Helper()
	o := newOffice(t, asksBack)
	result, text = o.play(o.scope.messageTool("message_asker_agent"), budget, u, `{"message":"go","thread_identifier":"t-1"}`)
	return result, text, o.said("t-1")
}

func TestUsersOfOlderClientsAreAskedDuringTheCall(t *testing.T) {
	t.Parallel()
	asked := 0
	result, text, thread := played(t, 20*time.Second, func(_ context.Context, question mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
		if asked++; !strings.Contains(question.Message, "Which year?") || question.Validate() != nil {
			t.Errorf("got %+v", question)
		}
		if asked == 3 {
			return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionDecline}}, nil
		}
		return says(fmt.Sprint(2024 + asked))
	})
	if result.IsError || !strings.Contains(text, "declined") || !strings.Contains(text, `thread_identifier "t-1"`) || fmt.Sprint(thread) != "[go 2025 2026]" {
		t.Errorf("got %q and the thread %q", text, thread)
	}
}

func TestUsersOfOlderClientsWhoDoNotAnswer(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]user{
		"never": func(ctx context.Context, _ mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"with an error": func(context.Context, mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
			return nil, errors.New("no dialogs today")
		},
		"with nothing": func(context.Context, mcp.ElicitationParams) (*mcp.ElicitationResult, error) { return nil, nil },
	} {
		result, text, thread := played(t, 700*time.Millisecond, u)
		if result.IsError || !strings.Contains(text, "no answer came") || !strings.Contains(text, "Which year?") || !strings.Contains(text, "message_asker_agent") || fmt.Sprint(thread) != "[go]" {
			t.Errorf("%s: got %q and the thread %q", name, text, thread)
		}
	}
}

func TestAnAnswerOfTheLastMomentIsSent(t *testing.T) {
	t.Parallel()
	asked := 0
	result, text, thread := played(t, 700*time.Millisecond, func(ctx context.Context, _ mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
		asked++
		<-ctx.Done()
		return says("2025")
	})
	if result.IsError || asked != 1 || !strings.Contains(text, "Answer by calling message_asker_agent") || fmt.Sprint(thread) != "[go 2025]" {
		t.Errorf("asked %d times: got %q and the thread %q", asked, text, thread)
	}
}

func TestNoUserIsAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	asked := 0
	_, text, thread := played(t, time.Minute, func(context.Context, mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
		asked++
		return says(fmt.Sprint(asked))
	})
	if asked != maxQuestions || len(thread) != maxQuestions+1 || !strings.Contains(text, "Answer by calling message_asker_agent") {
		t.Errorf("asked %d times: got %q and the thread %q", asked, text, thread)
	}
}

func TestOlderClientsGetTheirFormOfAChoice(t *testing.T) {
	t.Parallel()
	o := newOffice(t, asksBackAtWork)
	var schema []byte
	result, text := o.play(o.scope.getWorkItemTool(), 20*time.Second, func(_ context.Context, question mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
		schema, _ = json.Marshal(question.RequestedSchema)
		return accepts(map[string]any{"action": "complete"})
	}, o.workItem())
	if result.IsError || !strings.Contains(text, "The decision was taken (complete)") || !strings.Contains(text, "COMPLETED") ||
		!strings.Contains(string(schema), `"enum":["continue","restart","complete"],"enumNames":["Let the agent go on","Begin it anew","End it as done"]`) {
		t.Errorf("got %q, asked with %s", text, schema)
	}
}

// unreadable fails to read work items from the second reading after an action on.
type unreadable struct {
	http.RoundTripper
	readings int
}

func (u *unreadable) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/complete"):
		u.readings = 1
	case u.readings > 0 && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/work-items/"):
		if u.readings++; u.readings > 2 {
			return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
	}
	return u.RoundTripper.RoundTrip(r)
}

func TestADecisionThatWasTakenIsToldThoughTheWorkItemCannotBeRead(t *testing.T) {
	t.Parallel()
	o := newOffice(t, asksBackAtWork)
	client := o.tenant.Client(restclient.WithTransport(&unreadable{RoundTripper: o.tenant.Transport()}))
	o.scope.tenant = NewTenant(client, Config{Logger: zerolog.Nop()})
	t.Cleanup(o.scope.tenant.Close)
	result, text := o.play(o.scope.getWorkItemTool(), 20*time.Second, func(context.Context, mcp.ElicitationParams) (*mcp.ElicitationResult, error) {
		return accepts(map[string]any{"action": "complete"})
	}, o.workItem())
	if !result.IsError || !strings.Contains(text, "403") || !strings.Contains(text, "The decision was taken (complete)") {
		t.Errorf("got %q", text)
	}
}

func TestWhatStandsInTheWayOfAReply(t *testing.T) {
	t.Parallel()
	s := scope{replyTool: "ask_agent"}
	a := asked{Question: "Which year?", Thread: "t-1"}
	conflict := s.unsent(&run.KeyConflictError{Run: run.ID{AgentID: "a", ConversationID: "c"}}, a).Error()
	if !strings.Contains(conflict, "answered in other words already") || !strings.Contains(conflict, "was not sent") || !strings.Contains(conflict, "get_run with run_id \"run") {
		t.Errorf("got %s", conflict)
	}
	closing := s.unsent(run.ErrClosing, a).Error()
	if !strings.Contains(closing, "shutting down") || !strings.Contains(closing, `still asks: Which year? Answer by calling ask_agent with the reply as message and thread_identifier "t-1"`) {
		t.Errorf("got %s", closing)
	}
}

func TestQuestionsInTheWordsOfAForm(t *testing.T) {
	t.Parallel()
	wrote := func(text string) run.Report {
		return run.Report{Question: "Which year?", Messages: []restclient.Message{{Role: restclient.RoleAgent, Content: []restclient.Content{{Kind: restclient.KindText, Text: text}}}}}
	}
	long := wrote(strings.Repeat("many words\n", 1000))
	for name, test := range map[string]struct {
		report run.Report
		want   string
	}{
		"nothing written":    {run.Report{Question: "Which year?"}, "A asks: Which year?"},
		"the question alone": {wrote("Which year?"), "A asks: Which year?"},
		"words before":       {wrote("Two are possible. Which year?"), "Two are possible.\n\nA asks: Which year?"},
		"no question":        {run.Report{}, "A waits for a reply."},
	} {
		if got := questionText("A", test.report); got != test.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := questionText("A", long); len(got) > maxContext+100 || !strings.HasPrefix(got, "…\nmany words\n") {
		t.Errorf("got %d bytes: %.40q", len(got), got)
	}
}
