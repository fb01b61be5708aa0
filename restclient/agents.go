package restclient

import (
	"context"
	"iter"
	"net/http"
)

// AgentsService keeps the agents of the tenant: their text, their lifecycle,
// what is attached to them, and their packages.
type AgentsService struct{ client *Client }

// The states of an [Agent].
const (
	AgentDraft = "draft" // never published
	AgentLive  = "live"
)

// The modes of an [Agent].
const (
	AgentConversational = "conversational"
	AgentWorker         = "worker" // takes work items
)

// Agent is the vendor's PublicAgent (API v2, agents). Old servers fill in ID,
// Name, Description and Mode only.
type Agent struct {
	ID                  string    `json:"id,omitzero"`
	Name                string    `json:"name,omitzero"`
	Description         string    `json:"description,omitzero"`
	RunbookText         string    `json:"runbook_text,omitzero"` // the agent's instructions, Markdown
	State               string    `json:"state,omitzero"`        // [AgentDraft] or [AgentLive]
	Version             string    `json:"version,omitzero"`
	LiveVersionID       *string   `json:"live_version_id,omitzero"` // nil before the first publish
	ArchitectureName    string    `json:"architecture_name,omitzero"`
	ArchitectureVersion string    `json:"architecture_version,omitzero"`
	Mode                string    `json:"mode,omitzero"` // [AgentConversational] or [AgentWorker]
	CreatedBy           string    `json:"created_by,omitzero"`
	CreatedAt           Time      `json:"created_at,omitzero"`
	UpdatedAt           Time      `json:"updated_at,omitzero"`
	Extra               RawObject `json:"-"`
}

func (a *Agent) check() error {
	if a.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (a *Agent) UnmarshalJSON(data []byte) error {
	type plain Agent
	return decodeMembers(data, (*plain)(a), &a.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (a Agent) MarshalJSON() ([]byte, error) {
	type plain Agent
	return encodeMembers(plain(a), a.Extra)
}

// AgentListOptions choose agents, and one page of them.
type AgentListOptions struct {
	Name   string // only agents whose name starts so, in upper or lower case
	Limit  int    // items a page; 0 means 100
	Cursor string // [Page.Next] of the page before; empty for the first
}

// List fetches one page of the agents.
func (s *AgentsService) List(ctx context.Context, opts *AgentListOptions) (*Page[Agent], error) {
	o := valueOf(opts)
	return s.list(o).page(ctx, o.Cursor)
}

// All walks the agents from opts.Cursor on.
func (s *AgentsService) All(ctx context.Context, opts *AgentListOptions) iter.Seq2[Agent, error] {
	o := valueOf(opts)
	return s.list(o).all(ctx, o.Cursor)
}

func (s *AgentsService) list(o AgentListOptions) list[Agent] {
	return newList[Agent](s.client, cursorParameter, o.Limit, "agents").filter("name", o.Name)
}

// Get fetches one agent. The error is an [APIError] with status 404 if there is
// none with that id.
func (s *AgentsService) Get(ctx context.Context, id string) (*Agent, error) {
	return call[Agent](ctx, s.client, get("agents", id))
}

// AgentCreate describes a new agent. Only Name is needed.
type AgentCreate struct {
	Name                string    `json:"name,omitzero"`
	Description         string    `json:"description,omitzero"`
	RunbookText         string    `json:"runbook_text,omitzero"` // the agent's instructions, Markdown
	ArchitectureName    string    `json:"architecture_name,omitzero"`
	ArchitectureVersion string    `json:"architecture_version,omitzero"`
	Extra               RawObject `json:"-"`
}

// MarshalJSON writes the fields, and Extra.
func (a AgentCreate) MarshalJSON() ([]byte, error) {
	type plain AgentCreate
	return encodeMembers(plain(a), a.Extra)
}

// Create creates an agent as a draft. The error is [ErrConflict] if its name is
// taken.
func (s *AgentsService) Create(ctx context.Context, agent AgentCreate) (*Agent, error) {
	req := post(agent, "agents").needs(agent.Name != "", "an agent needs a name")
	created, err := call[Agent](ctx, s.client, req)
	return created, taken(err)
}

// AgentUpdate changes the fields that are not nil.
type AgentUpdate struct {
	Name        *string `json:"name,omitzero"`
	Description *string `json:"description,omitzero"`
	RunbookText *string `json:"runbook_text,omitzero"`
}

// Update changes an agent. It changes the draft: what is live stays as it is
// until the next Publish.
func (s *AgentsService) Update(ctx context.Context, id string, update AgentUpdate) (*Agent, error) {
	req := patch(update, "agents", id).needs(update != AgentUpdate{}, "an update of an agent needs a field to change")
	updated, err := change[Agent](ctx, s.client, req, get("agents", id))
	return updated, meaning(err, ErrConflict, http.StatusConflict)
}

// Delete deletes an agent and all that belongs to it.
func (s *AgentsService) Delete(ctx context.Context, id string) error {
	return s.client.send(ctx, remove("agents", id))
}

// valueOf copies options, so that a caller may change its own while a call
// runs; nil stands for the defaults.
func valueOf[T any](opts *T) T {
	if opts == nil {
		return *new(T)
	}
	return *opts
}
