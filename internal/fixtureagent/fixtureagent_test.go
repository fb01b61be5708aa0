package fixtureagent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"sema4mcp/bridge/exchange"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client writes down what it gets, and answers each question with its answers by
// their methods.
type client struct {
	peer    *exchange.Peer
	answers map[string]string
	told    chan string // gets every notification where it is not nil
	got     []string
}

func (c *client) Notify(n mcp.JSONRPCNotification) error {
	err := c.write(n)
	if c.told != nil {
		c.told <- c.got[len(c.got)-1]
	}
	return err
}

func (c *client) Reply(reply exchange.Reply) error { return c.write(reply) }

func (c *client) Ask(request mcp.JSONRPCRequest) error {
	batch, fault := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%q,"result":%s}`, request.ID.Value(), c.answers[request.Method]))
	if fault != nil {
		return fault
	}
	c.peer.Questions.Answer(c.peer.Session, batch.Messages[0])
	return c.write(request)
}

func (c *client) write(message any) error {
	encoded, err := exchange.Encode(message)
	c.got = append(c.got, string(encoded))
	return err
}

const everything = `{"elicitation":{},"sampling":{},"roots":{}}`

// request carries one request of an era and returns all that came of it; the
// reply is the last.
func (c *client) request(t *testing.T, ctx context.Context, agent *server.MCPServer, modern bool, capabilities, method, params string) []string {
	t.Helper()
	meta := `{"progressToken":"p"}`
	if modern {
		meta = `{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":` + capabilities + `}`
	}
	batch, fault := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"r","method":%q,"params":{"_meta":%s%s}}`, method, meta, params))
	if fault != nil {
		t.Fatal(fault)
	}
	var declared mcp.ClientCapabilities
	if err := json.Unmarshal([]byte(capabilities), &declared); err != nil {
		t.Fatal(err)
	}
	c.peer = &exchange.Peer{Questions: new(exchange.Questions)}
	c.peer.Declare(declared)
	if err := exchange.Carry(ctx, agent, batch.Messages[0], c.peer, c); err != nil {
		t.Fatal(err)
	}
	return c.got
}

func last(got []string) string { return got[len(got)-1] }

func TestEveryFixtureAnswersInBothEras(t *testing.T) {
	agent := New()
	answers := map[string]string{
		"elicitation/create":     `{"action":"accept","content":{"name":"Ada","color":"blue","username":"ada","ok":true,"context":"tea"}}`,
		"sampling/createMessage": `{"role":"assistant","model":"m","content":{"type":"text","text":"Paris"}}`,
		"roots/list":             `{"roots":[{"uri":"file:///a"}]}`,
	}
	for _, test := range []struct{ method, params, want string }{
		{"tools/call", `"name":"test_simple_text"`, "simple text response"},
		{"tools/call", `"name":"test_image_content"`, `"mimeType":"image/png"`},
		{"tools/call", `"name":"test_audio_content"`, `"mimeType":"audio/wav"`},
		{"tools/call", `"name":"test_embedded_resource"`, "test://embedded-resource"},
		{"tools/call", `"name":"test_multiple_content_types"`, "test://mixed-content-resource"},
		{"tools/call", `"name":"test_error_handling"`, `"isError":true`},
		{"tools/call", `"name":"json_schema_2020_12_tool"`, "as they came"},
		{"tools/call", `"name":"test_tool_with_progress"`, "reported"},
		{"tools/call", `"name":"test_tool_with_logging"`, "logged"},
		{"tools/call", `"name":"test_changing_tool"`, `"text":"0"`},
		{"tools/call", `"name":"test_sampling","arguments":{"prompt":"x"}`, "LLM response: Paris"},
		{"tools/call", `"name":"test_missing_capability"`, "LLM response: Paris"},
		{"tools/call", `"name":"test_elicitation","arguments":{"message":"x"}`, `action=accept`},
		{"tools/call", `"name":"test_elicitation_sep1034_defaults"`, "action=accept"},
		{"tools/call", `"name":"test_elicitation_sep1330_enums"`, "action=accept"},
		{"tools/call", `"name":"test_streaming_elicitation"`, "action=accept"},
		{"tools/call", `"name":"test_input_required_result_elicitation"`, "Hello, Ada!"},
		{"tools/call", `"name":"test_input_required_result_sampling"`, "Paris"},
		{"tools/call", `"name":"test_input_required_result_list_roots"`, "file:///a"},
		{"tools/call", `"name":"test_input_required_result_request_state"`, "state-ok"},
		{"tools/call", `"name":"test_input_required_result_tampered_state"`, "state-ok"},
		{"tools/call", `"name":"test_input_required_result_multiple_inputs"`, "Ada: "},
		{"tools/call", `"name":"test_input_required_result_multi_round"`, "named Ada likes blue"},
		{"tools/call", `"name":"test_input_required_result_capabilities"`, "Thank you"},
		{"prompts/get", `"name":"test_simple_prompt"`, "simple prompt"},
		{"prompts/get", `"name":"test_prompt_with_arguments","arguments":{"arg1":"a","arg2":"b"}`, "arg1='a', arg2='b'"},
		{"prompts/get", `"name":"test_prompt_with_embedded_resource","arguments":{"resourceUri":"test://x"}`, "test://x"},
		{"prompts/get", `"name":"test_prompt_with_image"`, "image/png"},
		{"prompts/get", `"name":"test_changing_prompt"`, `"text":"0"`},
		{"prompts/get", `"name":"test_input_required_result_prompt"`, "The context is tea."},
		{"resources/read", `"uri":"test://static-text"`, "static text resource"},
		{"resources/read", `"uri":"test://static-binary"`, `"blob"`},
		{"resources/read", `"uri":"test://template/7/data"`, `Data for ID: 7`},
		{"completion/complete", `"ref":{"type":"ref/prompt","name":"test_prompt_with_arguments"},"argument":{"name":"arg1","value":"pari"}`, `["paris"]`},
	} {
		for _, modern := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s modern=%t", test.method, test.params, modern), func(t *testing.T) {
				params := "," + test.params
				for range 4 { // rounds, which a legacy client does not see
					c := &client{answers: answers}
					got := last(c.request(t, t.Context(), agent, modern, everything, test.method, params))
					if !strings.Contains(got, `"input_required"`) {
						if !strings.Contains(got, test.want) || strings.Contains(got, `"error":`) {
							t.Errorf("got %s, want %s in it", got, test.want)
						}
						return
					}
					params = "," + test.params + answered(t, got, answers)
				}
				t.Error("it asks without an end")
			})
		}
	}
}

// answered are the params of the round after one that asked.
func answered(t *testing.T, reply string, answers map[string]string) string {
	t.Helper()
	var asked struct {
		Result struct {
			InputRequests map[string]struct{ Method string }
			RequestState  string
		}
	}
	if err := json.Unmarshal([]byte(reply), &asked); err != nil {
		t.Fatal(err)
	}
	responses := make(map[string]json.RawMessage)
	for id, request := range asked.Result.InputRequests {
		responses[id] = json.RawMessage(answers[request.Method])
	}
	encoded, err := json.Marshal(responses)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`,"inputResponses":%s,"requestState":%q`, encoded, asked.Result.RequestState)
}

func TestEveryListIsThere(t *testing.T) {
	for method, want := range map[string]string{
		"tools/list": "json_schema_2020_12_tool", "prompts/list": "test_simple_prompt",
		"resources/list": "test://static-text", "resources/templates/list": "test://template/{id}/data",
	} {
		if got := last(new(client).request(t, t.Context(), New(), true, `{}`, method, "")); !strings.Contains(got, want) {
			t.Errorf("%s: got %s", method, got)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	const forged = `,"inputResponses":{"confirm":{"action":"accept","content":{"ok":true}}},"requestState":"asked.00"`
	for name, test := range map[string]struct {
		modern               bool
		capabilities         string
		method, params, want string
	}{
		"no model":              {true, `{"elicitation":{}}`, "tools/call", `,"name":"test_missing_capability"`, `"code":-32021,"message":"the client has not declared sampling","data":{"requiredCapabilities":{"sampling":{}}}`},
		"no model, legacy":      {false, `{}`, "tools/call", `,"name":"test_missing_capability"`, `"code":-32021`},
		"nobody to ask":         {true, `{}`, "prompts/get", `,"name":"test_input_required_result_prompt"`, `"requiredCapabilities":{"elicitation":{}}`},
		"another state":         {true, everything, "tools/call", `,"name":"test_input_required_result_tampered_state"` + forged, `"code":-32602`},
		"another tool's state":  {true, everything, "tools/call", `,"name":"test_input_required_result_multi_round"` + forged, `"code":-32602`},
		"no state":              {true, everything, "tools/call", `,"name":"test_input_required_result_multiple_inputs","inputResponses":{"user_name":{}}`, `"code":-32602`},
		"no resource":           {true, `{}`, "resources/read", `,"uri":"test://none"`, `"code":-32602,"message":"there is no such resource","data":{"uri":"test://none"}`},
		"no resource, legacy":   {false, `{}`, "resources/read", `,"uri":"test://none"`, `"code":-32002`},
		"an unreadable listen":  {true, `{}`, "subscriptions/listen", `,"notifications":7`, `"error":`},
		"nothing can be asked":  {true, `{}`, "tools/call", `,"name":"test_input_required_result_capabilities"`, "You can answer nothing."},
		"only the model is":     {true, `{"sampling":{}}`, "tools/call", `,"name":"test_input_required_result_capabilities"`, `"inputRequests":{"greeting":`},
		"no log without level":  {true, `{}`, "tools/call", `,"name":"test_logging_tool"`, "logged"},
		"an answer of no form":  {true, everything, "tools/call", `,"name":"test_input_required_result_elicitation","inputResponses":{"user_name":12345}`, `"input_required"`},
		"an answer of no field": {true, everything, "tools/call", `,"name":"test_input_required_result_elicitation","inputResponses":{"user_name":{"action":"decline"}}`, `"input_required"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := new(client).request(t, t.Context(), New(), test.modern, test.capabilities, test.method, test.params)
			if len(got) != 1 || !strings.Contains(got[0], test.want) {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

func TestNotificationsComeBeforeTheReply(t *testing.T) {
	for tool, want := range map[string]string{"test_tool_with_progress": `"progress":50`, "test_tool_with_logging": "Tool processing data"} {
		got := new(client).request(t, t.Context(), New(), false, `{}`, "tools/call", `,"name":"`+tool+`"`)
		if len(got) != 4 || !strings.Contains(got[1], want) {
			t.Errorf("%s: got %v", tool, got)
		}
	}
}

func TestListenersHearWhatTheyAskedFor(t *testing.T) {
	agent := New()
	ctx, hangUp := context.WithCancel(t.Context())
	c := &client{told: make(chan string)}
	done := make(chan []string)
	go func() {
		done <- c.request(t, ctx, agent, true, `{}`, "subscriptions/listen", `,"notifications":{"promptsListChanged":true}`)
	}()
	if acknowledged := <-c.told; !strings.Contains(acknowledged, "subscriptions/acknowledged") || !strings.Contains(acknowledged, `"promptsListChanged":true`) {
		t.Fatalf("got %s", acknowledged)
	}
	for _, trigger := range []string{"test_trigger_tool_change", "test_trigger_prompt_change"} {
		new(client).request(t, t.Context(), agent, true, `{}`, "tools/call", `,"name":"`+trigger+`"`)
	}
	changed := <-c.told
	hangUp()
	got := <-done
	if len(got) != 3 || !strings.Contains(changed, "prompts/list_changed") || slices.ContainsFunc(got, func(message string) bool {
		return !strings.Contains(message, `"io.modelcontextprotocol/subscriptionId":"r"`)
	}) {
		t.Errorf("got %v", got)
	}
}
