package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sema4mcp/restclient"
)

// scope is whose tools are being offered: one agent's, or a whole tenant's,
// where a call says which agent it is meant for.
type scope struct {
	tenant    *Tenant
	agent     *restclient.Agent // nil for a whole tenant
	replyTool string            // answers an agent's question

	listTool   string // lists the threads
	threadTool string // reads the messages of a thread
	shared     bool   // with other agents: the tools for threads take the agent as an argument
}

// agentInput is the argument that names the agent, where there is a choice.
var agentInput = input{name: "agent", required: true,
	description: "The agent: its id, its name, or the name of its tool, as list_agents shows them."}

// inputs puts the agent argument in front where there is a choice.
func (s scope) inputs(others ...input) []input {
	if s.agent != nil {
		return others
	}
	return append([]input{agentInput}, others...)
}

// addressee is the agent that a call is meant for.
func (s scope) addressee(ctx context.Context, args arguments) (restclient.Agent, error) {
	if s.agent != nil {
		return *s.agent, nil
	}
	return s.tenant.Agent(ctx, args.text(agentInput.name))
}

// Agent returns the agent that has this id, name or name of a tool. An error that
// there is none, or more than one, says which there are.
func (t *Tenant) Agent(ctx context.Context, wanted string) (restclient.Agent, error) {
	if known, ok := t.catalogue.remembered(); ok {
		if agent, err := findAgent(known, wanted); err == nil {
			return agent, nil
		}
	}
	agents, err := t.catalogue.all(ctx)
	if err != nil {
		return restclient.Agent{}, err
	}
	agent, err := findAgent(agents, wanted)
	switch none := err != nil && len(agents) == 0; {
	case none && len(t.config.Granted) > 0:
		err = &failure{what: "This workspace has none of the agents that the access token is for.", next: "Have an access token issued that allows others."}
	case none && len(t.config.Agents) > 0:
		err = &failure{what: "None of the agents that the setting --agents names is in this workspace.", next: "Have the setting corrected: it takes ids and names of agents."}
	}
	return agent, err
}

// findAgent goes by id first, then by name, then by tool name.
func findAgent(agents []restclient.Agent, wanted string) (restclient.Agent, error) {
	names := agentNames(agents)
	wantedTool := strings.TrimPrefix(wanted, "message_")
	for _, matches := range []func(restclient.Agent) bool{
		func(a restclient.Agent) bool { return a.ID == wanted },
		func(a restclient.Agent) bool { return a.Name == wanted },
		func(a restclient.Agent) bool { return strings.EqualFold(a.Name, wanted) },
		func(a restclient.Agent) bool { return names[a.ID] == wantedTool },
		func(a restclient.Agent) bool { return agentName(a) == wantedTool }, // as its own server has it
	} {
		var found []restclient.Agent
		for _, agent := range agents {
			if matches(agent) {
				found = append(found, agent)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return restclient.Agent{}, ambiguous(wanted, found)
		}
	}
	return restclient.Agent{}, unknownAgent(wanted, agents)
}

func ambiguous(wanted string, found []restclient.Agent) error {
	ids := make([]string, len(found))
	for i, agent := range found {
		ids[i] = agent.ID
	}
	return &failure{what: fmt.Sprintf("%d agents are called %s.", len(found), quoted(wanted)),
		next: "Name one by its id: " + strings.Join(ids, ", ") + "."}
}

func unknownAgent(wanted string, agents []restclient.Agent) error {
	if len(agents) == 0 {
		return &failure{what: "This workspace has no agents that the API key can see.", next: "Create an agent in Sema4.ai, or use the key of another workspace."}
	}
	names := make([]string, len(agents))
	for i, agent := range agents {
		names[i] = quoted(agent.Name)
	}
	slices.Sort(names)
	next := "The agents are: "
	if len(names) > manyAgents {
		names, next = names[:manyAgents], "See list_agents; the first are: "
	}
	return &failure{what: fmt.Sprintf("There is no agent %s.", quoted(wanted)), next: next + strings.Join(names, ", ") + "."}
}
