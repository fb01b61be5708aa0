package store

import (
	"context"
	"fmt"
)

// BlobIDs are the ids of all files that the tenant knows of: what stands in any
// table's column blob_id.
func (s *Store) BlobIDs(ctx context.Context) (map[string]bool, error) {
	tables, err := s.texts(ctx, `SELECT tables.name FROM sqlite_master tables JOIN pragma_table_info(tables.name) columns
		WHERE tables.type = 'table' AND columns.name = 'blob_id'`)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, table := range tables {
		found, err := s.texts(ctx, `SELECT DISTINCT blob_id FROM "`+table+`" WHERE blob_id IS NOT NULL`)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			ids[id] = true
		}
	}
	return ids, nil
}

// OrphanedBlobs are the ids of files that nothing in the tenant needs any more.
func (s *Store) OrphanedBlobs(ctx context.Context) ([]string, error) {
	return s.texts(ctx, `SELECT id FROM orphaned_blobs`)
}

// ForgetBlobs is told of the orphaned files that are deleted.
func (s *Store) ForgetBlobs(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if _, err := s.db.Write.ExecContext(ctx, `DELETE FROM orphaned_blobs WHERE id = ?`, id); err != nil {
			return fmt.Errorf("forget file: %w", err)
		}
	}
	return nil
}

func (s *Store) texts(ctx context.Context, query string) ([]string, error) {
	rows, err := s.db.Read.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return collectTexts(rows)
}
