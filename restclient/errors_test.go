package restclient

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// refuse returns what a client makes of an error answer.
func refuse(t *testing.T, handler http.HandlerFunc) *APIError {
	t.Helper()
	client := serve(t, handler, WithRetry(RetryPolicy{}))
	_, err := client.Agents.Get(t.Context(), "a1")
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	return refused
}

func TestErrorBodies(t *testing.T) {
	for name, c := range map[string]struct {
		body, code, message, errorID, details string
	}{
		"the documented envelope": {`{"error":{"code":"not_found","message":"Agent not found","details":{"field":"aid"}}}`,
			"not_found", "Agent not found", "", `{"field":"aid"}`},
		"the server's envelope": {`{"error":{"error_id":"5f0c","code":"conflict.name","message":"Exists","data":[1.50]}}`,
			"conflict.name", "Exists", "5f0c", `[1.50]`},
		"a text":                 {`{"error":"text"}`, "", "text", "", ""},
		"a text and a message":   {`{"error":"forbidden","message":"No access"}`, "", "No access", "", ""},
		"a detail":               {`{"detail":"Not authenticated"}`, "", "Not authenticated", "", `"Not authenticated"`},
		"details of validation":  {`{"detail":[{"loc":["body","name",0],"msg":"field required","type":"x"},{"msg":"odd"}]}`, "", "body -> name -> 0: field required; odd", "", `[{"loc":["body","name",0],"msg":"field required","type":"x"},{"msg":"odd"}]`},
		"details without a text": {`{"detail":[7]}`, "", "7", "", `[7]`},
		"a detail with message":  {`{"detail":{"message":"Too long"}}`, "", "Too long", "", `{"message":"Too long"}`},
		"an odd detail":          {`{"detail":{"a":1}}`, "", `{"a":1}`, "", `{"a":1}`},
		"no envelope":            {`{"code":"x","message":"y"}`, "x", "y", "", ""},
		"numbers for texts":      {`{"error":{"code":42,"message":7}}`, "42", "7", "", ""},
		"an envelope of null":    {`{"error":null}`, "", "Teapot", "", ""},
		"a JSON text":            {`"just text"`, "", "just text", "", ""},
		"a JSON list":            {`[1]`, "", "[1]", "", ""},
		"plain text":             {"upstream\n\x00 gone", "", "upstream gone", "", ""},
		"cut JSON":               {`{"error":{"code`, "", `{"error":{"code`, "", ""},
		"two JSON values":        {`{} {}`, "", `{} {}`, "", ""},
		"HTML with a title":      {"<!DOCTYPE html><TITLE lang=en>Bad\n gateway &amp; more</TITLE><p>x", "", "Bad gateway & more", "", ""},
		"HTML without":           {"<html><title> </title><style>p{}</style><script>if (a<b) x()</script><h1>Sorry</h1><!-- y -->gone</html>", "", "Sorry gone", "", ""},
		"nothing":                {"", "", "Teapot", "", ""},
		"no UTF-8":               {"caf\xe9", "", "caf\uFFFD", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := refuse(t, answer(http.StatusTeapot, "text/plain", c.body))
			equal(t, "code", e.Code, c.code)
			if c.message == "Teapot" {
				c.message = http.StatusText(http.StatusTeapot)
			}
			equal(t, "message", e.Message, c.message)
			equal(t, "error id", e.ErrorID, c.errorID)
			equal(t, "details", string(e.Details), c.details)
			equal(t, "status", e.StatusCode, http.StatusTeapot)
		})
	}
}

func TestErrorsOfAnotherServerAreForeign(t *testing.T) {
	for body, foreign := range map[string]bool{
		`{"error":{"code":"not_found","message":"Agent not found"}}`: false,
		`{"error":"no such agent"}`:                                  false,
		`{"code":"not_found"}`:                                       false,
		`{"detail":"Agent not found"}`:                               false,
		`{"detail":"Not Found"}`:                                     true,
		`{"message":"no Route matched with those values"}`:           true,
		`{}`:                    true,
		`[]`:                    true,
		`<html>Not here</html>`: true,
		`404 page not found`:    true,
		``:                      true,
	} {
		if e := refuse(t, answer(http.StatusNotFound, "text/plain", body)); e.Foreign != foreign {
			t.Errorf("%s: foreign is %v", body, e.Foreign)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, e := range map[string]*APIError{
		"GET /agents/a1: 404 Not Found (not_found): Agent not found [5f0c]":                {StatusCode: 404, Code: "not_found", Message: "Agent not found", ErrorID: "5f0c", RequestID: "q1"},
		"GET /agents/a1: 404 Not Found; check the base URL":                                {StatusCode: 404, Message: "Not Found", Foreign: true},
		"GET /agents/a1: 404 Not Found: no such agent":                                     {StatusCode: 404, Message: "no such agent"},
		"GET /agents/a1: 401 Unauthorized: no; the operator has to look after the API key": {StatusCode: 401, Message: "no", OperatorsKey: true},
		"GET /agents/a1: 401 Unauthorized: no [q1]; check the API key":                     {StatusCode: 401, Message: "no", RequestID: "q1"},
		"GET /agents/a1: 403 Forbidden: no; the API key does not allow this":               {StatusCode: 403, Message: "no"},
		"GET /agents/a1: 429 Too Many Requests; try again in 3s":                           {StatusCode: 429, Message: "Too Many Requests", RetryAfter: 3 * time.Second},
		"GET /agents/a1: 500 Internal Server Error (unexpected): oh":                       {StatusCode: 500, Code: "unexpected", Message: "oh"},
	} {
		e.Method, e.Path = "GET", "/agents/a1"
		equal(t, "text", e.Error(), want)
	}
}

func TestErrorOfAnUnknownStatus(t *testing.T) {
	e := refuse(t, answer(499, "text/plain", ""))
	equal(t, "message", e.Message, "unknown status")
}

func TestErrorNamesTheRequest(t *testing.T) {
	e := refuse(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "q-17")
		w.Header().Set("X-Correlation-Id", "other")
		answer(500, "text/plain", "")(w, r)
	})
	equal(t, "request id", e.RequestID, "q-17")
	equal(t, "method", e.Method, "GET")
	equal(t, "path", e.Path, "/agents/a1")
}

func TestErrorsNeverHoldTheKeyOrTheQuery(t *testing.T) {
	body := `{"error":{"code":"unauthorized","message":"bad key ` + testKey + `","details":{"key":"` + testKey + `"}}}`
	client := serve(t, answer(401, "application/json", body))
	_, err := client.Agents.List(t.Context(), &AgentListOptions{Name: "secretname", Cursor: "secretcursor"})
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	everything := err.Error() + string(refused.Details) + refused.Message
	for _, secret := range []string{testKey, "secretname", "secretcursor"} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q gives %q away", everything, secret)
		}
	}
	equal(t, "details", string(refused.Details), `{"key":"`+redacted+`"}`)
	equal(t, "a key too short to be one", redactor{keys: []string{"key"}}.text("bad key"), "bad key")
}

func TestErrorsAreShort(t *testing.T) {
	e := refuse(t, answer(500, "text/plain", strings.Repeat("é", 200<<10)))
	if len(e.Message) > maxMessageBytes || !utf8.ValidString(e.Message) {
		t.Errorf("the message has %d bytes", len(e.Message))
	}
	contains(t, "message", e.Message, "é…")
}
