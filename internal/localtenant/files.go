package localtenant

import (
	"context"
	"path/filepath"

	"sema4mcp/internal/localtenant/blobs"
)

// openBlobs keeps files beside the database, or in a temporary directory.
func openBlobs(dataDir string) *blobs.Store {
	if dataDir == "" {
		return blobs.Open("")
	}
	return blobs.Open(filepath.Join(dataDir, "files"))
}

// tidyFiles removes the bytes of files that a crash left without a conversation.
func (t *Tenant) tidyFiles(ctx context.Context) error {
	known, err := t.store.BlobIDs(ctx)
	if err != nil {
		return err
	}
	return t.blobs.Keep(known)
}
