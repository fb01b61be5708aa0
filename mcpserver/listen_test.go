package mcpserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// attentive has a server look at its agents all the time.
func attentive(c *mcpserver.Config) { c.Bridge.CatalogueTTL = 50 * time.Millisecond }

// rename gives an agent another name, and publishes it.
func (f *front) rename(id, name string) {
	f.t.Helper()
	f.republish(id, restclient.AgentUpdate{Name: &name})
}

// republish changes an agent and publishes it.
func (f *front) republish(id string, update restclient.AgentUpdate) {
	f.t.Helper()
	agents, ctx := f.tenant.Client().Agents, f.t.Context()
	if _, err := agents.Edit(ctx, id); err != nil {
		f.t.Fatal(err)
	}
	if _, err := agents.Update(ctx, id, update); err != nil {
		f.t.Fatal(err)
	}
	if _, err := agents.Publish(ctx, id, nil); err != nil {
		f.t.Fatal(err)
	}
}

// get sends a GET as a client of the legacy era does.
func (f *front) get(ctx context.Context, path string, headers ...string) *http.Response {
	f.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.http.URL+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	request.Header.Set("Accept", "text/event-stream")
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
	f.t.Cleanup(func() { response.Body.Close() })
	return response
}

// listening is a stream that a client listens on.
type listening struct {
	t      *testing.T
	lines  *bufio.Scanner
	hangUp context.CancelFunc
}

// hear opens a stream with GET.
func (f *front) hear(t *testing.T, path string, headers ...string) *listening {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	response := f.get(ctx, path, headers...)
	if got := response.Header; response.StatusCode != http.StatusOK || got.Get("Content-Type") != "text/event-stream" || got.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("got %s %v", response.Status, got)
	}
	return &listening{t, bufio.NewScanner(response.Body), hangUp}
}

// message is the next one, "" at the end of the stream. A comment is one, too,
// where it is asked for.
func (l *listening) message(comments bool) string {
	l.t.Helper()
	for l.lines.Scan() {
		if data, ok := strings.CutPrefix(l.lines.Text(), "data: "); ok {
			return data
		}
		if comment, ok := strings.CutPrefix(l.lines.Text(), ": "); ok && comments {
			return comment
		}
	}
	return ""
}

// listChanged are the messages that tell of a change.
var listChanged = []string{
	`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`, `{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}`,
	`{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`,
}

func (l *listening) expect(want ...string) {
	l.t.Helper()
	for _, want := range want {
		if got := l.message(false); got != want {
			l.t.Fatalf("heard %q, want %q", got, want)
		}
	}
}

func TestAGetStreamTellsOfChanges(t *testing.T) {
	f := newFront(t, attentive, testtenant.Scripted("Temporary", "- say: hello\n"))
	id := f.tenant.AgentID("Temporary")
	all, echo, temporary := f.hear(t, tenantPath), f.hear(t, echoPath, "Mcp-Protocol-Version: 2025-11-25"), f.hear(t, agentPath(id))
	f.rename(id, "Passing")
	all.expect(listChanged...)
	temporary.expect(listChanged...)
	if _, listed := f.post(agentPath(id), toolsList); !strings.Contains(listed, "message_passing_agent") {
		t.Errorf("what was announced is not there: %s", listed)
	}
	if err := f.tenant.Client().Agents.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	all.expect(listChanged...)
	temporary.expect(append(listChanged, "")...)
	f.rename(localtenant.EchoID, "Repeater")
	echo.expect(listChanged...) // and of nothing before
	all.expect(listChanged...)
}

func TestAGetStreamIsKeptAlive(t *testing.T) {
	f := newFront(t, func(c *mcpserver.Config) { c.KeepAlive = 5 * time.Millisecond })
	stream := f.hear(t, echoPath)
	for _, want := range []string{"open", "still here", "still here"} {
		if got := stream.message(true); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAnswersDoNotComeOnAGetStream(t *testing.T) {
	f := newFront(t, attentive)
	own := session(f.begin(echoPath, "{}"))
	stream := f.hear(t, echoPath, own)
	if got := f.call(echoPath, "message_echo_agent", ask("hi", "t")); got.text() != "hi" {
		t.Errorf("got %+v", got)
	}
	stream.expect(`{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`) // of the conversation that it began
	if got := f.call(echoPath, "message_echo_agent", ask("ho", "t")); got.text() != "ho" {
		t.Errorf("got %+v", got)
	}
	f.rename(localtenant.EchoID, "Repeater")
	stream.expect(listChanged...)
}

// TestOneClientHearsOnce opens two streams in one session.
func TestOneClientHearsOnce(t *testing.T) {
	f := newFront(t, attentive)
	own := session(f.begin(echoPath, "{}"))
	old, other, newer := f.hear(t, echoPath, own), f.hear(t, echoPath), f.hear(t, echoPath, own)
	newer.expect(listChanged...) // it may have missed what the old one was told
	f.rename(localtenant.EchoID, "First")
	newer.expect(listChanged...)
	other.expect(listChanged...)
	newer.hangUp()
	old.expect(listChanged...) // it takes over
	f.until(t, "sema4_mcp_streams_open 2")
	f.rename(localtenant.EchoID, "Second")
	old.expect(listChanged...)
	other.expect(listChanged...)
	old.hangUp()
	other.hangUp()
	f.until(t, "sema4_mcp_streams_open 0")
	f.hear(t, echoPath, own).expect(listChanged...) // there was nobody to hear for a while
}

// until reads the metrics until they say so.
func (f *front) until(t *testing.T, says string) {
	t.Helper()
	var metrics string
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		if metrics = f.page("/metrics"); strings.Contains(metrics, says+"\n") {
			return
		}
	}
	t.Fatalf("the metrics never say %s: %s", says, metrics)
}

func (f *front) page(path string) string {
	f.t.Helper()
	response := f.get(f.t.Context(), path)
	var page strings.Builder
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		page.WriteString(lines.Text() + "\n")
	}
	return page.String()
}

func TestGetsThatAreRefused(t *testing.T) {
	f := newFront(t, nil)
	elsewhere := session(f.begin(storyPath, "{}"))
	for name, test := range map[string]struct {
		path   string
		header string
		status int
		says   string
	}{
		"no key":               {echoPath, "Authorization: ", http.StatusUnauthorized, "Authorization"},
		"a wrong key":          {echoPath, "Authorization: Bearer wrong", http.StatusUnauthorized, "does not accept"},
		"a modern client":      {echoPath, "Mcp-Protocol-Version: 2026-07-28", http.StatusMethodNotAllowed, "subscriptions/listen"},
		"an unknown version":   {echoPath, "Mcp-Protocol-Version: 1999-01-01", http.StatusBadRequest, "1999-01-01"},
		"a browser":            {echoPath, "Accept: text/html, */*;q=0.8", http.StatusNotAcceptable, "text/event-stream"},
		"no Accept":            {echoPath, "Accept: ", http.StatusNotAcceptable, "text/event-stream"},
		"an unknown session":   {echoPath, "Mcp-Session-Id: nonsense", http.StatusNotFound, "initialize again"},
		"another path's":       {echoPath, elsewhere, http.StatusNotFound, "initialize again"},
		"an unknown agent":     {agentPath("00000000-0000-4000-8000-000000000000"), "", http.StatusNotFound, "no such agent"},
		"an unknown tenant":    {"/tenants/other/api/v1/mcp", "", http.StatusNotFound, ""},
		"a foreign page":       {echoPath, "Origin: https://evil.example", http.StatusForbidden, ""},
		"a wrong path's agent": {echoPath + "more", "", http.StatusNotFound, ""},
	} {
		response := f.get(t.Context(), test.path, test.header)
		body := make([]byte, 2000)
		n, _ := response.Body.Read(body)
		if response.StatusCode != test.status || !strings.Contains(string(body[:n]), test.says) || strings.Contains(string(body[:n]), "wrong") && name == "a wrong key" {
			t.Errorf("%s: got %d %s", name, response.StatusCode, body[:n])
		}
		if allow := response.Header.Get("Allow"); name == "a modern client" && allow != http.MethodPost {
			t.Errorf("%s: Allow %q", name, allow)
		}
	}
	f.until(t, "sema4_mcp_streams_open 0")
}

func TestSessionsEndByThemselves(t *testing.T) {
	f := newFront(t, nil)
	own := session(f.begin(echoPath, "{}"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, f.http.URL+echoPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	name, id, _ := strings.Cut(own, ": ")
	request.Header.Set(name, id)
	response, err := f.http.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, POST" {
		t.Errorf("got %s, Allow %q", response.Status, response.Header.Get("Allow"))
	}
	if status, body := f.post(echoPath, ping, own); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
}

// subscribe opens a subscription to what is asked for, with the modern era's
// request, and returns what comes.
func (f *front) subscribe(path, notifications string) (next func() listened, status int) {
	return f.listenTo(path, tasksDeclared, notifications)
}

func TestASubscriptionTellsOfWhatItAsksFor(t *testing.T) {
	f := newFront(t, attentive)
	declared := f.task(echoPath, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover")
	if !strings.Contains(declared.raw, `"resources":{"subscribe":true,"listChanged":true}`) || !strings.Contains(declared.raw, `"tools":{"listChanged":true}`) {
		t.Errorf("got %s", declared.raw)
	}
	name := 0
	for kind, field := range map[string]string{"tools": "toolsListChanged", "resources": "resourcesListChanged"} {
		next, status := f.subscribe(echoPath, fmt.Sprintf(`{%q:true,"promptsListChanged":false}`, field))
		if got := next(); status != http.StatusOK || got.Method != "notifications/subscriptions/acknowledged" || !strings.Contains(got.raw, fmt.Sprintf(`"notifications":{%q:true}`, field)) || got.Params.Meta[subscriptionID] != "L-1" {
			t.Errorf("%s: got %d %s", kind, status, got.raw)
		}
		for range 2 {
			name++
			f.rename(localtenant.EchoID, fmt.Sprint("Echo ", name))
			if got := next(); got.Method != "notifications/"+kind+"/list_changed" || got.Params.Meta[subscriptionID] != "L-1" {
				t.Errorf("%s: got %s", kind, got.raw)
			}
		}
	}
}

// TestWhatIsDeclaredIsAcknowledged holds every kind of list to what
// server/discover says of it.
func TestWhatIsDeclaredIsAcknowledged(t *testing.T) {
	f := newFront(t, nil)
	for _, path := range []string{echoPath, tenantPath} {
		discovered := f.task(path, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
			"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover")
		initialized := f.task(path, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
		next, _ := f.subscribe(path, `{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true}`)
		var acknowledged struct {
			Params struct{ Notifications map[string]bool }
		}
		if err := json.Unmarshal([]byte(next().raw), &acknowledged); err != nil {
			t.Fatal(err)
		}
		for era, raw := range map[string]string{"modern": discovered.raw, "legacy": initialized.raw} {
			var answer struct {
				Result struct {
					Capabilities map[string]struct{ Subscribe, ListChanged bool }
				}
			}
			if err := json.Unmarshal([]byte(raw), &answer); err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"tools", "prompts", "resources"} {
				if declared := answer.Result.Capabilities[kind]; declared.ListChanged != acknowledged.Params.Notifications[kind+"ListChanged"] || declared.Subscribe != (era == "modern" && kind == "resources") {
					t.Errorf("%s %s %s: declared %+v, acknowledged %v", path, era, kind, declared, acknowledged.Params.Notifications)
				}
			}
		}
	}
}

func TestASubscriptionToTheAnswerOfARun(t *testing.T) {
	f := newFront(t, nil, twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	arguments := ask("go", "t")
	arguments["wait_seconds"] = 0
	runID := f.call(path, "message_slow_agent", arguments).runID()
	uri := "sema4://runs/" + runID
	for _, server := range []string{path, tenantPath} {
		next, _ := f.subscribe(server, fmt.Sprintf(`{"resourceSubscriptions":[%q,"sema4://runs/none","sema4://agents/a/threads/t","file:///etc/passwd",%q]}`, uri, uri))
		if got := next(); !strings.Contains(got.raw, fmt.Sprintf(`"notifications":{"resourceSubscriptions":[%q]}`, uri)) {
			t.Errorf("%s: got %s", server, got.raw)
		}
		updates := 0
		for got := next(); got.Result == nil; got = next() {
			if got.Method != "notifications/resources/updated" || !strings.Contains(got.raw, fmt.Sprintf(`"uri":%q`, uri)) || got.Params.Meta[subscriptionID] != "L-1" {
				t.Errorf("%s: got %s", server, got.raw)
			}
			updates++
		}
		if wrote := server == path; wrote != (updates > 0) { // after that it is whole
			t.Errorf("%s: heard of %d changes", server, updates)
		}
	}
	if next, _ := f.subscribe(echoPath, fmt.Sprintf(`{"resourceSubscriptions":[%q]}`, uri)); !strings.Contains(next().raw, `"notifications":{}`) {
		t.Error("another agent's run is listened to")
	}
}

func TestSubscriptionsThatCannotBeRead(t *testing.T) {
	defer mcpserver.BeginStreams(time.Minute)()
	f := newFront(t, nil)
	for _, notifications := range []string{`null`, `[]`, `"tools"`, `{"toolsListChanged":"yes"}`, `{"resourceSubscriptions":"u"}`, `{"taskIds":[1]}`} {
		if next, status := f.subscribe(echoPath, notifications); status != http.StatusBadRequest || next().Error.Code != -32602 {
			t.Errorf("%s: got %d", notifications, status)
		}
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}%s}}`
	modern := []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen"}
	meta := `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	if status, got := f.post(echoPath, fmt.Sprintf(body, meta), modern...); status != http.StatusNotAcceptable || !strings.Contains(got, `"id":1`) || !strings.Contains(got, "text/event-stream") {
		t.Errorf("without a stream: got %d %s", status, got)
	}
	if status, got := f.post(echoPath, fmt.Sprintf(body, strings.ReplaceAll(meta, `,"io.modelcontextprotocol/clientCapabilities":{}`, "")), append(modern, "Accept: "+accepting)...); status != http.StatusBadRequest || !strings.Contains(got, "-32602") {
		t.Errorf("without capabilities: got %d %s", status, got)
	}
	if status, got := f.post(echoPath, fmt.Sprintf(body, "")); status != http.StatusOK || !strings.Contains(got, "-32601") {
		t.Errorf("legacy: got %d %s", status, got)
	}
}

func TestTooManyStreams(t *testing.T) {
	f := newFront(t, nil)
	var open []*listening
	for range 63 {
		open = append(open, f.hear(t, echoPath))
	}
	next, _ := f.subscribe(tenantPath, `{"toolsListChanged":true}`)
	next()
	refused := f.get(t.Context(), storyPath)
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, Retry-After %q", refused.Status, refused.Header.Get("Retry-After"))
	}
	if next, status := f.subscribe(echoPath, `{"toolsListChanged":true}`); status != http.StatusTooManyRequests {
		t.Errorf("got %d", status)
	} else if got := next(); got.Error == nil || !strings.Contains(got.raw, `"id":"L-1"`) || !strings.Contains(got.raw, "64 clients") {
		t.Errorf("got %s", got.raw)
	}
	if got := f.call(echoPath, "message_echo_agent", ask("hi", "t")); got.text() != "hi" {
		t.Errorf("a call beside them: got %+v", got)
	}
	for _, stream := range open {
		stream.hangUp()
	}
	f.until(t, "sema4_mcp_streams_open 1")
	f.hear(t, echoPath)

	few := f.beside(func(c *mcpserver.Config) { c.MaxStreams = 1 })
	few.hear(t, echoPath)
	if refused := few.get(t.Context(), echoPath); refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") == "" {
		t.Errorf("got %s", refused.Status)
	}
}

func TestAKeyThatIsRefusedEndsItsStreams(t *testing.T) {
	f := newFront(t, attentive)
	agent, tenant := f.hear(t, echoPath), f.hear(t, tenantPath)
	next, _ := f.subscribe(tenantPath, `{"toolsListChanged":true}`)
	next()
	f.tenant.Fail("status=401")
	agent.expect("")
	tenant.expect("")
	if got := next(); got.Result == nil || got.Result.Meta[subscriptionID] != "L-1" {
		t.Errorf("got %s", got.raw)
	}
	if refused := f.get(t.Context(), tenantPath); refused.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s", refused.Status)
	}
}

// TestStreamsDoNotHoldUpTheEnd stops a server that would wait an hour for calls.
func TestStreamsDoNotHoldUpTheEnd(t *testing.T) {
	f := newFront(t, func(c *mcpserver.Config) { c.Drain = time.Hour })
	ctx, stop := context.WithCancel(t.Context())
	address, done := f.serve(ctx)
	f.http.URL = address
	get := f.hear(t, echoPath)
	next, _ := f.subscribe(echoPath, `{"toolsListChanged":true}`)
	next()
	stop()
	if got := next(); got.Result == nil || got.Result.ResultType != "complete" || got.Result.Meta[subscriptionID] != "L-1" {
		t.Errorf("got %s", got.raw)
	}
	get.expect("")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPagesMayListen(t *testing.T) {
	f := newFront(t, nil)
	response := f.get(t.Context(), echoPath, "Origin: http://localhost:3000")
	if response.StatusCode != http.StatusOK || response.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" {
		t.Errorf("got %s %v", response.Status, response.Header)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, f.http.URL+echoPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "http://localhost:3000")
	request.Header.Set("Access-Control-Request-Method", http.MethodGet)
	preflight, err := f.http.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	preflight.Body.Close()
	if methods := strings.Split(preflight.Header.Get("Access-Control-Allow-Methods"), ", "); !slices.Contains(methods, http.MethodGet) || !slices.Contains(methods, http.MethodDelete) {
		t.Errorf("got %v", methods)
	}
	// Streams last until somebody ends them: they say nothing of how long requests take.
	response.Body.Close()
	if _, page := f.bare(http.MethodGet, "/metrics"); strings.Contains(page, "sema4_mcp_request_duration_seconds_count") {
		t.Errorf("a stream counts as a request: %s", page)
	}
}
