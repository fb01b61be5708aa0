package mcpserver_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
	"sema4mcp/internal/localtenant"
)

const fixturePath = "/agents/a/mcp"

// newFixture is a front with a tool that asks its user which year, as mcp-go has
// tools ask in both eras, and one that waits until its call is cancelled.
func newFixture(t *testing.T, began, ended chan<- string) *front {
	f := newFront(t, nil)
	f.serveFixture(began, ended)
	return f
}

func (f *front) serveFixture(began, ended chan<- string) {
	fixture := server.NewMCPServer("fixture", "1")
	fixture.AddTool(mcp.NewTool("ask"), func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		x := exchange.FromContext(ctx)
		if answer := server.ElicitationResponse(call.Params.InputResponses, "year"); answer != nil {
			return mcp.NewToolResultText(fmt.Sprint(call.Params.RequestState, " ", answer.Action, " ", answer.Content)), nil
		}
		if !x.CanElicit() {
			return mcp.NewToolResultText("nobody to ask"), nil
		}
		if err := x.Progress(ctx, "asking"); err != nil {
			return nil, err
		}
		return server.NewInputRequestBuilder("state").Elicit("year", mcp.ElicitationParams{
			Message: "Which year?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"year": map[string]any{"type": "integer"}}},
		}).ToolResult(), nil
	})
	fixture.AddTool(mcp.NewTool("wait"), func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		who := call.GetString("who", "")
		began <- who
		<-ctx.Done()
		ended <- who
		return mcp.NewToolResultText("cut short"), nil
	})
	f.http.Close()
	f.http = httptest.NewServer(f.server.HandlerOf(fixture))
	f.t.Cleanup(f.http.Close)
}

const elicits = `{"elicitation":{}}`

// begin initializes a client and returns its session id.
func (f *front) begin(path, capabilities string, headers ...string) string {
	f.t.Helper()
	body := strings.Replace(initialize, `"capabilities":{}`, `"capabilities":`+capabilities, 1)
	response := f.request(f.t.Context(), path, body, headers...)
	defer response.Body.Close()
	id := response.Header.Get("Mcp-Session-Id")
	if response.StatusCode != http.StatusOK || id == "" {
		f.t.Fatalf("got %d and the session %q", response.StatusCode, id)
	}
	return id
}

func session(id string) string { return "Mcp-Session-Id: " + id }

// event is what a stream carries: an answer, or a question with an id.
type event struct {
	answer
	raw string
}

// next is the stream's next message.
func next(t *testing.T, stream *bufio.Reader) event {
	t.Helper()
	for {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ends: %v", err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return event{decode(t, data), data}
		}
	}
}

func otherKey(key string) string { return "Authorization: Bearer " + key }

func TestSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	id := f.begin(fixturePath, elicits)
	if again := f.begin(fixturePath, elicits); again == id {
		t.Error("two clients have one session")
	}
	if strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("got the session id %q", id)
	}
	replaced := func(at int) string {
		data, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		data[at] ^= 2
		return base64.RawURLEncoding.EncodeToString(data)
	}
	for name, test := range map[string]struct {
		path, body, id string
		headers        []string
		status         int
	}{
		"its own":             {fixturePath, ping, id, nil, 200},
		"none":                {fixturePath, ping, "", nil, 200},
		"another key's":       {fixturePath, ping, id, []string{otherKey("other")}, 404},
		"another path's":      {"/agents/b/mcp", ping, id, nil, 404},
		"forged capabilities": {fixturePath, ping, replaced(1), nil, 404},
		"forged code":         {fixturePath, ping, replaced(33), nil, 404},
		"other version":       {fixturePath, ping, replaced(0), nil, 404},
		"cut":                 {fixturePath, ping, id[:40], nil, 404},
		"garbled":             {fixturePath, ping, "no/such session", nil, 404},
		"a notification's":    {fixturePath, notify, "garbled", nil, 404},
		"an initialize's":     {fixturePath, initialize, "garbled", nil, 200}, // it begins another
		"in the modern era":   {fixturePath, discover, "garbled", modernHeaders, 200},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := f.post(test.path, test.body, append(test.headers, session(test.id))...)
			if status != test.status {
				t.Fatalf("got %d %s, want %d", status, body, test.status)
			}
			if status == 404 && test.body == ping && (!strings.Contains(body, `"id":1,`) || !strings.Contains(body, "initialize again")) {
				t.Errorf("got %s", body)
			}
		})
	}
}

func TestSessionsOutliveTheServer(t *testing.T) {
	t.Parallel()
	id := newFixture(t, nil, nil).begin(fixturePath, elicits)
	restarted := newFixture(t, nil, nil)
	response := restarted.request(t.Context(), fixturePath, callBody(1, "ask", nil), session(id), "Accept: "+accepting)
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	next(t, stream)
	if question := next(t, stream); question.Method != "elicitation/create" {
		t.Errorf("got %s, want the question", question.raw)
	}
}

func TestOnlyInitializeBeginsASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	for name, test := range map[string]struct {
		body    string
		headers []string
	}{
		"ping":                  {ping, nil},
		"a refused initialize":  {strings.Replace(initialize, `"capabilities":{}`, `"capabilities":7`, 1), nil},
		"an initialize in part": {"[" + initialize + "]", nil},
		"modern":                {discover, modernHeaders},
	} {
		response := f.request(t.Context(), fixturePath, test.body, test.headers...)
		response.Body.Close()
		if id := response.Header.Get("Mcp-Session-Id"); id != "" {
			t.Errorf("%s: got the session %s", name, id)
		}
	}
}

// TestOnlyItsClientCancelsACall: three clients make a call of the same id, two
// of them with the same key.
func TestOnlyItsClientCancelsACall(t *testing.T) {
	t.Parallel()
	began, ended := make(chan string), make(chan string, 9)
	f := newFixture(t, began, ended)
	ctx, hangUp := context.WithCancel(t.Context())
	clients := map[string][]string{
		"mine":   {session(f.begin(fixturePath, "{}"))},
		"twin":   {session(f.begin(fixturePath, "{}"))},
		"other":  {otherKey("other"), session(f.begin(fixturePath, "{}", otherKey("other")))},
		"nobody": nil,
	}
	streams := make(map[string]io.ReadCloser)
	for who, headers := range clients {
		response := f.request(ctx, fixturePath, callBody(7, "wait", map[string]any{"who": who}), append(headers, "Accept: "+accepting)...)
		streams[who] = response.Body
		<-began
	}
	cancelling := func(id string) string {
		return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`
	}
	for _, body := range []string{cancelling(`"7"`), cancelling("8"), cancelling("null"), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}`} {
		f.post(fixturePath, body, clients["mine"]...)
	}
	f.post(fixturePath, cancelling("7")) // of which of them is not said
	f.post(fixturePath, cancelling("7"), append([]string{"Mcp-Protocol-Version: 2026-07-28"}, clients["mine"]...)...)
	select {
	case who := <-ended:
		t.Fatalf("the call of %s was cancelled by what is not meant for it", who)
	default:
	}
	for _, who := range []string{"mine", "other"} {
		if status, body := f.post(fixturePath, cancelling("7"), clients[who]...); status != http.StatusAccepted || body != "" {
			t.Errorf("got %d %s", status, body)
		}
		if got := <-ended; got != who {
			t.Fatalf("%s cancelled the call of %s", who, got)
		}
		if rest, err := io.ReadAll(streams[who]); err != nil || strings.Contains(string(rest), "data:") {
			t.Errorf("a cancelled call was answered: %s, %v", rest, err)
		}
	}
	f.post(fixturePath, cancelling("7"), clients["mine"]...) // there is nothing left to cancel
	hangUp()
	for range 2 {
		if who := <-ended; who != "twin" && who != "nobody" {
			t.Errorf("%s ended twice", who)
		}
	}
	for _, stream := range streams {
		stream.Close()
	}
}

func TestACancelledCallOfAnArrayLeavesTheOthers(t *testing.T) {
	t.Parallel()
	began, ended := make(chan string), make(chan string, 1)
	f := newFixture(t, began, ended)
	mine := session(f.begin(fixturePath, "{}"))
	batch := "[" + callBody(7, "wait", nil) + "," + strings.Replace(ping, `"id":1`, `"id":8`, 1) + "]"
	var cancelling sync.WaitGroup
	cancelling.Go(func() {
		<-began
		f.post(fixturePath, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, mine)
		<-ended
	})
	defer cancelling.Wait()
	response := f.request(t.Context(), fixturePath, batch, mine, "Accept: "+accepting)
	defer response.Body.Close()
	got := events(t, response.Body)
	if len(got) != 1 || string(got[0].ID) != "8" || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %+v, want the answer to the ping alone", got)
	}
}

func TestAPageMayKeepItsSession(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	response := f.request(t.Context(), "/tenants/local/api/v1/agent-mcp/"+localtenant.EchoID+"/mcp", initialize, "Origin: http://localhost:6274")
	defer response.Body.Close()
	var reply json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || response.Header.Get("Access-Control-Expose-Headers") != "Mcp-Session-Id, WWW-Authenticate, Retry-After" ||
		response.Header.Get("Mcp-Session-Id") == "" {
		t.Errorf("got %s with the headers %v, %v", reply, response.Header, err)
	}
}
