package run

import (
	"context"
	"fmt"
	"io"
	"strings"

	"sema4mcp/restclient"
)

// File goes into the thread before the message that is about it.
type File struct {
	Name    string
	Size    int64
	Version string // tells contents of one name and size apart
	Open    func() (io.ReadSeekCloser, error)
}

// identity is what makes two messages with files the same question.
func identity(files []File) string {
	var all strings.Builder
	for _, file := range files {
		fmt.Fprintf(&all, "%s\x00%d\x00%s\x00", file.Name, file.Size, file.Version)
	}
	return all.String()
}

// deliver uploads the question's files and then sends its message. When a file
// does not arrive the message is not sent, for it would be answered without.
func (m *Manager) deliver(ctx context.Context, r *Run, q Question) {
	for i, file := range q.Files {
		r.update(func() {
			r.steps = append(r.steps, fmt.Sprintf("the file %s is uploaded for %s", file.Name, r.Agent.Name))
		})
		if err := m.upload(ctx, r.ID, file); err != nil {
			r.update(func() { r.arrival = NotArrived })
			if ctx.Err() != nil {
				r.stopped(ctx)
				return
			}
			r.end(Failed, fmt.Sprintf("The file %s could not be uploaded: %v. The message was not sent, and the agent did not run. %s", file.Name, err, arrived(q.Files[:i])))
			return
		}
	}
	m.send(ctx, r, q.Message)
}

func (m *Manager) upload(ctx context.Context, id ID, file File) error {
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = m.client.Conversations.UploadFiles(ctx, id.AgentID, id.ConversationID, restclient.FileUpload{Name: file.Name, Content: content, Size: file.Size})
	return err
}

// arrived says which files are in the thread already, although the message is
// not.
func arrived(files []File) string {
	if len(files) == 0 {
		return "No other file was uploaded."
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name
	}
	return "In the thread already: " + strings.Join(names, ", ") + "."
}
