package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
)

// user is who a client from before 2026-07-28 puts its forms to.
type user func(ctx context.Context, question mcp.ElicitationParams) (*mcp.ElicitationResult, error)

func (u user) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return u(ctx, request.Params)
}

func says(reply string) (*mcp.ElicitationResult, error) {
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionAccept, Content: map[string]any{"reply": reply}}}, nil
}

// played is the result of a call to an agent that asks back whatever it is told,
// and what stands in its thread then.
func played(t *testing.T, budget time.Duration, u user) (result *mcp.CallToolResult, text string, thread []string) {
	t.Helper()
	tenant := testtenant.Start(t, testtenant.Scripted("Asker", "- ask: Which year?\n"))
	bridge := NewTenant(tenant.Client(), Config{Logger: zerolog.Nop(), Run: run.Config{Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}})
	t.Cleanup(bridge.Close)
	agent, err := bridge.catalogue.agent(t.Context(), tenant.AgentID("Asker"))
	if err != nil {
		t.Fatal(err)
	}
	asker := scope{tenant: bridge, agent: &agent, replyTool: "message_asker_agent"}.messageTool("message_asker_agent")
	result = elicited(t.Context(), u, budget, asker.rounds(json.RawMessage(`{"message":"go","thread_identifier":"t-1"}`)))
	for _, message := range tenant.Conversation(agent.ID, "t-1") {
		if message.Role == "user" {
			thread = append(thread, message.Text())
		}
	}
	return result, result.Content[0].(mcp.TextContent).Text, thread
}

func TestUsersOfOlderClientsAreAskedDuringTheCall(t *testing.T) {
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
