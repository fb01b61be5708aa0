package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"time"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

const maxFiles = 100 // of one upload

func (s *server) fileRoutes() []route {
	const files = "agents/{agent}/conversations/{conversation}/files"
	return []route{
		newUploadRoute(files, methods{
			http.MethodGet:  s.listFiles,
			http.MethodPost: s.uploadFiles,
		}),
		newRoute(files+"/download", methods{http.MethodGet: s.downloadFile}),
	}
}

func (s *server) listFiles(w http.ResponseWriter, r *http.Request, ids ids) error {
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	files, err := s.Store.ConversationFiles(r.Context(), conversation.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, files)
}

// uploadFiles keeps all files of a body, or none. It answers with those files.
func (s *server) uploadFiles(w http.ResponseWriter, r *http.Request, ids ids) error {
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	u := &upload{Batch: s.files.NewBatch(conversation.ID), ctx: r.Context()}
	if err := u.receive(r); err != nil {
		return errors.Join(err, u.Discard(r.Context()))
	}
	if err := u.Keep(r.Context()); err != nil {
		return errors.Join(err, u.Discard(r.Context()))
	}
	s.files.Sweep(r.Context())
	return writeJSON(w, http.StatusOK, u.Files())
}

// downloadFile sends a file, or the part of it that the Range header asks for.
func (s *server) downloadFile(w http.ResponseWriter, r *http.Request, ids ids) error {
	conversation, err := s.Store.Conversation(r.Context(), ids["agent"], ids["conversation"])
	if err != nil {
		return err
	}
	ref := r.URL.Query().Get("file_ref")
	if ref == "" {
		return invalid("query -> file_ref", "is required")
	}
	file, content, err := s.openFile(r.Context(), conversation.ID, ref)
	if err != nil {
		return err
	}
	defer content.Close()
	created, err := thread.ParseTimestamp(file.CreatedAt)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", file.MIMEType)
	header.Set("Content-Disposition", disposition(file.Ref))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", `"`+file.SHA256+`"`)
	http.ServeContent(&rangeErrors{ResponseWriter: w}, r, "", time.Time(created), content)
	return nil
}

// openFile finds a file and its bytes. When they are gone, the file may have been
// replaced since it was found; then it is looked for again.
func (s *server) openFile(ctx context.Context, conversationID, ref string) (store.File, *os.File, error) {
	var gone string
	for {
		file, err := s.Store.ConversationFile(ctx, conversationID, ref)
		if err != nil {
			return store.File{}, nil, err
		}
		content, err := s.Blobs.Get(file.ID)
		switch {
		case err == nil:
			return file, content, nil
		case !errors.Is(err, fs.ErrNotExist):
			return store.File{}, nil, fmt.Errorf("open file %s: %w", file.ID, err)
		case file.ID == gone:
			return store.File{}, nil, fmt.Errorf("file %q: its bytes: %w", ref, store.ErrNotFound)
		}
		gone = file.ID
	}
}

// disposition asks a browser to save a file under its name; RFC 8187 says how a
// name that is not ASCII is written.
func disposition(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// rangeErrors gives the one error of http.ServeContent that a client can cause the
// form of all others.
type rangeErrors struct {
	http.ResponseWriter
	failed bool
}

func (w *rangeErrors) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.failed = true
	header := w.Header()
	for _, name := range []string{"Content-Disposition", "Content-Length", "ETag", "Last-Modified"} {
		header.Del(name)
	}
	writeError(w.ResponseWriter, status, "The file has no such range; its length is in the Content-Range header.")
}

func (w *rangeErrors) Write(data []byte) (int, error) {
	if w.failed {
		return len(data), nil
	}
	return w.ResponseWriter.Write(data)
}
