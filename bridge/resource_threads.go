package bridge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// readThread is a thread's transcript, as far as it is asked for.
func (s scope) readThread(ctx context.Context, at resourceURI) (mcp.ResourceContents, error) {
	w, err := at.newWindow()
	if err != nil {
		return nil, err
	}
	for message, err := range s.tenant.client.Conversations.AllMessages(ctx, at.agent, at.thread, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return nil, err
		}
		if writeMarkdown(w, message); w.full() {
			break
		}
	}
	if w.over() && !at.ranged {
		return nil, at.tooLarge("thread", 0, fmt.Sprintf("%s with %s, and then with each next_cursor", s.threadTool, s.threadArguments(at.agent, at.thread)))
	}
	return w.contents(at.uri, markdownType)
}

// threadID is the id of a thread that is given by its id or, by people who fill
// in a template, its name. What is neither is taken for an id that the tenant
// does not list.
func (s scope) threadID(ctx context.Context, agentID, named string) (string, error) {
	if isUUID(named) {
		return named, nil
	}
	found, err := s.findThread(ctx, agentID, named)
	if _, unknown := errors.AsType[*failure](err); unknown {
		return named, nil
	}
	return found.ID, err
}

// findThread goes by id and by name; of several with one name it is the newest.
func (s scope) findThread(ctx context.Context, agentID, wanted string) (restclient.Conversation, error) {
	var names []string
	for thread, err := range s.tenant.client.Conversations.All(ctx, agentID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return restclient.Conversation{}, err
		}
		if thread.ID == wanted || thread.Name == wanted {
			return thread, nil
		}
		names = append(names, thread.Name)
	}
	return restclient.Conversation{}, missing("thread", wanted, "agent's list", names)
}

// isUUID tells an id of the tenant's from what people may call a thread.
func isUUID(text string) bool {
	digits := strings.ReplaceAll(text, "-", "")
	_, err := hex.DecodeString(digits)
	return err == nil && len(text) == 36 && len(digits) == 32
}

// writeMarkdown writes a message under a heading that says whose it is.
func writeMarkdown(text io.Writer, message restclient.Message) {
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

// readFileResource is a file as it is, as far as it is asked for.
func (s scope) readFileResource(ctx context.Context, at resourceURI) (mcp.ResourceContents, error) {
	w, err := at.newWindow()
	if err != nil {
		return nil, err
	}
	file, content, err := s.openFile(ctx, at.agent, at.thread, at.file)
	if err != nil {
		return nil, unnamed(err)
	}
	defer content.Close()
	tool := fmt.Sprintf("read_file with %s and file %q, and then with the offset of each part", s.threadArguments(at.agent, at.thread), file.Name())
	if file.Size > int64(maxResource) && !at.ranged {
		return nil, at.tooLarge("file", int(file.Size), tool)
	}
	if _, err := io.Copy(w, content); err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if w.over() && !at.ranged {
		return nil, at.tooLarge("file", 0, tool)
	}
	return w.contents(at.uri, typeOf(file, w.kept))
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
