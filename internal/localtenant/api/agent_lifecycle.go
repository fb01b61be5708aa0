package api

import (
	"context"
	"net/http"
	"time"
)

func (s *server) getAgentState(w http.ResponseWriter, r *http.Request, ids ids) error {
	state, err := s.Store.AgentState(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, state)
}

func (s *server) editAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	draft, err := s.Store.EditAgent(r.Context(), ids["agent"], time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, draft)
}

// publishAgent takes no account of the mappings a body may have: a tenant by itself
// has nothing to map to.
func (s *server) publishAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	body.optionalObject("connection_mappings")
	body.optionalObject("mcp_server_mappings")
	if err := body.err(); err != nil {
		return err
	}
	agent, deleted, err := s.Store.PublishAgent(r.Context(), ids["agent"], time.Now())
	if err != nil {
		return err
	}
	// The agent is live now, and stays so when its publisher goes away.
	ctx := context.WithoutCancel(r.Context())
	for _, conversation := range deleted {
		if err := s.Runner.CancelConversation(ctx, conversation); err != nil {
			return err
		}
	}
	s.files.Sweep(ctx)
	return writeJSON(w, http.StatusOK, agent)
}

func (s *server) discardDraft(w http.ResponseWriter, r *http.Request, ids ids) error {
	if _, err := readFields(r); err != nil {
		return err
	}
	agent, err := s.Store.DiscardDraft(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	s.files.Sweep(r.Context())
	return writeJSON(w, http.StatusOK, agent)
}
