package contracttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/internal/contracttest"
	"sema4mcp/internal/localtenant/faults"
)

const (
	id           = "7b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11"
	conversation = `{"id":"` + id + `","name":"x","agent_id":"` + id + `"}`
	envelope     = `{"error":{"error_id":"` + id + `","code":"not_found","message":"No."}}`
	page         = `{"next":null,"has_more":false,"data":[`
	agent        = `{"id":"` + id + `","name":"A","description":"","runbook_text":"","state":"live","version":"1",
		"live_version_id":null,"architecture_name":"echo","architecture_version":"1","mode":"worker","created_by":"x",
		"created_at":"2026-07-02T09:15:30.123456+00:00","updated_at":"2026-07-02T09:15:30Z"}`
	connection = `{"id":"` + id + `","name":"D","description":"","engine":"sqlite","tags":[],
		"created_at":"2026-07-02T09:15:30Z","updated_at":"2026-07-02T09:15:30Z","configuration":`

	agents        = "GET /agents"
	oneAgent      = "GET /agents/" + id
	conversations = "/agents/" + id + "/conversations"
	files         = conversations + "/" + id + "/files"
)

// sample is an exchange, and what a checker must say of it.
type sample struct {
	name    string
	request string // method and path below the base
	body    string
	header  string // "Name: value"; "Name:" takes it away

	status int    // 0: 200
	reply  string // the answer's body
	as     string // its content type; "": JSON

	says []string // nothing: the exchange is right
}

var samples = []sample{
	{name: "a page", request: agents, reply: page + agent + `]}`},
	{name: "the short base", request: "GET /api/v2/ok", reply: `{"ok":true}`},
	{name: "a slash at the end", request: "GET /agents/", reply: page + `]}`},
	{name: "an unknown field", request: "GET /ok", reply: `{"ok":true,"new":1}`},
	{name: "a Snowflake token", request: "GET /ok", header: `Authorization: Snowflake Token="` + secret + `"`, reply: `{"ok":true}`},
	{name: "no key for the base", request: "GET ", header: "Authorization:", reply: `{"openapi":"3.0.3","info":{},"paths":{}}`},
	{name: "no body", request: "DELETE /agents/" + id, status: 204, as: "-"},
	{name: "an error that is listed", request: oneAgent, status: 404, reply: envelope},
	{name: "an error of the server", request: oneAgent, status: 503, reply: envelope},
	{name: "HEAD", request: "HEAD /ok", as: "application/json"},
	{name: "a charset", request: "GET /ok", as: "application/json; charset=utf-8", reply: `{"ok":true}`},
	{name: "a good refusal", request: "POST " + conversations, body: `{}`, status: 422, reply: envelope},
	{name: "a refusal for want of a key", request: agents, header: "Authorization:", status: 401, reply: envelope},
	{name: "another tenant", request: "GET /tenants/other/api/v2/agents", status: 404, reply: envelope},
	{name: "no content type", request: "POST " + conversations, header: "Content-Type:", body: `{"name":"x"}`, reply: conversation},
	{name: "any media type", request: "GET " + files + "/download?file_ref=a", as: "image/png", reply: "\x89PNG"},
	{name: "YAML", request: "GET /semantic-data-models/" + id + "/export", as: "application/x-yaml", reply: "name: sales\ntables: []\n"},
	{name: "a fault that was asked for", request: agents, header: faults.Header + ": html=502", status: 502, as: "text/html", reply: "x"},

	{name: "wrong status", request: "POST " + conversations, body: `{"name":"x"}`, status: 201, reply: conversation,
		says: []string{"POST /agents/{agent_id}/conversations (createConversation)", "answer: status 201 is not listed"}},
	{name: "undocumented error", request: agents, status: 409, reply: envelope, says: []string{"(listAgents)", "status 409 is not listed"}},
	{name: "redirect", request: agents, status: 307, reply: envelope, says: []string{"status 307 is not listed"}},
	{name: "missing field", request: oneAgent, reply: strings.Replace(agent, `"name"`, `"nome"`, 1),
		says: []string{"(getAgent)", "answer 200: body", `property "name" is missing`}},
	{name: "missing field in a page", request: agents, reply: page + `{"id":"` + id + `"}]}`, says: []string{"/data/0"}},
	{name: "wrong type", request: oneAgent, reply: strings.Replace(agent, `"version":"1"`, `"version":1`, 1),
		says: []string{"/version", "must be a string"}},
	{name: "null", request: oneAgent, reply: strings.Replace(agent, `"name":"A"`, `"name":null`, 1), says: []string{"/name", "not nullable"}},
	{name: "wrong enum value", request: oneAgent, reply: strings.Replace(agent, "live", secret, 1), says: []string{"/state", "allowed values"}},
	{name: "wrong id", request: oneAgent, reply: strings.Replace(agent, id, secret, 1), says: []string{"/id", "uuid"}},
	{name: "wrong time", request: oneAgent, reply: strings.Replace(agent, "2026-07-02T", "2026-07-02 ", 2), says: []string{"date-time"}},
	{name: "unknown kind of content", request: "GET " + conversations + "/" + id + "/messages",
		reply: page + `{"message_id":"` + id + `","role":"agent","content":[{"kind":"poem","content_id":"1","complete":true}],
			"created_at":"2026-07-02T09:15:30Z","updated_at":"2026-07-02T09:15:30Z","agent_metadata":{},"server_metadata":{},
			"parent_run_id":null,"complete":true,"commited":true}]}`,
		says: []string{"/data/0/content/0", "discriminator"}},
	{name: "a secret in an answer", request: "GET /data-connections/" + id, reply: connection + `{"password":"` + secret + `"}}`,
		says: []string{"(getDataConnection)", "/configuration", "writeOnly"}},
	{name: "not JSON", request: agents, reply: page, says: []string{"body is not JSON"}},
	{name: "not YAML", request: "GET /semantic-data-models/" + id + "/export", as: "application/x-yaml", reply: "a: [",
		says: []string{"body is not YAML"}},
	{name: "wrong YAML", request: "GET /semantic-data-models/" + id + "/export", as: "application/x-yaml", reply: "tables: 3",
		says: []string{"/tables", "array"}},
	{name: "wrong content type", request: agents, as: "text/html", reply: "<html>", says: []string{"content type text/html is not listed"}},
	{name: "no content type in an answer", request: agents, as: "-", reply: page + "]}", says: []string{"content type"}},
	{name: "a body where there is none", request: "DELETE /agents/" + id, status: 200, reply: agent, says: []string{"status 200 is not listed"}},
	{name: "error without envelope", request: oneAgent, status: 404, reply: `{"detail":"x"}`, says: []string{"answer 404", `"error" is missing`}},
	{name: "no challenge", request: agents, status: 401, reply: envelope, says: []string{"answer 401", "WWW-Authenticate"}},

	{name: "unknown path", request: "GET /nothing", reply: `{}`,
		says: []string{"GET /tenants/local/api/v2/nothing", "answer 200 to a request that does not fit (unknown path)"}},
	{name: "outside the base", request: "GET /other/v2/agents", reply: `{}`, says: []string{"unknown path"}},
	{name: "empty id", request: "GET /agents//state", reply: `{}`, says: []string{"unknown path"}},
	{name: "unknown method", request: "PUT /agents", body: `{}`, reply: agent, says: []string{"no operation of this path"}},
	{name: "unknown tenant served", request: "GET /tenants/other/api/v2/ok", reply: `{"ok":true}`, says: []string{"(getOk)", "unknown tenant"}},
	{name: "no key", request: agents, header: "Authorization:", reply: page + "]}", says: []string{"answer 200", "no API key"}},
	{name: "another scheme", request: agents, header: "Authorization: Basic " + secret, reply: page + "]}", says: []string{"no API key"}},
	{name: "missing field in a request", request: "POST " + conversations, body: `{"title":"` + secret + `"}`, reply: conversation,
		says: []string{"(createConversation)", "answer 200 to a request that does not fit", `property "name" is missing`}},
	{name: "wrong type in a request", request: "POST " + conversations, body: `{"name":7}`, reply: conversation, says: []string{"/name"}},
	{name: "no JSON in a request", request: "POST " + conversations, body: `name`, reply: conversation, says: []string{"body is not JSON"}},
	{name: "no body in a request", request: "POST " + conversations, reply: conversation, says: []string{"body is required"}},
	{name: "wrong content type of a request", request: "POST " + conversations, header: "Content-Type: text/xml", body: `{"name":"x"}`,
		reply: conversation, says: []string{"content type text/xml is not listed"}},
	{name: "wrong parameter", request: "GET /agents?limit=" + secret, reply: page + "]}", says: []string{"parameter limit", "cannot be read"}},
	{name: "parameter too small", request: "GET /agents?limit=0", reply: page + "]}", says: []string{"parameter limit", "at least 1"}},
	{name: "wrong status of a work item", request: "GET /work-items?work_item_status=DRAFT&work_item_status=" + secret,
		reply: `{"records":[],"next_offset":null}`, says: []string{"parameter work_item_status", "allowed values"}},
	{name: "missing parameter", request: "GET " + files + "/download", reply: "x", as: "text/plain",
		says: []string{"parameter file_ref", "required"}},
	{name: "both url and command", request: "POST /mcp-servers", body: `{"name":"x","url":"http://x","command":"y"}`, reply: `{}`,
		says: []string{"answer 200 to a request that does not fit"}},
	{name: "refusal with a 500", request: "GET /nothing", status: 500, reply: envelope, says: []string{"answer 500", "want a 4xx"}},
	{name: "refusal without envelope", request: "GET /nothing", status: 404, as: "text/plain; charset=utf-8", reply: "404 page not found",
		says: []string{"answer 404", "error envelope"}},
	{name: "refusal with half an envelope", request: "GET /nothing", status: 404, reply: `{"error":{"code":"x"}}`,
		says: []string{"answer 404", "error_id"}},
}

func TestChecker(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			for place, put := range places {
				t.Run(place, func(t *testing.T) {
					to := &recorder{}
					client, base := put(t, contracttest.New(to), http.HandlerFunc(s.serve))
					s.send(t, client, base)
					to.expect(t, s.says...)
				})
			}
		})
	}
}

// places are where a checker can be put.
var places = map[string]func(t *testing.T, checker *contracttest.Checker, handler http.Handler) (*http.Client, string){
	"transport": func(t *testing.T, checker *contracttest.Checker, handler http.Handler) (*http.Client, string) {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return &http.Client{Transport: checker.Wrap(server.Client().Transport), CheckRedirect: stay}, server.URL
	},
	"handler": func(t *testing.T, checker *contracttest.Checker, handler http.Handler) (*http.Client, string) {
		server := httptest.NewServer(checker.Handler(handler))
		t.Cleanup(server.Close)
		client := server.Client()
		client.CheckRedirect = stay
		return client, server.URL
	},
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (s sample) serve(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header()["Content-Type"] = nil // or net/http would guess it
	switch s.as {
	case "":
		w.Header().Set("Content-Type", "application/json")
	case "-":
	default:
		w.Header().Set("Content-Type", s.as)
	}
	if strings.Contains(s.name, "for want of a key") {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	_, _ = io.WriteString(w, s.reply)
}

func (s sample) send(t *testing.T, client *http.Client, base string) {
	t.Helper()
	method, path, _ := strings.Cut(s.request, " ")
	if !strings.HasPrefix(path, "/tenants/") && !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/other/") {
		path = "/tenants/local/api/v2" + path
	}
	request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	if name, value, ok := strings.Cut(s.header, ":"); ok {
		request.Header.Set(name, strings.TrimSpace(value))
		if strings.TrimSpace(value) == "" {
			request.Header.Del(name)
		}
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || method != http.MethodHead && string(got) != s.reply {
		t.Errorf("the answer came through as %q, %v", got, err)
	}
}

// In a strict checker a request that does not fit is wrong, however it is answered.
func TestStrict(t *testing.T) {
	refused := sample{request: "POST " + conversations, body: `{}`, status: 422, reply: envelope}
	strict := func(t *testing.T, s sample) (*recorder, *contracttest.Checker, func()) {
		to := &recorder{}
		checker := contracttest.New(to, contracttest.Strict())
		client, base := places["transport"](t, checker, http.HandlerFunc(s.serve))
		return to, checker, func() { s.send(t, client, base) }
	}
	t.Run("reported", func(t *testing.T) {
		to, _, send := strict(t, refused)
		send()
		to.expect(t, "(createConversation)", "request: body", `property "name" is missing`)
	})
	t.Run("allowed", func(t *testing.T) {
		to, checker, send := strict(t, refused)
		checker.AllowInvalid()
		send()
		to.expect(t)
	})
	t.Run("with a fault", func(t *testing.T) {
		faulty := refused
		faulty.header = faults.Header + ": status=422"
		to, _, send := strict(t, faulty)
		send()
		to.expect(t)
	})
	t.Run("no content type", func(t *testing.T) {
		untyped := sample{request: "POST " + conversations, header: "Content-Type:", body: `{"name":"x"}`, status: 422, reply: envelope}
		to, _, send := strict(t, untyped)
		send()
		to.expect(t, "request: content type", "is not listed")
	})
	t.Run("another tenant", func(t *testing.T) {
		to, _, send := strict(t, sample{request: "GET /tenants/other/api/v2/ok", status: 404, reply: envelope})
		send()
		to.expect(t)
	})
}

// A tenant says itself which answers a fault has spoiled.
func TestSpoiledAnswersAreNotChecked(t *testing.T) {
	to := &recorder{}
	client, base := places["transport"](t, contracttest.New(to), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(faults.Header, "spoiled")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
	}))
	sample{request: agents}.send(t, client, base)
	to.expect(t)
}

// What comes after a test's end has nobody to be reported to.
func TestNothingIsReportedAfterTheTest(t *testing.T) {
	to := &recorder{}
	s := sample{request: agents, reply: "{}"}
	client, base := places["transport"](t, contracttest.New(to), http.HandlerFunc(s.serve))
	s.send(t, client, base)
	to.expect(t, "is missing")
	to.cleanup()
	s.send(t, client, base)
	to.expect(t)
}
