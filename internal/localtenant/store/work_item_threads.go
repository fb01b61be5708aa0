package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sema4mcp/internal/localtenant/thread"
)

// BeginWorkItemThread makes the thread of an execution, with the messages in it and
// whatever fill adds. The item has its thread only when it is whole. The error is
// fill's, or wraps ErrNotFound when the execution does not count any more, or the
// agent is gone; no thread is left then.
func (s *Store) BeginWorkItemThread(
	ctx context.Context, item WorkItem, name string, messages []thread.Message, fill func(conversationID string) error,
) (Conversation, error) {
	c, err := s.CreateConversation(ctx, *item.AgentID, name)
	if err != nil {
		return Conversation{}, err
	}
	for _, message := range messages {
		if err = s.SaveMessage(ctx, c.ID, message); err != nil {
			break
		}
	}
	if err == nil {
		err = fill(c.ID)
	}
	if err == nil {
		err = s.linkThread(ctx, item, c.ID)
	}
	if err != nil {
		_, deleted := s.DeleteConversation(context.WithoutCancel(ctx), c.AgentID, c.ID)
		return Conversation{}, errors.Join(err, deleted)
	}
	return c, nil
}

func (s *Store) linkThread(ctx context.Context, item WorkItem, conversationID string) error {
	result, err := s.db.Write.ExecContext(ctx, `UPDATE work_items SET conversation_id = ?
		WHERE id = ? AND execution = ? AND status = ?`, conversationID, item.ID, item.Execution, Executing)
	if isForeignKeyViolation(err) {
		return notFound("conversation", conversationID)
	}
	if err != nil {
		return fmt.Errorf("begin thread of work item: %w", err)
	}
	if linked, err := result.RowsAffected(); err != nil || linked == 0 {
		return errors.Join(err, notFound("execution of work item", item.ID))
	}
	return nil
}

func encodeMessages(messages []thread.Message) (string, error) {
	data, err := json.Marshal(append([]thread.Message{}, messages...))
	if err != nil {
		return "", fmt.Errorf("work item: messages: %w", err)
	}
	return string(data), nil
}
