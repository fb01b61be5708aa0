package localtenant_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
)

// Pages of other machines are refused, by whatever name they come, before anything
// is done.
func TestLoopbackHandler(t *testing.T) {
	c := start(t, localtenant.Config{})
	handler := c.tenant.LoopbackHandler("agents.example")
	for _, test := range []struct {
		host    string
		origins []string
		status  int
	}{
		{"localhost", nil, http.StatusOK},
		{"127.0.0.1:8081", nil, http.StatusOK},
		{"[::1]:8081", nil, http.StatusOK},
		{"Agents.Example:443", nil, http.StatusOK},
		{"localhost:1", []string{"http://localhost:5173"}, http.StatusOK},
		{"localhost:1", []string{"https://agents.example"}, http.StatusOK},
		{"", nil, http.StatusForbidden},
		{"evil.example", nil, http.StatusForbidden},
		{"evil.example:8081", []string{"http://evil.example:8081"}, http.StatusForbidden},
		{"localhost.evil.example", nil, http.StatusForbidden},
		{"192.168.0.1:8081", nil, http.StatusForbidden},
		{"localhost", []string{"http://evil.example"}, http.StatusForbidden},
		{"localhost", []string{"http://localhost", "http://evil.example"}, http.StatusForbidden},
		{"localhost", []string{"null"}, http.StatusForbidden},
		{"localhost", []string{""}, http.StatusForbidden},
	} {
		for method, path := range map[string]string{http.MethodGet: "/api/v2", http.MethodPost: "/api/v2/agents/" + localtenant.EchoID + "/conversations"} {
			request := httptest.NewRequest(method, path, strings.NewReader(`{"name":"x"}`))
			request.Header = http.Header{"Authorization": {"Bearer " + localtenant.APIKey}}
			request.Host, request.Header["Origin"] = test.host, test.origins
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Errorf("%s %s to %q of %q: status %d: %s", method, path, test.host, test.origins, recorder.Code, recorder.Body)
			}
			var envelope struct{ Error struct{ Code string } }
			if err := json.Unmarshal(recorder.Body.Bytes(), &envelope); err != nil || (test.status == http.StatusForbidden) != (envelope.Error.Code == "forbidden") {
				t.Errorf("%s %s to %q of %q: %s, %v", method, path, test.host, test.origins, recorder.Body, err)
			}
		}
	}
	if got := get[listing](c, http.MethodGet, "/agents/"+localtenant.EchoID+"/conversations", ""); len(got.Data) != 6 {
		t.Errorf("%d conversations, 6 were allowed", len(got.Data))
	}
}
