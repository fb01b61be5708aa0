package mcpcore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// faults of mcp-go alone, and what is here because of each. A fault that is gone
// makes its test fail, so that what was done about it goes, too.
var faults = map[string]struct {
	remove  string
	present func(*testing.T) bool
}{
	"tools are listed by name, not in their order": {"mcpcore.InOrder", sortsTools},
	"a foreign header annotation panics":           {"the check of annotations in mcpcore.SetTools", panicsOverHeaders},
	"one unreadable schema empties the list":       {"the encoding of each tool in mcpcore.SetTools", losesTheList},
	"the last of two tools of one name is offered": {"the check of names in mcpcore.SetTools", replacesTools},
	"a failed reading is an internal error":        {"mcpcore.OnUnread, for handlers", misnamesReadings},
	"a failed reading does not say of what":        {"the data that mcpcore.OnUnread adds", hidesURIs},
	"the methods of the tasks extension are unknown": {
		"mcpcore.OnRequest, and the methods that package bridge answers by it", knowsNoTasks},
	"a subscription without changes ends at once":      {"the refusal of subscriptions/listen that package bridge gives by mcpcore.OnRequest", endsSubscriptions},
	"ids pass through floating point":                  {"the plain id of exchange.Message.forServer", roundsIDs},
	"a session can cancel the call of another":         {"the session of its own that exchange.Carry gives each request", cancelsOthers},
	"notifications are dropped where there is no room": {"exchange.Exchange.Notify, for SendNotificationToClient", dropsNotifications},
	"a response with an error is answered":             {"the classifying of responses in exchange.Parse", answersResponses},
	"an array is no message":                           {"the arrays of exchange.Parse", knowsNoArrays},
	"a panic of a tool reaches the transport":          {"the recover of exchange.Exchange.handle, for tools", panics("tools/call", `{"name":"boom"}`)},
	"a panic of a resource reaches the transport":      {"the recover of exchange.Exchange.handle, for resources", panics("resources/read", `{"uri":"boom://now"}`)},
	"a panic of a prompt reaches the transport":        {"the recover of exchange.Exchange.handle, for prompts", panics("prompts/get", `{"name":"boom"}`)},
	"a panic of a completion reaches the transport": {"the recover of exchange.Exchange.handle, for completions",
		panics("completion/complete", `{"ref":{"type":"ref/prompt","name":"boom"},"argument":{"name":"a","value":""}}`)},
	"only the last set of hooks counts": {"the one server.Hooks that package bridge passes around", forgetsHooks},
}

func TestMCPGoStillNeedsMending(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			if !fault.present(t) {
				t.Errorf("mcp-go no longer has this fault; remove what stands for it: %s", fault.remove)
			}
		})
	}
}

// answerOf has mcp-go answer a message by itself.
func answerOf(t *testing.T, s *server.MCPServer, message string) string {
	t.Helper()
	encoded, err := json.Marshal(s.HandleMessage(t.Context(), json.RawMessage(message)))
	if err != nil {
		return ""
	}
	return string(encoded)
}

func request(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
}

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

func toolOf(name, schema string) server.ServerTool {
	return server.ServerTool{Tool: mcp.NewToolWithRawSchema(name, name, json.RawMessage(schema)), Handler: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("called"), nil
	}}
}

// The schemas that a foreign tool could have.
const (
	plainSchema      = `{"type":"object","properties":{}}`
	brokenSchema     = `{"type":`
	annotatedByFools = `{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"no header"}}}`
)

func plain() *server.MCPServer {
	return server.NewMCPServer("test", "1", server.WithToolCapabilities(false))
}

func sortsTools(t *testing.T) bool {
	s := plain()
	s.SetTools(toolOf("b", plainSchema), toolOf("a", plainSchema))
	list := answerOf(t, s, request("tools/list", "{}"))
	return strings.Index(list, `"name":"a"`) < strings.Index(list, `"name":"b"`)
}

func panicsOverHeaders(*testing.T) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	plain().SetTools(toolOf("a", annotatedByFools))
	return false
}

func losesTheList(t *testing.T) bool {
	s := plain()
	s.SetTools(toolOf("a", plainSchema), toolOf("b", brokenSchema))
	return !strings.Contains(answerOf(t, s, request("tools/list", "{}")), `"name":"a"`)
}

func replacesTools(t *testing.T) bool {
	s := plain()
	s.SetTools(toolOf("a", plainSchema), toolOf("a", `{"type":"object","title":"second","properties":{}}`))
	return strings.Contains(answerOf(t, s, request("tools/list", "{}")), "second")
}

// unreadable is a server whose resource is not there.
func unreadable() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithResourceCapabilities(false, false))
	s.AddResourceTemplate(mcp.NewResourceTemplate("test://{id}", "test"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, fmt.Errorf("it is gone: %w", server.ErrResourceNotFound)
	})
	return s
}

func misnamesReadings(t *testing.T) bool {
	return strings.Contains(answerOf(t, unreadable(), request("resources/read", `{"uri":"test://1"}`)), `"code":-32603`)
}

func hidesURIs(t *testing.T) bool {
	for _, uri := range []string{"test://1", "other://1"} {
		if !strings.Contains(answerOf(t, unreadable(), request("resources/read", fmt.Sprintf(`{"uri":%q}`, uri))), fmt.Sprintf(`"uri":%q`, uri)) {
			return true
		}
	}
	return false
}

func knowsNoTasks(t *testing.T) bool {
	s := server.NewMCPServer("test", "1", server.WithTaskCapabilities(true, true, true))
	return strings.Contains(answerOf(t, s, request("tasks/update", `{"taskId":"1",`+modernMeta+`}`)), `"code":-32601`)
}

func endsSubscriptions(t *testing.T) bool {
	session := &session{id: "a", notifications: make(chan mcp.JSONRPCNotification, 1)}
	s := plain()
	answer := s.HandleMessage(s.WithContext(t.Context(), session), json.RawMessage(request("subscriptions/listen", `{"notifications":{},`+modernMeta+`}`)))
	_, ended := answer.(mcp.JSONRPCResponse)
	return ended
}

func roundsIDs(t *testing.T) bool {
	for _, id := range []string{"9007199254740993", "1000000000000000000001"} {
		if !strings.Contains(answerOf(t, plain(), fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"ping"}`, id)), `"id":`+id+",") {
			return true
		}
	}
	return false
}

// session is mcp-go's, as another transport would have it.
type session struct {
	id            string
	notifications chan mcp.JSONRPCNotification
}

func (s *session) SessionID() string                                   { return s.id }
func (s *session) Initialize()                                         {}
func (s *session) Initialized() bool                                   { return true }
func (s *session) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.notifications }

// cancelsOthers: mcp-go's own transports have the id "" for every client that
// began no session.
func cancelsOthers(t *testing.T) (cancelled bool) {
	synctest.Test(t, func(t *testing.T) {
		s := plain()
		ended := false
		s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			<-ctx.Done()
			ended = true
			return mcp.NewToolResultText("given up"), nil
		})
		ctx, giveUp := context.WithCancel(t.Context())
		go s.HandleMessage(s.WithContext(ctx, &session{}), json.RawMessage(request("tools/call", `{"name":"wait"}`)))
		synctest.Wait()
		s.HandleMessage(s.WithContext(t.Context(), &session{}), json.RawMessage(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`))
		synctest.Wait()
		cancelled = ended
		giveUp()
	})
	return cancelled
}

func dropsNotifications(t *testing.T) bool {
	s := plain()
	full := &session{id: "a", notifications: make(chan mcp.JSONRPCNotification)}
	return s.SendNotificationToClient(s.WithContext(t.Context(), full), "notifications/message", nil) != nil
}

func answersResponses(t *testing.T) bool {
	return answerOf(t, plain(), `{"jsonrpc":"2.0","id":"unknown","error":{"code":-1,"message":"no"}}`) != "null"
}

func knowsNoArrays(t *testing.T) bool {
	return strings.Contains(answerOf(t, plain(), "["+request("ping", "{}")+"]"), `"code":-32700`)
}

type boom struct{}

func (boom) CompletePromptArgument(context.Context, string, mcp.CompleteArgument, mcp.CompleteContext) (*mcp.Completion, error) {
	panic("boom")
}

// booming is a server of which every handler panics.
func booming() *server.MCPServer {
	s := server.NewMCPServer("test", "1", server.WithCompletions(), server.WithPromptCompletionProvider(boom{}))
	s.AddTool(mcp.NewTool("boom"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("boom") })
	s.AddPrompt(mcp.NewPrompt("boom"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { panic("boom") })
	s.AddResourceTemplate(mcp.NewResourceTemplate("boom://{when}", "boom"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) { panic("boom") })
	return s
}

func panics(method, params string) func(*testing.T) bool {
	return func(t *testing.T) (panicked bool) {
		defer func() { panicked = recover() == "boom" }()
		t.Log(answerOf(t, booming(), request(method, params)))
		return false
	}
}

func forgetsHooks(t *testing.T) bool {
	called := false
	first, second := new(server.Hooks), new(server.Hooks)
	first.AddOnRequestInitialization(func(context.Context, any, any) error { called = true; return nil })
	answerOf(t, server.NewMCPServer("test", "1", server.WithHooks(first), server.WithHooks(second)), request("ping", "{}"))
	return !called
}
