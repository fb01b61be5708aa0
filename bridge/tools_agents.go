package bridge

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// listedAgent is an agent as list_agents shows it.
type listedAgent struct {
	ID          string `json:"agent_id"`
	Name        string `json:"name"`
	Tool        string `json:"tool"` // the name of its message tool, listed or not
	Description string `json:"description,omitempty"`
	Mode        string `json:"mode,omitempty"`
	State       string `json:"state,omitempty"`
}

func (t *Tenant) listAgentsTool() tool {
	description := "List the Sema4.ai agents of this workspace, with what each is for."
	if !t.config.ReadOnly {
		description += " Ask one with ask_agent."
	}
	return tool{
		name:        "list_agents",
		title:       "List agents",
		description: description,
		inputs:      []input{{name: "cursor", description: "Where to go on, as the last part of a long list said."}},
		hints:       reads,
		call:        t.listAgents,
	}
}

func (t *Tenant) listAgents(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agents, err := t.catalogue.all(ctx)
	if err != nil {
		return nil, err
	}
	names := agentNames(agents)
	listed := make([]listedAgent, len(agents))
	for i, agent := range agents {
		listed[i] = listedAgent{agent.ID, agent.Name, "message_" + names[agent.ID], cut(agent.Description, maxDescription), agent.Mode, agent.State}
	}
	part, next, err := fitting(listed, args.text("cursor"))
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Agents []listedAgent `json:"agents"`
		Next   string        `json:"next_cursor,omitempty"`
	}{part, next})
}
