package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// clientQuestions are asked as mcp-go asks them, and told of with what came back.
var clientQuestions = map[string]func(context.Context, *server.MCPServer) string{
	"sampling/createMessage": func(ctx context.Context, s *server.MCPServer) string {
		answer, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{CreateMessageParams: mcp.CreateMessageParams{MaxTokens: 7,
			Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent("Which <year>?")}}}})
		if err != nil {
			return "failed: " + err.Error()
		}
		if blocks, several := answer.Content.([]mcp.Content); several {
			return fmt.Sprintf("%s says %d things", answer.Model, len(blocks))
		}
		return answer.Model + " says " + answer.Content.(mcp.TextContent).Text
	},
	"roots/list": func(ctx context.Context, s *server.MCPServer) string {
		answer, err := s.RequestRoots(ctx, mcp.ListRootsRequest{})
		if err != nil {
			return "failed: " + err.Error()
		}
		return fmt.Sprint(len(answer.Roots), " roots")
	},
}

// asksFor is a server whose tool asks the client for a method.
func asksFor(method string) *server.MCPServer {
	return serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(clientQuestions[method](ctx, server.ServerFromContext(ctx))), nil
	})
}

// everything is what a client can declare to answer.
func everything(t *testing.T) (declared mcp.ClientCapabilities) {
	t.Helper()
	if err := json.Unmarshal([]byte(`{"elicitation":{},"sampling":{},"roots":{}}`), &declared); err != nil {
		t.Fatal(err)
	}
	return declared
}

func TestAClientIsAskedForItsModelAndItsRoots(t *testing.T) {
	for _, test := range []struct{ method, answer, want string }{
		{"sampling/createMessage", `"result":{"role":"assistant","model":"m","content":{"type":"text","text":"2024"}}`, "m says 2024"},
		{"sampling/createMessage", `"result":{"role":"assistant","model":"m","content":[{"type":"text","text":"2024"},{"type":"text","text":"or 2025"}]}`, "m says 2 things"},
		{"sampling/createMessage", `"result":{"role":"assistant","model":"m"}`, "could not ask its model: its answer cannot be read"},
		{"sampling/createMessage", `"result":{"content":{"type":"thought"}}`, "could not ask its model: its answer cannot be read"},
		{"sampling/createMessage", `"result":7`, "could not ask its model: its answer cannot be read"},
		{"sampling/createMessage", `"error":{"code":-1,"message":"secret detail"}`, "could not ask its model: it answered with an error"},
		{"roots/list", `"result":{"roots":[{"uri":"file:///a"}]}`, "1 roots"},
		{"roots/list", `"result":{"roots":[]}`, "0 roots"},
		{"roots/list", `"result":{}`, "could not list its roots: its answer cannot be read"},
		{"roots/list", `"result":[]`, "could not list its roots: its answer cannot be read"},
	} {
		t.Run(test.method+" "+test.answer, func(t *testing.T) {
			peer, out := askingPeer(), &stream{asked: make(chan string)}
			peer.Declare(everything(t))
			done := make(chan error)
			go func() { done <- Carry(t.Context(), asksFor(test.method), callOf(t, "1", `{}`), peer, out) }()
			question := <-out.asked
			var request struct{ ID, Method string }
			if err := json.Unmarshal([]byte(question), &request); err != nil || request.Method != test.method {
				t.Fatalf("got %s, %v", question, err)
			}
			if test.method == "sampling/createMessage" && !strings.Contains(question, `"text":"Which <year>?"`) {
				t.Errorf("got %s, want the prompt in it", question)
			}
			respond(t, peer.Questions, `"`+request.ID+`"`, test.answer)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := string(out.replies[0].Result); !strings.Contains(got, test.want) || strings.Contains(got, "secret") {
				t.Errorf("got %s, want it to say %s", got, test.want)
			}
		})
	}
}

func TestNobodyIsAskedForWhatIsNotDeclared(t *testing.T) {
	none := mcp.ClientCapabilities{Elicitation: new(mcp.ElicitationCapability)}
	for name, test := range map[string]struct {
		declared mcp.ClientCapabilities
		out      Writer
		meta     string
	}{
		"declares neither": {none, new(stream), `{}`},
		"reads JSON":       {everything(t), new(recording), `{}`},
		"modern": {everything(t), new(stream),
			`{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{},"roots":{}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if _, err := FromContext(ctx).RequestSampling(ctx, mcp.CreateMessageRequest{}); !errors.Is(err, ErrSamplingNotSupported) {
					t.Errorf("sampling: got %v", err)
				}
				if _, err := FromContext(ctx).ListRoots(ctx, mcp.ListRootsRequest{}); !errors.Is(err, server.ErrRootsNotSupported) {
					t.Errorf("roots: got %v", err)
				}
				return mcp.NewToolResultText("done"), nil
			})
			peer := &Peer{Questions: new(Questions)}
			peer.Declare(test.declared)
			if err := Carry(t.Context(), work, callOf(t, "1", test.meta), peer, test.out); err != nil {
				t.Fatal(err)
			}
		})
	}
}
