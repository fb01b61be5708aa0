package localtenant_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/store"
)

// server makes an MCP server and gives its id.
func (c *client) server(body string) string {
	c.t.Helper()
	return get[object](c, http.MethodPost, "/mcp-servers", body)["id"].(string)
}

func TestMCPServers(t *testing.T) {
	c := start(t, localtenant.Config{})
	if got := get[listing](c, http.MethodGet, "/mcp-servers", ""); got.Data == nil || len(got.Data) != 0 {
		t.Errorf("at first: %+v", got)
	}
	made := get[object](c, http.MethodPost, "/mcp-servers", `{"name":"../CRM 🚀","url":"https://crm.example/mcp","icon":"x"}`)
	for field, want := range map[string]any{
		"name": "../CRM 🚀", "type": "generic_mcp", "transport": "streamable-http", "url": "https://crm.example/mcp",
		"headers": nil, "command": nil, "args": nil, "env": nil, "cwd": nil, "force_serial_tool_calls": false, "mcp_server_metadata": nil,
	} {
		if got, there := made[field]; got != want || !there {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	path := "/mcp-servers/" + made["id"].(string)
	if got := get[object](c, http.MethodGet, path, ""); encoded(got) != encoded(made) {
		t.Errorf("read again: %v, want %v", got, made)
	}
	replaced := get[object](c, http.MethodPut, path, `{"name":"Files","type":"sema4ai_action_server","command":"files-mcp","args":["--root","/srv"],
		"env":{"LEVEL":{"type":"string","value":"debug","description":"how much"}},"cwd":"/srv","force_serial_tool_calls":true,
		"mcp_server_metadata":{"a":1}}`)
	if replaced["id"] != made["id"] || replaced["created_at"] != made["created_at"] || replaced["transport"] != "stdio" || replaced["url"] != nil ||
		encoded(replaced["env"]) != `{"LEVEL":{"description":"how much","type":"string","value":"**********"}}` || encoded(replaced["args"]) != `["--root","/srv"]` ||
		replaced["type"] != "sema4ai_action_server" || replaced["force_serial_tool_calls"] != true || encoded(replaced["mcp_server_metadata"]) != `{"a":1}` {
		t.Errorf("replaced: %v", replaced)
	}
	var ids []string
	for i := range 5 {
		ids = append(ids, c.server(fmt.Sprintf(`{"name":"S%d","command":"x"}`, i)))
	}
	if got := allPages(c, "/mcp-servers", 2); !slices.Equal(got[1:], ids) {
		t.Errorf("oldest first: %q, want %q", got[1:], ids)
	}
	c.nothing(http.MethodDelete, path, "")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		c.refuse(http.StatusNotFound, method, path, "")
	}
	c.refuse(http.StatusNotFound, http.MethodPut, path, `{"name":"x","command":"x"}`)
	for _, id := range []string{"x", "..%2F", "%2e%2e", "%F0%9F%9A%80"} {
		c.refuse(http.StatusNotFound, http.MethodGet, "/mcp-servers/"+id, "")
	}
}

func TestTransports(t *testing.T) {
	c := start(t, localtenant.Config{})
	for body, want := range map[string]string{
		`"url":"http://h/sse"`:                               "sse",
		`"url":"http://h/sse/x","transport":"auto"`:          "sse",
		`"url":"http://h/mcp","command":null`:                "streamable-http",
		`"url":"http://h/mcp","transport":"sse"`:             "sse",
		`"url":"http://h/sse","transport":"streamable-http"`: "streamable-http",
		`"command":"x","url":""`:                             "stdio",
		`"command":"x","transport":"stdio"`:                  "stdio",
	} {
		if got := get[object](c, http.MethodPost, "/mcp-servers", `{"name":"x",`+body+`}`)["transport"]; got != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
}

func TestMCPServerBodies(t *testing.T) {
	c := start(t, localtenant.Config{Logger: quiet})
	path := "/mcp-servers/" + c.server(`{"name":"kept","url":"http://h/kept"}`)
	many := map[string]string{}
	for i := range 101 {
		many[fmt.Sprint("H", i)] = "x"
	}
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{``, 400, "not JSON"},
		{`{"url":"http://h"}`, 422, "body -> name: is required"},
		{`{"name":7,"url":[]}`, 422, "body -> name: must be a string; body -> url: must be a string"},
		{encoded(object{"name": strings.Repeat("x", 256), "command": "x"}), 422, "body -> name: must not be longer"},
		{`{"name":"x"}`, 422, "body -> url: is required, or else command"},
		{`{"name":"x","url":"","command":" "}`, 422, "is required, or else command"},
		{`{"name":"x","url":"http://h","command":"x"}`, 422, "body -> command: must not be given together with url"},
		{`{"name":"x","url":"http://h","transport":"stdio"}`, 422, "stdio needs a command"},
		{`{"name":"x","command":"x","transport":"sse"}`, 422, "sse needs a url"},
		{`{"name":"x","command":"x","transport":"tcp"}`, 422, "must be one of auto"},
		{`{"name":"x","url":"ftp://h"}`, 422, "begins with http"},
		{`{"name":"x","url":"http://"}`, 422, "begins with http"},
		{`{"name":"x","url":"http://h:x"}`, 422, "begins with http"},
		{`{"name":"x","url":"/mcp"}`, 422, "begins with http"},
		{`{"name":"x","url":"http://user:secret@h"}`, 422, "must not hold a user"},
		{encoded(object{"name": "x", "url": "http://h/" + strings.Repeat("x", 2048)}), 422, "body -> url: must not be longer"},
		{`{"name":"x","url":"http://h","args":["a"]}`, 422, "body -> args: can only belong to a command"},
		{`{"name":"x","url":"http://h","env":{"A":"b"}}`, 422, "body -> env: can only belong to a command"},
		{`{"name":"x","url":"http://h","cwd":"/"}`, 422, "body -> cwd: can only belong to a command"},
		{`{"name":"x","command":"x","headers":{"A":"b"}}`, 422, "body -> headers: can only belong to a url"},
		{`{"name":"x","command":"x\u0000"}`, 422, "NUL"},
		{`{"name":"x","command":"x","args":"a"}`, 422, "body -> args: must be an array"},
		{`{"name":"x","command":"x","args":["a",1]}`, 422, "body -> args -> 1: must be a string"},
		{`{"name":"x","url":"http://h","headers":["A"]}`, 422, "body -> headers: must be an object"},
		{`{"name":"x","url":"http://h","headers":{"A B":"b"}}`, 422, "body -> headers -> A B: is no name of a header"},
		{`{"name":"x","url":"http://h","headers":{"A":"b","a":"b"}}`, 422, "body -> headers -> a: is given twice"},
		{`{"name":"x","url":"http://h","headers":{"A":"b\r\nC: d"}}`, 422, "body -> headers -> A: must be one line"},
		{`{"name":"x","url":"http://h","headers":{"A":1}}`, 422, "body -> headers -> A: must be a string or an object"},
		{`{"name":"x","url":"http://h","headers":{"A":{"value":"x"}}}`, 422, "body -> headers -> A -> type: is required"},
		{`{"name":"x","url":"http://h","headers":{"A":{"type":"other"}}}`, 422, "must be one of string, secret"},
		{`{"name":"x","url":"http://h","headers":{"A":{"type":"secret","value":{}}}}`, 422, "body -> headers -> A -> value: must be a string"},
		{`{"name":"x","url":"http://h","headers":{"A":{"type":"oauth2-secret","scopes":"a"}}}`, 422, "scopes: must be an array"},
		{encoded(object{"name": "x", "url": "http://h", "headers": many}), 422, "body -> headers: has too many entries"},
		{encoded(object{"name": "x", "command": "x", "args": slices.Repeat([]string{"x"}, 101)}), 422, "body -> args: has too many entries"},
		{`{"name":"x","command":"x","env":{"A=B":"x"}}`, 422, "is no name of an environment variable"},
		{`{"name":"x","command":"x","type":"other"}`, 422, "body -> type: must be one of"},
		{`{"name":"x","command":"x","force_serial_tool_calls":"no"}`, 422, "must be true or false"},
		{`{"name":"x","command":"x","oauth_client_config":[]}`, 422, "body -> oauth_client_config: must be an object"},
		{`{"name":"x","command":"x","mcp_server_metadata":1}`, 422, "body -> mcp_server_metadata: must be an object"},
		{`{"name":"x","url":"http://h","headers":{"A":"**********"}}`, 422, "body -> headers -> A: is the mask of a secret that is not kept"},
	} {
		for method, path := range map[string]string{http.MethodPost: "/mcp-servers", http.MethodPut: path} {
			if got := c.refuse(test.status, method, path, test.body); !strings.Contains(got, test.says) {
				t.Errorf("%s %.80s: %q does not say %q", method, test.body, got, test.says)
			}
		}
	}
	if got := get[listing](c, http.MethodGet, "/mcp-servers", ""); len(got.Data) != 1 || got.Data[0]["url"] != "http://h/kept" {
		t.Errorf("stored although refused: %v", got.Data)
	}
}

// planted are secrets in every place of an MCP server that may hold one.
const (
	planted       = "PLANTED-SECRET"
	plantedServer = `{"name":"CRM","url":"https://crm.example/mcp","headers":{
		"Authorization":"Bearer PLANTED-SECRET-1","X-Key":{"type":"secret","value":"PLANTED-SECRET-2","description":"the key"},
		"X-Token":{"type":"oauth2-secret","value":"PLANTED-SECRET-3","provider":"idp","scopes":["read"]},
		"X-Data":{"type":"data-server-info","value":"PLANTED-SECRET-4"},
		"X-Open":{"type":"string","value":"in clear"},"X-Later":{"type":"secret"},"X-None":null}}`
	plantedCommand = `{"name":"Files","command":"files","env":{"PASSWORD":"PLANTED-SECRET-5","PEM":{"type":"secret","value":"PLANTED-SECRET-6\nline"}},
		"oauth_client_config":{"client_secret":"PLANTED-SECRET-7"}}`
)

func TestSecretsAreMasked(t *testing.T) {
	c := start(t, localtenant.Config{})
	server := get[object](c, http.MethodPost, "/mcp-servers", plantedServer)
	want := `{"Authorization":"**********","X-Data":{"type":"data-server-info","value":"**********"},` +
		`"X-Key":{"description":"the key","type":"secret","value":"**********"},"X-Later":{"type":"secret","value":null},"X-None":null,` +
		`"X-Open":{"type":"string","value":"**********"},"X-Token":{"provider":"idp","scopes":["read"],"type":"oauth2-secret","value":"**********"}}`
	if got := encoded(server["headers"]); got != want {
		t.Errorf("headers\n%s, want\n%s", got, want)
	}
}

// What was read can be sent back with a change, and no secret is lost by it.
func TestMasksKeepTheirSecrets(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	kept := func(id string) string {
		return stored[string](t, dir, `SELECT headers || env FROM mcp_servers WHERE id = ?`, id)
	}
	for _, body := range []string{plantedServer, plantedCommand} {
		server := get[object](c, http.MethodPost, "/mcp-servers", body)
		id := server["id"].(string)
		before := kept(id)
		if strings.Count(before, planted) < 2 {
			t.Fatalf("stored: %s", before)
		}
		server["name"] = "Renamed"
		if got := get[object](c, http.MethodPut, "/mcp-servers/"+id, encoded(server)); got["name"] != "Renamed" {
			t.Errorf("replaced: %v", got)
		}
		if after := kept(id); after != before {
			t.Errorf("after a replacement with masks %s, want %s", after, before)
		}
		// Elsewhere the secrets do not go along: their new place could give them away.
		for field, value := range map[string]any{"url": "https://evil.example/mcp", "args": []string{"--print-env"}} {
			moved := map[string]any{}
			for name, v := range server {
				moved[name] = v
			}
			if moved[field] = value; field == "url" && server["url"] == nil || field == "args" && server["url"] != nil {
				continue
			}
			got := c.refuse(http.StatusUnprocessableEntity, http.MethodPut, "/mcp-servers/"+id, encoded(moved))
			if !strings.Contains(got, "is kept for another url or command") || strings.Contains(got, planted) {
				t.Errorf("moved: %q", got)
			}
		}
		if after := kept(id); after != before {
			t.Errorf("after a refused replacement %s, want %s", after, before)
		}
	}
	id := c.server(plantedServer)
	get[object](c, http.MethodPut, "/mcp-servers/"+id, `{"name":"CRM","url":"https://crm.example/other","headers":{"authorization":"**********-not","X-Key":"new"}}`)
	if after := kept(id); strings.Contains(after, planted) || !strings.Contains(after, "**********-not") || !strings.Contains(after, "new") {
		t.Errorf("after a replacement with new secrets: %s", after)
	}
}

// Nothing that the tenant says or logs holds a secret of an MCP server.
func TestSecretsAreNeverTold(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: zerolog.New(&log)})
	agent := c.create("Agent")
	var told strings.Builder
	tell := func(method, path, body string) {
		_, data, header := c.do(method, path, body)
		fmt.Fprintln(&told, string(data), header)
	}
	for _, body := range []string{plantedServer, plantedCommand} {
		id := c.server(body)
		tell(http.MethodPost, agent+"/mcp-servers", encoded(object{"id": id}))
		tell(http.MethodPost, "/mcp-servers", body)
		tell(http.MethodPost, "/mcp-servers", strings.Replace(body, `"name"`, `"command":"x","url":"http://h","type":"x","name"`, 1))
		tell(http.MethodPost, "/mcp-servers", strings.Replace(body, `"PLANTED`, `{"type":"PLANTED`, 1))
		tell(http.MethodPut, "/mcp-servers/"+id, body)
		tell(http.MethodGet, "/mcp-servers/"+id, "")
		if err := changeStored(t, dir, `UPDATE mcp_servers SET args = args || 'broken' WHERE id = ?`, id); err != nil {
			t.Fatal(err)
		}
		tell(http.MethodGet, "/mcp-servers/"+id, "")
		if err := changeStored(t, dir, `UPDATE mcp_servers SET args = 'null', headers = headers || '"PLANTED-SECRET' WHERE id = ?`, id); err != nil {
			t.Fatal(err)
		}
		tell(http.MethodGet, "/mcp-servers/"+id, "")
		if err := changeStored(t, dir, `UPDATE mcp_servers SET headers = replace(headers, '"PLANTED-SECRET', '') WHERE id = ? AND 0`, id); err != nil {
			t.Fatal(err)
		}
		c.nothing(http.MethodDelete, "/mcp-servers/"+id, "")
	}
	for _, body := range []string{plantedServer, plantedCommand} {
		tell(http.MethodPost, agent+"/mcp-servers", encoded(object{"mcp_server_id": c.server(body)}))
	}
	tell(http.MethodGet, "/mcp-servers", "")
	tell(http.MethodGet, agent+"/mcp-servers", "")
	tell(http.MethodPost, agent+"/publish", `{}`)
	archive := c.export(agent)
	for _, text := range archive.texts(t) {
		fmt.Fprintln(&told, text)
	}
	tell(http.MethodPut, agent+"/import", "")
	fmt.Fprintln(&told, encoded(c.sendPackage(http.MethodPost, agent+"/diff", archive.data)))
	if strings.Contains(told.String(), planted) || !strings.Contains(told.String(), "**********") || !strings.Contains(told.String(), "unexpected_error") {
		t.Errorf("told:\n%s", told.String())
	}
	if strings.Contains(log.String(), planted) || !strings.Contains(log.String(), "request failed") {
		t.Errorf("logged:\n%s", log.String())
	}
}

func TestServerValuesPrintAsMasks(t *testing.T) {
	secret := planted
	value := store.ServerValue{Type: "secret", Value: &secret}
	servers := map[string]any{"value": value, "pointer": &value, "map": map[string]store.ServerValue{"a": value}, "server": store.MCPServer{Headers: map[string]store.ServerValue{"a": value}}}
	for name, v := range servers {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, planted) {
				t.Errorf("%s of a %s: %s", verb, name, got)
			}
		}
		if got := encoded(v); strings.Contains(got, planted) {
			t.Errorf("a %s as JSON: %s", name, got)
		}
	}
}

func TestAttachedMCPServers(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Agent")
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	first, second := c.server(`{"name":"a","command":"a"}`), c.server(`{"name":"b","url":"http://b/sse"}`)
	attached := func() []string { return names(get[listing](c, http.MethodGet, agent+"/mcp-servers", "")) }
	for _, body := range []object{{"id": second}, {"mcp_server_id": first}, {"id": "ignored", "mcp_server_id": first}} {
		c.nothing(http.MethodPost, agent+"/mcp-servers", encoded(body))
	}
	if got := attached(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("attached %q", got)
	}
	if got := allPages(c, agent+"/mcp-servers", 1); !slices.Equal(got, []string{first, second}) {
		t.Errorf("pages %q", got)
	}
	if got := get[object](c, http.MethodGet, agent+"/state", ""); got["has_draft"] != true {
		t.Errorf("attaching opens a draft: %v", got)
	}
	c.nothing(http.MethodDelete, agent+"/mcp-servers/"+first, "")
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	// What changes nothing opens no draft.
	c.nothing(http.MethodPost, agent+"/mcp-servers", encoded(object{"id": second}))
	for _, id := range []string{first, "x", "..%2f", "%F0%9F%9A%80"} {
		c.refuse(http.StatusNotFound, http.MethodDelete, agent+"/mcp-servers/"+id, "")
	}
	c.refuse(http.StatusNotFound, http.MethodPost, agent+"/mcp-servers", `{"id":"unknown"}`)
	for body, says := range map[string]string{
		`{}`: "body -> mcp_server_id: is required", `{"id":7}`: "body -> id: must be a string", `{"mcp_server_id":""}`: "must not be empty",
	} {
		if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPost, agent+"/mcp-servers", body); !strings.Contains(got, says) {
			t.Errorf("%s: %q", body, got)
		}
	}
	if got := get[object](c, http.MethodGet, agent+"/state", ""); got["has_draft"] != false {
		t.Errorf("a draft without a change: %v", got)
	}
	// A deleted server is attached to nobody.
	c.nothing(http.MethodDelete, "/mcp-servers/"+second, "")
	if got := attached(); len(got) != 0 {
		t.Errorf("attached after all were detached or deleted: %q", got)
	}
}

func TestAnAgentHasAtMostThirtyMCPServers(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Agent")
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	for i := range store.MaxMCPServers {
		c.nothing(http.MethodPost, agent+"/mcp-servers", encoded(object{"id": c.server(fmt.Sprintf(`{"name":"%d","command":"x"}`, i))}))
	}
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	more := encoded(object{"id": c.server(`{"name":"more","command":"x"}`)})
	if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPost, agent+"/mcp-servers", more); !strings.Contains(got, "at most 30 MCP servers") {
		t.Errorf("one more: %q", got)
	}
	if got := get[object](c, http.MethodGet, agent+"/state", ""); got["has_draft"] != false {
		t.Errorf("a refused attachment left a draft: %v", got)
	}
}

func TestAttachedModels(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := get[object](c, http.MethodPost, "/agents", `{"name":"Analyst","architecture_name":"verified-queries"}`)["id"].(string)
	models := "/agents/" + agent + "/semantic-data-models"
	c.nothing(http.MethodPost, models, encoded(object{"semantic_data_model_id": localtenant.SalesModelID}))
	c.nothing(http.MethodPost, models, encoded(object{"id": localtenant.SalesModelID}))
	list := get[listing](c, http.MethodGet, models, "")
	if len(list.Data) != 1 || list.Data[0]["id"] != localtenant.SalesModelID || list.Data[0]["semantic_model"].(object)["tables"] == nil {
		t.Errorf("attached %v", list.Data)
	}
	get[object](c, http.MethodPost, "/agents/"+agent+"/publish", `{}`)
	c.nothing(http.MethodDelete, models+"/"+localtenant.SalesModelID, "")
	c.refuse(http.StatusNotFound, http.MethodDelete, models+"/"+localtenant.SalesModelID, "")
	c.refuse(http.StatusNotFound, http.MethodPost, models, `{"id":"unknown"}`)
	c.refuse(http.StatusUnprocessableEntity, http.MethodPost, models, `{}`)
	// Users still have the model: it was taken from the draft.
	answer := c.post(c.converse(agent), "Total sales?")[1]
	if got := items(answer)[1]["name"]; got != "query_semantic_data_model" {
		t.Errorf("the second item is a call of %v", got)
	}
}

// What stands in a URL or in arguments is shown, so no secret may stand there.
func TestMCPServersThatWouldShowASecret(t *testing.T) {
	c := start(t, localtenant.Config{})
	for _, body := range []string{
		`{"name":"s","url":"https://x.example/mcp?api_key=PLANTED-SECRET"}`, `{"name":"s","url":"https://x.example/mcp?a=1&Access_Token=PLANTED-SECRET"}`,
		`{"name":"s","url":"https://x.example/mcp?key=PLANTED-SECRET"}`, `{"name":"s","url":"https://x.example/mcp?subscription%2Dkey=PLANTED-SECRET"}`,
		`{"name":"s","url":"https://x.example/mcp?auth=PLANTED-SECRET"}`, `{"name":"s","url":"https://x.example/mcp?X-Amz-Signature=PLANTED-SECRET&a=1"}`,
		`{"name":"s","url":"https://x.example/mcp?a=1;sig=PLANTED-SECRET"}`, `{"name":"s","url":"https://x.example/mcp#token=PLANTED-SECRET"}`,
		`{"name":"s","command":"npx","args":["--auth","PLANTED-SECRET"]}`, `{"name":"s","command":"npx","args":["--accessKey=PLANTED-SECRET"]}`,
		`{"name":"s","command":"docker","args":["-e","API_KEY=PLANTED-SECRET"]}`, `{"name":"s","command":"npx","args":["--header","Authorization: Bearer PLANTED-SECRET"]}`,
		`{"name":"s","command":"npx","args":["-y","tool","--token","PLANTED-SECRET"]}`, `{"name":"s","command":"npx","args":["--api-key=PLANTED-SECRET"]}`,
	} {
		if got := c.refuse(http.StatusUnprocessableEntity, http.MethodPost, "/mcp-servers", body); !strings.Contains(got, "must not hold a secret") || strings.Contains(got, "PLANTED") {
			t.Errorf("%s: refused with %q", body, got)
		}
	}
	for _, body := range []string{
		`{"name":"a","url":"https://x.example/mcp?tenant=1&author=me&design#keyboard"}`, `{"name":"b","command":"npx","args":["-y","tool","--root=/srv","token"]}`,
		`{"name":"c","command":"npx","args":["--max-tokens","5","--key-file=/srv/key.pem","--verbose","--token"]}`,
	} {
		get[object](c, http.MethodPost, "/mcp-servers", body)
	}
}
