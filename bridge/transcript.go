package bridge

import (
	"fmt"

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
