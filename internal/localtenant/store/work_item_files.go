package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sema4mcp/internal/localtenant/thread"
)

// ErrFileExists says that there is a file of this name already.
var ErrFileExists = errors.New("there is a file of this name already")

// WorkItemFile is a file attached to a work item. Its bytes are kept elsewhere,
// under BlobID.
type WorkItemFile struct {
	ID       string
	Name     string // unique within the item
	MIMEType string
	Size     int64  // bytes
	Hash     string // SHA-256 in lower-case hex
	BlobID   string
}

// DraftWorkItem makes a draft, which belongs to no agent yet, with its first file.
func (s *Store) DraftWorkItem(ctx context.Context, f WorkItemFile, url func(id string) string, now time.Time) (WorkItem, error) {
	var item WorkItem
	err := s.transact(ctx, "draft work item", func(tx *sql.Tx) error {
		var err error
		item, err = s.addWorkItem(ctx, tx, uuid.NewString(), NewWorkItem{Payload: json.RawMessage(`{}`), URL: url}, Draft, now)
		if err != nil {
			return err
		}
		return addWorkItemFile(ctx, tx, item.ID, f, now)
	})
	return item, err
}

// AttachToDraft attaches another file to a draft. The error wraps ErrNotFound,
// ErrWorkItemStarted or ErrFileExists.
func (s *Store) AttachToDraft(ctx context.Context, id string, f WorkItemFile, now time.Time) error {
	return s.transact(ctx, "attach file", func(tx *sql.Tx) error {
		if err := findDraft(ctx, tx, id); err != nil {
			return err
		}
		if err := addWorkItemFile(ctx, tx, id, f, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE work_items SET updated_at = ? WHERE id = ?`, thread.Timestamp(now).String(), id)
		return err
	})
}

// CheckDraft says whether files may be attached to a work item: the error is nil,
// or wraps ErrNotFound or ErrWorkItemStarted.
func (s *Store) CheckDraft(ctx context.Context, id string) error {
	return findDraft(ctx, s.db.Read, id)
}

func findDraft(ctx context.Context, db queryer, id string) error {
	var status WorkItemStatus
	if err := db.QueryRowContext(ctx, `SELECT status FROM work_items WHERE id = ?`, id).Scan(&status); err != nil {
		return explain(err, "work item", id)
	}
	if status != Draft {
		return fmt.Errorf("work item %q is %s: %w", id, status, ErrWorkItemStarted)
	}
	return nil
}

func addWorkItemFile(ctx context.Context, tx *sql.Tx, id string, f WorkItemFile, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO work_item_files (id, work_item_id, name, mime_type, size, hash, blob_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, f.ID, id, f.Name, f.MIMEType, f.Size, f.Hash, f.BlobID, thread.Timestamp(now).String())
	var failure *sqlite.Error
	if errors.As(err, &failure) && failure.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		return fmt.Errorf("file %q of work item %q: %w", f.Name, id, ErrFileExists)
	}
	return err
}

const listWorkItemFiles = `SELECT position, id, name, mime_type, size, hash, blob_id FROM work_item_files
	WHERE work_item_id = ? ORDER BY position`

// WorkItemFiles are the files attached to a work item, oldest first.
func (s *Store) WorkItemFiles(ctx context.Context, id string) ([]WorkItemFile, error) {
	rows, err := s.db.Read.QueryContext(ctx, listWorkItemFiles, id)
	if err != nil {
		return nil, fmt.Errorf("list files of work item: %w", err)
	}
	page, err := collect(rows, math.MaxInt, func(f *WorkItemFile) []any {
		return []any{&f.ID, &f.Name, &f.MIMEType, &f.Size, &f.Hash, &f.BlobID}
	})
	return page.Items, err
}
