package restclient

import (
	"context"
	"iter"
)

// AgentsService reads the agents of the tenant.
type AgentsService struct{ client *Client }

// Agent is the vendor's PublicAgent (API v2, agents). Old servers fill in ID,
// Name, Description and Mode only.
type Agent struct {
	ID                  string  `json:"id"`
	Name                string  `json:"name"`
	Description         string  `json:"description,omitempty"`
	RunbookText         string  `json:"runbook_text,omitempty"` // the agent's instructions, Markdown
	State               string  `json:"state,omitempty"`        // "draft" or "live"
	Version             string  `json:"version,omitempty"`
	LiveVersionID       *string `json:"live_version_id,omitempty"` // nil before the first publish
	ArchitectureName    string  `json:"architecture_name,omitempty"`
	ArchitectureVersion string  `json:"architecture_version,omitempty"`
	Mode                string  `json:"mode,omitempty"` // "conversational" or "worker"
	CreatedBy           string  `json:"created_by,omitempty"`
	CreatedAt           Time    `json:"created_at,omitzero"`
	UpdatedAt           Time    `json:"updated_at,omitzero"`
}

func (a *Agent) check() error {
	if a.ID == "" {
		return errNoID
	}
	return nil
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
	path, err := resourcePath("agents", id)
	if err != nil {
		return nil, err
	}
	var agent Agent
	if err := s.client.call(ctx, get(path, nil), &agent); err != nil {
		return nil, err
	}
	return &agent, nil
}

// valueOf copies options, so that a caller may change its own while a call
// runs; nil stands for the defaults.
func valueOf[T any](opts *T) T {
	if opts == nil {
		return *new(T)
	}
	return *opts
}
