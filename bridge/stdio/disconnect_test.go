package stdio_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/bridge/stdio"
	"sema4mcp/internal/testtenant"
)

// TestWhatBecomesOfACancelledCall has a host cancel the call of an agent at
// work, and look later what the agent did.
func TestWhatBecomesOfACancelledCall(t *testing.T) {
	for setting, want := range map[bridge.OnDisconnect]string{bridge.DisconnectKeep: "first and last", bridge.DisconnectCancel: "The run was cancelled"} {
		t.Run(string(setting), func(t *testing.T) {
			tenant := testtenant.Start(t, testtenant.Scripted("Slow", "- say: first\n- wait: 1s\n- say: \" and last\"\n"))
			agents := bridge.NewTenant(tenant.Client(), bridge.Config{OnDisconnect: setting, Logger: zerolog.Nop(), Run: run.Config{PollFirst: 10 * time.Millisecond}})
			defer agents.Close()
			in, hostOut := io.Pipe()
			hostIn, out := io.Pipe()
			done := make(chan error, 1)
			go func() {
				done <- stdio.Serve(t.Context(), in, out, func(ctx context.Context, _ exchange.Message) *server.MCPServer {
					found, err := agents.AgentServer(ctx, tenant.AgentID("Slow"))
					if err != nil {
						t.Error(err)
					}
					return found
				}, agents.Close, zerolog.Nop())
				out.Close()
			}()
			send := func(line string) {
				if _, err := io.WriteString(hostOut, line+"\n"); err != nil {
					t.Error(err)
				}
			}
			lines := bufio.NewReader(hostIn)
			until := func(part string) string {
				t.Helper()
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						t.Fatalf("no line holds %s: %v", part, err)
					}
					if strings.Contains(line, part) {
						return line
					}
				}
			}
			call := func(id int, tool, arguments string) string {
				return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{%s},"_meta":{"progressToken":%d}}}`, id, tool, arguments, id)
			}
			send(call(1, "message_slow_agent", `"message":"go","thread_identifier":"t"`))
			until("writes the answer")
			send(call(2, "message_slow_agent", `"message":"go","thread_identifier":"t","wait_seconds":0`))
			_, rest, _ := strings.Cut(until(`"id":2,`), `"run_id":"`)
			runID, _, _ := strings.Cut(rest, `"`)
			send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
			answer := `"state":"working"`
			for id := 3; strings.Contains(answer, `"state":"working"`); id++ { // without waiting, which would keep the agent at work
				send(call(id, "get_run", fmt.Sprintf(`"run_id":%q,"wait_seconds":0`, runID)))
				answer = until(fmt.Sprintf(`"id":%d,`, id))
			}
			if !strings.Contains(answer, want) {
				t.Errorf("got %s, want %s", answer, want)
			}
			hostOut.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
