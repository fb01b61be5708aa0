package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
)

const maxFormField = 1 << 10 // bytes

// uploadWorkItemFile keeps a file with a draft: the one that work_item_id names, or
// a new one. The file is kept as it arrives, and thrown away again when what comes
// after it in the form is wrong.
func (s *server) uploadWorkItemFile(w http.ResponseWriter, r *http.Request, _ ids) error {
	upload := workItemUpload{blobs: s.Blobs, draftID: r.URL.Query().Get("work_item_id")}
	if upload.draftID != "" { // known before the file is read
		if err := s.Store.CheckDraft(r.Context(), upload.draftID); err != nil {
			return uploadProblem(err)
		}
	}
	err := upload.read(r)
	id := upload.draftID
	if err == nil {
		id, err = s.keepWorkItemFile(r, upload)
	}
	if err != nil {
		return errors.Join(uploadProblem(err), upload.discard())
	}
	return writeJSON(w, http.StatusOK, map[string]string{"work_item_id": id})
}

func (s *server) keepWorkItemFile(r *http.Request, upload workItemUpload) (id string, _ error) {
	if upload.draftID != "" {
		return upload.draftID, s.Store.AttachToDraft(r.Context(), upload.draftID, *upload.file, time.Now())
	}
	item, err := s.Store.DraftWorkItem(r.Context(), *upload.file, workItemURL(r), time.Now())
	return item.ID, err
}

// uploadProblem makes a 400 of what the vendor answers so.
func uploadProblem(err error) error {
	for _, known := range []struct {
		err    error
		advice string
	}{
		{store.ErrWorkItemStarted, "; files can be added to drafts alone"},
		{store.ErrFileExists, "; give it another name"},
		{blobs.ErrTooLarge, ""},
	} {
		if errors.Is(err, known.err) {
			return &problem{status: http.StatusBadRequest, message: err.Error() + known.advice}
		}
	}
	return err
}

// workItemUpload is the form of an upload.
type workItemUpload struct {
	blobs   *blobs.Store
	draftID string
	file    *store.WorkItemFile
}

// read takes the fields and the file of the form.
func (u *workItemUpload) read(r *http.Request) error {
	err := eachPart(r, func(part *multipart.Part) error { return u.take(r.Context(), part) })
	if err == nil && u.file == nil {
		return invalid("body -> file", "is required")
	}
	return err
}

func (u *workItemUpload) take(ctx context.Context, part *multipart.Part) error {
	switch part.FormName() {
	case "work_item_id":
		text, err := io.ReadAll(io.LimitReader(part, maxFormField))
		if err != nil {
			return unreadable(err)
		}
		if id := strings.TrimSpace(string(text)); id != "" {
			if u.draftID != "" && u.draftID != id {
				return invalid("body -> work_item_id", "differs from the one in the query; send it once")
			}
			u.draftID = id
		}
	case "file":
		return u.takeFile(ctx, part)
	}
	return nil
}

func (u *workItemUpload) takeFile(ctx context.Context, part *multipart.Part) error {
	if part.FileName() == "" {
		return badRequest("body -> file", "is no file; uploads to another address are not offered here, so send the file itself")
	}
	if u.file != nil {
		return badRequest("body -> file", "is there more than once; send one file at a time")
	}
	name, err := fileName(part)
	if err != nil {
		return err
	}
	source := &observed{r: part}
	mimeType, content := threadfiles.Sniff(part.Header.Get("Content-Type"), name, source)
	blob, err := u.blobs.Put(ctx, content, threadfiles.MaxSize)
	switch {
	case source.err != nil:
		return unreadable(source.err)
	case err != nil:
		return fmt.Errorf("file %q: %w", name, err)
	}
	u.file = &store.WorkItemFile{
		ID: uuid.NewString(), Name: name, MIMEType: mimeType,
		Size: blob.Size, Hash: blob.SHA256, BlobID: blob.ID,
	}
	return nil
}

// discard throws the file away.
func (u *workItemUpload) discard() error {
	if u.file == nil {
		return nil
	}
	return u.blobs.Delete(u.file.BlobID)
}

// confirmWorkItemFile ends an upload to another address, of which there are none.
func (s *server) confirmWorkItemFile(_ http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	body.requiredText("file_ref", notBlank)
	body.requiredText("file_id", notBlank)
	if err := body.err(); err != nil {
		return err
	}
	if _, err := s.Store.WorkItem(r.Context(), ids["item"]); err != nil {
		return err
	}
	return badRequest("body -> file_id", "no upload waits to be confirmed; files sent to work-items/upload-file are complete at once")
}
