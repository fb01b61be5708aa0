package bridge

import (
	"context"

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
	call        func(context.Context, arguments) (*mcp.CallToolResult, error)
}

// hints are MCP's annotations; hosts ask the user before they call a tool that
// writes.
type hints struct{ readOnly, destructive, idempotent, openWorld bool }

var (
	reads   = hints{readOnly: true, idempotent: true}
	asks    = hints{openWorld: true} // what an agent does about a message is up to the agent
	cancels = hints{destructive: true, idempotent: true}
)

func (t tool) serverTool() server.ServerTool {
	offered := mcp.NewToolWithRawSchema(t.name, t.description, schema(t.inputs))
	offered.Title = t.title
	offered.Annotations = mcp.ToolAnnotation{
		Title:           t.title,
		ReadOnlyHint:    &t.hints.readOnly,
		DestructiveHint: &t.hints.destructive,
		IdempotentHint:  &t.hints.idempotent,
		OpenWorldHint:   &t.hints.openWorld,
	}
	return server.ServerTool{Tool: offered, Handler: t.handle}
}

// handle never returns an error: what goes wrong is told to the model.
func (t tool) handle(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	args, err := parseArguments(t.inputs, request.Params.RawArguments)
	if err == nil {
		var result *mcp.CallToolResult
		if result, err = t.call(ctx, args); err == nil {
			return result, nil
		}
	}
	return failureOf(err).result(), nil
}
