package bridge

import "sema4mcp/restclient"

// agentTools are the tools of one agent: the vendor's three first.
func (t *Tenant) agentTools(agent restclient.Agent, name string) []tool {
	s := scope{tenant: t, agent: &agent, replyTool: "message_" + name}
	return []tool{
		s.messageTool("message_" + name),
		s.listThreadsTool("list_" + name + "_threads"),
		s.threadMessagesTool("get_" + name + "_thread_messages"),
		s.getRunTool(),
		s.cancelRunTool(),
	}
}

// tenantTools are the tools of all agents together, and message_<x> for each
// while there are few enough.
func (t *Tenant) tenantTools(agents []restclient.Agent) []tool {
	s := scope{tenant: t, replyTool: "ask_agent"}
	tools := []tool{
		t.listAgentsTool(),
		s.messageTool("ask_agent"),
		s.listThreadsTool("list_threads"),
		s.threadMessagesTool("get_thread_messages"),
		s.getRunTool(),
		s.cancelRunTool(),
	}
	if t.config.AgentTools == AgentToolsNever || t.config.AgentTools == AgentToolsAuto && len(agents) > manyAgents {
		return tools
	}
	names := agentNames(agents)
	for _, agent := range agents {
		name := "message_" + names[agent.ID]
		tools = append(tools, scope{tenant: t, agent: &agent, replyTool: name}.messageTool(name))
	}
	return tools
}
