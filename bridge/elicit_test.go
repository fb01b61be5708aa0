package bridge_test

import (
	"encoding/json"
	"testing"

	"sema4mcp/internal/testtenant"
)

// asking is what a result that asks the user holds.
type asking struct {
	ResultType    string
	RequestState  string
	InputRequests map[string]struct {
		Method string
		Params struct {
			Message         string
			RequestedSchema struct {
				Properties map[string]struct {
					Type, Title string
					OneOf       []struct{ Const, Title string }
				}
				Required []string
			}
		}
	}
}

// ask calls a tool as a client of 2026-07-28 that can be asked, or with answers
// as one that was.
func (d *desk) ask(agentID, tool string, arguments, answers args) (outcome, asking) {
	d.t.Helper()
	params := args{"name": tool, "arguments": arguments, "_meta": args{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": args{"elicitation": args{}}}}
	for name, value := range answers {
		params[name] = value
	}
	result, _ := d.carry(d.server(agentID), "tools/call", params)
	var o outcome
	var a asking
	if err := json.Unmarshal(result, &o); err != nil {
		d.t.Fatalf("%v in %s", err, result)
	}
	if err := json.Unmarshal(result, &a); err != nil {
		d.t.Fatalf("%v in %s", err, result)
	}
	return o, a
}

// accepted is a form that the user has filled in.
func (a asking) accepted(content args) args {
	return args{"requestState": a.RequestState, "inputResponses": args{"question": args{"action": "accept", "content": content}}}
}

func TestTheUserAnswersTheAgent(t *testing.T) {
	d := newDesk(t, nil, testtenant.Scripted("Asker", "- say: I need to know about {{message}}.\n- ask: Which year?\n"))
	id := d.tenant.AgentID("Asker")
	call := args{"message": "go", "thread_identifier": "t-1"}
	_, first := d.ask(id, "message_asker_agent", call, nil)
	_, second := d.ask(id, "message_asker_agent", call, first.accepted(args{"reply": "2025"}))
	d.ask(id, "message_asker_agent", call, first.accepted(args{"reply": "2025"}))
	d.ask(id, "message_asker_agent", call, second.accepted(args{"reply": "2026"}))
	d.ask(id, "message_asker_agent", call, first.accepted(args{"reply": "2025"}))
	d.ask(id, "message_asker_agent", call, first.accepted(args{"reply": "2024"}))
	for _, m := range d.tenant.Conversation(id, "t-1") {
		t.Log(m.Role, m.Text())
	}
}
