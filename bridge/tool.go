package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
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
	call        func(context.Context, arguments) (*mcp.CallToolResult, error)
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
func (t tool) serverTool(budget time.Duration) server.ServerTool {
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
		ctx, cancel := context.WithTimeoutCause(ctx, budget, errOverBudget)
		defer cancel()
		return t.handle(ctx, request), nil
	}}
}

// errOverBudget is why a call's context ends when the tenant is too slow.
var errOverBudget = errors.New("the tenant took longer than a call may (see --call-budget)")

// handle never fails: what goes wrong is told to the model.
func (t tool) handle(ctx context.Context, request mcp.CallToolRequest) *mcp.CallToolResult {
	args, err := parseArguments(t.inputs, request.Params.RawArguments)
	if err == nil {
		var result *mcp.CallToolResult
		if result, err = t.call(ctx, args); err == nil {
			return result
		}
		if context.Cause(ctx) == errOverBudget && errors.Is(err, context.DeadlineExceeded) {
			err = errOverBudget
		}
	}
	return failureOf(err, t.untouched).pointing(t.beside).result()
}
