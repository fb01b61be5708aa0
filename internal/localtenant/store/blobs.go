package store

import (
	"context"
	"database/sql"
)

// blobsInUse are queries for the ids of all blobs that something needs.
var blobsInUse = []string{
	`SELECT blob_id FROM version_files`,
	`SELECT id FROM conversation_files`,
	`SELECT blob_id FROM work_item_files`,
}

// BlobIDs are the ids of all files that the tenant knows.
func (s *Store) BlobIDs(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	for _, query := range blobsInUse {
		ids, err := s.texts(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			known[id] = true
		}
	}
	return known, nil
}

// UnusedBlobs are those of the ids that no agent has a file for.
func (s *Store) UnusedBlobs(ctx context.Context, ids []string) ([]string, error) {
	var unused []string
	for _, id := range ids {
		used, err := s.texts(ctx, `SELECT blob_id FROM version_files WHERE blob_id = ? LIMIT 1`, id)
		if err != nil {
			return nil, err
		}
		if len(used) == 0 {
			unused = append(unused, id)
		}
	}
	return unused, nil
}

// DeletedBlobs are the ids of files that were deleted, with whatever they belonged
// to, and whose bytes are still to be removed. When they are, tell
// [Store.ForgetDeletedBlobs].
func (s *Store) DeletedBlobs(ctx context.Context) ([]string, error) {
	return s.texts(ctx, `SELECT id FROM deleted_blobs`)
}

// ForgetDeletedBlobs says that the bytes of these files are gone.
func (s *Store) ForgetDeletedBlobs(ctx context.Context, ids []string) error {
	return s.transact(ctx, "forget deleted files", func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM deleted_blobs WHERE id = ?`, id); err != nil {
				return err
			}
		}
		return nil
	})
}
