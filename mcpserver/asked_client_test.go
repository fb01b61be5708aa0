package mcpserver_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/internal/fixtureagent"
)

// newFixtureAgent is a front with the fixture agent behind it.
func newFixtureAgent(t *testing.T) *front {
	f := newFront(t, nil)
	f.http.Close()
	f.http = httptest.NewServer(f.server.HandlerOf(fixtureagent.New()))
	t.Cleanup(f.http.Close)
	return f
}

// clientAsked is what a legacy client is asked for in the midst of each request.
var clientAsked = map[string]struct {
	request string
	answers map[string]string // by the methods of the questions
	want    string
}{
	"its model": {callBody(1, "test_sampling", map[string]any{"prompt": "Which year?"}),
		map[string]string{"sampling/createMessage": `{"role":"assistant","model":"m","content":{"type":"text","text":"2025"}}`}, "LLM response: 2025"},
	"its roots": {callBody(1, "test_input_required_result_list_roots", nil),
		map[string]string{"roots/list": `{"roots":[{"uri":"file:///a"}]}`}, "file:///a"},
	"its user, for a prompt": {`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"test_input_required_result_prompt"}}`,
		map[string]string{"elicitation/create": `{"action":"accept","content":{"context":"tea"}}`}, "The context is tea."},
	"everything at once": {callBody(1, "test_input_required_result_multiple_inputs", nil), map[string]string{
		"elicitation/create":     `{"action":"accept","content":{"name":"Ada"}}`,
		"sampling/createMessage": `{"role":"assistant","model":"m","content":{"type":"text","text":"Good morning"}}`,
		"roots/list":             `{"roots":[]}`,
	}, "Good morning"},
}

func TestALegacyClientIsAskedForWhatItDeclared(t *testing.T) {
	for name, test := range clientAsked {
		t.Run(name, func(t *testing.T) {
			f := newFixtureAgent(t)
			mine := session(f.begin(fixturePath, `{"elicitation":{},"sampling":{},"roots":{}}`))
			response := f.request(t.Context(), fixturePath, test.request, mine, "Accept: "+accepting)
			defer response.Body.Close()
			stream := bufio.NewReader(response.Body)
			for range test.answers {
				question := next(t, stream)
				answer := test.answers[question.Method]
				if answer == "" {
					t.Fatalf("got %s, want a question", question.raw)
				}
				if status, body := f.post(fixturePath, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, question.ID, answer), mine); status != http.StatusAccepted {
					t.Fatalf("the answer gets %d %s", status, body)
				}
			}
			if result := next(t, stream); string(result.ID) != "1" || !strings.Contains(result.raw, test.want) {
				t.Errorf("got %s, want %s in it", result.raw, test.want)
			}
		})
	}
}

func TestALegacyClientIsNotAskedForWhatItDidNotDeclare(t *testing.T) {
	for name, test := range clientAsked {
		for _, capabilities := range []string{`{}`, `{"tasks":{}}`} {
			t.Run(name+" "+capabilities, func(t *testing.T) {
				f := newFixtureAgent(t)
				mine := session(f.begin(fixturePath, capabilities))
				response := f.request(t.Context(), fixturePath, test.request, mine, "Accept: "+accepting)
				defer response.Body.Close()
				if got := events(t, response.Body); len(got) != 1 || got[0].Error == nil || got[0].Error.Code != -32021 {
					t.Errorf("got %+v, want a refusal for want of a capability", got)
				}
			})
		}
	}
}
