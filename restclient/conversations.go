package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
)

// ConversationsService holds conversations with the agents of the tenant, with
// their files and data frames.
type ConversationsService struct{ client *Client }

// Conversation is a thread of messages with one agent (API v2, conversations).
// Names need not be unique, and the server may change them.
type Conversation struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	AgentID string `json:"agent_id"`
}

func (c *Conversation) check() error {
	if c.ID == "" {
		return errNoID
	}
	return nil
}

// List fetches one page of the conversations with an agent.
func (s *ConversationsService) List(ctx context.Context, agentID string, opts *ListOptions) (*Page[Conversation], error) {
	o := valueOf(opts)
	return s.list(agentID, o).page(ctx, o.Cursor)
}

// All walks the conversations with an agent from opts.Cursor on.
func (s *ConversationsService) All(ctx context.Context, agentID string, opts *ListOptions) iter.Seq2[Conversation, error] {
	o := valueOf(opts)
	return s.list(agentID, o).all(ctx, o.Cursor)
}

func (s *ConversationsService) list(agentID string, o ListOptions) list[Conversation] {
	return newList[Conversation](s.client, cursorParameter, o.Limit, "agents", agentID, "conversations")
}

// Create begins a conversation. It never looks for one of the same name.
func (s *ConversationsService) Create(ctx context.Context, agentID, name string) (*Conversation, error) {
	req := post(map[string]string{"name": name}, "agents", agentID, "conversations")
	return call[Conversation](ctx, s.client, req.needs(name != "", "a conversation needs a name"))
}

// Delete deletes a conversation and returns what the server says it was. A
// server that says nothing leaves only the ids.
func (s *ConversationsService) Delete(ctx context.Context, agentID, conversationID string) (*Conversation, error) {
	_, body, err := s.client.fetch(ctx, remove("agents", agentID, "conversations", conversationID))
	if err != nil {
		return nil, err
	}
	deleted := Conversation{}
	if json.Unmarshal(body, &deleted) != nil || deleted.ID == "" {
		deleted = Conversation{ID: conversationID, AgentID: agentID} // it is deleted, whatever the body
	}
	return &deleted, nil
}

// Messages fetches one page of the messages of a conversation, in the server's
// order; see [SortMessages].
func (s *ConversationsService) Messages(ctx context.Context, agentID, conversationID string, opts *ListOptions) (*Page[Message], error) {
	o := valueOf(opts)
	return s.messages(agentID, conversationID, o).page(ctx, o.Cursor)
}

// AllMessages walks the messages of a conversation from opts.Cursor on.
func (s *ConversationsService) AllMessages(ctx context.Context, agentID, conversationID string, opts *ListOptions) iter.Seq2[Message, error] {
	o := valueOf(opts)
	return s.messages(agentID, conversationID, o).all(ctx, o.Cursor)
}

func (s *ConversationsService) messages(agentID, conversationID string, o ListOptions) list[Message] {
	return newList[Message](s.client, cursorParameter, o.Limit, "agents", agentID, "conversations", conversationID, "messages")
}

// Send posts a message and blocks until the run it starts has ended, which can
// take many minutes: only ctx bounds it. It returns every message the server
// gives back, as a rule the whole conversation, oldest first; the reply is what
// the agent says after the last message of the user. A server that gives none
// leaves them to be read with Messages.
//
// A message is never sent twice. After an error other than an [APIError] with a
// 4xx status, or a [ConnectionError] that is NotSent, it may have arrived.
func (s *ConversationsService) Send(ctx context.Context, agentID, conversationID, content string) ([]Message, error) {
	req := newMessage(content, agentID, conversationID, "messages")
	req.unbounded = true
	response, body, err := s.client.fetch(ctx, req)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return nil, err
	}
	var answer sendAnswer
	if err := s.client.decode(req, response, body, &answer); err != nil {
		return nil, err
	}
	SortMessages(answer)
	return answer, nil
}

// Stream posts a message and returns once the server has begun to answer. The
// same holds as for Send: a message is never sent twice. ctx bounds the whole
// stream.
func (s *ConversationsService) Stream(ctx context.Context, agentID, conversationID, content string) (*Stream, error) {
	req := newMessage(content, agentID, conversationID, "stream")
	req.accept = eventStreamMediaType
	return s.client.openStream(ctx, req)
}

func newMessage(content, agentID, conversationID, endpoint string) request {
	req := post(map[string]string{"content": content}, "agents", agentID, "conversations", conversationID, endpoint)
	return req.needs(content != "", "a message needs content")
}

// sendAnswer is the messages in the answer to a send: a page or a conversation
// with them inside, a bare array, or one message.
type sendAnswer []Message

func (a *sendAnswer) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]Message)(a))
	}
	var wire struct {
		Data     items[Message]  `json:"data"`
		Messages items[Message]  `json:"messages"`
		Role     json.RawMessage `json:"role"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	switch {
	case wire.Data.present:
		*a = wire.Data.list
	case wire.Messages.present:
		*a = wire.Messages.list
	case wire.Role != nil:
		*a = make(sendAnswer, 1)
		return json.Unmarshal(data, &(*a)[0])
	default:
		return errors.New("it holds no messages")
	}
	return nil
}
