package fixtureagent

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"
)

// askingTools ask the client for something in the midst of a call.
func (a *agent) askingTools() []server.ServerTool {
	name := askFor("user_name", "name", "What is your name?", "Hello, %s!")
	return []server.ServerTool{
		a.asking("test_sampling", "Has the client's model answer a prompt.", func(arguments mcp.CallToolRequest) play {
			return askModel("answer", arguments.GetString("prompt", ""), 100)
		}, mcp.WithString("prompt", mcp.Required(), mcp.Description("What the model is asked."))),
		a.asking("test_elicitation", "Asks the user for a name and an address.", func(arguments mcp.CallToolRequest) play {
			return askUser("User response", elicit("answer", arguments.GetString("message", ""), `{
				"username": {"type": "string", "description": "User's response"},
				"email": {"type": "string", "description": "User's email address"}
			}`, "username", "email"))
		}, mcp.WithString("message", mcp.Required(), mcp.Description("What the user is asked."))),
		a.asking("test_elicitation_sep1034_defaults", "Asks the user with a default for each primitive type.",
			always(askUser("Elicitation completed", elicit("answer", "Please check these values.", defaults)))),
		a.asking("test_elicitation_sep1330_enums", "Asks the user to choose, in each way there is.",
			always(askUser("Elicitation completed", elicit("answer", "Please choose.", choices)))),
		a.asking("test_streaming_elicitation", "Asks the user on the call's own stream.",
			always(askUser("User response", elicit("answer", "Go on?", `{"ok": {"type": "boolean"}}`, "ok")))),
		a.asking("test_missing_capability", "Cannot do without the client's model.", always(askModel("answer", "Are you there?", 10))),

		a.asking("test_input_required_result_elicitation", "Asks the user's name.", always(name)),
		a.asking("test_input_required_result_sampling", "Asks the client's model.", always(askModel("capital_question", "What is the capital of France?", 100))),
		a.asking("test_input_required_result_list_roots", "Asks the client's roots.", always(askRoots)),
		a.asking("test_input_required_result_request_state", "Asks with a state that the client carries.",
			always(a.confirmed("test_input_required_result_request_state", "confirm", "Please confirm"))),
		a.asking("test_input_required_result_tampered_state", "Asks with a state that the client must not change.",
			always(a.confirmed("test_input_required_result_tampered_state", "confirm", "Please confirm"))),
		a.asking("test_input_required_result_multiple_inputs", "Asks the user, the model and the client at once.", always(a.askAll)),
		a.asking("test_input_required_result_multi_round", "Asks the user twice, in two rounds.", always(a.askTwice)),
		a.asking("test_input_required_result_capabilities", "Asks whatever the client can answer.", always(askWhatIsDeclared)),
	}
}

// asking is a tool that plays in rounds.
func (a *agent) asking(name, description string, begin func(mcp.CallToolRequest) play, options ...mcp.ToolOption) server.ServerTool {
	return tool(name, description, func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return begin(call).toolResult(ctx, call.Params.MultiRoundTripParams), nil
	}, options...)
}

// always plays the same, whatever the arguments.
func always(p play) func(mcp.CallToolRequest) play {
	return func(mcp.CallToolRequest) play { return p }
}

// askFor asks the user for one text, and says it in a sentence.
func askFor(id, field, message, sentence string) play {
	return func(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
		given, ok := fieldOf(brought, id, field)
		if !ok {
			return round{questions: []question{elicit(id, message, `{"`+field+`": {"type": "string"}}`, field)}}, nil
		}
		return round{said: fmt.Sprintf(sentence, given)}, nil
	}
}

// fieldOf is a text of the user's answer, false where there is none.
func fieldOf(brought mcp.MultiRoundTripParams, id, field string) (string, bool) {
	answer := server.ElicitationResponse(brought.InputResponses, id)
	if answer == nil {
		return "", false
	}
	content, _ := answer.Content.(map[string]any)
	given, ok := content[field].(string)
	return given, ok
}

// askUser puts a form to the user, and says what came back.
func askUser(heading string, form question) play {
	return func(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
		answer := server.ElicitationResponse(brought.InputResponses, "answer")
		if answer == nil {
			return round{questions: []question{form}}, nil
		}
		return round{said: fmt.Sprintf("%s: action=%s, content=%s", heading, answer.Action, text(answer.Content))}, nil
	}
}

func askModel(id, prompt string, maxTokens int) play {
	return func(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
		answer := server.SamplingResponse(brought.InputResponses, id)
		if answer == nil {
			return round{questions: []question{sample(id, prompt, maxTokens)}}, nil
		}
		content, err := mcp.ParseSamplingContent(answer.Content)
		if spoken, ok := content.(mcp.TextContent); err == nil && ok {
			return round{said: "LLM response: " + spoken.Text}, nil
		}
		return round{said: "LLM response: " + text(answer.Content)}, nil
	}
}

func askRoots(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
	answer := server.RootsResponse(brought.InputResponses, "client_roots")
	if answer == nil {
		return round{questions: []question{listRoots("client_roots")}}, nil
	}
	return round{said: "The roots are " + text(answer.Roots)}, nil
}

// confirmed has the user confirm, and the client carry a state for that.
func (a *agent) confirmed(tool, id, message string) play {
	return func(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
		if fault := a.check(tool, brought); fault != nil {
			return round{}, fault
		}
		if server.ElicitationResponse(brought.InputResponses, id) == nil {
			return round{state: a.seal.close(tool, "asked"), questions: []question{elicit(id, message, `{"ok": {"type": "boolean"}}`, "ok")}}, nil
		}
		return round{said: "state-ok"}, nil
	}
}

// check refuses answers that come with another state than the questions went.
func (a *agent) check(tool string, brought mcp.MultiRoundTripParams) *jsonrpc2.Error {
	if len(brought.InputResponses) == 0 {
		return nil
	}
	if _, ok := a.seal.open(tool, brought.RequestState); !ok {
		return &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: "requestState is not what this tool has sent"}
	}
	return nil
}

func (a *agent) askAll(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
	const tool = "test_input_required_result_multiple_inputs"
	if fault := a.check(tool, brought); fault != nil {
		return round{}, fault
	}
	name, named := fieldOf(brought, "user_name", "name")
	greeting := server.SamplingResponse(brought.InputResponses, "greeting")
	roots := server.RootsResponse(brought.InputResponses, "client_roots")
	if !named || greeting == nil || roots == nil {
		return round{state: a.seal.close(tool, "asked"), questions: []question{
			elicit("user_name", "What is your name?", `{"name": {"type": "string"}}`, "name"),
			sample("greeting", "Generate a greeting", 50),
			listRoots("client_roots"),
		}}, nil
	}
	return round{said: fmt.Sprintf("%s: %s, with the roots %s", name, text(greeting.Content), text(roots.Roots))}, nil
}

func (a *agent) askTwice(_ context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
	const tool = "test_input_required_result_multi_round"
	if fault := a.check(tool, brought); fault != nil {
		return round{}, fault
	}
	if name, ok := fieldOf(brought, "step1", "name"); ok {
		return round{state: a.seal.close(tool, "named "+name), questions: []question{
			elicit("step2", "Step 2: What is your favorite color?", `{"color": {"type": "string"}}`, "color")}}, nil
	}
	step, _ := a.seal.open(tool, brought.RequestState)
	if color, ok := fieldOf(brought, "step2", "color"); ok {
		return round{said: step + " likes " + color}, nil
	}
	return round{state: a.seal.close(tool, "begun"), questions: []question{
		elicit("step1", "Step 1: What is your name?", `{"name": {"type": "string"}}`, "name")}}, nil
}

// askWhatIsDeclared asks only what this client can answer.
func askWhatIsDeclared(ctx context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
	if len(brought.InputResponses) > 0 {
		return round{said: "Thank you."}, nil
	}
	can := declared(ctx)
	r := round{said: "You can answer nothing."}
	for _, question := range []question{
		elicit("user_name", "What is your name?", `{"name": {"type": "string"}}`, "name"),
		sample("greeting", "Generate a greeting", 50),
		listRoots("client_roots"),
	} {
		if can[question.capability] {
			r.questions = append(r.questions, question)
		}
	}
	return r, nil
}

const defaults = `{
	"name": {"type": "string", "default": "John Doe"},
	"age": {"type": "integer", "default": 30},
	"score": {"type": "number", "default": 95.5},
	"status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
	"verified": {"type": "boolean", "default": true}
}`

const choices = `{
	"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
	"titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}, {"const": "value3", "title": "Third Option"}]},
	"legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
	"untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
	"titledMulti": {"type": "array", "items": {"anyOf": [{"const": "value1", "title": "First Choice"}, {"const": "value2", "title": "Second Choice"}, {"const": "value3", "title": "Third Choice"}]}}
}`
