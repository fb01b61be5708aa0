package bridge

import (
	"fmt"
	"slices"
	"strings"

	"sema4mcp/restclient"
)

// Toolset is a group of tools of a whole tenant.
type Toolset string

// The toolsets. An agent's own server has the agent's tools alone.
const (
	ToolsetAgents Toolset = "agents" // always there
	ToolsetData   Toolset = "data"   // connections and semantic data models, to read
	ToolsetAdmin  Toolset = "admin"  // agents and what they work with, to change
	ToolsetAll    Toolset = "all"
)

var toolsets = []Toolset{ToolsetAgents, ToolsetData, ToolsetAdmin, ToolsetAll}

// ParseToolsets checks names of toolsets. The error says which there are.
func ParseToolsets(names []string) ([]Toolset, error) {
	parsed := make([]Toolset, len(names))
	for i, name := range names {
		parsed[i] = Toolset(strings.ToLower(strings.TrimSpace(name)))
		if !slices.Contains(toolsets, parsed[i]) {
			return nil, fmt.Errorf("there is no toolset %q: the toolsets are agents, data, admin and all", name)
		}
	}
	return parsed, nil
}

// has tells whether the toolset is there. None beyond the agents' is for a caller
// who may reach certain agents alone: they are of the whole tenant.
func (t *Tenant) has(wanted Toolset) bool {
	if len(t.config.Granted) > 0 {
		return wanted == ToolsetAgents
	}
	return slices.Contains(t.config.Toolsets, wanted) || slices.Contains(t.config.Toolsets, ToolsetAll)
}

// workerMode is the mode of agents that take work items.
const workerMode = "worker"

// agentScope is one agent's, with the server for itself.
func (t *Tenant) agentScope(agent restclient.Agent, name string) scope {
	return scope{tenant: t, agent: &agent, replyTool: "message_" + name, threadTool: "get_" + name + "_thread_messages"}
}

// scope is the whole tenant's.
func (t *Tenant) scope() scope {
	return scope{tenant: t, replyTool: "ask_agent", threadTool: "get_thread_messages", shared: true}
}

// agentTools are the tools of one agent: the vendor's three first.
func (t *Tenant) agentTools(agent restclient.Agent, name string) []tool {
	s := t.agentScope(agent, name)
	tools := []tool{
		s.messageTool(s.replyTool),
		s.listThreadsTool("list_" + name + "_threads"),
		s.threadMessagesTool(s.threadTool),
		s.getRunTool(),
		s.cancelRunTool(),
	}
	tools = append(tools, s.threadTools()...)
	if agent.Mode == workerMode {
		tools = append(tools, s.workItemTools()...)
	}
	return tools
}

// tenantTools are the tools of all agents together, and message_<x> for each
// while there are few enough.
func (t *Tenant) tenantTools(agents []restclient.Agent) []tool {
	s := t.scope()
	tools := []tool{
		t.listAgentsTool(),
		s.messageTool(s.replyTool),
		s.listThreadsTool("list_threads"),
		s.threadMessagesTool(s.threadTool),
		s.getRunTool(),
		s.cancelRunTool(),
	}
	tools = append(append(tools, s.threadTools()...), s.workItemTools()...)
	if t.has(ToolsetData) {
		tools = append(tools, t.dataTools()...)
	}
	if t.has(ToolsetAdmin) {
		tools = append(tools, t.adminTools()...)
	}
	if t.config.AgentTools == AgentToolsNever || t.config.AgentTools == AgentToolsAuto && len(agents) > manyAgents {
		return tools
	}
	names := agentNames(agents)
	for _, agent := range agents {
		name := "message_" + names[agent.ID]
		tools = append(tools, scope{tenant: t, agent: &agent, replyTool: name, threadTool: s.threadTool, shared: true}.messageTool(name))
	}
	return tools
}

// allowed leaves out the tools that change something where that is not wanted.
func (t *Tenant) allowed(tools []tool) []tool {
	if !t.config.ReadOnly {
		return tools
	}
	return slices.DeleteFunc(tools, func(tool tool) bool { return !tool.hints.readOnly })
}
