package store

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
)

// Conversation is a Conversation of the vendor's API v2. Names are not unique.
type Conversation struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	AgentID string `json:"agent_id"`
}

func (c *Conversation) fields() []any { return []any{&c.ID, &c.Name, &c.AgentID} }

const listConversations = `SELECT position, id, name, agent_id FROM conversations
	WHERE agent_id = ? AND position < ? ORDER BY position DESC LIMIT ?`

// Conversations lists an agent's conversations, newest first.
func (s *Store) Conversations(ctx context.Context, agentID string, w Window) (Page[Conversation], error) {
	if _, err := s.Agent(ctx, agentID); err != nil {
		return Page[Conversation]{}, err
	}
	before := w.After
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := s.db.Read.QueryContext(ctx, listConversations, agentID, before, w.Limit+1)
	if err != nil {
		return Page[Conversation]{}, fmt.Errorf("list conversations: %w", err)
	}
	return collect(rows, w.Limit, (*Conversation).fields)
}

const findConversation = `SELECT id, name, agent_id FROM conversations WHERE id = ? AND agent_id = ?`

// Conversation finds a conversation of that agent.
func (s *Store) Conversation(ctx context.Context, agentID, id string) (Conversation, error) {
	var c Conversation
	if err := s.findConversation.QueryRowContext(ctx, id, agentID).Scan(c.fields()...); err != nil {
		return Conversation{}, explain(err, "conversation", id)
	}
	return c, nil
}

// CreateConversation begins a conversation with an agent. As long as the agent has
// no live version, it is one with the draft, which publishing deletes.
func (s *Store) CreateConversation(ctx context.Context, agentID, name string) (Conversation, error) {
	c := Conversation{ID: uuid.NewString(), Name: name, AgentID: agentID}
	result, err := s.db.Write.ExecContext(ctx, `INSERT INTO conversations (id, name, agent_id, with_draft)
		SELECT ?, ?, id, live_version IS NULL FROM agents WHERE id = ?`, c.ID, c.Name, c.AgentID)
	if err := changed(result, err, "agent", agentID); err != nil {
		return Conversation{}, err
	}
	return c, nil
}

// DeleteConversation deletes a conversation with all that is in it, and gives
// back what it was.
func (s *Store) DeleteConversation(ctx context.Context, agentID, id string) (Conversation, error) {
	var c Conversation
	row := s.db.Write.QueryRowContext(ctx, `DELETE FROM conversations WHERE id = ? AND agent_id = ? RETURNING id, name, agent_id`, id, agentID)
	if err := row.Scan(c.fields()...); err != nil {
		return Conversation{}, explain(err, "conversation", id)
	}
	return c, nil
}
