package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// adminTools change the agents of a tenant and what they work with.
func (t *Tenant) adminTools() []tool {
	s := scope{tenant: t}
	return []tool{
		s.getAgentTool(), s.createAgentTool(), s.updateAgentTool(), s.actOnAgentTool(), s.deleteAgentTool(),
		s.attachTool(), s.detachTool(),
		t.listMCPServersTool(), t.getMCPServerTool(), t.createMCPServerTool(), t.replaceMCPServerTool(), t.deleteMCPServerTool(),
		t.createModelTool(), t.replaceModelTool(), t.deleteModelTool(), t.documentIntelligenceTool(),
	}
}

// agentStatus is what the tools that change an agent return.
type agentStatus struct {
	ID       string `json:"agent_id"`
	Name     string `json:"name"`
	State    string `json:"state,omitempty"`
	HasDraft *bool  `json:"has_draft,omitempty"`
	Next     string `json:"next,omitempty"`
}

const publishNext = "People go on with what is live, if anything is; act_on_agent with publish makes the draft live."

var agentTexts = []input{
	{name: "description", description: "What the agent is for, in a sentence or two."},
	{name: "runbook", description: "The agent's instructions, Markdown."},
}

func (s scope) createAgentTool() tool {
	return tool{
		name:        "create_agent",
		title:       "Create an agent",
		description: "Create a Sema4.ai agent as a draft. Attach to it what it works with, then publish it with act_on_agent.",
		inputs: append([]input{{name: "name", required: true, description: "The agent's name, not used in this workspace yet."}},
			append(agentTexts, input{name: "architecture", description: "Optional. The name of the agent's architecture; left out, the workspace's default."})...),
		hints: adds,
		call:  changing(s.createAgent),
	}
}

func (s scope) createAgent(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.tenant.client.Agents.Create(ctx, restclient.AgentCreate{Name: args.text("name"), Description: args.text("description"),
		RunbookText: args.text("runbook"), ArchitectureName: args.text("architecture")})
	if errors.Is(err, restclient.ErrConflict) {
		return nil, &failure{what: fmt.Sprintf("There is an agent called %s already.", quoted(args.text("name"))), next: "Choose another name, or change that agent with update_agent."}
	}
	if err != nil {
		return nil, err
	}
	s.tenant.catalogue.forget()
	status := agentStatus{ID: agent.ID, Name: agent.Name, State: agent.State, Next: publishNext}
	if s.tenant.catalogue.refusal(*agent) != nil {
		status.Next = "This server does not offer the agent: its setting --agents names others alone."
	}
	return statusResult(status)
}

func (s scope) updateAgentTool() tool {
	return tool{
		name:        "update_agent",
		title:       "Change an agent",
		description: "Change the name, description or runbook of an agent's draft. What is left out stays as it is, and so does what is live, until the draft is published with act_on_agent.",
		inputs:      s.inputs(append([]input{{name: "name", description: "A new name for the agent."}}, agentTexts...)...),
		hints:       changes,
		call:        changing(s.updateAgent),
	}
}

func (s scope) updateAgent(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	update := restclient.AgentUpdate{Name: optional(args, "name"), Description: optional(args, "description"), RunbookText: optional(args, "runbook")}
	if update == (restclient.AgentUpdate{}) {
		return nil, &failure{what: "There is nothing to change.", next: "Call again with a name, a description or a runbook."}
	}
	updated, err := s.tenant.client.Agents.Update(ctx, agent.ID, update)
	if err != nil {
		return nil, s.draftWanted(ctx, agent.ID, err)
	}
	s.tenant.catalogue.forget()
	return statusResult(agentStatus{ID: updated.ID, Name: updated.Name, State: updated.State, Next: publishNext})
}

// optional tells an empty text, which replaces what was there, from none.
func optional(args arguments, name string) *string {
	if !args.given(name) {
		return nil
	}
	text := args.text(name)
	return &text
}

// What can be done with an agent.
const (
	actionEdit         = "edit"
	actionPublish      = "publish"
	actionDiscardDraft = "discard_draft"
)

func (s scope) actOnAgentTool() tool {
	return tool{
		name:  "act_on_agent",
		title: "Edit or publish an agent",
		description: "Move an agent between draft and live: edit makes a draft of a live agent; publish makes the draft live and deletes the test conversations with it; " +
			"discard_draft drops the draft and goes back to what is live.",
		inputs: s.inputs(input{name: "action", required: true, options: []string{actionEdit, actionPublish, actionDiscardDraft}, description: "What to do."}),
		hints:  hints{destructive: true},
		call:   changing(s.actOnAgent),
	}
}

func (s scope) actOnAgent(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	agents := s.tenant.client.Agents
	var state *restclient.AgentState
	switch args.text("action") {
	case actionEdit:
		if _, err = agents.Edit(ctx, agent.ID); err == nil {
			state, err = agents.State(ctx, agent.ID)
		}
	case actionPublish:
		state, err = agents.Publish(ctx, agent.ID, nil)
	case actionDiscardDraft:
		state, err = agents.DiscardDraft(ctx, agent.ID)
	}
	if err != nil && !onlyUnread(err) {
		return nil, s.draftWanted(ctx, agent.ID, err)
	}
	s.tenant.catalogue.forget()
	if err != nil {
		return statusResult(agentStatus{ID: agent.ID, Name: agent.Name, Next: "It is done, but where the agent stands now could not be read: see get_agent."})
	}
	return statusResult(agentStatus{ID: agent.ID, Name: agent.Name, State: state.State, HasDraft: &state.HasDraft})
}

// draftWanted says where the agent stands, when that is why a change is refused.
func (s scope) draftWanted(ctx context.Context, id string, err error) error {
	if !isStatus(err, http.StatusPreconditionFailed) {
		return err
	}
	state, unknown := s.tenant.client.Agents.State(ctx, id)
	if unknown != nil {
		return err
	}
	f := failureOf(err, "")
	switch {
	case state.State == restclient.AgentDraft:
		f.next = "The agent is a draft that was never published: it can be changed and published."
	case state.HasDraft:
		f.next = "The agent is live and has a draft, which can be changed, published or discarded."
	default:
		f.next = "The agent is live and has no draft: act_on_agent with edit makes one."
	}
	return f
}

func (s scope) deleteAgentTool() tool {
	return tool{
		name:        "delete_agent",
		title:       "Delete an agent",
		description: "Delete an agent for good, with its conversations. Cannot be undone: be sure that the user wants it.",
		inputs:      s.inputs(),
		hints:       changes,
		call:        changing(s.deleteAgent),
	}
}

func (s scope) deleteAgent(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	if err := s.tenant.client.Agents.Delete(ctx, agent.ID); err != nil {
		return nil, err
	}
	s.tenant.catalogue.forget()
	return statusResult(deleted{"agent", agent.ID, agent.Name})
}

// deleted is what the tools that delete return.
type deleted struct {
	Deleted string `json:"deleted"`
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
}
