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
	return scope{tenant: t, agent: &agent, replyTool: "message_" + name, listTool: "list_" + name + "_threads", threadTool: "get_" + name + "_thread_messages"}
}

// scope is the whole tenant's.
func (t *Tenant) scope() scope {
	return scope{tenant: t, replyTool: "ask_agent", listTool: listThreads, threadTool: "get_thread_messages", shared: true}
}

// of is one agent's among the others of a whole tenant.
func (s scope) of(agent restclient.Agent, name string) scope {
	s.agent, s.replyTool = &agent, "message_"+name
	return s
}

// conversationTools are those for talking with an agent, and for what came of it.
func (s scope) conversationTools() []tool {
	return append([]tool{
		s.messageTool(s.replyTool),
		s.listThreadsTool(s.listTool),
		s.threadMessagesTool(s.threadTool),
		s.getRunTool(),
		s.cancelRunTool(),
	}, s.threadTools()...)
}

// agentTools are the tools of one agent: the vendor's three first.
func (t *Tenant) agentTools(agent restclient.Agent, name string) []tool {
	s := t.agentScope(agent, name)
	tools := s.conversationTools()
	if agent.Mode == workerMode {
		tools = append(tools, s.workItemTools()...)
	}
	return tools
}

// tenantTools are the tools of all agents together, and message_<x> for each
// while there are few enough.
func (t *Tenant) tenantTools(agents []restclient.Agent) []tool {
	s := t.scope()
	tools := append([]tool{t.listAgentsTool()}, s.conversationTools()...)
	tools = append(tools, s.workItemTools()...)
	if t.has(ToolsetData) {
		tools = append(tools, t.dataTools()...)
	}
	if t.has(ToolsetAdmin) {
		tools = append(tools, t.adminTools()...)
	}
	for _, each := range s.each(agents) {
		tools = append(tools, each.messageTool(each.replyTool))
	}
	return tools
}

// each is the scope of every agent that has a tool of its own among a tenant's.
func (s scope) each(agents []restclient.Agent) []scope {
	if s.tenant.config.AgentTools == AgentToolsNever || s.tenant.config.AgentTools == AgentToolsAuto && len(agents) > manyAgents {
		return nil
	}
	names := agentNames(agents)
	scopes := make([]scope, len(agents))
	for i, agent := range agents {
		scopes[i] = s.of(agent, names[agent.ID])
	}
	return scopes
}

// allowed leaves out the tools that change something where that is not wanted.
func (t *Tenant) allowed(tools []tool) []tool {
	if !t.config.ReadOnly {
		return tools
	}
	return slices.DeleteFunc(tools, func(tool tool) bool { return !tool.hints.readOnly })
}
