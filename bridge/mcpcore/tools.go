package mcpcore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// InOrder lists the tools as they are given; mcp-go would sort them by name.
func InOrder(tools []server.ServerTool) server.ToolFilterFunc {
	order := make(map[string]int, len(tools))
	for i, tool := range tools {
		if _, taken := order[tool.Tool.Name]; !taken {
			order[tool.Tool.Name] = i
		}
	}
	return func(_ context.Context, listed []mcp.Tool) []mcp.Tool {
		slices.SortFunc(listed, func(a, b mcp.Tool) int { return order[a.Name] - order[b.Name] })
		return listed
	}
}

// SetTools offers these tools and no others. A tool that mcp-go cannot offer is
// left out, and the error says which and why: mcp-go would panic over one, and
// show clients an empty list for another. Of two tools of one name the first is
// offered.
func SetTools(s *server.MCPServer, tools ...server.ServerTool) error {
	fit := make([]server.ServerTool, 0, len(tools))
	taken := make(map[string]bool, len(tools))
	var faults []error
	for _, tool := range tools {
		name := tool.Tool.Name
		err := offerable(&tool.Tool)
		if err == nil && taken[name] {
			err = errors.New("another tool has this name")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("the tool %q is not offered: %w", name, err))
			continue
		}
		taken[name] = true
		fit = append(fit, tool)
	}
	s.SetTools(fit...)
	return errors.Join(faults...)
}

// offerable tells why mcp-go cannot offer a tool, if it cannot.
func offerable(tool *mcp.Tool) error {
	if err := mcp.ValidateParamHeaderAnnotations(tool); err != nil {
		return err
	}
	_, err := json.Marshal(tool)
	return err
}
