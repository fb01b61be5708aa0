package openaichat_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/thread"
	"sema4mcp/internal/testllm"
)

func event(data string) string { return "data: " + data + "\n\n" }

const stop = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`

// Whatever endpoints that call themselves compatible send.
func TestAnswersOfManyEndpoints(t *testing.T) {
	for name, test := range map[string]struct {
		answer testllm.Answer
		want   string
	}{
		"as documented":                {testllm.Says("Hello", " world"), "text Hello\ntext  world"},
		"no DONE":                      {testllm.Stream(event(`{"choices":[{"delta":{"content":"Hi"}}]}`) + event(stop)), "text Hi"},
		"no blank line at the end":     {testllm.Stream(event(`{"choices":[{"delta":{"content":"Hi"}}]}`) + "data: " + stop), "text Hi"},
		"no finish_reason":             {testllm.Stream(event(`{"choices":[{"delta":{"content":"Hi"}}]}`) + event("[DONE]")), "text Hi"},
		"finish with the last piece":   {testllm.Stream(event(`{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}`)), "text Hi"},
		"comments, CRLF, other fields": {testllm.Stream(": PROCESSING\r\n\r\nid: 1\r\nevent: message\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"x\":1}]}\r\n\r\ndata: [DONE]\r\n\r\n"), "text Hi"},
		"another content type":         {testllm.Raw(http.StatusOK, "text/plain", event(`{"choices":[{"delta":{"content":"Hi"}}]}`)+event("[DONE]")), "text Hi"},
		"not streamed":                 {testllm.Raw(http.StatusOK, "application/json; charset=utf-8", `{"choices":[{"message":{"role":"assistant","content":"Hi","reasoning":"Hm."}}]}`), "think Hm.\ntext Hi"},
		"not streamed, unsaid":         {testllm.Stream("\n {\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}"), "text Hi"},
		"streamed as JSON":             {testllm.Raw(http.StatusOK, "application/json", "\n"+hi+event(stop)), "text Hi"},
		"content in parts":             {testllm.Stream(event(`{"choices":[{"delta":{"content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}}]}`) + event(stop)), "text Hi"},
		"mistyped fields":              {testllm.Stream(event(`{"choices":[{"index":"0","delta":{"content":"Hi","role":7}}],"usage":"x"}`) + event(stop)), "text Hi"},
		"another choice":               {testllm.Stream(event(`{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"Hi"}}]}`) + event(stop)), "text Hi"},
		"an event without data":        {testllm.Stream("event: ping\n\n" + hi + event(stop)), "text Hi"},
		"a refusal":                    {testllm.Stream(event(`{"choices":[{"delta":{"refusal":"No."}}]}`) + event(stop)), "text No."},
		"thoughts": {testllm.Stream(event(`{"choices":[{"delta":{"reasoning_content":"Let me"}}]}`) + event(`{"choices":[{"delta":{"reasoning_content":" see."}}]}`) +
			event(`{"choices":[{"delta":{"content":"Hi"}}]}`) + event(stop)), "think Let me see.\ntext Hi"},
		"thoughts under two names": {testllm.Stream(event(`{"choices":[{"delta":{"reasoning_content":"Hm.","reasoning":"Hm."}}]}`) + event(`{"choices":[{"delta":{"content":"Hi"}}]}`) + event(stop)), "think Hm.\ntext Hi"},
		"too long":                 {testllm.Stream(event(`{"choices":[{"delta":{"content":"Hi"},"finish_reason":"length"}]}`)), "text Hi\ntext \n\n[The answer is cut off here: the model reached its limit of tokens.]"},
		"filtered":                 {testllm.Stream(event(`{"choices":[{"delta":{"content":"Hi"},"finish_reason":"content_filter"}]}`)), "text Hi\ntext \n\n[The answer is cut off here: the endpoint's content filter stopped it.]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answer(t, configured(testllm.Start(t, test.answer)), "hello").String(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// Tool calls come in pieces, which endpoints cut and number each in its own way.
func TestToolCallsInPieces(t *testing.T) {
	delta := func(pieces ...string) (events string) {
		for _, piece := range pieces {
			events += event(`{"choices":[{"delta":{"tool_calls":[` + piece + `]}}]}`)
		}
		return events + event(`{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}`)
	}
	for name, test := range map[string]struct{ body, want string }{
		"by index": {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":""}}`, `{"index":1,"id":"b","function":{"name":"two"}}`,
			`{"index":0,"function":{"arguments":"{\"x\""}}`, `{"index":1,"function":{"arguments":"{}"}}`, `{"index":0,"function":{"arguments":":1}"}}`), `a one {"x":1}; b two {}`},
		"name in pieces":   {delta(`{"index":0,"id":"a","function":{"name":"on"}}`, `{"index":0,"function":{"name":"e","arguments":"{}"}}`), `a one {}`},
		"name repeated":    {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":"{"}}`, `{"index":0,"id":"a","function":{"name":"one","arguments":"}"}}`), `a one {}`},
		"all numbered 0":   {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":"{}"}}`, `{"index":0,"id":"b","function":{"name":"two","arguments":"{}"}}`), `a one {}; b two {}`},
		"no index":         {delta(`{"id":"a","function":{"name":"one","arguments":"{"}}`, `{"function":{"arguments":"}"}}`, `{"id":"b","function":{"name":"two"}}`), `a one {}; b two {}`},
		"no id":            {delta(`{"index":0,"function":{"name":"one","arguments":"{}"}}`, `{"index":1,"function":{"name":"two"}}`), `call_1 one {}; call_2 two {}`},
		"neither":          {delta(`{"function":{"name":"one","arguments":"{}"}}`, `{"function":{"name":"two","arguments":"{}"}}`), `call_1 one {}; call_2 two {}`},
		"an object":        {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":{"x": 1}}}`), `a one {"x": 1}`},
		"null":             {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":null}}`), `a one {}`},
		"not JSON":         {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":"{\"x\":"}}`), `a one {}`},
		"not an object":    {delta(`{"index":0,"id":"a","function":{"name":"one","arguments":"[1]"}}`), `a one {}`},
		"finished by stop": {strings.Replace(delta(`{"index":0,"id":"a","function":{"name":"one"}}`), "tool_calls\"}]", "stop\"}]", 1), `a one {}`},
		"an index missed":  {delta(`{"index":3,"id":"a","function":{"name":"one","arguments":"{}"}}`), `a one {}`},
	} {
		t.Run(name, func(t *testing.T) {
			model := testllm.Start(t, testllm.Stream(test.body), testllm.Says("done"))
			answer(t, configured(model), "hello")
			messages := model.Requests()[1].Messages
			var got []string
			for _, call := range messages[2].ToolCalls {
				got = append(got, fmt.Sprintf("%s %s %s", call.ID, call.Function.Name, call.Function.Arguments))
			}
			if calls := strings.Join(got, "; "); calls != test.want {
				t.Errorf("calls %q, want %q", calls, test.want)
			}
			for i, call := range messages[2].ToolCalls {
				if result := messages[3+i]; result.Role != "tool" || result.ToolCallID != call.ID || result.Content == "" {
					t.Errorf("the result of %s is %+v", call.ID, result)
				}
			}
		})
	}
}

func TestWhatTheModelIsGiven(t *testing.T) {
	model := testllm.Start(t, testllm.Says("Hi"))
	user := thread.Message{Role: thread.RoleUser, Content: []byte(`[{"kind":"text","text":"before"}]`)}
	answer(t, configured(model), "now", user, stored(t,
		map[string]any{"kind": "thought", "thought": "secretly"},
		map[string]any{"kind": "text", "text": "I look."},
		map[string]any{"kind": "tool_call", "name": "look", "tool_call_id": "t1", "arguments_raw": `{"a":1}`, "result": "seen"},
		map[string]any{"kind": "tool_call", "name": "look at", "tool_call_id": "t2", "arguments_raw": `{{x}}`, "error": "dark"},
		map[string]any{"kind": "text", "text": "And once more."},
		map[string]any{"kind": "tool_call", "name": "look", "tool_call_id": "t3", "arguments_raw": `{}`},
		map[string]any{"kind": "vega_chart", "chart_spec_raw": "{}"},
	), user, stored(t), thread.Message{Role: thread.RoleAgent, Content: []byte(`"old"`)})
	request := model.Requests()[0]
	var got []string
	for _, m := range request.Messages {
		line := m.Role + " " + m.ToolCallID + m.Content
		for _, call := range m.ToolCalls {
			line += " <" + call.ID + " " + call.Function.Name + call.Function.Arguments + ">"
		}
		got = append(got, line)
	}
	want := []string{
		"system You are Helper.\n\nBe brief.", "user before",
		`assistant I look. <t1 look{"a":1}> <t2 look_at{}>`, "tool t1seen", "tool t2Error: dark",
		`assistant And once more. <t3 look{}>`, "tool t3Error: the call was not finished.",
		"user before", "user now",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if request.Model != "test-model" || !request.Stream || request.Header.Get("Authorization") != "Bearer "+key || request.Path != "/v1/chat/completions" {
		t.Errorf("the request: %+v", request)
	}
}

// A base or the whole address, with or without a slash, a query or a key.
func TestAddresses(t *testing.T) {
	for _, ending := range []string{"", "/", "/chat/completions", "/chat/completions/", "?api-version=1"} {
		model := testllm.Start(t, testllm.Says("Hi"))
		config := openaichat.Config{URL: model.URL + ending}
		answer(t, config, "hello")
		want := "/v1/chat/completions"
		if strings.Contains(ending, "?") {
			want += ending
		}
		request := model.Requests()[0]
		if request.Path != want || request.Header.Get("Authorization") != "" || request.Model != "" {
			t.Errorf("%q: %+v", ending, request)
		}
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, address := range []string{"planted", "127.0.0.1:1/planted", "ftp://planted", "http://", "http://%zz"} {
		_, err := openaichat.NewMind(openaichat.Config{URL: address})
		if err == nil || !strings.Contains(err.Error(), "SEMA4_LOCAL_LLM_URL") || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
