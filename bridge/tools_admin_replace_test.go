package bridge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

func TestAnMCPServerIsReplacedAndLosesNothingUnasked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	client := d.tenant.Client().MCPServers
	serial := true
	created, err := client.Create(t.Context(), restclient.MCPServer{Name: "crm", URL: "https://crm.example/mcp", ForceSerialToolCalls: &serial, Transport: restclient.TransportAuto,
		Headers: map[string]restclient.MCPServerVariable{"Authorization": {Type: restclient.VariableSecret, Value: "Bearer old"}}})
	if err != nil {
		t.Fatal(err)
	}
	change := args{"mcp_server_id": created.ID, "name": "crm 2", "url": "https://crm.example/sse"}
	d.fails("", "replace_mcp_server", change, "The MCP server “crm” has headers, which this would remove", "empty list", "Nothing was changed")
	change["headers"] = []args{{"name": "Authorization", "value": "Bearer new"}}
	for range 2 { // it may be called again
		if got := d.call("", "replace_mcp_server", change); got.IsError || !got.says(created.ID, `"name":"crm 2"`, `"transport":"sse"`, `"header_names":["Authorization"]`) || got.says("Bearer") {
			t.Errorf("got %+v", got)
		}
	}
	now, err := client.Get(t.Context(), created.ID)
	if err != nil || now.ForceSerialToolCalls == nil || !*now.ForceSerialToolCalls {
		t.Errorf("what the tool cannot set is lost: got %+v, %v", now, err)
	}
	change["headers"] = []args{}
	if got := d.call("", "replace_mcp_server", change); got.IsError || got.says("header_names") {
		t.Errorf("got %+v", got)
	}
	d.fails("", "replace_mcp_server", args{"mcp_server_id": created.ID, "name": "x"}, "either a url or a command", "Nothing was changed")
	d.fails("", "replace_mcp_server", args{"mcp_server_id": nowhere, "name": "x", "command": "y"}, "There is no MCP server", "list_mcp_servers", "Nothing was changed")
	d.fails("", "replace_mcp_server", args{"mcp_server_id": created.ID, "name": "x", "command": "y", "transport": "sse"}, "422", "Nothing was changed")
	for fault, says := range map[string]string{"status=500,match=PUT …/" + created.ID: "It is not known whether the change was made", "status=404,match=PUT …/" + created.ID: "There is no MCP server"} {
		d.tenant.Fail(fault)
		d.fails("", "replace_mcp_server", change, says)
		d.tenant.Fail("")
	}
}

func TestASemanticDataModelIsReplaced(t *testing.T) {
	t.Parallel()
	d := newDesk(t, everything)
	id := localtenant.SalesModelID
	model := args{"name": "sales", "description": "Revised.", "tables": []args{{"name": "orders", "base_table": args{"table": "orders"}}}}
	encoded, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []any{string(encoded), model} {
		if got := d.call("", "replace_semantic_data_model", args{"semantic_data_model_id": id, "semantic_model": written}); got.IsError || !got.says(id, "Revised.") {
			t.Errorf("got %+v", got)
		}
	}
	if got := d.call("", "get_semantic_data_model", args{"semantic_data_model_id": id}); !got.says("Revised.") || got.says("verified_queries") {
		t.Errorf("got %s", got.text())
	}
	replace := func(id, model string) args { return args{"semantic_data_model_id": id, "semantic_model": model} }
	d.fails("", "replace_semantic_data_model", replace(id, `{"name": "sales"}`), "no tables and no schemas", "Nothing was changed")
	d.fails("", "replace_semantic_data_model", replace(id, `{"name": "sales", "tables": "orders"}`), "a list that is not empty")
	d.fails("", "replace_semantic_data_model", replace(id, `[]`), "semantic_model must be a JSON object")
	d.fails("", "replace_semantic_data_model", replace(id, `{"token": "[not shown: it may hold a secret]"}`), "in the place of what may be a secret", "Nothing was changed")
	d.fails("", "replace_semantic_data_model", replace(nowhere, string(encoded)), "There is no semantic data model", "list_semantic_data_models", "Nothing was changed")
	for fault, says := range map[string]string{"status=500,match=PUT …/" + id: "It is not known whether the change was made", "status=422,match=PUT …/" + id: "Nothing was changed", "status=404,match=PUT …/" + id: "There is no semantic data model"} {
		d.tenant.Fail(fault)
		d.fails("", "replace_semantic_data_model", replace(id, string(encoded)), says)
		d.tenant.Fail("")
	}
}

// silent answers what changes something with an empty body, after it was done,
// and then nothing more to those who look.
type silent struct {
	http.RoundTripper
	done bool
}

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.done && r.Method == http.MethodGet {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	response, err := s.RoundTripper.RoundTrip(r)
	if r.Method == http.MethodPut && err == nil {
		_ = response.Body.Close()
		s.done, response.Body = true, http.NoBody
	}
	return response, err
}

func TestAReplacementThatIsMadeButNotReadIsDone(t *testing.T) {
	t.Parallel()
	for tool, arguments := range map[string]args{
		"replace_mcp_server":          {"name": "crm", "url": "https://crm.example/mcp"},
		"replace_semantic_data_model": {"semantic_data_model_id": localtenant.SalesModelID, "semantic_model": `{"name": "sales", "tables": [{"name": "orders", "base_table": {"table": "orders"}}]}`},
	} {
		tenant := testtenant.Start(t)
		if tool == "replace_mcp_server" {
			server, err := tenant.Client().MCPServers.Create(t.Context(), restclient.MCPServer{Name: "crm", URL: "https://crm.example/mcp", Transport: restclient.TransportAuto})
			if err != nil {
				t.Fatal(err)
			}
			arguments["mcp_server_id"] = server.ID
		}
		client := tenant.Client(restclient.WithTransport(&silent{RoundTripper: tenant.Transport()}))
		d := &desk{t, tenant, bridge.NewTenant(client, bridge.Config{Toolsets: []bridge.Toolset{bridge.ToolsetAll}})}
		t.Cleanup(d.bridge.Close)
		if got := d.callOn(d.bridge.OfflineServer(), tool, arguments); got.IsError || !strings.HasPrefix(got.text(), "It is done, but") {
			t.Errorf("%s: got %+v", tool, got)
		}
	}
}
