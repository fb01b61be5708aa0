package stdio

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/exchange"
)

// announcing starts a host whose server tells it something whenever that is
// made to happen; what came of it is told.
func announcing(t *testing.T, s *server.MCPServer) (h *host, happens chan<- struct{}, told <-chan error, ended <-chan struct{}) {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	h = &host{t: t, in: inW, out: bufio.NewReaderSize(outR, 8<<20), outR: outR, stop: stop, done: make(chan error, 1)}
	made, outcomes, over := make(chan struct{}), make(chan error, 10), make(chan struct{})
	changed := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
	changed.Method = mcp.MethodNotificationToolsListChanged
	announce := func(ctx context.Context, tell func(mcp.JSONRPCNotification) error) {
		defer close(over)
		for {
			select {
			case <-made:
				outcomes <- tell(changed)
			case <-ctx.Done():
				if tell(changed) == nil {
					t.Error("something was told after the end")
				}
				return
			}
		}
	}
	go func() {
		h.done <- Serve(ctx, inR, outW, func(context.Context, exchange.Message) *server.MCPServer { return s }, func() {}, zerolog.Nop(), Announcing(announce))
		outW.Close()
	}()
	t.Cleanup(func() {
		stop()
		inW.Close()
		outR.Close()
	})
	return h, made, outcomes, over
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

func TestALegacyHostIsToldOfChanges(t *testing.T) {
	h, happens, _, over := announcing(t, fixture(nil, nil))
	go func() { happens <- struct{}{} }() // waits until somebody is there to be told
	h.send(modern(toolCall("1", "steps")))
	for range 5 {
		h.expect("notifications/progress")
	}
	h.expect(`"id":1,`)
	h.send(strings.Replace(hello, `"capabilities":{},`, `"capabilities":7,`, 1))
	h.expect(`"id":0,`, `"error"`)
	h.send(ping("2"))
	h.expect(`"id":2,`) // and nothing before it
	h.send(hello)
	h.expect(`"id":0,`, `"result"`)
	h.expect(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
	h.send(hello) // again: it is told once all the same
	h.expect(`"id":0,`, `"result"`)
	happens <- struct{}{}
	h.expect(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
	h.send(ping("3"))
	h.expect(`"id":3,`)
	h.in.Close()
	<-over
	if err := <-h.done; err != nil {
		t.Error(err)
	}
}

func TestAHostThatReadsNothingIsToldNothingMore(t *testing.T) {
	h, happens, told, over := announcing(t, fixture(nil, nil))
	h.send(hello)
	h.expect(`"id":0,`)
	happens <- struct{}{} // which is never read
	h.in.Close()
	if err := <-h.done; err != nil {
		t.Error(err)
	}
	h.outR.Close()
	if err := <-told; err == nil {
		t.Error("it was told")
	}
	<-over
}

// subscribed is a server whose subscriptions go on for as long as they may.
func subscribed() *server.MCPServer {
	hooks := new(server.Hooks)
	hooks.AddOnRequestInitialization(func(ctx context.Context, _ any, _ any) error {
		x := exchange.FromContext(ctx)
		if x.Request().Method != string(mcp.MethodSubscriptionsListen) {
			return nil
		}
		if err := x.Notify(ctx, mcp.MethodNotificationSubscriptionsAcknowledged, mcp.NotificationParams{}); err != nil {
			return err
		}
		<-ctx.Done()
		x.Answer(map[string]any{"resultType": "complete"})
		return io.EOF
	})
	return server.NewMCPServer("fixture", "1", server.WithHooks(hooks))
}

// TestSubscriptionsDoNotHoldUpTheEnd: hosts kill what is still there after two
// seconds.
func TestSubscriptionsDoNotHoldUpTheEnd(t *testing.T) {
	for name, end := range map[string]func(*host){
		"end of input": func(h *host) { h.in.Close() },
		"told to stop": func(h *host) { h.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, subscribed())
			for _, id := range []string{"1", "2"} {
				h.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen"}`)
				h.expect("notifications/subscriptions/acknowledged")
			}
			h.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, ping("3"))
			h.expect(`"id":3,`)
			began := time.Now()
			end(h)
			h.expect(`"id":2,`, `"resultType":"complete"`)
			if err := <-h.done; err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > finishWithin {
				t.Errorf("took %v", took)
			}
		})
	}
}
