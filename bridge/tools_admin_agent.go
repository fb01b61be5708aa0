package bridge

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// attached is something that an agent works with.
type attached struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// shownAgent is all of an agent that get_agent shows.
type shownAgent struct {
	ID            string      `json:"agent_id"`
	Name          string      `json:"name"`
	Description   string      `json:"description,omitempty"`
	Mode          string      `json:"mode,omitempty"`
	State         string      `json:"state,omitempty"`
	HasDraft      *bool       `json:"has_draft,omitempty"`
	Version       string      `json:"version,omitempty"`
	LiveVersionID *string     `json:"live_version_id,omitempty"`
	Architecture  string      `json:"architecture,omitempty"`
	Models        *[]attached `json:"semantic_data_models,omitempty"` // nil where the tenant does not tell
	MCPServers    *[]attached `json:"mcp_servers,omitempty"`          // likewise
	CreatedAt     string      `json:"created_at,omitempty"`
	UpdatedAt     string      `json:"updated_at,omitempty"`
	Runbook       string      `json:"runbook,omitempty"`
}

func (s scope) getAgentTool() tool {
	return tool{
		name:  "get_agent",
		title: "Look at an agent",
		description: "Get all of one agent, as JSON: its state between draft and live, what is attached to it, and its runbook. " +
			"A long one comes in parts: pass the cursor of the last part for the next.",
		inputs: s.inputs(input{name: "cursor", description: "Where to go on, as the last part said."}),
		hints:  reads,
		call:   s.getAgent,
	}
}

func (s scope) getAgent(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	found, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	agents := s.tenant.client.Agents
	agent, err := agents.Get(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	shown := shownAgent{ID: agent.ID, Name: agent.Name, Description: agent.Description, Mode: agent.Mode, State: agent.State, Version: agent.Version,
		LiveVersionID: agent.LiveVersionID, Architecture: agent.ArchitectureName,
		CreatedAt: timestamp(agent.CreatedAt), UpdatedAt: timestamp(agent.UpdatedAt), Runbook: agent.RunbookText}
	state, err := agents.State(ctx, agent.ID)
	switch {
	case err == nil:
		shown.State, shown.HasDraft, shown.LiveVersionID = state.State, &state.HasDraft, state.LiveVersionID
	case !notOffered(err):
		return nil, err
	}
	shown.Models, err = attachments(agents.AllSemanticDataModels(ctx, agent.ID, nil), func(m restclient.SemanticDataModel) attached { return attached{m.ID, m.Name} })
	if err != nil {
		return nil, err
	}
	shown.MCPServers, err = attachments(agents.AllMCPServers(ctx, agent.ID, nil), func(m restclient.MCPServer) attached { return attached{m.ID, m.Name} })
	if err != nil {
		return nil, err
	}
	return longJSON(shown, args, fmt.Sprintf("get_agent with agent %q and", agent.ID))
}

// attachments is nil where the deployment does not list them: the vendor does
// not publish how.
func attachments[T any](all iter.Seq2[T, error], show func(T) attached) (*[]attached, error) {
	list := []attached{}
	for item, err := range all {
		if notOffered(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, show(item))
	}
	return &list, nil
}

// notOffered tells that a deployment does not know the path.
func notOffered(err error) bool {
	return isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusMethodNotAllowed)
}

// Kinds of what can be attached to an agent.
const (
	kindModel     = "semantic_data_model"
	kindMCPServer = "mcp_server"
)

var attachmentInputs = []input{
	{name: "kind", required: true, options: []string{kindModel, kindMCPServer}, description: "What it is."},
	{name: "id", required: true, description: "Its id, as list_semantic_data_models or list_mcp_servers shows it."},
}

func (s scope) attachTool() tool {
	return tool{
		name:        "attach_to_agent",
		title:       "Attach to an agent",
		description: "Let an agent work with a semantic data model, or with the tools of an MCP server. It is attached to the agent's draft, which is made if there is none: people get it when the draft is published with act_on_agent.",
		inputs:      s.inputs(attachmentInputs...),
		hints:       hints{idempotent: true, openWorld: true},
		call:        changing(s.attach),
	}
}

func (s scope) attach(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agents := s.tenant.client.Agents
	return s.changeAttachment(ctx, args, true, map[string]attachmentChange{kindModel: agents.AttachSemanticDataModel, kindMCPServer: agents.AttachMCPServer})
}

func (s scope) detachTool() tool {
	return tool{
		name:        "detach_from_agent",
		title:       "Detach from an agent",
		description: "Take a semantic data model, or the tools of an MCP server, from an agent. The model or server itself stays. It is taken from the agent's draft, which is made if there is none: what is live has it until the draft is published with act_on_agent.",
		inputs:      s.inputs(attachmentInputs...),
		hints:       changes,
		call:        changing(s.detach),
	}
}

func (s scope) detach(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agents := s.tenant.client.Agents
	return s.changeAttachment(ctx, args, false, map[string]attachmentChange{kindModel: agents.DetachSemanticDataModel, kindMCPServer: agents.DetachMCPServer})
}

const attachmentNext = "This is so in the agent's draft. " + publishNext

type attachmentChange func(ctx context.Context, agentID, id string) error

func (s scope) changeAttachment(ctx context.Context, args arguments, attach bool, change map[string]attachmentChange) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	kind, id := args.text("kind"), args.text("id")
	if err := change[kind](ctx, agent.ID, id); err != nil {
		return nil, s.draftWanted(ctx, agent.ID, err)
	}
	s.tenant.catalogue.forget()
	return statusResult(struct {
		AgentID  string `json:"agent_id"`
		Kind     string `json:"kind"`
		ID       string `json:"id"`
		Attached bool   `json:"attached"` // in the agent's draft
		Next     string `json:"next"`
	}{agent.ID, kind, id, attach, attachmentNext})
}
