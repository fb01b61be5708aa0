package fixtureagent

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
)

// notifyingTools tell of their work before they return.
func notifyingTools() []server.ServerTool {
	return []server.ServerTool{
		tool("test_tool_with_logging", "Logs three messages of level info.", logThrice),
		tool("test_logging_tool", "Logs three messages of level info to a client that has asked for them.", logThrice),
		tool("test_tool_with_progress", "Reports progress of 0, 50 and 100 %.", reportProgress),
	}
}

func logThrice(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for _, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		// It sends nothing that is below the level which the client wants.
		err := server.ServerFromContext(ctx).SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "fixtures", message))
		if err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("The messages are logged."), nil
}

func reportProgress(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	x := exchange.FromContext(ctx)
	if !x.WantsProgress() {
		return mcp.NewToolResultText("Nobody wanted to know of progress."), nil
	}
	for _, progress := range []int{0, 50, 100} {
		err := x.Notify(ctx, string(mcp.MethodNotificationProgress), mcp.NotificationParams{AdditionalFields: map[string]any{
			"progressToken": x.Request().Meta.ProgressToken, "progress": progress, "total": 100,
		}})
		if err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("The progress is reported."), nil
}
