package stdio_test

import (
	"bufio"
	"context"
	"encoding/json"
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

// session is a host that speaks over pipes with the server of a whole tenant.
type session struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func open(t *testing.T, tenant *testtenant.Tenant) *session {
	t.Helper()
	served := bridge.NewTenant(tenant.Client(), bridge.Config{Version: "test", Logger: zerolog.Nop(),
		Run: run.Config{Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}})
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	choose := func(ctx context.Context, _ exchange.Message) *server.MCPServer {
		chosen, err := served.Server(ctx)
		if err != nil {
			t.Error(err)
		}
		return chosen
	}
	ended := make(chan error, 1)
	go func() {
		ended <- stdio.Serve(context.Background(), inR, outW, choose, served.Close, zerolog.Nop())
		outW.Close()
	}()
	t.Cleanup(func() {
		inW.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		served.Close()
	})
	out := bufio.NewScanner(outR)
	out.Buffer(nil, 1<<20)
	return &session{t, inW, out}
}

// message is what the tests look at.
type message struct {
	ID     int
	Method string
	Params struct{ TaskID, Status string }
	Result struct {
		TaskID, Status string
		Task           struct{ TaskID, Status string }
		InputRequests  map[string]json.RawMessage
		Result         struct{ Content []struct{ Text string } }
		Content        []struct{ Text string }
	}
	Error *struct{ Code int }
	raw   string
}

func (s *session) send(id int, method, params string) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":{%s}}`+"\n", id, method, params); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) receive() message {
	s.t.Helper()
	if !s.out.Scan() {
		s.t.Fatalf("the bridge has ended: %v", s.out.Err())
	}
	m := message{raw: s.out.Text()}
	if err := json.Unmarshal(s.out.Bytes(), &m); err != nil {
		s.t.Fatalf("%v in %s", err, m.raw)
	}
	return m
}

func (s *session) ask(method, params string) message {
	s.t.Helper()
	s.send(1, method, params)
	return s.receive()
}

const meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

func call(tool, thread string) string {
	return fmt.Sprintf(`"name":%q,"arguments":{"message":"go","thread_identifier":%q,"wait_seconds":0}`, tool, thread)
}

func taskID(id string) string { return fmt.Sprintf(`"taskId":%q`, id) }

func (s *session) poll(id, want string) message {
	s.t.Helper()
	var got message
	for range 20 {
		if got = s.ask("tasks/get", taskID(id)+meta); got.Result.Status == want {
			return got
		}
	}
	s.t.Fatalf("the task never was %s: %s", want, got.raw)
	return got
}

// TestTasks has one process serve both protocols of tasks, as a host may probe
// with one and go on with the other, and another process answer for the task.
func TestTasks(t *testing.T) {
	tenant := testtenant.Start(t, testtenant.Scripted("Slow", "- say: first\n- wait: 500ms\n- say: \" and last\"\n"))
	s := open(t, tenant)
	modern := s.ask("tools/call", call("message_slow_agent", "modern")+meta)
	if modern.Result.Status != "working" || modern.Result.TaskID == "" {
		t.Fatalf("got %s", modern.raw)
	}
	if got := s.poll(modern.Result.TaskID, "completed"); got.Result.Result.Content[0].Text != "first and last" {
		t.Errorf("got %s", got.raw)
	}

	initialized := s.ask("initialize", `"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"host","version":"1"}`)
	listed := s.ask("tools/list", "")
	if !strings.Contains(initialized.raw, `"tasks":{`) || !strings.Contains(listed.raw, `"taskSupport":"optional"`) {
		t.Errorf("got %s and %s", initialized.raw, listed.raw)
	}
	legacy := s.ask("tools/call", call("message_slow_agent", "legacy")+`,"task":{}`)
	if legacy.Result.Task.Status != "working" {
		t.Fatalf("got %s", legacy.raw)
	}
	if got := s.ask("tasks/result", taskID(legacy.Result.Task.TaskID)); len(got.Result.Content) == 0 || got.Result.Content[0].Text != "first and last" {
		t.Errorf("got %s", got.raw)
	}

	other := open(t, tenant)
	for _, id := range []string{modern.Result.TaskID, legacy.Result.Task.TaskID} {
		if got := other.poll(id, "completed"); got.Result.Result.Content[0].Text != "first and last" {
			t.Errorf("got %s", got.raw)
		}
	}
	if got := other.ask("tasks/get", taskID("nonsense")); got.Error == nil || got.Error.Code != -32602 {
		t.Errorf("got %s", got.raw)
	}
}

func TestQuestionsOfTasks(t *testing.T) {
	s := open(t, testtenant.Start(t, testtenant.Scripted("Asker", "- ask: Which year?\n")))
	id := s.ask("tools/call", call("message_asker_agent", "t")+meta).Result.TaskID
	asked := s.poll(id, "input_required")
	for key := range asked.Result.InputRequests {
		if got := s.ask("tasks/update", taskID(id)+fmt.Sprintf(`,"inputResponses":{%q:{"action":"accept","content":{"reply":"2001"}}}`, key)+meta); got.Error != nil {
			t.Errorf("got %s", got.raw)
		}
		if again := s.poll(id, "input_required"); again.Result.InputRequests[key] != nil {
			t.Errorf("the question that was answered is still there: %s", again.raw)
		}
	}
	s.ask("tasks/cancel", taskID(id)+meta)
	s.poll(id, "cancelled")
}

// TestASubscriptionToTasks shares the line with other requests.
func TestASubscriptionToTasks(t *testing.T) {
	s := open(t, testtenant.Start(t, testtenant.Scripted("Slow", "- wait: 500ms\n- say: done\n")))
	id := s.ask("tools/call", call("message_slow_agent", "t")+meta).Result.TaskID
	s.send(7, "subscriptions/listen", fmt.Sprintf(`"notifications":{"taskIds":[%q]}`, id)+meta)
	var heard []string
	for got := s.receive(); got.ID != 7; got = s.receive() {
		if !strings.Contains(got.raw, `"io.modelcontextprotocol/subscriptionId":7`) {
			t.Errorf("got %s", got.raw)
		}
		heard = append(heard, got.Method+" "+got.Params.Status)
	}
	if want := "notifications/subscriptions/acknowledged , notifications/tasks working, notifications/tasks completed"; strings.Join(heard, ", ") != want {
		t.Errorf("heard %q, want %q", heard, want)
	}
}
