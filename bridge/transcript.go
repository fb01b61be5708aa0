package bridge

import (
	"fmt"
	"strings"

	"sema4mcp/restclient"
)

// threadMessage is a message as the vendor's read tool shows it.
type threadMessage struct {
	Role    string       `json:"role"`
	Content []threadItem `json:"content"`
	// Continued tells that the message began in the part before.
	Continued bool `json:"continued,omitempty"`
}

// threadItem is a content item: kind text or tool_call, or an attachment, which
// the vendor gives no kind.
type threadItem struct {
	Kind        string  `json:"kind,omitempty"`
	Text        string  `json:"text,omitempty"`
	Name        string  `json:"name,omitempty"`
	Status      string  `json:"status,omitempty"`
	Result      *string `json:"result,omitempty"`
	Error       *string `json:"error,omitempty"`
	MimeType    string  `json:"mime_type,omitempty"`
	Description string  `json:"description,omitempty"`
	URI         string  `json:"uri,omitempty"`
}

// maxToolResult is the longest result of a tool that is shown.
const maxToolResult = 4_000

// maxItemText is the least of a transcript that is shown at once.
const maxItemText = 20_000

// shownItem is a content item as it is shown, if it is one that is.
func shownItem(content restclient.Content) (threadItem, bool) {
	switch content.Kind {
	case restclient.KindText, restclient.KindFormattedText:
		return threadItem{Kind: "text", Text: content.Text}, content.Text != ""
	case restclient.KindToolCall:
		if call := content.ToolCall; call != nil {
			return threadItem{Kind: "tool_call", Name: call.Name, Status: call.Status, Result: shortened(call.Result), Error: shortened(call.Error)}, true
		}
	case restclient.KindAttachment:
		if a := content.Attachment; a != nil {
			item := threadItem{Name: a.Name, MimeType: a.MIMEType, Description: *shortened(&a.Description), URI: a.URI}
			if len(a.URI) > maxToolResult { // its content, rather than where that is
				item.URI = ""
			}
			return item, true
		}
	}
	return threadItem{}, false
}

func shortened(text *string) *string {
	if text == nil || len(*text) <= maxToolResult {
		return text
	}
	short := cut(*text, maxToolResult) + fmt.Sprintf("\n[cut: %d bytes in all]", len(*text))
	return &short
}

// transcriptText is messages as text: who wrote each, what, and the tools that
// were called. What the caller's side wrote is shortened, as the caller knows it;
// what the agent wrote is whole.
func transcriptText(messages []restclient.Message) string {
	var texts []string
	for _, message := range messages {
		who, written := "Agent:", contentTexts(message)
		if message.Role == restclient.RoleUser {
			who = "User:"
			for i := range written {
				written[i] = *shortened(&written[i])
			}
		}
		if said := paragraphs(written...); said != "" {
			texts = append(texts, who, said)
		}
	}
	return paragraphs(texts...)
}

// contentTexts are the items of a message that a text can show, or name.
func contentTexts(message restclient.Message) []string {
	var texts []string
	for _, content := range message.Content {
		switch content.Kind {
		case restclient.KindText, restclient.KindFormattedText:
			texts = append(texts, strings.TrimSpace(content.Text))
		case restclient.KindToolCall:
			if call := content.ToolCall; call != nil {
				texts = append(texts, toolCallText(call))
			}
		case restclient.KindVegaChart:
			texts = append(texts, "[A chart; it is shown in the Sema4.ai application.]")
		case restclient.KindAttachment:
			if a := content.Attachment; a != nil {
				texts = append(texts, fmt.Sprintf("[The file %s%s is attached.]", a.Name, inParentheses(a.MIMEType)))
			}
		}
	}
	return texts
}

func toolCallText(call *restclient.ToolCall) string {
	text := fmt.Sprintf("[The tool %s was called%s.]", call.Name, inParentheses(call.Status))
	for _, came := range []*string{call.Result, call.Error} {
		if came != nil && *came != "" {
			text += "\n" + *shortened(came)
		}
	}
	return text
}
