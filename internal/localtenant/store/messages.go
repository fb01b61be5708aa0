package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"sema4mcp/internal/localtenant/thread"
)

const messageColumns = `id, role, content, created_at, updated_at, agent_metadata, server_metadata, parent_run_id, complete, commited`

// messageRow is a message as its columns hold it.
type messageRow struct {
	thread.Message
	content, createdAt, updatedAt, agentMetadata, serverMetadata string
}

func (r *messageRow) fields() []any {
	return []any{
		&r.ID, &r.Role, &r.content, &r.createdAt, &r.updatedAt, &r.agentMetadata, &r.serverMetadata,
		&r.ParentRunID, &r.Complete, &r.Committed,
	}
}

func (r *messageRow) message() (thread.Message, error) {
	var err error
	if r.CreatedAt, err = thread.ParseTimestamp(r.createdAt); err != nil {
		return thread.Message{}, err
	}
	if r.UpdatedAt, err = thread.ParseTimestamp(r.updatedAt); err != nil {
		return thread.Message{}, err
	}
	r.Content = json.RawMessage(r.content)
	r.AgentMetadata = json.RawMessage(r.agentMetadata)
	r.ServerMetadata = json.RawMessage(r.serverMetadata)
	return r.Message, nil
}

const listMessages = `SELECT position, ` + messageColumns + ` FROM messages
	WHERE conversation_id = ? AND position > ? ORDER BY position LIMIT ?`

// Messages lists a conversation's messages, oldest first. An unknown
// conversation has none: look for it first.
func (s *Store) Messages(ctx context.Context, conversationID string, w Window) (Page[thread.Message], error) {
	rows, err := s.db.Read.QueryContext(ctx, listMessages, conversationID, w.After, w.Limit+1)
	if err != nil {
		return Page[thread.Message]{}, fmt.Errorf("list messages: %w", err)
	}
	stored, err := collect(rows, w.Limit, (*messageRow).fields)
	if err != nil {
		return Page[thread.Message]{}, err
	}
	page := Page[thread.Message]{Items: make([]thread.Message, len(stored.Items)), Next: stored.Next}
	for i := range stored.Items {
		if page.Items[i], err = stored.Items[i].message(); err != nil {
			return Page[thread.Message]{}, fmt.Errorf("read message: %w", err)
		}
	}
	return page, nil
}

// AllMessages is the whole conversation, oldest first.
func (s *Store) AllMessages(ctx context.Context, conversationID string) ([]thread.Message, error) {
	page, err := s.Messages(ctx, conversationID, Window{Limit: math.MaxInt32})
	return page.Items, err
}

const saveMessage = `INSERT INTO messages (conversation_id, ` + messageColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at,
		agent_metadata = excluded.agent_metadata, server_metadata = excluded.server_metadata,
		complete = excluded.complete, commited = excluded.commited`

// SaveMessage stores a message, or the newer state of one stored before.
// ErrNotFound says that the conversation is gone.
func (s *Store) SaveMessage(ctx context.Context, conversationID string, m thread.Message) error {
	_, err := s.saveMessage.ExecContext(ctx,
		conversationID, m.ID, m.Role, string(m.Content), m.CreatedAt.String(), m.UpdatedAt.String(),
		string(m.AgentMetadata), string(m.ServerMetadata), m.ParentRunID, m.Complete, m.Committed)
	if isForeignKeyViolation(err) {
		return notFound("conversation", conversationID)
	}
	if err != nil {
		return fmt.Errorf("save message: %w", err)
	}
	return nil
}
