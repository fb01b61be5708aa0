package api

import (
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/threadfiles"
)

// upload is a body of files on their way into a conversation.
type upload struct {
	*threadfiles.Batch
	ctx context.Context
}

// receive keeps the bytes of the parts called files.
func (u *upload) receive(r *http.Request) error {
	err := eachPart(r, func(part *multipart.Part) error {
		if part.FormName() != "files" {
			return nil
		}
		if len(u.Names()) == maxFiles {
			return invalid("body -> files", fmt.Sprintf("must not be more than %d; send the rest by itself", maxFiles))
		}
		return u.receiveFile(part)
	})
	if err == nil && len(u.Names()) == 0 {
		return invalid("body -> files", "is required")
	}
	return err
}

func (u *upload) receiveFile(part *multipart.Part) error {
	name, err := fileName(part)
	if err != nil {
		return err
	}
	if slices.Contains(u.Names(), name) {
		return invalid("body -> files", fmt.Sprintf("%q is there twice; give each file its own name", name))
	}
	from := &observed{r: part}
	err = u.Add(u.ctx, threadfiles.Source{Name: name, MIMEType: part.Header.Get("Content-Type"), Content: from})
	switch {
	case errors.Is(err, blobs.ErrTooLarge):
		return &problem{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("The file %q is larger than %d bytes; send a smaller one. No file of this upload was kept.", name, threadfiles.MaxSize),
		}
	case from.err != nil:
		return unreadable(from.err)
	}
	return err
}
