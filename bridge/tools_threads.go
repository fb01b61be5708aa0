package bridge

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// jsonContent is the vendor's mark on text items that hold JSON.
const jsonContent = "application/json"

var cursorInput = input{name: "cursor", description: "Where to go on, as next_cursor of the last part said."}

// listedThread is a conversation as the vendor's list tool shows it.
type listedThread struct {
	Identifier string `json:"thread_identifier"`
	ID         string `json:"thread_id"`
}

func (s scope) listThreadsTool(name string) tool {
	return tool{
		name:        name,
		title:       s.titled("List threads"),
		description: "List the conversations" + s.withAgent() + ", newest first, as JSON: the thread_identifier to go on with one, the thread_id to read one.",
		inputs:      s.inputs(cursorInput),
		hints:       reads,
		call:        s.listThreads,
	}
}

func (s scope) listThreads(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	all := s.tenant.client.Conversations.All(ctx, agent.ID, &restclient.ListOptions{Limit: 200})
	part, next, err := partOf(all, args.text(cursorInput.name), func(conversation restclient.Conversation) listedThread {
		s.tenant.runs.Learn(agent.ID, conversation)
		return listedThread{conversation.Name, conversation.ID}
	})
	if err != nil {
		return nil, err
	}
	return jsonResult(struct {
		Threads []listedThread `json:"threads"`
		Next    string         `json:"next_cursor,omitempty"`
	}{part, next})
}

func (s scope) threadMessagesTool(name string) tool {
	return tool{
		name:        name,
		title:       s.titled("Read a thread"),
		description: "Read the messages of one conversation" + s.withAgent() + ", oldest first, as JSON. A long one comes in parts: pass next_cursor as cursor for the next.",
		inputs: s.inputs(
			input{name: "thread_id", format: "uuid", required: true, description: "The thread_id that a list of threads shows."},
			cursorInput),
		hints: reads,
		call:  s.threadMessages,
	}
}

func (s scope) threadMessages(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	var messages []threadMessage
	for message, err := range s.tenant.client.Conversations.AllMessages(ctx, agent.ID, args.text("thread_id"), &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return nil, err
		}
		messages = append(messages, shownMessages(message)...)
	}
	part, next, err := fitting(messages, args.text(cursorInput.name))
	if err != nil {
		return nil, err
	}
	return jsonResult(struct {
		Messages []threadMessage `json:"thread_messages"`
		Next     string          `json:"next_cursor,omitempty"`
	}{nonNil(part), next})
}

func (s scope) titled(title string) string {
	if s.agent == nil {
		return title
	}
	return fmt.Sprintf("%s of %s", title, cut(s.agent.Name, 60))
}

func (s scope) withAgent() string {
	if s.agent == nil {
		return " with an agent"
	}
	return " with the Sema4.ai agent " + quoted(s.agent.Name)
}

// jsonResult is one text item of JSON, marked as the vendor marks it.
func jsonResult(value any) (*mcp.CallToolResult, error) {
	text, err := exchange.Encode(value)
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{markedText{mcp.NewTextContent(string(text)), jsonContent}}}, nil
}

// markedText is a text item with the vendor's extra content_type.
type markedText struct {
	mcp.TextContent
	ContentType string `json:"content_type"`
}

// nonNil makes an empty list an empty JSON array.
func nonNil[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
