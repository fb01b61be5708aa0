// Package thread is the vocabulary of a conversation: a [Message] with its
// content items, the [Event] values of a run that writes one, and the
// [Composer], which builds a message and tells each step of it as a [Delta].
//
// Shapes follow the vendor's API v2: conversations, messages and stream. A value
// of this package is used by one goroutine at a time.
package thread

import (
	"encoding/json"
	"strings"
	"time"
)

// Role says who wrote a message.
type Role string

// The roles of the vendor's API v2.
const (
	RoleUser  Role = "user"
	RoleAgent Role = "agent"
)

// Message is a ThreadMessage of the vendor's API v2.
type Message struct {
	ID             string          `json:"message_id"`
	Role           Role            `json:"role"`
	Content        json.RawMessage `json:"content"` // array of items
	CreatedAt      Timestamp       `json:"created_at"`
	UpdatedAt      Timestamp       `json:"updated_at"`
	AgentMetadata  json.RawMessage `json:"agent_metadata"`
	ServerMetadata json.RawMessage `json:"server_metadata"`
	ParentRunID    *string         `json:"parent_run_id"`
	Complete       bool            `json:"complete"`
	Committed      bool            `json:"commited"` // the wire spells it with one t
}

// Text joins the text items of the message with blank lines; items of other
// kinds are left out.
func (m Message) Text() string {
	var items []struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &items) != nil {
		return ""
	}
	var texts []string
	for _, item := range items {
		if item.Kind == kindText {
			texts = append(texts, item.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// UserMessage is a complete message with one text item.
func UserMessage(id, contentID, text string, now time.Time) Message {
	return textMessage(id, RoleUser, now, newTextItem(contentID, text))
}

// TextMessage is a complete message with an item for each text. newID makes the
// ids of the message and its items.
func TextMessage(role Role, texts []string, newID func() string, now time.Time) Message {
	items := make([]textItem, len(texts))
	for i, text := range texts {
		items[i] = newTextItem(newID(), text)
	}
	return textMessage(newID(), role, now, items...)
}

func newTextItem(id, text string) textItem {
	return textItem{itemHead: itemHead{ContentID: id, Kind: kindText, Complete: true}, Text: text, Citations: []struct{}{}}
}

func textMessage(id string, role Role, now time.Time, items ...textItem) Message {
	return Message{
		ID: id, Role: role, Content: encode(items),
		CreatedAt: Timestamp(now), UpdatedAt: Timestamp(now),
		AgentMetadata: emptyObject, ServerMetadata: emptyObject,
		Complete: true, Committed: true,
	}
}

var emptyObject = json.RawMessage(`{}`)

// encode is for values of this package alone, which JSON can always express.
func encode(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic("thread: " + err.Error())
	}
	return data
}
