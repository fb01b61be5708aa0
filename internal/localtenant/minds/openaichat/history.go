package openaichat

import (
	"encoding/json"
	"fmt"
	"strings"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/thread"
)

// conversation is what the model is given: its instructions, the messages before,
// and the message to answer.
func conversation(turn minds.Turn, history []thread.Message, tools *toolbox) []message {
	messages := []message{text("system", instructions(turn.Agent, tools))}
	for _, m := range history {
		if m.Role == thread.RoleUser {
			messages = append(messages, text("user", m.Text()))
		} else {
			messages = append(messages, remembered(m)...)
		}
	}
	return append(messages, text("user", turn.Message))
}

func instructions(agent minds.Agent, tools *toolbox) string {
	parts := []string{fmt.Sprintf("You are %s.", agent.Name)}
	if runbook := strings.TrimSpace(agent.Runbook); runbook != "" {
		parts = append(parts, runbook)
	}
	if len(tools.reader.files) > 0 {
		parts = append(parts, "These files are in the conversation; the tool "+readFile+" reads those that are texts:\n"+tools.reader.list())
	}
	if len(tools.unreachable) > 0 {
		parts = append(parts, "The tools of these servers cannot be used now: "+strings.Join(tools.unreachable, ", ")+". Where they are needed, say so; do not guess what they would give.")
	}
	return strings.Join(parts, "\n\n")
}

func text(role, content string) message { return message{Role: role, Content: &content} }

func functionToolCall(id, name, arguments string) toolCall {
	return toolCall{ID: id, Type: "function", Function: functionCall{Name: name, Arguments: arguments}}
}

// item is what is read of a content item of a stored message.
type item struct {
	Kind      string  `json:"kind"`
	Text      string  `json:"text"`
	Name      string  `json:"name"`
	CallID    string  `json:"tool_call_id"`
	Arguments string  `json:"arguments_raw"`
	Result    *string `json:"result"`
	Error     *string `json:"error"`
}

// remembered is an earlier answer: each run of texts and the tool calls after
// them is one message of the assistant, and the results follow it. Thoughts,
// charts and files are left out.
func remembered(m thread.Message) []message {
	var items []item
	if json.Unmarshal(m.Content, &items) != nil {
		return nil
	}
	var (
		messages []message
		said     []string
		calls    []toolCall
		results  []message
	)
	flush := func() {
		if len(said) == 0 && len(calls) == 0 {
			return
		}
		assistant := message{Role: "assistant", ToolCalls: calls}
		if content := strings.Join(said, "\n\n"); content != "" {
			assistant.Content = &content
		}
		messages = append(append(messages, assistant), results...)
		said, calls, results = nil, nil, nil
	}
	for _, it := range items {
		switch {
		case it.Kind == "text" && it.Text != "":
			if len(calls) > 0 {
				flush()
			}
			said = append(said, it.Text)
		case it.Kind == "tool_call":
			arguments, _ := object(it.Arguments) // an agent of another mind may have left anything
			calls = append(calls, functionToolCall(it.CallID, validName(it.Name), arguments))
			results = append(results, toolResult(it.CallID, it.outcome()))
		}
	}
	flush()
	return messages
}

// outcome is what a call gave: the model must be told of every call.
func (it item) outcome() string {
	switch {
	case it.Result != nil:
		return *it.Result
	case it.Error != nil:
		return "Error: " + *it.Error
	default:
		return "Error: the call was not finished."
	}
}

func toolResult(callID, content string) message {
	return message{Role: "tool", ToolCallID: callID, Content: &content}
}
