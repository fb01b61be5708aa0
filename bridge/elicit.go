package bridge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

// questionID is the key of the one question that a result asks.
const questionID = "question"

// maxContext bounds what is shown of the agent's text above a question: it has to
// fit into a dialog.
const maxContext = 1500

// fields are what a form asks for, by their names.
type fields map[string]any

// ask is the result that puts a form to the user.
func ask(state, message string, required string, f fields) *mcp.CallToolResult {
	return server.NewInputRequestBuilder(state).Elicit(questionID, mcp.ElicitationParams{
		Message:         message,
		RequestedSchema: map[string]any{"type": "object", "properties": f, "required": []string{required}},
	}).ToolResult()
}

func textField(title, description string) map[string]any {
	return map[string]any{"type": "string", "title": title, "description": description}
}

// choiceField offers options by their titles, as the era of the request writes
// that.
func choiceField(ctx context.Context, title string, options []string, titles map[string]string) map[string]any {
	field := map[string]any{"type": "string", "title": title}
	if !modern(ctx) {
		names := make([]string, len(options))
		for i, option := range options {
			names[i] = titles[option]
		}
		field["enum"], field["enumNames"] = options, names
		return field
	}
	choices := make([]map[string]string, len(options))
	for i, option := range options {
		choices[i] = map[string]string{"const": option, "title": titles[option]}
	}
	field["oneOf"] = choices
	return field
}

// filled is the form as the user left it. Where it cannot be used, why says what
// became of the question, in a sentence.
func filled(answers mcp.MultiRoundTripParams, required string) (form map[string]string, why string) {
	answer := server.ElicitationResponse(answers.InputResponses, questionID)
	if answer == nil {
		return nil, "The user was asked, but no answer came."
	}
	switch answer.Action {
	case mcp.ElicitationResponseActionAccept:
	case mcp.ElicitationResponseActionDecline:
		return nil, "The user was asked and declined to answer."
	default:
		return nil, "The user was asked and gave no answer."
	}
	content, _ := answer.Content.(map[string]any)
	form = make(map[string]string, len(content))
	for name, value := range content {
		if text, ok := value.(string); ok {
			form[name] = strings.TrimSpace(text)
		}
	}
	if form[required] == "" {
		return nil, fmt.Sprintf("The user was asked, but the answer cannot be used: it has no %s.", required)
	}
	return form, ""
}

// modern tells whether the request is one of 2026-07-28 or later, where a
// question to the user is a result.
func modern(ctx context.Context) bool {
	return mcp.IsModernProtocol(server.RequestProtocolVersion(ctx))
}

// elicitor puts a form to the user of a client from before 2026-07-28 and waits
// for the answer.
type elicitor interface {
	RequestElicitation(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error)
}

func elicitorOf(x *exchange.Exchange) elicitor {
	user, _ := any(x).(elicitor)
	return user
}

// afterword is how long a call may take over its budget to act upon an answer
// that came in the last moment.
const afterword = 5 * time.Second

// maxQuestions bounds how often a user is asked during one call.
const maxQuestions = 10

// elicited plays both parts for a client from before 2026-07-28, which knows no
// results that ask: it puts the questions to the user and begins the next round
// with the answers, until the budget is used up. mcp-go would do it too, but
// without an end, and with an error where there is no answer: the question would
// be lost.
func elicited(ctx context.Context, user elicitor, budget time.Duration, play rounds) *mcp.CallToolResult {
	deadline := time.Now().Add(budget)
	result := play(ctx, mcp.MultiRoundTripParams{}, budget, true)
	for asked := 1; result.NeedsInput(); asked++ {
		answers := mcp.MultiRoundTripParams{InputResponses: answersOf(ctx, user, result.InputRequests, deadline), RequestState: result.RequestState}
		left := max(time.Until(deadline), min(budget, afterword))
		result = play(ctx, answers, left, asked < maxQuestions && time.Now().Before(deadline))
	}
	return result
}

// answersOf leaves a question out to which there is no answer.
func answersOf(ctx context.Context, user elicitor, questions mcp.InputRequests, deadline time.Time) mcp.InputResponses {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	answers := make(mcp.InputResponses, len(questions))
	for id, question := range questions {
		request := mcp.ElicitationRequest{Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)}, Params: *question.Elicitation}
		if answer, err := user.RequestElicitation(ctx, request); err == nil && answer != nil {
			answers[id] = mcp.NewElicitationInputResponse(*answer)
		}
	}
	return answers
}

// deadline is until when a round may wait for an agent, and still tell how far
// that came.
func deadline(ctx context.Context) time.Time {
	end, _ := ctx.Deadline() // every round has one
	return end.Add(-budgetMargin)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// noted puts a sentence in front of a result's text.
func noted(result *mcp.CallToolResult, note string) *mcp.CallToolResult {
	if len(result.Content) > 0 {
		if text, ok := result.Content[0].(mcp.TextContent); ok {
			text.Text = paragraphs(note, text.Text)
			result.Content[0] = text
		}
	}
	return result
}
