package localtenant_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
)

func TestKeyIsRequired(t *testing.T) {
	c := start(t, localtenant.Config{})
	for name, authorization := range map[string]string{
		"missing":      "",
		"wrong":        "Bearer other-key",
		"prefix":       "Bearer local",
		"other scheme": "Basic local-key",
		"bare":         "local-key",
		"wrong token":  `Snowflake Token="other-key"`,
		"no token":     `Snowflake Token=""`,
		"bare token":   `Snowflake local-key`,
		"open quote":   `Snowflake Token="local-key`,
		"one quote":    `Snowflake Token="`,
		"no quotes":    `Snowflake Token=local-key`,
		"other name":   `Snowflake Key="local-key"`,
	} {
		t.Run(name, func(t *testing.T) {
			status, body, header := c.with("Authorization", authorization).do(http.MethodGet, "/ok", "")
			if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "" {
				t.Errorf("status %d, WWW-Authenticate %q: %s", status, header.Get("WWW-Authenticate"), body)
			}
			if strings.Contains(string(body), "key\"") || strings.Contains(string(body), "other-key") {
				t.Errorf("the answer repeats the key: %s", body)
			}
		})
	}
	for _, authorization := range []string{"bearer local-key", `Snowflake Token="local-key"`, `snowflake token="local-key"`} {
		if status, body, _ := c.with("Authorization", authorization).do(http.MethodGet, "/ok", ""); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", authorization, status, body)
		}
	}
}

func TestBothBasesOverTCP(t *testing.T) {
	tenant, err := localtenant.New(t.Context(), localtenant.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	server := httptest.NewServer(tenant.Handler())
	defer server.Close()
	c := connect(t, tenant)
	c.http = server.Client()
	for _, base := range []string{"/tenants/local/api/v2", "/api/v2"} {
		c.base = server.URL + base
		for _, path := range []string{"/ok", "/ok/"} {
			if got := get[map[string]bool](c, http.MethodGet, path, ""); !got["ok"] {
				t.Errorf("%s%s: %v", base, path, got)
			}
		}
		if got := get[listing](c, http.MethodGet, "/agents/", ""); len(got.Data) != 5 {
			t.Errorf("%s: %d agents", base, len(got.Data))
		}
	}
	for _, base := range []string{"/tenants/other/api/v2", "/tenants/api/v2", "/api/v1", "/api", ""} {
		c.base = server.URL + base
		c.refuse(http.StatusNotFound, http.MethodGet, "/ok", "")
	}
}

func TestTheContractNeedsNoKey(t *testing.T) {
	c := start(t, localtenant.Config{}).with("Authorization", "")
	for _, path := range []string{"", "/"} {
		document := get[struct {
			OpenAPI string `json:"openapi"`
			Paths   object `json:"paths"`
		}](c, http.MethodGet, path, "")
		if !strings.HasPrefix(document.OpenAPI, "3.") || document.Paths["/agents"] == nil {
			t.Errorf("%q: OpenAPI %q with %d paths", path, document.OpenAPI, len(document.Paths))
		}
	}
	if status, body, header := c.do(http.MethodPost, "", ""); status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET" {
		t.Errorf("POST: status %d: %s", status, body)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := "/agents/" + localtenant.EchoID
	for _, path := range []string{
		"/nothing", "/agents/x", "/agents//", "/agents/..", "/agents/../ok/x", "/agents/%2e%2e", "/agents/%2f",
		"/agents/a%2fb/conversations", "/agents/%20", "/agents/%F0%9F%9A%80", "/agents/%00", "/agents/%ff",
		agent + "/conversations/x/messages", agent + "/conversations/%F0%9F%9A%80/messages",
		agent + "/conversations/" + localtenant.EchoID + "/messages", agent + "/nothing",
		"/agents/" + strings.ToUpper(localtenant.EchoID) + "x",
	} {
		t.Run(path, func(t *testing.T) {
			c.refuse(http.StatusNotFound, http.MethodGet, path, "")
		})
	}
	for _, test := range []struct{ method, path, allow string }{
		{http.MethodPut, "/agents", "GET, POST"},
		{http.MethodPost, agent, "DELETE, GET, PATCH"},
		{http.MethodGet, "/agents/import", "POST"},
		{http.MethodGet, agent + "/conversations/x/stream", "POST"},
		{http.MethodGet, agent + "/conversations/x", "DELETE"},
		{http.MethodPut, agent + "/conversations", "GET, POST"},
	} {
		status, body, header := c.do(test.method, test.path, "")
		if status != http.StatusMethodNotAllowed || header.Get("Allow") != test.allow {
			t.Errorf("%s %s: status %d, Allow %q: %s", test.method, test.path, status, header.Get("Allow"), body)
		}
	}
	if status, body, _ := c.do(http.MethodHead, "/ok", ""); status != http.StatusOK || len(body) > 0 {
		t.Errorf("HEAD: status %d, %d bytes", status, len(body))
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	c := start(t, localtenant.Config{})
	conversations := "/agents/" + localtenant.EchoID + "/conversations"
	messages := c.converse(localtenant.EchoID) + "/messages"
	for _, test := range []struct {
		path, body string
		status     int
		says       string
	}{
		{conversations, ``, 400, "not JSON"},
		{conversations, `{"name":"x"`, 400, "not JSON"},
		{conversations, `{"name":"x"} {}`, 400, "not JSON"},
		{conversations, `null`, 422, "body: must be an object"},
		{conversations, `["x"]`, 422, "body: must be an object"},
		{conversations, `{}`, 422, "body -> name: is required"},
		{conversations, `{"Name":"x"}`, 422, "body -> name: is required"},
		{conversations, `{"name":1}`, 422, "body -> name: must be a string"},
		{conversations, `{"name":null}`, 422, "body -> name: must be a string"},
		{conversations, `{"name":"  "}`, 422, "body -> name: must not be empty"},
		{messages, `{"content":["x"]}`, 422, "body -> content: must be a string"},
		{messages, `{"content":""}`, 422, "body -> content: must not be empty"},
		{messages, `{"content":"` + strings.Repeat("x", 4<<20) + `"}`, 413, "larger than"},
		{strings.Replace(messages, "messages", "stream", 1), `{}`, 422, "body -> content: is required"},
		{"/agents/unknown/conversations", `{"name":"x"}`, 404, "unknown"},
	} {
		if got := c.refuse(test.status, http.MethodPost, test.path, test.body); !strings.Contains(got, test.says) {
			t.Errorf("%.40s: %q does not say %q", test.body, got, test.says)
		}
	}
	if got := get[object](c, http.MethodPost, conversations, `{"name":"ok","extra":1}`); got["name"] != "ok" {
		t.Errorf("an unknown field: %v", got)
	}
}

// An error names the field it is about, in the shape the vendor documents.
func TestErrorDetails(t *testing.T) {
	c := start(t, localtenant.Config{Logger: quiet})
	agent := "/agents/" + localtenant.EchoID
	for _, test := range []struct {
		method, path, body string
		status             int
		details            string
	}{
		{http.MethodPost, "/agents", `{"name":"","description":7}`, 422, `{"field":"name","issue":"must not be empty"}`},
		{http.MethodPost, "/agents", `[]`, 422, `{"field":"body","issue":"must be an object"}`},
		{http.MethodPost, "/mcp-servers", `{"name":"x","url":"http://h","headers":{"A":{}}}`, 422, `{"field":"headers -> A -> type","issue":"is required"}`},
		{http.MethodPost, "/work-items", `{"agent_id":"x","messages":[7]}`, 422, `{"field":"messages -> 0","issue":"must be an object"}`},
		{http.MethodPost, "/work-items", `{"agent_id":"` + localtenant.InvoiceClerkID + `","callbacks":[{"url":""}]}`, 400,
			`{"field":"callbacks -> 0 -> url","issue":"must be an address that begins with http:// or https://"}`},
		{http.MethodGet, "/agents?limit=0", "", 422, `{"field":"limit","issue":"must be a whole number from 1 to 200"}`},
		{http.MethodGet, "/agents/x", "", 404, `{"field":"agent_id","issue":"unknown"}`},
		{http.MethodPost, "/agents/x/edit", "", 404, `{"field":"agent_id","issue":"unknown"}`},
		{http.MethodGet, agent + "/conversations/x/messages", "", 404, `{"field":"conversation_id","issue":"unknown"}`},
		{http.MethodDelete, agent + "/mcp-servers/x", "", 404, `{"field":"mcp_server_id","issue":"unknown"}`},
		{http.MethodPost, agent + "/semantic-data-models", `{"id":"x"}`, 404, `{"field":"semantic_data_model_id","issue":"unknown"}`},
		{http.MethodGet, agent + "/schedules/x", "", 404, `{"field":"schedule_id","issue":"unknown"}`},
		{http.MethodGet, "/data-connections/x", "", 404, `{"field":"connection_id","issue":"unknown"}`},
		{http.MethodPost, "/semantic-data-models/scaffold-from-tables", `{"data_connection_id":"x","tables":["t"]}`, 404, `{"field":"data_connection_id","issue":"unknown"}`},
		{http.MethodPost, "/work-items/x/cancel", "", 404, `{"field":"work_item_id","issue":"unknown"}`},
		{http.MethodGet, "/nothing", "", 404, "null"},
		{http.MethodPost, "/agents", `{"name":"Echo"}`, 409, "null"},
	} {
		var envelope struct{ Error object }
		status, body, _ := c.do(test.method, test.path, test.body)
		if err := json.Unmarshal(body, &envelope); err != nil || status != test.status || encoded(envelope.Error["details"]) != strings.ReplaceAll(test.details, ">", `\u003e`) {
			t.Errorf("%s %s: status %d: %s, %v", test.method, test.path, status, body, err)
		}
	}
}

func TestUnreadableBody(t *testing.T) {
	c := start(t, localtenant.Config{})
	for _, fault := range []string{"match=/nothing", "latency=1ms"} {
		request := httptest.NewRequest(http.MethodPost, "/api/v2/agents/"+localtenant.EchoID+"/conversations", brokenBody{})
		request.Header = c.with(faultHeader, fault).header
		recorder := httptest.NewRecorder()
		c.tenant.Handler().ServeHTTP(recorder, request)
		if recorder.Code != http.StatusBadRequest || !strings.Contains(recorder.Body.String(), "could not be read") {
			t.Errorf("%s: status %d: %s", fault, recorder.Code, recorder.Body)
		}
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }
