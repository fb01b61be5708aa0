package mcpserver_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

const (
	ping       = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	notify     = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	discover   = `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
)

var modernHeaders = []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover"}

func TestBodies(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	id := func(id string) string { return `{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}` }
	tests := map[string]struct {
		body   string
		status int
		says   []string
	}{
		"request":                    {ping, 200, []string{`"id":1,"result":{}`}},
		"empty":                      {"", 400, []string{`"id":null`, "-32700"}},
		"truncated":                  {ping[:20], 400, []string{`"id":null`, "-32700"}},
		"empty array":                {"[]", 400, []string{"-32600"}},
		"array of a number":          {"[1]", 400, []string{`[{`, "-32600"}},
		"empty object":               {"{}", 400, []string{`"id":null`, "-32600"}},
		"deep":                       {strings.Repeat("[", 100_000), 400, []string{"nested"}},
		"5 MiB":                      {`"` + strings.Repeat("x", 5<<20) + `"`, 413, []string{"4 MiB"}},
		"duplicate ids":              {"[" + ping + "," + ping + "]", 400, []string{"-32600", "twice"}},
		"id -1":                      {id("-1"), 200, []string{`"id":-1,`}},
		"id 2^53+1":                  {id("9007199254740993"), 200, []string{`"id":9007199254740993,`}},
		"id 1e400":                   {id("1e400"), 400, []string{`"id":null`, "-32600"}},
		"id empty":                   {id(`""`), 200, []string{`"id":"",`}},
		"id null":                    {id("null"), 400, []string{`"id":null`, "-32600"}},
		"notification":               {notify, 202, nil},
		"response":                   {`{"jsonrpc":"2.0","id":1,"result":{}}`, 202, nil},
		"notifications":              {"[" + notify + "," + notify + "]", 202, nil},
		"notifications, responses":   {`[` + notify + `,{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}]`, 202, nil},
		"requests":                   {"[" + id("1") + "," + notify + "," + id("2") + "]", 200, []string{`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}]`}},
		"request and a fault":        {"[" + id("1") + ",7]", 200, []string{`"id":1,"result"`, `"id":null,"error"`}},
		"unknown method":             {`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, 200, []string{`"id":1,`, "-32601"}},
		"unknown tool":               {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such"}}`, 200, []string{"-32602", "no_such"}},
		"initialize":                 {initialize, 200, []string{`"protocolVersion":"2025-06-18"`, `"name":"sema4"`}},
		"initialize, unknown era":    {strings.Replace(initialize, "2025-06-18", "1999-01-01", 1), 200, []string{`"protocolVersion":"2025-11-25"`}},
		"initialize inside an array": {"[" + initialize + "]", 400, []string{"-32600", "initialize"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := f.post(analystPath, test.body)
			if status != test.status {
				t.Errorf("got status %d, want %d", status, test.status)
			}
			if test.says == nil && body != "" {
				t.Errorf("got %s, want no body", body)
			}
			for _, part := range test.says {
				if !strings.Contains(body, part) {
					t.Errorf("got %s, want it to hold %s", body, part)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	tests := map[string]struct {
		headers []string
		body    string
		status  int
		says    string
	}{
		"no key":                     {[]string{"Authorization: "}, ping, 401, "API key"},
		"other scheme":               {[]string{"Authorization: Basic abc"}, ping, 401, "API key"},
		"empty key":                  {[]string{"Authorization: Bearer "}, ping, 401, "API key"},
		"wrong key":                  {[]string{"Authorization: Bearer no-such-key"}, ping, 401, "does not accept"},
		"lower-case scheme":          {[]string{"Authorization: bearer local-key"}, ping, 200, "result"},
		"no content type":            {[]string{"Content-Type: "}, ping, 415, "application/json"},
		"text":                       {[]string{"Content-Type: text/plain"}, ping, 415, "application/json"},
		"charset":                    {[]string{"Content-Type: application/json; charset=utf-8"}, ping, 200, "result"},
		"no accept":                  {[]string{"Accept: "}, ping, 200, "result"},
		"accept anything":            {[]string{"Accept: */*"}, ping, 200, "result"},
		"accept html":                {[]string{"Accept: text/html"}, ping, 406, "text/event-stream"},
		"accept nothing of ours":     {[]string{"Accept: application/json;q=0, text/event-stream;q=0.0"}, ping, 406, "text/event-stream"},
		"accept only events":         {[]string{"Accept: text/event-stream"}, ping, 200, "data: "},
		"foreign origin":             {[]string{"Origin: https://evil.example"}, ping, 403, "--allow-origin"},
		"null origin":                {[]string{"Origin: null"}, ping, 403, "--allow-origin"},
		"local origin":               {[]string{"Origin: http://localhost:6274"}, ping, 200, "result"},
		"old version":                {[]string{"Mcp-Protocol-Version: 2024-11-05"}, ping, 200, "result"},
		"unknown version":            {[]string{"Mcp-Protocol-Version: 2000-01-01"}, ping, 400, "2026-07-28"},
		"modern":                     {modernHeaders, discover, 200, `"supportedVersions"`},
		"modern, id echoed":          {modernHeaders, strings.Replace(discover, `"id":1`, `"id":9007199254740993`, 1), 200, `"id":9007199254740993,`},
		"modern without header":      {nil, discover, 400, "-32020"},
		"modern without method":      {modernHeaders[:1], discover, 400, "-32020"},
		"modern, other method":       {[]string{modernHeaders[0], "Mcp-Method: tools/list"}, discover, 400, "-32020"},
		"modern, other version":      {[]string{"Mcp-Protocol-Version: 2026-08-28", modernHeaders[1]}, discover, 400, "-32020"},
		"modern without meta":        {modernHeaders, `{"jsonrpc":"2.0","id":1,"method":"server/discover"}`, 400, "-32602"},
		"modern without caps":        {modernHeaders, strings.Replace(discover, "clientCapabilities", "clientCaps", 1), 400, "-32602"},
		"modern, future version":     {[]string{"Mcp-Protocol-Version: 2099-01-01", modernHeaders[1]}, strings.Replace(discover, "2026-07-28", "2099-01-01", 1), 400, "-32022"},
		"modern, removed method":     {[]string{modernHeaders[0], "Mcp-Method: ping"}, strings.Replace(discover, "server/discover", "ping", 1), 404, "-32601"},
		"modern, unknown method":     {[]string{modernHeaders[0], "Mcp-Method: no/such"}, strings.Replace(discover, "server/discover", "no/such", 1), 404, "-32601"},
		"modern array":               {modernHeaders, "[" + discover + "]", 400, "arrays"},
		"modern notification":        {[]string{modernHeaders[0], "Mcp-Method: notifications/cancelled"}, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, 202, ""},
		"modern fault omits the id":  {modernHeaders[:1], "[" + discover + "]", 400, `{"jsonrpc":"2.0","error"`},
		"modern, unknown tool":       {[]string{modernHeaders[0], "Mcp-Method: tools/call", "Mcp-Name: x"}, strings.Replace(strings.Replace(discover, "server/discover", "tools/call", 1), `"params":{`, `"params":{"name":"x",`, 1), 400, "-32602"},
		"modern, tool named in part": {[]string{modernHeaders[0], "Mcp-Method: tools/call", "Mcp-Name: y"}, strings.Replace(strings.Replace(discover, "server/discover", "tools/call", 1), `"params":{`, `"params":{"name":"x",`, 1), 400, "-32020"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			response := f.request(t.Context(), analystPath, test.body, test.headers...)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("got %d %s, want %d saying %q", response.StatusCode, body, test.status, test.says)
			}
			if challenge := response.Header.Get("WWW-Authenticate"); (challenge != "") != (test.status == 401) {
				t.Errorf("status %d comes with WWW-Authenticate %q", test.status, challenge)
			}
			if strings.Contains(string(body), "no-such-key") {
				t.Error("the answer shows the key")
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for path, status := range map[string]int{
		"/tenants/local/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp/": 200,
		"/tenants/local/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp":  200,
		"/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp/":               200,
		"/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp":                200,
		"/tenants/local/api/v1/mcp/":                                      200,
		"/tenants/local/api/v1/mcp":                                       200,
		"/api/v1/mcp/":                                                    200,
		"/api/v1/mcp":                                                     200,
		"/tenants/other/api/v1/mcp/":                                      404,
		"/api/v1/agent-mcp/00000000-0000-4000-8000-000000000000/mcp/":     404,
		"/api/v1/agent-mcp/..%2f..%2fagents/mcp/":                         404,
		"/api/v1/agent-mcp/no%20such%20%F0%9F%9A%80/mcp/":                 404,
		"/api/v1/agent-mcp/" + localtenant.EchoID + "/mcp/more":           404,
		"/api/v2/agents":                                                  404,
	} {
		if got, body := f.post(path, ping); got != status {
			t.Errorf("%s: got %d %s, want %d", path, got, body, status)
		}
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	for _, method := range []string{http.MethodHead, http.MethodDelete, http.MethodPut, http.MethodOptions} {
		request, err := http.NewRequestWithContext(t.Context(), method, f.http.URL+analystPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := f.http.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: got %d, Allow %q", method, response.StatusCode, response.Header.Get("Allow"))
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	f.post(analystPath, ping)
	for path, says := range map[string]string{
		"/": "agent-mcp/AGENT_ID", "/healthz": "ok", "/readyz": "ok", "/metrics": `sema4_mcp_calls_total{method="ping"} 1`, "/nothing": "/api/v1/mcp/",
	} {
		response, err := f.http.Client().Get(f.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.Contains(string(body), says) {
			t.Errorf("%s: got %s, %v, want it to say %q", path, body, err, says)
		}
	}
}

func TestAServerThatIsPublicAcceptsItsOwnPages(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.AllowedOrigins = []string{"https://app.example"} })
	for origin, status := range map[string]int{f.http.URL: 200, "https://app.example": 200, "https://app.example.evil": 403} {
		if got, _ := f.post(analystPath, ping, "Origin: "+origin); got != status {
			t.Errorf("%s: got %d, want %d", origin, got, status)
		}
	}
}

func TestTenantTrouble(t *testing.T) {
	for faults, want := range map[string]struct {
		status int
		says   string
	}{
		"status=500":                {502, "cannot be reached"},
		"status=503":                {503, "not available"},
		"status=403":                {403, "may not use"},
		"status=429,retry-after=1m": {429, "429"},
		"html=502":                  {502, "cannot be reached"},
		"cut=body":                  {502, "cannot be reached"},
	} {
		t.Run(faults, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, nil)
			f.tenant.Fail(faults)
			for _, path := range []string{analystPath, tenantPath} {
				status, body := f.post(path, ping)
				if status != want.status || !strings.Contains(body, want.says) || !strings.Contains(body, `"id":1,`) {
					t.Errorf("got %d %s, want %d saying %q", status, body, want.status, want.says)
				}
			}
			f.tenant.Fail("")
			if status, body := f.post(analystPath, ping); status != http.StatusOK {
				t.Errorf("after the trouble: got %d %s", status, body)
			}
		})
	}
}

func TestAnUnreachableTenant(t *testing.T) {
	t.Parallel()
	server, err := mcpserver.New(mcpserver.Config{BaseURL: "http://127.0.0.1:1/api/v2", Bridge: bridge.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t: t, server: server, http: serverOf(t, server)}
	if status, body := f.post(analystPath, ping); status != 502 || !strings.Contains(body, "cannot be reached") {
		t.Errorf("got %d %s", status, body)
	}
	response, err := f.http.Client().Get(f.http.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 503 {
		t.Errorf("readyz: got %d, want 503", response.StatusCode)
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for base, says := range map[string]string{"": "copy it", "host/api": "must read like", "ftp://host": "must read like", "http://": "must read like"} {
		if _, err := mcpserver.New(mcpserver.Config{BaseURL: base}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want it to say %q", base, err, says)
		}
	}
	f := newFront(t, func(c *mcpserver.Config) { c.BaseURL = strings.Replace(c.BaseURL, "local/", "{tenant}/", 1) })
	for path, want := range map[string]int{tenantPath: 200, "/tenants/other/api/v1/mcp": 404, "/tenants/%2e%2e/api/v1/mcp": 404, "/tenants/a%2fb/api/v1/mcp": 404, "/api/v1/mcp": 404} {
		if status, body := f.post(path, ping); status != want {
			t.Errorf("%s: got %d %s, want %d", path, status, body, want)
		}
	}
	if _, body := f.post("/api/v1/mcp", ping); !strings.Contains(body, "/tenants/TENANT") {
		t.Errorf("got %s, want it to say where the tenant goes", body)
	}
}

func TestAChangedAgentShowsWithoutARestart(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.CatalogueTTL = 20 * time.Millisecond })
	if _, body := f.post(echoPath, toolsList); !strings.Contains(body, "message_echo_agent") {
		t.Fatalf("got %s", body)
	}
	if err := f.tenant.UpdateAgent(t.Context(), localtenant.EchoID, func(a *localtenant.AgentSpec) { a.Name = "Parrot" }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond) // the time to live is by the wall clock
	for _, path := range []string{echoPath, tenantPath} {
		if _, body := f.post(path, toolsList); !strings.Contains(body, "message_parrot_agent") || strings.Contains(body, "message_echo_agent") {
			t.Errorf("%s: got %s", path, body)
		}
	}
}

const toolsList = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

func TestErrorsHaveTheirStatusOnAStreamToo(t *testing.T) {
	defer mcpserver.BeginStreams(time.Minute)()
	f := newFront(t, nil)
	both := "Accept: " + accepting
	meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	tools := []string{modernHeaders[0], "Mcp-Method: tools/call", "Mcp-Name: x", both}
	for name, test := range map[string]struct {
		headers []string
		body    string
		status  int
		says    string
	}{
		"unknown tool":         {tools, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x",` + meta + `}}`, 400, "-32602"},
		"no capabilities":      {tools, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, 400, "-32602"},
		"unknown, events only": {[]string{modernHeaders[0], "Mcp-Method: no/such", "Accept: text/event-stream"}, `{"jsonrpc":"2.0","id":1,"method":"no/such","params":{` + meta + `}}`, 404, "-32601"},
		"fault, events only":   {[]string{"Accept: text/event-stream"}, `{}`, 400, "-32600"},
		"legacy, unknown tool": {[]string{both}, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}`, 200, "-32602"},
		"listen":               {[]string{modernHeaders[0], "Mcp-Method: subscriptions/listen", both}, `{"jsonrpc":"2.0","id":"abc","method":"subscriptions/listen","params":{"notifications":null,` + meta + `}}`, 400, `"id":"abc"`},
		"modern response":      {[]string{modernHeaders[0]}, `{"jsonrpc":"2.0","id":1,"result":{}}`, 202, ""},
		"modern fault":         {[]string{modernHeaders[0]}, `{}`, 400, `{"jsonrpc":"2.0","error":{"code":-32600`},
		"modern, truncated":    {[]string{modernHeaders[0]}, `{"js`, 400, `{"jsonrpc":"2.0","error":{"code":-32700`},
		"modern, no key":       {[]string{modernHeaders[0], "Authorization: "}, discover, 401, `{"jsonrpc":"2.0","error"`},
		"modern items, legacy": {nil, "[" + discover + "]", 400, "arrays"},
		"unknown legacy":       {[]string{"Mcp-Protocol-Version: 2000-01-01"}, ping, 400, `"id":1,`},
	} {
		if status, body := f.post(analystPath, test.body, test.headers...); status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: got %d %s, want %d saying %q", name, status, body, test.status, test.says)
		}
	}
}

func TestPagesOfAllowedOriginsMayReadAnswers(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.AllowedOrigins = []string{"https://app.example"} })
	for origin, allowed := range map[string]bool{"https://app.example": true, "http://localhost:6274": true, "https://evil.example": false} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, f.http.URL+analystPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", "POST")
		response, err := f.http.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || (response.StatusCode == http.StatusNoContent) != allowed ||
			allowed && !strings.Contains(response.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s: got %d for the origin %q", origin, response.StatusCode, got)
		}
	}
}

func TestMadeUpKeysLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	keyed := ask("hi", "t")
	keyed["idempotency_key"] = "k"
	first := f.call(echoPath, "message_echo_agent", keyed)
	for i := range 200 {
		if status, _ := f.post(echoPath, ping, fmt.Sprintf("Authorization: Bearer made-up-%d", i)); status != http.StatusUnauthorized {
			t.Fatalf("got %d", status)
		}
	}
	if again := f.call(echoPath, "message_echo_agent", keyed); again.runID() != first.runID() {
		t.Error("the key's run was forgotten")
	}
}

func TestATenantThatIsSlowDoesNotHoldACall(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.CallBudget = 100 * time.Millisecond })
	f.post(echoPath, ping)
	f.tenant.Fail("latency=20s,match=GET …/conversations")
	defer f.tenant.Fail("")
	got := f.call(echoPath, "message_echo_agent", ask("hi", "t"))
	if !got.Result.IsError || !strings.Contains(got.text(), "--call-budget") || !strings.Contains(got.text(), "did not run") {
		t.Errorf("got %+v", got)
	}
}

func TestKeepAliveComments(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.KeepAlive = 20 * time.Millisecond })
	response := f.request(t.Context(), storyPath, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"message_storyteller_agent","arguments":%s}}`,
		`{"message":"a 1-second story","thread_identifier":"t"}`), "Accept: "+accepting)
	defer response.Body.Close()
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(body), ": open\n\n") || strings.Count(string(body), ": still here\n\n") < 3 || strings.Count(string(body), "data: ") != 1 {
		t.Errorf("got %s", body)
	}
}
