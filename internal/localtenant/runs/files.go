package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/store"
)

// ReadFiles lets minds read the files of their conversations, whose bytes are in
// b. Call it before the first run.
func (r *Runner) ReadFiles(b *blobs.Store) { r.blobs = b }

func (r *Runner) filesOf(ctx context.Context, conversationID string) ([]minds.File, error) {
	stored, err := r.store.ConversationFiles(ctx, conversationID)
	if err != nil {
		return nil, err
	}
	files := make([]minds.File, len(stored))
	for i, file := range stored {
		files[i] = minds.File{Name: file.Ref, MIMEType: file.MIMEType, Size: file.Size}
	}
	return files, nil
}

func (r *Runner) openFile(ctx context.Context, conversationID, name string) (io.ReadCloser, error) {
	file, err := r.store.ConversationFile(ctx, conversationID, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.blobs == nil {
		return nil, fmt.Errorf("file %q: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return r.blobs.Get(file.ID)
}
