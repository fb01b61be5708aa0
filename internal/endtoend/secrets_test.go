package endtoend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// The secrets that are planted, each of which would be found wherever it came out.
const (
	plantedPassword   = "planted-connection-password"
	plantedPassphrase = "planted-key-passphrase"
	plantedHeader     = "planted-header-value"
	plantedTyped      = "planted-typed-header"
	plantedEnv        = "planted-environment-value"
	plantedCallback   = "planted-callback-secret"
	plantedToolHeader = "planted-tool-argument"
	plantedModelKey   = "planted-model-key"
)

// heard collects whatever comes out of the product.
type heard struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// listening hears every answer that passes.
type listening struct {
	http.RoundTripper
	heard *heard
}

func (l listening) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		fmt.Fprintln(l.heard, response.Header)
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(response.Body, l.heard), response.Body}
	}
	return response, err
}

// TestSecretsStayInside plants secrets wherever the tenant takes one, uses
// everything that could show them, and looks for them in all that came out:
// answers, errors, logs, packages and the results of every tool.
func TestSecretsStayInside(t *testing.T) {
	out := &heard{}
	model := testllm.Start(t, slices.Repeat([]testllm.Answer{testllm.Says("I have no tools.")}, 5)...)
	tenant := testtenant.StartWith(t, localtenant.Config{
		DataDir: t.TempDir(), Logger: zerolog.New(out).Level(zerolog.TraceLevel),
		Agents: []localtenant.AgentSpec{{Name: "Assistant", Architecture: openaichat.Architecture, Mode: "worker"}},
		LLM:    openaichat.Config{URL: model.URL, Key: plantedModelKey, Model: "m"},
	})
	tenant.Contract.AllowInvalid()
	client := tenant.Client(restclient.WithTransport(listening{tenant.Transport(), out}))
	p := plant(t, client, out, tenant.AgentID("Assistant"))
	p.readAll(t, client, out)
	callEveryTool(t, tenant, p, out)

	said := out.String()
	for _, secret := range []string{plantedPassword, plantedPassphrase, plantedHeader, plantedTyped, plantedEnv, plantedToolHeader, plantedModelKey} {
		if i := strings.Index(said, secret); i >= 0 {
			t.Errorf("%s came out: …%s…", secret, said[max(0, i-300):i+len(secret)])
		}
	}
	// The vendor gives a callback's secret back to whoever reads the work item; it
	// must be nowhere else.
	if n := strings.Count(said, plantedCallback); n != strings.Count(said, `"signature_secret":"`+plantedCallback) {
		t.Errorf("the secret of a callback came out %d times", n)
	}
	for _, shown := range []string{"Planted connection", "X-Planted", "PLANTED_ENV", "cannot be used"} {
		if !strings.Contains(said, shown) {
			t.Errorf("nothing shows %q: the test looks at too little", shown)
		}
	}
}

// planted are the things that hold a secret.
type planted struct{ agent, connection, server, command, item string }

func plant(t *testing.T, client *restclient.Client, out io.Writer, agent string) planted {
	t.Helper()
	ctx := t.Context()
	secrets := restclient.RawObject{
		"db_file": json.RawMessage(`"sales.sqlite"`), "password": json.RawMessage(`"` + plantedPassword + `"`),
		"private_key_passphrase": json.RawMessage(`"` + plantedPassphrase + `"`),
	}
	connection := try(client.DataConnections.Create(ctx, restclient.DataConnection{Name: "Planted connection", Engine: "sqlite", Configuration: secrets})).in(t)
	connection.Description = "replaced"
	fmt.Fprintln(out, try(client.DataConnections.Replace(ctx, connection.ID, *connection)).in(t))

	// A server that cannot be reached has more to say than one that can.
	postgres := restclient.RawObject{
		"host": json.RawMessage(`"127.0.0.1"`), "port": json.RawMessage(`1.0`), "database": json.RawMessage(`"d"`),
		"user": json.RawMessage(`"u"`), "password": json.RawMessage(`"` + plantedPassword + `"`), "sslmode": json.RawMessage(`"disable"`),
	}
	_, err := client.DataConnections.Create(ctx, restclient.DataConnection{Name: "p", Engine: "postgres", Configuration: postgres})
	hearError(t, out, err)
	postgres["sslmode"] = json.RawMessage(`"` + plantedPassword + `"`) // put into the wrong field
	_, err = client.DataConnections.Create(ctx, restclient.DataConnection{Name: "p", Engine: "postgres", Configuration: postgres})
	hearError(t, out, err)

	server := try(client.MCPServers.Create(ctx, restclient.MCPServer{Name: "gone", URL: "http://127.0.0.1:1/mcp", Headers: map[string]restclient.MCPServerVariable{
		"X-Planted": {Type: restclient.VariableSecret, Value: plantedTyped}, "Authorization": {Value: plantedHeader},
		"X-String": {Type: restclient.VariableString, Value: plantedTyped}, "X-OAuth": {Type: restclient.VariableOAuth2Secret, Value: plantedTyped},
		"X-Data": {Type: restclient.VariableDataServerInfo, Value: plantedTyped},
	}})).in(t)
	fmt.Fprintln(out, try(client.MCPServers.Replace(ctx, server.ID, *server)).in(t))
	command := try(client.MCPServers.Create(ctx, restclient.MCPServer{Name: "command", Command: "no-such-program", Env: map[string]restclient.MCPServerVariable{
		"PLANTED_ENV": {Type: restclient.VariableSecret, Value: plantedEnv}, "PLANTED_STRING": {Type: restclient.VariableString, Value: plantedEnv},
		"PLANTED_OAUTH": {Type: restclient.VariableOAuth2Secret, Value: plantedEnv}, "PLANTED_DATA": {Type: restclient.VariableDataServerInfo, Value: plantedEnv},
	}})).in(t)
	_, err = client.MCPServers.Create(ctx, restclient.MCPServer{URL: "nonsense", Headers: map[string]restclient.MCPServerVariable{"X-Planted": {Value: plantedHeader}}})
	hearError(t, out, err)
	for _, shown := range []restclient.MCPServer{
		{Name: "query", URL: "http://127.0.0.1:1/mcp?key=" + plantedHeader},
		{Name: "flag", Command: "no-such-program", Args: []string{"--token", plantedEnv}},
		{Name: "value", Command: "no-such-program", Args: []string{"--api-key=" + plantedEnv}},
	} {
		_, err = client.MCPServers.Create(ctx, shown)
		hearError(t, out, err)
	}
	must(t, client.Agents.AttachMCPServer(ctx, agent, server.ID))
	must(t, client.Agents.AttachMCPServer(ctx, agent, command.ID))
	try(client.Agents.Publish(ctx, agent, nil)).in(t)

	item := try(client.WorkItems.Create(ctx, restclient.WorkItemCreate{AgentID: agent, Callbacks: []restclient.CallbackRegistration{
		{URL: "http://127.0.0.1:1/hook", SignatureSecret: plantedCallback, OnStatus: restclient.WorkItemCompleted},
	}})).in(t)
	fmt.Fprintf(out, "%v %+v\n", item.Status, try(client.WorkItems.Wait(ctx, item.ID, &restclient.WorkItemWaitOptions{FirstPause: 1e6, MaxPause: 1e7})).in(t).Callbacks)
	return planted{agent: agent, connection: connection.ID, server: server.ID, command: command.ID, item: item.ID}
}

// hearError has an error, which there must be, say all it can.
func hearError(t *testing.T, out io.Writer, err error) {
	t.Helper()
	if err == nil {
		t.Error("what is wrong was taken")
	}
	fmt.Fprintf(out, "%v %+v %#v\n", err, err, err)
}

// readAll reads whatever the API gives of what was planted.
func (p planted) readAll(t *testing.T, client *restclient.Client, out io.Writer) {
	t.Helper()
	ctx := t.Context()
	for _, connection := range collect(t, client.DataConnections.All(ctx, nil)) {
		fmt.Fprintf(out, "%v %+v %#v\n", connection, connection, connection)
	}
	for _, server := range collect(t, client.MCPServers.All(ctx, nil)) {
		fmt.Fprintf(out, "%v %+v %#v\n", server, server, server)
	}
	collect(t, client.Agents.AllMCPServers(ctx, p.agent, nil))
	export, err := client.Agents.Export(ctx, p.agent)
	zip := download(t, export, err)
	for name, content := range unzipped(t, zip) {
		fmt.Fprintln(out, name, content)
	}
	fmt.Fprintln(out, try(client.Agents.Diff(ctx, p.agent, strings.NewReader(zip))).in(t))
	thread := try(client.Conversations.Create(ctx, p.agent, "t")).in(t)
	try(client.Conversations.Send(ctx, p.agent, thread.ID, "Which tools have you?")).in(t)
	try(client.Conversations.Messages(ctx, p.agent, thread.ID, nil)).in(t)
}

// callEveryTool calls each tool of a server that offers all of them, those that
// delete last.
func callEveryTool(t *testing.T, tenant *testtenant.Tenant, p planted, out *heard) {
	t.Helper()
	server := try(mcpserver.New(mcpserver.Config{
		BaseURL: tenant.BaseURL(), Transport: tenant.Transport(), Logger: zerolog.New(out).Level(zerolog.TraceLevel),
		Bridge: bridge.Config{CallBudget: 5 * time.Second, Version: "test", Toolsets: []bridge.Toolset{bridge.ToolsetAll}, Logger: zerolog.New(out).Level(zerolog.TraceLevel)},
	})).in(t)
	web := httptest.NewServer(server.Handler())
	defer func() {
		web.Close()
		server.Close()
	}()
	call := func(method string, params any) []byte {
		body := try(json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).in(t)
		request := try(http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/tenants/local/api/v1/mcp/", bytes.NewReader(body))).in(t)
		request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
		request.Header.Set("Content-Type", "application/json")
		response := try(http.DefaultClient.Do(request)).in(t)
		defer response.Body.Close()
		answer := try(io.ReadAll(io.TeeReader(response.Body, out))).in(t)
		return answer
	}
	var listed struct {
		Result struct {
			Tools []struct {
				Name        string
				InputSchema struct{ Properties map[string]any }
			}
		}
	}
	must(t, json.Unmarshal(call("tools/list", map[string]any{}), &listed))
	if len(listed.Result.Tools) < 30 {
		t.Fatalf("%d tools", len(listed.Result.Tools))
	}
	for _, last := range []bool{false, true} {
		for _, tool := range listed.Result.Tools {
			if strings.HasPrefix(tool.Name, "delete_") != last {
				continue
			}
			arguments := map[string]any{}
			for name := range tool.InputSchema.Properties {
				if value, ok := p.argument(name); ok {
					arguments[name] = value
				}
			}
			if answer := call("tools/call", map[string]any{"name": tool.Name, "arguments": arguments}); !bytes.Contains(answer, []byte(`"content"`)) {
				t.Errorf("%s: %s", tool.Name, answer)
			}
		}
	}
}

// argument is what a tool is given for an input of that name.
func (p planted) argument(name string) (any, bool) {
	value, ok := map[string]any{
		"agent": p.agent, "message": "hello", "thread_identifier": "t-1", "thread_id": p.agent, "run_id": "none", "file": "none",
		"name": "Tool-made", "work_item_id": p.item, "action": "complete", "data_connection_id": p.connection, "kind": "mcp_server", "id": p.server,
		"semantic_data_model_id": localtenant.SalesModelID, "mcp_server_id": p.server, "tables": []string{"sales"}, "url": "https://tools.example/mcp",
		"headers": []map[string]string{{"name": "X-Tool", "value": plantedToolHeader}}, "wait_seconds": 5,
	}[name]
	return value, ok
}
