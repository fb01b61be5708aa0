package openaichat_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/testllm"
)

var validName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// Whatever an endpoint streams, the turn ends well or in a failure, and what is
// sent back is what endpoints take.
func FuzzAnswer(f *testing.F) {
	f.Add(hi + "data: [DONE]\n\n")
	f.Add(hi + "data: " + stop)
	f.Add("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x y\",\"arguments\":\"{\"}}]}}]}\n\ndata: [DONE]\n\n")
	f.Add("data: {\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{\"arguments\":{\"a\":[1]}}},{\"id\":\"\"}]},\"finish_reason\":\"tool_calls\"}]}\n\n")
	f.Add("data: {\"error\":{\"message\":[{\"text\":\"x\"}],\"code\":1}}\r\n\r\n")
	f.Add(": c\rdata: {\"choices\":[{\"delta\":{\"content\":[{\"text\":\"a\"}],\"reasoning\":\"b\"}}]}\r\rdata:[DONE]\r\r")
	f.Add(`{"choices":[{"message":{"content":"a","tool_calls":[{"id":"x","function":{"name":"n","arguments":"{}"}}]}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		round := 0
		network := roundTripper(func(r *http.Request) (*http.Response, error) {
			if round++; round == 1 {
				return status(http.StatusOK, nil, strings.NewReader(body))(r)
			}
			var asked testllm.Request
			if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
				t.Fatal(err)
			}
			checkCalls(t, asked.Messages[2:])
			return status(http.StatusOK, nil, strings.NewReader(hi+"data: [DONE]\n\n"))(r)
		})
		err := newMind(t, openaichat.Config{URL: "http://model.example/v1", Transport: network}).Answer(t.Context(), turn("hello"), &recorder{})
		var failed *minds.Failure
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("error %v", err)
		}
	})
}

// checkCalls looks at an answer with calls and at their results.
func checkCalls(t *testing.T, messages []testllm.Message) {
	calls := messages[0].ToolCalls
	if len(calls) == 0 || len(messages) != 1+len(calls) {
		t.Fatalf("messages %+v", messages)
	}
	for i, call := range calls {
		var arguments map[string]any
		if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil {
			t.Errorf("the arguments %q: %v", call.Function.Arguments, err)
		}
		if call.ID == "" || messages[1+i].ToolCallID != call.ID || !validName.MatchString(call.Function.Name) {
			t.Errorf("the call %+v with the result %+v", call, messages[1+i])
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
