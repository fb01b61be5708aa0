package mcpserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
)

// front is a server in front of a local tenant, and a client of it.
type front struct {
	t      testing.TB
	tenant *testtenant.Tenant
	server *mcpserver.Server
	http   *httptest.Server
	config mcpserver.Config
}

func newFront(t testing.TB, change func(*mcpserver.Config), agents ...localtenant.AgentSpec) *front {
	t.Helper()
	return frontOf(t, testtenant.Start(t, agents...), change)
}

// beside is another process over the same tenant.
func (f *front) beside(change func(*mcpserver.Config)) *front {
	f.t.Helper()
	return frontOf(f.t, f.tenant, change)
}

func frontOf(t testing.TB, tenant *testtenant.Tenant, change func(*mcpserver.Config)) *front {
	t.Helper()
	config := mcpserver.Config{
		BaseURL:   tenant.BaseURL(),
		Transport: tenant.Transport(),
		Bridge: bridge.Config{CallBudget: 5 * time.Second, Version: "test", Logger: zerolog.Nop(),
			Run: run.Config{Quiet: 400 * time.Millisecond, PollFirst: 20 * time.Millisecond}},
		Logger: zerolog.Nop(),
	}
	if change != nil {
		change(&config)
	}
	server, err := mcpserver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &front{t, tenant, server, serverOf(t, server), config}
}

// Paths of the endpoints that most tests use.
const (
	tenantPath  = "/tenants/local/api/v1/mcp/"
	analystPath = "/tenants/local/api/v1/agent-mcp/" + localtenant.SalesAnalystID + "/mcp/"
	echoPath    = "/tenants/local/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp/"
	storyPath   = "/tenants/local/api/v1/agent-mcp/" + localtenant.StorytellerID + "/mcp/"
)

func agentPath(id string) string { return "/api/v1/agent-mcp/" + id + "/mcp" }

const accepting = "application/json, text/event-stream"

func (f *front) request(ctx context.Context, path, body string, headers ...string) *http.Response {
	f.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.http.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Del(name)
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := f.http.Client().Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	return response
}

// post returns the status and the body of an answer.
func (f *front) post(path, body string, headers ...string) (int, string) {
	f.t.Helper()
	response := f.request(f.t.Context(), path, body, headers...)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(answer))
}

// answer is a JSON-RPC message as the tests look at it.
type answer struct {
	ID     json.RawMessage
	Method string
	Params struct {
		ProgressToken json.RawMessage
		Progress      float64
		Message       string
	}
	Result struct {
		IsError bool
		Content []struct{ Type, Text string }
		Meta    map[string]struct {
			RunID    string `json:"run_id"`
			ThreadID string `json:"thread_id"`
			State    string
		} `json:"_meta"`
	}
	Error *struct {
		Code    int
		Message string
	}
}

func (a answer) text() string {
	if len(a.Result.Content) == 0 {
		return ""
	}
	return a.Result.Content[0].Text
}

func (a answer) runID() string { return a.Result.Meta["ai.sema4/run"].RunID }

func decode(t testing.TB, body string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return a
}

// call is one legacy tools/call answered as JSON.
func (f *front) call(path, tool string, arguments any) answer {
	f.t.Helper()
	status, body := f.post(path, callBody(1, tool, arguments))
	if status != http.StatusOK {
		f.t.Fatalf("status %d: %s", status, body)
	}
	return decode(f.t, body)
}

func callBody(id any, tool string, arguments any) string {
	encoded, err := json.Marshal(arguments)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%v,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{"progressToken":%v}}}`, id, tool, encoded, id)
}

// modern is the same call in the era of 2026-07-28, with its headers.
func modernCall(id any, tool string, arguments any) (body string, headers []string) {
	encoded, _ := json.Marshal(arguments)
	body = fmt.Sprintf(`{"jsonrpc":"2.0","id":%v,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{"progressToken":%v,`+
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`, id, tool, encoded, id)
	return body, []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: " + tool, "Accept: " + accepting}
}

// events reads a stream of server-sent events to its end.
func events(t testing.TB, body io.Reader) []answer {
	t.Helper()
	var got []answer
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 8<<20)
	for scanner.Scan() {
		if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
			got = append(got, decode(t, data))
		}
	}
	if err := scanner.Err(); err != nil {
		t.Error(err)
	}
	return got
}

func ask(message, thread string) map[string]any {
	return map[string]any{"message": message, "thread_identifier": thread}
}

// serve runs the server on a listener of its own, for shutdown.
func (f *front) serve(ctx context.Context) (address string, done <-chan error) {
	f.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(ctx, listener) }()
	return "http://" + listener.Addr().String(), served
}

func serverOf(t testing.TB, server *mcpserver.Server) *httptest.Server {
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		web.Close()
		server.Close()
		web.Client().CloseIdleConnections()
	})
	return web
}
