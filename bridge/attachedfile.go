package bridge

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"sema4mcp/restclient"
)

// attachedFileScheme begins the URIs of attachments that are files of the thread;
// the file's id follows.
const attachedFileScheme = "agent-server-file://"

// openFile opens a file of a thread by its name or id: one that the tenant lists,
// else one that is held in a message itself, the last of that name. Close it when
// done with it.
func (s scope) openFile(ctx context.Context, agentID, threadID, wanted string) (restclient.File, io.ReadCloser, error) {
	file, err := s.findFile(ctx, agentID, threadID, wanted)
	if err == nil {
		download, err := s.tenant.client.Conversations.DownloadFile(ctx, agentID, threadID, file.Name())
		if err != nil { // as a nil *Download is no nil ReadCloser
			return file, nil, err
		}
		return file, download, nil
	}
	if _, unlisted := errors.AsType[*failure](err); !unlisted {
		return file, nil, err
	}
	attachment, unread := s.findAttachment(ctx, agentID, threadID, wanted)
	if unread != nil || attachment == nil {
		return file, nil, err
	}
	data, unread := base64.StdEncoding.DecodeString(attachment.Base64Data)
	if unread != nil {
		return file, nil, err
	}
	file = restclient.File{Ref: attachment.Name, MIMEType: attachment.MIMEType, Size: int64(len(data))}
	return file, io.NopCloser(bytes.NewReader(data)), nil
}

// findAttachment returns the last attachment of that name that brings its content
// along, nil where there is none.
func (s scope) findAttachment(ctx context.Context, agentID, threadID, wanted string) (*restclient.Attachment, error) {
	var found *restclient.Attachment
	for message, err := range s.tenant.client.Conversations.AllMessages(ctx, agentID, threadID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return nil, err
		}
		for _, content := range message.Content {
			if a := content.Attachment; a != nil && a.Name == wanted && a.Base64Data != "" {
				found = a
			}
		}
	}
	return found, nil
}

// fileIDIn is the id of the file that an attachment's URI names, or "".
func fileIDIn(uri string) string {
	id, ok := strings.CutPrefix(uri, attachedFileScheme)
	if !ok {
		return ""
	}
	return id
}

// base64Size is how many bytes base64 stands for.
func base64Size(data string) int64 {
	return int64(base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(data, "="))))
}
