package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

// tool is one MCP tool before it is offered.
type tool struct {
	name        string
	title       string
	description string
	inputs      []input
	hints       hints
	untouched   string   // what to say of the agent when the call fails
	beside      []string // the names of the tools of its server
	asTask      bool     // a client that knows tasks may get one for an answer
	call        func(context.Context, arguments) (*mcp.CallToolResult, error)

	// resume goes on with a call whose user was asked something; nil for a tool
	// that asks nothing.
	resume func(context.Context, arguments, mcp.MultiRoundTripParams) (*mcp.CallToolResult, error)
}

// hints are MCP's annotations; hosts ask the user before they call a tool that
// writes.
type hints struct{ readOnly, destructive, idempotent, openWorld bool }

var (
	reads   = hints{readOnly: true, idempotent: true}
	asks    = hints{destructive: true, openWorld: true} // what an agent does about a message is up to the agent
	adds    = hints{}                                   // what was not there, and overwrites nothing
	cancels = hints{destructive: true, idempotent: true}
	changes = hints{destructive: true, idempotent: true} // replaces or takes away what was there
)

// serverTool is the tool as mcp-go offers it, each call bounded by the budget.
// Tasks tells whether the server has them.
func (t tool) serverTool(budget time.Duration, tasks bool) server.ServerTool {
	offered := mcp.NewToolWithRawSchema(t.name, t.description, schema(t.inputs))
	offered.Title = t.title
	offered.Annotations = mcp.ToolAnnotation{
		Title:           t.title,
		ReadOnlyHint:    &t.hints.readOnly,
		DestructiveHint: &t.hints.destructive,
		IdempotentHint:  &t.hints.idempotent,
		OpenWorldHint:   &t.hints.openWorld,
	}
	return server.ServerTool{Tool: offered, Handler: func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if tasks {
			ctx = withTaskForm(ctx, request)
		}
		if taskFormOf(ctx) == coreTask && !t.asTask {
			exchange.FromContext(ctx).Refuse(t.notATask())
			return new(mcp.CallToolResult), nil
		}
		play := t.rounds(request.Params.RawArguments)
		x := exchange.FromContext(ctx)
		mayAsk := x != nil && x.CanElicit()
		if user := elicitorOf(x); mayAsk && !modern(ctx) && user != nil {
			return elicited(ctx, user, budget, play), nil
		}
		return play(ctx, request.Params.MultiRoundTripParams, budget, mayAsk && modern(ctx)), nil
	}}
}

// rounds are the rounds of one call, each bounded by its budget.
func (t tool) rounds(arguments json.RawMessage) rounds {
	return func(ctx context.Context, answers mcp.MultiRoundTripParams, budget time.Duration, mayAsk bool) *mcp.CallToolResult {
		ctx, cancel := context.WithTimeoutCause(ctx, budget+budgetMargin, errOverBudget)
		defer cancel()
		return t.handle(round{t.name, arguments, mayAsk}.in(ctx), arguments, answers)
	}
}

// errOverBudget is why a call's context ends when the tenant is too slow.
var errOverBudget = errors.New("the tenant took longer than a call may (see --call-budget)")

// handle never fails: what goes wrong is told to the model.
func (t tool) handle(ctx context.Context, arguments json.RawMessage, answers mcp.MultiRoundTripParams) *mcp.CallToolResult {
	args, err := parseArguments(t.inputs, arguments)
	if err == nil {
		var result *mcp.CallToolResult
		if result, err = t.proceed(ctx, args, answers); err == nil {
			return result
		}
		if context.Cause(ctx) == errOverBudget && errors.Is(err, context.DeadlineExceeded) {
			err = errOverBudget
		}
	}
	refuseTask(ctx, err, t.untouched)
	return failureOf(err, t.untouched).pointing(t.beside).result()
}

// proceed begins a call, or goes on with one whose user was asked: that is never
// begun anew, as its message has been sent.
func (t tool) proceed(ctx context.Context, args arguments, answers mcp.MultiRoundTripParams) (*mcp.CallToolResult, error) {
	switch {
	case answers.RequestState == "" && len(answers.InputResponses) == 0:
		return t.call(ctx, args)
	case t.resume == nil:
		return nil, &failure{what: "This tool asks users nothing, and the requestState is not of one of its calls.", ran: nothingSent,
			next: "Send a requestState only to the tool whose result gave it."}
	default:
		return t.resume(ctx, args, answers)
	}
}
