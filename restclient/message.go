package restclient

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// The roles of a [Message].
const (
	RoleUser  = "user"
	RoleAgent = "agent"
)

// Message is the vendor's ThreadMessage (API v2, conversations/messages).
// Messages of API v1 are read into the same shape.
type Message struct {
	ID             string          `json:"message_id,omitempty"`
	Role           string          `json:"role"`
	Content        []Content       `json:"content,omitempty"`
	Complete       *bool           `json:"complete,omitempty"`
	Committed      *bool           `json:"commited,omitempty"` // one t on the wire
	ParentRunID    *string         `json:"parent_run_id,omitempty"`
	CreatedAt      Time            `json:"created_at,omitzero"`
	UpdatedAt      Time            `json:"updated_at,omitzero"`
	AgentMetadata  json.RawMessage `json:"agent_metadata,omitempty"`
	ServerMetadata json.RawMessage `json:"server_metadata,omitempty"`
}

// Text returns the text items, with an empty line between them.
func (m Message) Text() string {
	var texts []string
	for _, content := range m.Content {
		if content.Text != "" {
			texts = append(texts, content.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// SortMessages puts messages in the order they were written in, oldest first:
// the vendor promises none. Where one of them does not tell when that was, all
// stay where they are.
func SortMessages(messages []Message) {
	for _, message := range messages {
		if message.CreatedAt.IsZero() {
			return
		}
	}
	slices.SortStableFunc(messages, func(a, b Message) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
}

// UnmarshalJSON reads messages of API v2 and v1. A field of an unexpected type
// is read as if it were missing; only what is no object at all is an error.
func (m *Message) UnmarshalJSON(data []byte) error {
	document, err := parseDocument(data)
	if err != nil {
		return err
	}
	members := objectOf(document)
	if members == nil {
		return errors.New("a message is not a JSON object")
	}
	*m = readMessage(members)
	return nil
}

func readMessage(o object) Message {
	m := Message{
		ID:             cmp.Or(o.text("message_id"), o.text("id")),
		Role:           o.text("role"),
		Content:        readContents(o["content"]),
		Complete:       o.boolean("complete"),
		Committed:      o.boolean("commited"),
		ParentRunID:    o.optionalText("parent_run_id"),
		CreatedAt:      o.time("created_at"),
		UpdatedAt:      o.time("updated_at"),
		AgentMetadata:  o.raw("agent_metadata"),
		ServerMetadata: o.raw("server_metadata"),
	}
	if m.Role == "human" { // API v1
		m.Role = RoleUser
	}
	m.Content = append(m.Content, readActions(o)...)
	return m
}

// readActions reads the tool calls of API v1, which stand beside the content:
// an action_request holds action_calls, an action_response one result. Older
// servers call them tool_request and tool_response.
func readActions(o object) []Content {
	var contents []Content
	for _, key := range []string{"action_calls", "tool_calls"} {
		for _, item := range o.list(key) {
			call := objectOf(item)
			contents = append(contents, Content{Kind: KindToolCall, ToolCall: &ToolCall{
				ID:           call.text("id"),
				Name:         call.text("name"),
				ArgumentsRaw: call.text("args"),
			}})
		}
	}
	if id := cmp.Or(o.text("action_call_id"), o.text("tool_call_id")); id != "" {
		contents = append(contents, Content{Kind: KindToolCall, ToolCall: &ToolCall{
			ID:     id,
			Status: o.text("status"),
			Result: o.optionalText("result"),
		}})
	}
	return contents
}
