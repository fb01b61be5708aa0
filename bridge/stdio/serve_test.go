package stdio

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/exchange"
)

// fixture has a tool that tells five steps, one that waits until it may go on or
// is cancelled, and one that never returns by itself.
func fixture(release <-chan struct{}, cancelled chan<- struct{}) *server.MCPServer {
	s := server.NewMCPServer("fixture", "1")
	s.AddTool(mcp.NewTool("steps"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range 5 {
			if err := exchange.FromContext(ctx).Progress(ctx, fmt.Sprint("step ", i)); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("done"), nil
	})
	s.AddTool(mcp.NewTool("wait"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		select {
		case <-release:
			return mcp.NewToolResultText("released"), nil
		case <-ctx.Done():
			if cancelled != nil {
				cancelled <- struct{}{}
			}
			return mcp.NewToolResultText("cut short"), nil
		}
	})
	return s
}

// host is the other side of the pipe.
type host struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	outR *io.PipeReader
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, s *server.MCPServer) *host { return serve(t, s) }

func serve(t *testing.T, s *server.MCPServer, with ...Option) *host {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	h := &host{t: t, in: inW, out: bufio.NewReaderSize(outR, 8<<20), outR: outR, stop: stop, done: make(chan error, 1)}
	go func() {
		h.done <- Serve(ctx, inR, outW, func(context.Context, exchange.Message) *server.MCPServer { return s }, func() {}, zerolog.Nop(), with...)
		outW.Close()
	}()
	t.Cleanup(func() {
		stop()
		inW.Close()
		outR.Close()
	})
	return h
}

func (h *host) send(lines ...string) {
	h.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(h.in, line+"\n"); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *host) receive() string {
	h.t.Helper()
	line, err := h.out.ReadString('\n')
	if err != nil {
		h.t.Fatalf("got %q, %v", line, err)
	}
	if !json.Valid([]byte(line)) {
		h.t.Fatalf("not JSON: %q", line)
	}
	return strings.TrimSpace(line)
}

func (h *host) expect(parts ...string) {
	h.t.Helper()
	line := h.receive()
	for _, part := range parts {
		if !strings.Contains(line, part) {
			h.t.Errorf("got %s, want it to hold %s", line, part)
		}
	}
}

func toolCall(id, tool string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"_meta":{"progressToken":%s}}}`, id, tool, id)
}

func ping(id string) string { return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"ping"}`, id) }

func TestBadInputIsAnsweredAndTheConnectionLives(t *testing.T) {
	h := start(t, fixture(nil, nil))
	for in, want := range map[string][]string{
		"garbage":                               {`"id":null`, `-32700`},
		`{"jsonrpc":"2.0","id":1,"met`:          {`"id":null`, `-32700`},
		`{}`:                                    {`"id":null`, `-32600`},
		`[]`:                                    {`"id":null`, `-32600`},
		`[1]`:                                   {`[{`, `-32600`},
		strings.Repeat("[", 10_000):             {`-32600`, "nested"},
		strings.Repeat(" ", 5<<20) + "x":        {`-32600`, "longer than 4 MiB"},
		ping("null"):                            {`"id":null`, `-32600`},
		ping("1.5"):                             {`"id":null`, `-32600`},
		ping("1e400"):                           {`"id":null`, `-32600`},
		ping("-1"):                              {`"id":-1,`, `"result"`},
		ping("9007199254740993"):                {`"id":9007199254740993,`, `"result"`},
		ping("18446744073709551617"):            {`"id":18446744073709551617,`, `"result"`},
		ping(`""`):                              {`"id":"",`, `"result"`},
		`{"jsonrpc":"2.0","id":3,"method":"x"}`: {`"id":3,`, `-32601`},
		toolCall("4", "nothing"):                {`"id":4,`, `-32602`},
		`[` + ping("5") + `,7,` + ping("6") + `]`: {`[{`, `"id":5,`, `"id":6,`, `-32600`},
	} {
		h.send(in)
		h.expect(want...)
	}
	// None of these is owed an answer.
	h.send("", "   ", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","id":99,"result":{}}`,
		`{"jsonrpc":"2.0","id":1e99,"result":{}}`, `{"jsonrpc":"2.0","id":"never sent","error":{"code":1,"message":"x"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled"}`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}`,
		`[{"jsonrpc":"2.0","method":"notifications/initialized"}]`, `{"jsonrpc":"2.0","id":1,"error":null}`,
		`{"jsonrpc":"2.0","id":1,"result":{"x":1e999}}`, `{"jsonrpc":"2.0","result":{}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}`, `{"jsonrpc":"2.0","method":"x","params":{"_meta":5}}`)
	h.send("\ufeff" + ping("8") + "\r")
	h.expect(`"id":8,`)
}

// modern puts what 2026-07-28 asks of a request into its _meta.
func modern(call string) string {
	return strings.Replace(call, `"_meta":{`, `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},`, 1)
}

// TestNoNotificationIsLostOrLate makes 500 calls in each era, 8 at once.
func TestNoNotificationIsLostOrLate(t *testing.T) {
	const calls, atOnce, each = 1000, 8, 5
	h := start(t, fixture(nil, nil))
	room := make(chan struct{}, atOnce)
	go func() {
		for i := range calls {
			room <- struct{}{}
			line := toolCall(fmt.Sprint(i), "steps")
			if i%2 == 1 {
				line = modern(line)
			}
			if _, err := io.WriteString(h.in, line+"\n"); err != nil {
				return
			}
		}
	}()
	told := make(map[float64]int)
	for range calls * (each + 1) {
		var message struct {
			ID     *float64
			Params struct{ ProgressToken, Progress float64 }
		}
		if err := json.Unmarshal([]byte(h.receive()), &message); err != nil {
			t.Fatal(err)
		}
		if message.ID != nil {
			if told[*message.ID] != each {
				t.Fatalf("call %v: %d notifications before the result, want %d", *message.ID, told[*message.ID], each)
			}
			<-room
			continue
		}
		call := message.Params.ProgressToken
		if told[call]++; int(message.Params.Progress) != told[call] {
			t.Fatalf("call %v: progress %v comes as number %d", call, message.Params.Progress, told[call])
		}
	}
}

func TestAnswersOvertakeEachOther(t *testing.T) {
	release := make(chan struct{})
	h := start(t, fixture(release, nil))
	h.send(toolCall("1", "wait"), ping("2"))
	h.expect(`"id":2,`)
	close(release)
	h.expect(`"id":1,`, "released")
}

func TestCancelledCallsAreNotAnswered(t *testing.T) {
	cancelled := make(chan struct{}, 2)
	h := start(t, fixture(nil, cancelled))
	h.send(toolCall("1", "wait"), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-cancelled
	h.send(`[`+toolCall(`"a"`, "wait")+`,`+ping(`"b"`)+`]`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}`)
	<-cancelled
	if line := h.receive(); strings.Contains(line, `"a"`) || !strings.Contains(line, `[{"jsonrpc":"2.0","id":"b"`) {
		t.Errorf("got %s, want the answer to b alone", line)
	}
}

func TestCancellationsFindTheirCall(t *testing.T) {
	cancelled := make(chan struct{})
	h := start(t, fixture(nil, cancelled))
	for id, named := range map[string]string{
		`"a&b"`: `"a&b"`, `"<x>"`: `"<x>"`, `"\u00e9"`: `"é"`, `"a\/b"`: `"a/b"`, "-1": "-1", "100000000000000000000000": "100000000000000000000000",
	} {
		h.send(toolCall(id, "wait"), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"-1"}}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+named+`}}`)
		select {
		case <-cancelled:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s did not cancel %s", named, id)
		}
	}
	h.send(ping("7"))
	h.expect(`"id":7,`)
}

func TestAHostThatReadsNothingDoesNotKeepTheBridgeAlive(t *testing.T) {
	for name, end := range map[string]func(*host){
		"end of input": func(h *host) { h.in.Close() },
		"told to stop": func(h *host) { h.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, fixture(nil, nil))
			h.send("garbage") // its answer is never read
			end(h)
			select {
			case err := <-h.done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Error("the bridge does not end")
			}
		})
	}
}

func TestInitializeIsRememberedForTheConnection(t *testing.T) {
	s := fixture(nil, nil)
	s.AddTool(mcp.NewTool("who"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(exchange.FromContext(ctx).GetClientInfo().Name), nil
	})
	h := start(t, s)
	h.send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"cline","version":"4"}}}`)
	h.expect(`"id":0,`, `"protocolVersion":"2024-11-05"`)
	h.send(toolCall("1", "who"))
	h.expect("cline")
}

func TestAModernProbeThenInitialize(t *testing.T) {
	h := start(t, fixture(nil, nil))
	h.send(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	h.expect(`"id":1,`, `"supportedVersions"`, `"resultType":"complete"`)
	h.send(`{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"n","version":"1"}}}`)
	h.expect(`"id":2,`, `"protocolVersion":"2025-11-25"`)
}

func TestEndOfInputFinishesWhatIsInFlight(t *testing.T) {
	release := make(chan struct{})
	h := start(t, fixture(release, nil))
	h.send(toolCall("1", "wait"))
	if _, err := io.WriteString(h.in, ping("2")); err != nil { // no newline: still a message
		t.Fatal(err)
	}
	h.in.Close()
	h.expect(`"id":2,`)
	close(release)
	h.expect(`"id":1,`, "released")
	if err := <-h.done; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestWhatDoesNotFinishSaysHowFarItCame(t *testing.T) {
	for name, end := range map[string]func(*host){
		"end of input": func(h *host) { h.in.Close() },
		"told to stop": func(h *host) { h.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, fixture(nil, nil))
			h.send(toolCall("1", "wait"), ping("2"))
			h.expect(`"id":2,`)
			began := time.Now()
			end(h)
			h.expect(`"id":1,`, "cut short")
			if err := <-h.done; err != nil {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > finishWithin+reportWithin+200*time.Millisecond {
				t.Errorf("took %v; hosts kill after 2 s", took)
			}
		})
	}
}

// brokenPipe takes one line and then fails as a pipe without a reader does.
type brokenPipe struct {
	mu    sync.Mutex
	lines int
	err   error
}

func (b *brokenPipe) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lines++; b.lines > 1 {
		return 0, b.err
	}
	return len(p), nil
}

func TestAReaderThatHasGoneIsAQuietEnd(t *testing.T) {
	disk := errors.New("no space left")
	for want, cause := range map[error]error{nil: fmt.Errorf("write: %w", syscall.EPIPE), disk: disk} {
		inR, inW := io.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- Serve(t.Context(), inR, &brokenPipe{err: cause}, func(context.Context, exchange.Message) *server.MCPServer { return fixture(nil, nil) }, func() {}, zerolog.Nop())
		}()
		go io.WriteString(inW, ping("1")+"\n"+ping("2")+"\n")
		if err := <-done; !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", cause, err, want)
		}
		inW.Close()
	}
}

func TestAFailingInputIsAnError(t *testing.T) {
	bad := errors.New("input/output error")
	inR, inW := io.Pipe()
	inW.CloseWithError(bad)
	if err := Serve(t.Context(), inR, io.Discard, func(context.Context, exchange.Message) *server.MCPServer { return fixture(nil, nil) }, func() {}, zerolog.Nop()); !errors.Is(err, bad) {
		t.Errorf("got %v, want %v", err, bad)
	}
}
