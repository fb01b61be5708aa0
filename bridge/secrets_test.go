package bridge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/restclient"
)

// planted is in every place of the tenant's answers where a secret may be.
const planted = "hunter2-planted"

// leakyTenant is a tenant that gives all its secrets away, as some releases do.
func leakyTenant(t *testing.T) *desk {
	t.Helper()
	server := fmt.Sprintf(`{"id":"s1","name":"crm","transport":"streamable-http","url":"https://user:%[1]s@crm.example/hooks/%[1]s/mcp?key=%[1]s#%[1]s",
		"headers":{"Authorization":"Bearer %[1]s","X-Key":{"type":"secret","value":"%[1]s"}},"command":"crm-server --key %[1]s","args":["--token","%[1]s"],"env":{"CRM_KEY":"%[1]s"},
		"oauth_client_config":{"client_secret":"%[1]s"},"mcp_server_metadata":{"note":"%[1]s"},"extra":"%[1]s"}`, planted)
	connection := fmt.Sprintf(`{"id":"c1","name":"Sales DB","engine":"postgres","description":"orders","tags":["eu"],
		"configuration":{"host":"db.example","password":"%[1]s","service_account_json":"{\"private_key\":\"%[1]s\"}"},"connection_string":"%[1]s"}`, planted)
	model := fmt.Sprintf(`{"id":"m1","name":"sales","semantic_model":{"tables":[{"name":"orders","base_table":{"data_connection_id":"c1","password":"%[1]s",
		"connection":{"configuration":{"host":"%[1]s"},"accessToken":"%[1]s","privateKey":"%[1]s","aws-access-key":"%[1]s","Pwd":"%[1]s","DSN":"%[1]s","connection_string":"%[1]s","connectionString":"%[1]s"}},"facts":[{"name":"amount","expr":"amount","scale":9007199254740993}]}],"credentials":["%[1]s"]}}`, planted)
	agent := `{"id":"a1","name":"Helper","mode":"worker","state":"live","runbook_text":"Help."}`
	item := fmt.Sprintf(`{"work_item_id":"w1","agent_id":"a1","status":"NEEDS_REVIEW","payload":{},"callbacks":[{"url":"https://hooks.example","signature_secret":"%s"}]}`, planted)
	page := func(item string) string { return `{"data":[` + item + `],"next":null,"has_more":false}` }
	answers := map[string]string{
		"GET /agents": page(agent), "GET /agents/a1": agent, "GET /agents/a1/state": `{"state":"live","has_draft":false,"live_version_id":"v1"}`,
		"GET /agents/a1/semantic-data-models": page(model), "GET /agents/a1/mcp-servers": page(server),
		"GET /mcp-servers": page(server), "GET /mcp-servers/s1": server, "POST /mcp-servers": server, "PUT /mcp-servers/s1": server, "PUT /semantic-data-models/m1": model,
		"GET /data-connections": page(connection), "GET /data-connections/c1": connection,
		"GET /semantic-data-models": page(model), "GET /semantic-data-models/m1": model, "POST /semantic-data-models/scaffold-from-tables": model,
		"GET /document-intelligence": fmt.Sprintf(`{"integrations":[{"external_id":"i1","type":"reducto","endpoint":"https://reducto.example?key=%[1]s","api_key":"%[1]s"}],"data_connection_id":"c1"}`, planted),
		"GET /work-items":            `{"records":[` + item + `],"next_offset":null}`, "GET /work-items/w1": item, "POST /work-items": item, "POST /work-items/w1/continue": item,
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusTeapot)
			answer = `{"error":{"code":"x","message":"no route"}}`
		}
		fmt.Fprint(w, answer)
	}))
	client, err := restclient.New(web.URL, "key", restclient.WithRetry(restclient.RetryPolicy{}))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, bridge: bridge.NewTenant(client, bridge.Config{Toolsets: []bridge.Toolset{bridge.ToolsetAll}, Logger: zerolog.Nop()})}
	t.Cleanup(func() {
		d.bridge.Close()
		client.CloseIdleConnections()
		web.Close()
	})
	return d
}

func TestSecretsAreInNoResult(t *testing.T) {
	t.Parallel()
	d := leakyTenant(t)
	for tool, test := range map[string]struct {
		arguments args
		shows     []string
	}{
		"list_mcp_servers":            {nil, []string{`"url":"https://crm.example/…"`, `"command":"crm-server …"`, `"header_names":["Authorization","X-Key"]`, `"env_names":["CRM_KEY"]`, `"argument_count":2`}},
		"get_mcp_server":              {args{"mcp_server_id": "s1"}, []string{"streamable-http", "X-Key"}},
		"create_mcp_server":           {args{"name": "crm", "url": "https://crm.example/?key=" + planted, "headers": []args{{"name": "X-Key", "value": planted}}}, []string{"crm"}},
		"replace_mcp_server":          {args{"mcp_server_id": "s1", "name": "crm", "url": "https://crm.example/?key=" + planted, "headers": []args{}, "env": []args{}, "arguments": []string{}}, []string{"crm"}},
		"replace_semantic_data_model": {args{"semantic_data_model_id": "m1", "semantic_model": `{"tables": [{"name": "orders"}]}`}, []string{"m1"}},
		"list_data_connections":       {nil, []string{"Sales DB", "postgres", "orders", "eu"}},
		"get_data_connection":         {args{"data_connection_id": "c1"}, []string{"Sales DB", "postgres"}},
		"list_semantic_data_models":   {nil, []string{`"name":"sales"`}},
		"get_semantic_data_model":     {args{"semantic_data_model_id": "m1"}, []string{`"data_connection_id": "c1"`, `"expr": "amount"`, "9007199254740993", `"password": "[not shown: it may hold a secret]"`}},
		"create_semantic_data_model":  {args{"data_connection_id": "c1", "tables": "orders", "name": "sales"}, []string{"m1"}},
		"get_agent":                   {args{"agent": "Helper"}, []string{`"has_draft": false`, `"id": "m1"`, `"name": "crm"`, "Help."}},
		"get_document_intelligence":   {nil, []string{`"configured":true`, "reducto", "https://reducto.example/…", `"data_connection_id":"c1"`}},
		"list_work_items":             {nil, []string{"w1"}},
		"get_work_item":               {args{"work_item_id": "w1"}, []string{"NEEDS_REVIEW"}},
		"create_work_item":            {args{"agent": "a1", "message": "x"}, []string{"w1"}},
		"act_on_work_item":            {args{"work_item_id": "w1", "action": "continue"}, []string{"w1"}},
	} {
		o := d.call("", tool, test.arguments)
		if o.IsError || !o.says(test.shows...) {
			t.Errorf("%s: got %+v, want it to say %q", tool, o, test.shows)
		}
		if whole := fmt.Sprint(o, string(o.Structured)); strings.Contains(whole, "hunter2") {
			t.Errorf("%s tells a secret: %s", tool, whole)
		}
	}
}

func TestASecretIsNotRepeatedFromAnError(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&body)
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"error":{"code":"unprocessable_entity","message":%q}}`, "body -> "+string(body))
	}))
	defer web.Close()
	client, err := restclient.New(web.URL, "key", restclient.WithRetry(restclient.RetryPolicy{}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	tenant := bridge.NewTenant(client, bridge.Config{Toolsets: []bridge.Toolset{bridge.ToolsetAdmin}})
	defer tenant.Close()
	d := &desk{t: t, bridge: tenant}
	o := d.offline("create_mcp_server", args{"name": "crm", "command": "crm", "arguments": "--x", "env": []args{{"name": "CRM_KEY", "value": planted}}})
	if !o.IsError || !o.says("422", "Nothing was changed") || strings.Contains(o.text(), "hunter2") {
		t.Errorf("got %+v", o)
	}
}
