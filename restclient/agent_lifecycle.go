package restclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// AgentState is where an agent stands between draft and live.
type AgentState struct {
	State         string    `json:"state,omitzero"`           // [AgentDraft] or [AgentLive]
	LiveVersionID *string   `json:"live_version_id,omitzero"` // nil before the first publish
	HasDraft      bool      `json:"has_draft,omitzero"`       // there is something to publish or to discard
	Extra         RawObject `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (a *AgentState) UnmarshalJSON(data []byte) error {
	type plain AgentState
	return decodeMembers(data, (*plain)(a), &a.Extra)
}

// State fetches where an agent stands.
func (s *AgentsService) State(ctx context.Context, id string) (*AgentState, error) {
	return call[AgentState](ctx, s.client, get("agents", id, "state"))
}

// Edit makes a draft of a live agent, or finds the one there is, and returns it.
// Users stay on what is live.
func (s *AgentsService) Edit(ctx context.Context, id string) (*Agent, error) {
	return call[Agent](ctx, s.client, post(nil, "agents", id, "edit"))
}

// AgentMappings say which connection or MCP server of this deployment takes the
// place of one that the draft names. Their shape is the deployment's own; see
// [Client.OpenAPI].
type AgentMappings struct {
	Connections json.RawMessage `json:"connection_mappings,omitzero"`
	MCPServers  json.RawMessage `json:"mcp_server_mappings,omitzero"`
}

// Publish makes the draft of an agent live, deletes the test conversations with
// the draft, and returns where the agent stands then. No mappings are nil. The
// error is [ErrConflict] if the draft's name is another agent's by now.
func (s *AgentsService) Publish(ctx context.Context, id string, mappings *AgentMappings) (*AgentState, error) {
	if err := s.client.send(ctx, post(valueOf(mappings), "agents", id, "publish")); err != nil {
		return nil, meaning(err, ErrConflict, http.StatusConflict)
	}
	return s.stateAfter(ctx, id, "published")
}

// DiscardDraft drops the draft of a live agent and returns where the agent
// stands then.
func (s *AgentsService) DiscardDraft(ctx context.Context, id string) (*AgentState, error) {
	if err := s.client.send(ctx, post(struct{}{}, "agents", id, "discard-draft")); err != nil {
		return nil, err
	}
	return s.stateAfter(ctx, id, "back to what is live")
}

// stateAfter asks for the state, since servers answer the change itself in
// different ways.
func (s *AgentsService) stateAfter(ctx context.Context, id, done string) (*AgentState, error) {
	state, err := s.State(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("the agent is %s, but its state cannot be read: %w", done, err)
	}
	return state, nil
}
