package fixtureagent

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// question is what the client is asked for: the user's word, a model's, or its
// roots.
type question struct {
	capability string // that a client needs to answer it
	add        func(*server.InputRequestBuilder)
}

// elicit puts a form to the user. The properties are those of its schema, all of
// them required that are named.
func elicit(id, message, properties string, required ...string) question {
	schema := map[string]any{"type": "object", "properties": json.RawMessage(properties)}
	if required != nil {
		schema["required"] = required
	}
	return question{"elicitation", func(b *server.InputRequestBuilder) {
		b.Elicit(id, mcp.ElicitationParams{Message: message, RequestedSchema: schema})
	}}
}

func sample(id, prompt string, maxTokens int) question {
	return question{"sampling", func(b *server.InputRequestBuilder) {
		b.Sample(id, mcp.CreateMessageParams{MaxTokens: maxTokens,
			Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}}})
	}}
}

func listRoots(id string) question {
	return question{"roots", func(b *server.InputRequestBuilder) { b.Roots(id) }}
}

// declared are the capabilities of the client by their names.
func declared(ctx context.Context) map[string]bool {
	capabilities := exchange.FromContext(ctx).GetClientCapabilities()
	return map[string]bool{
		"elicitation": exchange.ElicitsForms(capabilities),
		"sampling":    capabilities.Sampling != nil,
		"roots":       capabilities.Roots != nil,
	}
}

// round is what one round of a call comes to: questions, or an end.
type round struct {
	questions []question
	state     string // that the client carries to the next round
	said      string
}

// play makes a round of the answers which the client has brought.
type play func(ctx context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error)

// toolResult is a round as the result of a tool. mcp-go puts the questions to a
// client of the older era, and plays on.
func (p play) toolResult(ctx context.Context, brought mcp.MultiRoundTripParams) *mcp.CallToolResult {
	r, fault := p.next(ctx, brought)
	switch {
	case fault != nil:
		exchange.FromContext(ctx).Refuse(fault)
		return mcp.NewToolResultError(fault.Message)
	case len(r.questions) == 0:
		return mcp.NewToolResultText(r.said)
	}
	return r.builder().ToolResult()
}

// next refuses to ask what the client cannot answer.
func (p play) next(ctx context.Context, brought mcp.MultiRoundTripParams) (round, *jsonrpc2.Error) {
	r, fault := p(ctx, brought)
	if fault != nil {
		return r, fault
	}
	needed := make(map[string]any)
	for _, question := range r.questions {
		if !declared(ctx)[question.capability] {
			needed[question.capability] = struct{}{}
		}
	}
	return r, missing(needed)
}

func (r round) builder() *server.InputRequestBuilder {
	builder := server.NewInputRequestBuilder(r.state)
	for _, question := range r.questions {
		question.add(builder)
	}
	return builder
}

// missing is the refusal for want of capabilities, nil where none is missing.
func missing(needed map[string]any) *jsonrpc2.Error {
	if len(needed) == 0 {
		return nil
	}
	names := make([]string, 0, len(needed))
	for name := range needed {
		names = append(names, name)
	}
	fault := &jsonrpc2.Error{Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Message: "the client has not declared " + strings.Join(names, ", ")}
	fault.SetError(map[string]any{"requiredCapabilities": needed})
	return fault
}

// text is an answer as the tools repeat it.
func text(answer any) string {
	encoded, err := exchange.Encode(answer)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
