package mcpcore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// recorder keeps what a request was answered with.
type recorder struct{ answer string }

func (*recorder) Notify(mcp.JSONRPCNotification) error { return nil }

func (r *recorder) Reply(reply exchange.Reply) error {
	encoded, err := exchange.Encode(reply)
	r.answer = string(encoded)
	return err
}

func carried(t *testing.T, s *server.MCPServer, message string) string {
	t.Helper()
	batch, fault := exchange.Parse([]byte(message))
	if fault != nil {
		t.Fatal(fault)
	}
	var out recorder
	if err := exchange.Carry(t.Context(), s, batch.Messages[0], new(exchange.Peer), &out); err != nil {
		t.Fatal(err)
	}
	return out.answer
}

func TestToolsAreListedInTheirOrderWithoutTheUnfit(t *testing.T) {
	tools := []server.ServerTool{
		toolOf("c", plainSchema), toolOf("broken", brokenSchema), toolOf("b", plainSchema), toolOf("annotated", annotatedByFools),
		toolOf("a", plainSchema), toolOf("b", `{"type":"object","title":"second","properties":{}}`),
	}
	s := server.NewMCPServer("test", "1", server.WithToolCapabilities(false), server.WithToolFilter(InOrder(tools)))
	err := SetTools(s, tools...)
	for _, says := range []string{`"broken" is not offered`, `"annotated" is not offered`, `"b" is not offered: another tool has this name`} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want it to say %q", err, says)
		}
	}
	list := carried(t, s, request("tools/list", "{}"))
	c, b, a := strings.Index(list, `"name":"c"`), strings.Index(list, `"name":"b"`), strings.Index(list, `"name":"a"`)
	if c < 0 || c > b || b > a || strings.Count(list, `"name"`) != 3 || strings.Contains(list, "second") {
		t.Errorf("got %s", list)
	}
	for _, name := range []string{"a", "b", "c"} {
		if answer := carried(t, s, request("tools/call", fmt.Sprintf(`{"name":%q}`, name))); !strings.Contains(answer, "called") {
			t.Errorf("%s: got %s", name, answer)
		}
	}
	if err := SetTools(s, tools[0]); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestRequestsAreAnsweredBeforeMCPGoLooksAtThem(t *testing.T) {
	hooks := new(server.Hooks)
	OnRequest(hooks, func(_ context.Context, x *exchange.Exchange) bool {
		if x.Request().Method != "own/method" {
			return false
		}
		x.Answer(map[string]int{"n": 1})
		return true
	})
	s := server.NewMCPServer("test", "1", server.WithHooks(hooks))
	if got, want := carried(t, s, `{"jsonrpc":"2.0","id":"x","method":"own/method"}`), `{"jsonrpc":"2.0","id":"x","result":{"n":1}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := carried(t, s, request("ping", "{}")), `{"jsonrpc":"2.0","id":1,"result":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := answerOf(t, s, request("ping", "{}")); !strings.Contains(got, `"result"`) {
		t.Errorf("outside of an exchange: got %s", got)
	}
}

func TestReadingsThatFailAreAnsweredInOurWords(t *testing.T) {
	gone := errors.New("gone")
	hooks := new(server.Hooks)
	OnUnread(hooks, func(_ context.Context, uri string, err error) *jsonrpc2.Error {
		return &jsonrpc2.Error{Code: -7, Message: fmt.Sprintf("%s %t %t", uri, errors.Is(err, gone), errors.Is(err, server.ErrResourceNotFound))}
	})
	s := server.NewMCPServer("test", "1", server.WithHooks(hooks), server.WithResourceCapabilities(false, false))
	s.AddResourceTemplate(mcp.NewResourceTemplate("test://{id}", "test"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, gone
	})
	for params, want := range map[string]string{
		`{"uri":"test://1"}`:  `{"code":-7,"message":"test://1 true false","data":{"uri":"test://1"}}`,
		`{"uri":"other://1"}`: `{"code":-7,"message":"other://1 false true","data":{"uri":"other://1"}}`,
		`{"uri":7}`:           `"code":-32600`,
	} {
		if got := carried(t, s, request("resources/read", params)); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	if got := carried(t, s, request("resources/subscribe", `{"uri":"test://1"}`)); strings.Contains(got, "-7") {
		t.Errorf("what is no reading: got %s", got)
	}
	if got := answerOf(t, s, request("resources/read", `{"uri":"test://1"}`)); !strings.Contains(got, "-32603") {
		t.Errorf("outside of an exchange: got %s", got)
	}
}

// TestPanicsAreAnswered wherever the code of ours is that panics.
func TestPanicsAreAnswered(t *testing.T) {
	s := booming()
	for method, params := range map[string]string{
		"tools/call": `{"name":"boom"}`, "resources/read": `{"uri":"boom://now"}`, "prompts/get": `{"name":"boom"}`,
		"completion/complete": `{"ref":{"type":"ref/prompt","name":"boom"},"argument":{"name":"a","value":""}}`,
	} {
		if got := carried(t, s, request(method, params)); !strings.Contains(got, `"code":-32603`) || !strings.Contains(got, method+" failed unexpectedly") {
			t.Errorf("%s: got %s", method, got)
		}
	}
	hooks := new(server.Hooks)
	OnRequest(hooks, func(context.Context, *exchange.Exchange) bool { panic("boom") })
	if got := carried(t, server.NewMCPServer("test", "1", server.WithHooks(hooks)), request("ping", "{}")); !strings.Contains(got, "ping failed unexpectedly") {
		t.Errorf("a hook: got %s", got)
	}
}
