package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recording is a Writer that remembers the order of what was written.
type recording struct {
	notifications []string
	replies       []Reply
	late          bool  // a notification came after a reply
	fail          error // of every Notify
}

func (r *recording) Notify(n mcp.JSONRPCNotification) error {
	r.late = r.late || len(r.replies) > 0
	encoded, err := Encode(n)
	r.notifications = append(r.notifications, string(encoded))
	return errors.Join(err, r.fail)
}

func (r *recording) Reply(reply Reply) error {
	r.replies = append(r.replies, reply)
	return nil
}

func serverWith(name string, handler server.ToolHandlerFunc) *server.MCPServer {
	s := server.NewMCPServer("test", "1")
	s.AddTool(mcp.NewTool(name), handler)
	return s
}

func callOf(t *testing.T, id, meta string) Message {
	t.Helper()
	batch, fault := Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"work","_meta":%s}}`, id, meta))
	if fault != nil {
		t.Fatal(fault)
	}
	return batch.Messages[0]
}

func TestEveryNotificationComesBeforeTheReply(t *testing.T) {
	const calls, each = 200, 5
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x := FromContext(ctx)
		var telling sync.WaitGroup
		for i := range each {
			telling.Go(func() {
				if err := x.Progress(ctx, fmt.Sprint("step ", i)); err != nil {
					t.Error(err)
				}
			})
		}
		telling.Wait()
		return mcp.NewToolResultText("done"), nil
	})
	for i := range calls {
		var got recording
		if err := Carry(t.Context(), work, callOf(t, fmt.Sprint(i), `{"progressToken":"token"}`), new(Peer), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.notifications) != each || len(got.replies) != 1 || got.late {
			t.Fatalf("call %d: got %d notifications and %d replies, late %t", i, len(got.notifications), len(got.replies), got.late)
		}
		for n, notification := range got.notifications {
			if !strings.Contains(notification, fmt.Sprintf(`"progress":%d`, n+1)) || !strings.Contains(notification, `"progressToken":"token"`) {
				t.Fatalf("notification %d is %s", n, notification)
			}
		}
	}
}

func TestProgressIsForThoseWhoAskedForIt(t *testing.T) {
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), FromContext(ctx).Progress(ctx, "step")
	})
	var got recording
	if err := Carry(t.Context(), work, callOf(t, "1", `{}`), new(Peer), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.notifications) != 0 || got.replies[0].Error != nil {
		t.Errorf("got notifications %v and reply %+v, want the reply alone", got.notifications, got.replies)
	}
	if (*Exchange)(nil).WantsProgress() {
		t.Error("outside of an exchange nobody wants progress")
	}
}

func TestProgressAfterTheReplyIsRefused(t *testing.T) {
	var x *Exchange
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x = FromContext(ctx)
		return mcp.NewToolResultText("done"), nil
	})
	if err := Carry(t.Context(), work, callOf(t, "1", `{"progressToken":1}`), new(Peer), &recording{}); err != nil {
		t.Fatal(err)
	}
	for range notificationBuffer + 1 { // what still fits the buffer is accepted and goes nowhere
		if err := x.Progress(t.Context(), "late"); errors.Is(err, ErrAnswered) {
			return
		}
	}
	t.Error("progress after the reply was never refused")
}

func TestIDsComeBackByteForByte(t *testing.T) {
	work := serverWith("work", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	for _, id := range []string{"0", "-1", "9007199254740993", "1000000000000000000000", `""`, `"x"`, `"<&>"`, `"\u00e9\/"`} {
		var got recording
		if err := Carry(t.Context(), work, callOf(t, id, "{}"), new(Peer), &got); err != nil {
			t.Fatal(err)
		}
		encoded, err := Encode(got.replies[0])
		if err != nil || !strings.Contains(string(encoded), `"id":`+id+`,`) {
			t.Errorf("id %s: got %s, %v", id, encoded, err)
		}
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	work := serverWith("work", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("secret detail") })
	var got recording
	if err := Carry(t.Context(), work, callOf(t, "1", "{}"), new(Peer), &got); err != nil {
		t.Fatal(err)
	}
	fault := got.replies[0].Error
	if fault == nil || fault.Code != jsonrpc2.CodeInternalError || strings.Contains(fault.Message, "secret") {
		t.Errorf("got %+v, want an internal error that keeps the detail to the log", fault)
	}
}

func TestResultsThatCannotBeWrittenAreInternalErrors(t *testing.T) {
	work := serverWith("work", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{StructuredContent: func() {}}, nil
	})
	var got recording
	if err := Carry(t.Context(), work, callOf(t, "1", "{}"), new(Peer), &got); err != nil {
		t.Fatal(err)
	}
	if fault := got.replies[0].Error; fault == nil || fault.Code != jsonrpc2.CodeInternalError {
		t.Errorf("got %+v, want an internal error", got.replies[0])
	}
	if reply := newReply(json.RawMessage("1"), nil); reply.Error == nil {
		t.Error("a request without an answer must not look answered")
	}
}

// TestHandlersAnswerByThemselves: tools, and hooks that run before mcp-go looks at
// the method.
func TestHandlersAnswerByThemselves(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*Exchange)
		want   string
	}{
		"a result":             {func(x *Exchange) { x.Answer(map[string]any{"resultType": "task"}) }, `{"jsonrpc":"2.0","id":"x","result":{"resultType":"task"}}`},
		"an error":             {func(x *Exchange) { x.Refuse(&jsonrpc2.Error{Code: -32021, Message: "no"}) }, `{"jsonrpc":"2.0","id":"x","error":{"code":-32021,"message":"no"}}`},
		"what is not JSON":     {func(x *Exchange) { x.Answer(func() {}) }, `"code":-32603`},
		"the last of several":  {func(x *Exchange) { x.Answer(1); x.Answer(2) }, `"result":2`},
		"by what it was asked": {func(x *Exchange) { x.Answer(x.Request().Method) }, `"result":"tools/call"`},
	} {
		tool := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			test.answer(FromContext(ctx))
			return mcp.NewToolResultText("not this"), nil
		})
		hooks := new(server.Hooks)
		hooks.AddOnRequestInitialization(func(ctx context.Context, _, _ any) error {
			test.answer(FromContext(ctx))
			return errors.New("not this")
		})
		for _, s := range []*server.MCPServer{tool, server.NewMCPServer("test", "1", server.WithHooks(hooks))} {
			var got recording
			if err := Carry(t.Context(), s, callOf(t, `"x"`, "{}"), new(Peer), &got); err != nil {
				t.Fatal(err)
			}
			if encoded, err := Encode(got.replies[0]); err != nil || !strings.Contains(string(encoded), test.want) {
				t.Errorf("%s: got %s, %v, want %s", name, encoded, err, test.want)
			}
		}
	}
}

func TestATransportNamesItsPeersVersion(t *testing.T) {
	var got string
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		got = server.RequestProtocolVersion(ctx)
		return mcp.NewToolResultText("done"), nil
	})
	if err := Carry(t.Context(), work, callOf(t, "1", "{}"), NewPeer("2025-03-26"), &recording{}); err != nil || got != "2025-03-26" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAFailedWriteEndsTheCall(t *testing.T) {
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		_ = FromContext(ctx).Progress(ctx, "step")
		<-ctx.Done()
		return mcp.NewToolResultText("given up"), nil
	})
	gone := errors.New("the client has gone")
	got := recording{fail: gone}
	if err := Carry(t.Context(), work, callOf(t, "1", `{"progressToken":1}`), new(Peer), &got); !errors.Is(err, gone) {
		t.Errorf("got %v, want the write's error", err)
	}
	if len(got.replies) != 0 {
		t.Error("something was written after a write had failed")
	}
}

func TestExchangesDoNotMeet(t *testing.T) {
	seen := make(chan string, 2)
	work := serverWith("work", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		seen <- FromContext(ctx).SessionID()
		return mcp.NewToolResultText("done"), nil
	})
	for range 2 {
		if err := Carry(t.Context(), work, callOf(t, "1", "{}"), new(Peer), &recording{}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := <-seen, <-seen; a == b {
		t.Errorf("two exchanges share the session %q: one could cancel the other", a)
	}
}

func TestPeerOutlivesItsExchanges(t *testing.T) {
	peer := new(Peer)
	s := server.NewMCPServer("test", "1", server.WithLogging())
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","clientInfo":{"name":"host","version":"1"},"capabilities":{"elicitation":{}}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"error"}}`,
	} {
		batch, _ := Parse([]byte(body))
		var got recording
		if err := Carry(t.Context(), s, batch.Messages[0], peer, &got); err != nil || got.replies[0].Error != nil {
			t.Fatalf("got %v, %+v", err, got.replies)
		}
	}
	later := &Exchange{peer: peer}
	if later.GetClientInfo().Name != "host" || later.GetClientCapabilities().Elicitation == nil || later.ProtocolVersion() != "2025-06-18" || later.GetLogLevel() != mcp.LoggingLevelError {
		t.Errorf("a later exchange knows %+v, %+v, %q, %q", later.GetClientInfo(), later.GetClientCapabilities(), later.ProtocolVersion(), later.GetLogLevel())
	}
	if fresh := (&Exchange{peer: new(Peer)}); fresh.GetLogLevel() != mcp.LoggingLevelInfo {
		t.Errorf("without a wish the log level is %q", fresh.GetLogLevel())
	}
}

func TestRepliesWithoutAnID(t *testing.T) {
	fault := &jsonrpc2.Error{Code: -32700, Message: "x"}
	for want, reply := range map[string]Reply{
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}`: {Error: fault},
		`{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}`:           {Error: fault, OmitID: true},
	} {
		if got, err := Encode(reply); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestAPanicInAPromptOrACompletionIsAnInternalError(t *testing.T) {
	s := server.NewMCPServer("test", "1", server.WithCompletions(), server.WithPromptCompletionProvider(panicking{}))
	s.AddPrompt(mcp.NewPrompt("work"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { panic("secret detail") })
	for _, request := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"work"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"work"},"argument":{"name":"a","value":""}}}`,
	} {
		batch, unread := Parse([]byte(request))
		if unread != nil {
			t.Fatal(unread)
		}
		var got recording
		if err := Carry(t.Context(), s, batch.Messages[0], new(Peer), &got); err != nil {
			t.Fatal(err)
		}
		fault := got.replies[0].Error
		if fault == nil || fault.Code != jsonrpc2.CodeInternalError || strings.Contains(fault.Message, "secret") {
			t.Errorf("%s: got %+v, want an internal error that keeps the detail to the log", request, fault)
		}
	}
}

type panicking struct{}

func (panicking) CompletePromptArgument(context.Context, string, mcp.CompleteArgument, mcp.CompleteContext) (*mcp.Completion, error) {
	panic("secret detail")
}
