package stdio

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

// asking has a tool that asks its user which year.
func asking() *server.MCPServer {
	s := fixture(nil, nil)
	s.AddTool(mcp.NewTool("ask"), func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x := exchange.FromContext(ctx)
		if answer := server.ElicitationResponse(call.Params.InputResponses, "year"); answer != nil {
			return mcp.NewToolResultText(fmt.Sprint(answer.Action, " ", answer.Content)), nil
		}
		if !x.CanElicit() {
			return mcp.NewToolResultText("nobody to ask"), nil
		}
		if err := x.Progress(ctx, "asking"); err != nil {
			return nil, err
		}
		return server.NewInputRequestBuilder("").Elicit("year", mcp.ElicitationParams{Message: "Which year?", RequestedSchema: map[string]any{"type": "object"}}).ToolResult(), nil
	})
	return s
}

const elicits = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}}`

// question reads the progress and the question that follows it, and returns the
// question's id.
func (h *host) question() string {
	h.t.Helper()
	h.expect("asking")
	var question struct{ ID, Method string }
	if line := h.receive(); json.Unmarshal([]byte(line), &question) != nil || question.Method != "elicitation/create" {
		h.t.Fatalf("got %s, want the question", line)
	}
	return question.ID
}

func response(id, what string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,%s}`, id, what)
}

func TestALegacyHostIsAsked(t *testing.T) {
	h := start(t, asking())
	h.send(toolCall("1", "ask"))
	h.expect(`"id":1,`, "nobody to ask") // it has not said that it can be
	h.send(elicits)
	h.expect(`"id":0,`)
	h.send(modern(toolCall("2", "ask")))
	h.expect(`"id":2,`, "nobody to ask") // it says so in each request
	for what, want := range map[string]string{
		`"result":{"action":"accept","content":{"year":2024}}`: "accept map[year:2024]",
		`"result":{"action":"decline"}`:                        "decline",
		`"error":{"code":1,"message":"x"}`:                     "could not ask its user",
	} {
		h.send(toolCall("3", "ask"))
		id := h.question()
		h.send(response("3", what), response(id[1:], what), "["+ping("4")+","+response(id, what)+"]", response(id, `"result":{"action":"cancel"}`))
		first, second := h.receive(), h.receive() // in any order
		if got := first + second; !strings.Contains(got, `"id":3,`) || !strings.Contains(got, want) || !strings.Contains(got, `"id":4,`) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTheEndOfInputEndsAQuestion(t *testing.T) {
	h := start(t, asking())
	h.send(elicits)
	h.expect(`"id":0,`)
	h.send(toolCall("1", "ask"))
	h.question()
	h.in.Close()
	h.expect(`"id":1,`, exchange.ErrNoAnswer.Error())
	if err := <-h.done; err != nil {
		t.Error(err)
	}
}

func TestACancelledCallIsNotAskedOn(t *testing.T) {
	h := start(t, asking())
	h.send(elicits)
	h.expect(`"id":0,`)
	h.send(toolCall("1", "ask"))
	id := h.question()
	h.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, response(id, `"result":{"action":"decline"}`), ping("2"))
	h.expect(`"id":2,`)
}
