package bridge

import (
	"context"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// readThread is a thread's transcript.
func (s scope) readThread(ctx context.Context, uri string, thread resourceURI) (mcp.ResourceContents, error) {
	if err := s.theAgent(ctx, thread.agentID); err != nil {
		return nil, err
	}
	var text strings.Builder
	for message, err := range s.tenant.client.Conversations.AllMessages(ctx, thread.agentID, thread.threadID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return nil, err
		}
		writeMarkdown(&text, message)
		if text.Len() > maxResource {
			next := fmt.Sprintf("Read it in parts: call %s with %s, and then with each next_cursor.", s.threadTool, s.threadArguments(thread.agentID, thread.threadID))
			return nil, &failure{what: fmt.Sprintf("The thread has more than %d bytes, which are the most that one read returns.", maxResource), next: next}
		}
	}
	return mcp.TextResourceContents{URI: uri, MIMEType: markdownType, Text: text.String()}, nil
}

// writeMarkdown writes a message under a heading that says whose it is.
func writeMarkdown(text *strings.Builder, message restclient.Message) {
	who := "Agent"
	if message.Role == restclient.RoleUser {
		who = "User"
	}
	fmt.Fprintf(text, "## %s\n\n", who)
	for _, content := range message.Content {
		switch content.Kind {
		case restclient.KindText, restclient.KindFormattedText:
			fmt.Fprintf(text, "%s\n\n", strings.TrimSpace(content.Text))
		case restclient.KindToolCall:
			if call := content.ToolCall; call != nil {
				fmt.Fprintf(text, "*called the tool %s%s*\n\n", call.Name, inParentheses(call.Status))
			}
		case restclient.KindVegaChart:
			fmt.Fprintf(text, "*drew %s*\n\n", drawingOf(content.Chart))
		case restclient.KindAttachment:
			if a := content.Attachment; a != nil {
				fmt.Fprintf(text, "*attached the file %s%s*\n\n", a.Name, inParentheses(a.MIMEType))
			}
		}
	}
}

// readFileResource is a file as it is: text where it is UTF-8, else base64.
func (s scope) readFileResource(ctx context.Context, uri string, at resourceURI) (mcp.ResourceContents, error) {
	if err := s.theAgent(ctx, at.agentID); err != nil {
		return nil, err
	}
	file, content, err := s.openFile(ctx, at.agentID, at.threadID, at.file)
	if err != nil {
		return nil, unnamed(err)
	}
	defer content.Close()
	next := fmt.Sprintf("Read it in parts: call read_file with %s and file %q, and then with the offset of each part.", s.threadArguments(at.agentID, at.threadID), file.Name())
	if file.Size > int64(maxResource) {
		return nil, tooLarge("file", int(file.Size), next)
	}
	data, err := readUpTo(content, int64(maxResource)+1)
	if err != nil {
		return nil, err
	}
	if len(data) > maxResource {
		return nil, tooLarge("file", max(len(data), int(file.Size)), next)
	}
	mimeType := typeOf(file, data)
	if utf8.Valid(data) && !strings.ContainsRune(string(data), 0) {
		return mcp.TextResourceContents{URI: uri, MIMEType: mimeType, Text: string(data)}, nil
	}
	return mcp.BlobResourceContents{URI: uri, MIMEType: mimeType, Blob: base64.StdEncoding.EncodeToString(data)}, nil
}

// typeOf is what the tenant says of a file, else its name, else its content.
func typeOf(file restclient.File, data []byte) string {
	for _, known := range []string{file.MIMEType, mime.TypeByExtension(path.Ext(file.Name()))} {
		if known != "" {
			return known
		}
	}
	return http.DetectContentType(data)
}

// orBinary is a media type, for what has none.
func orBinary(mimeType string) string {
	if mimeType == "" {
		return "application/octet-stream"
	}
	return mimeType
}
