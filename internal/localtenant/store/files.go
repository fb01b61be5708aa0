package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
)

// File is a FileObject of the vendor's API v2: a file of a conversation. Its bytes
// are kept elsewhere under its id. file_path and file_url are null: there is no way
// to the bytes but to download them.
type File struct {
	ID             string  `json:"file_id"`
	Path           *string `json:"file_path"`
	Ref            string  `json:"file_ref"` // its name, unique in the conversation
	SHA256         string  `json:"file_hash"`
	Size           int64   `json:"file_size_raw"` // bytes
	MIMEType       string  `json:"mime_type"`
	CreatedAt      string  `json:"created_at"`
	Embedded       bool    `json:"embedded"`
	PathExpiration *string `json:"file_path_expiration"`
	AgentID        string  `json:"agent_id"`
	ConversationID string  `json:"thread_id"`
	UserID         string  `json:"user_id"`
	URL            *string `json:"file_url"`
	WorkItemID     *string `json:"work_item_id"`
}

// selectFiles is followed by a condition.
const selectFiles = `SELECT f.position, f.id, f.file_ref, f.sha256, f.size, f.mime_type, f.created_at, c.agent_id, f.conversation_id, f.work_item_id
	FROM conversation_files f JOIN conversations c ON c.id = f.conversation_id WHERE f.conversation_id = ?`

func (f *File) fields() []any {
	f.UserID = localUser
	return []any{&f.ID, &f.Ref, &f.SHA256, &f.Size, &f.MIMEType, &f.CreatedAt, &f.AgentID, &f.ConversationID, &f.WorkItemID}
}

// localUser is who does everything in a local tenant.
const localUser = "local"

const filesInOrder = ` ORDER BY f.position`

// ConversationFiles lists the files of a conversation, oldest first.
func (s *Store) ConversationFiles(ctx context.Context, conversationID string) ([]File, error) {
	rows, err := s.db.Read.QueryContext(ctx, selectFiles+filesInOrder, conversationID)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	page, err := collect(rows, math.MaxInt32, (*File).fields)
	return page.Items, err
}

// ConversationFile finds a file of a conversation by its name.
func (s *Store) ConversationFile(ctx context.Context, conversationID, ref string) (File, error) {
	var file File
	row := s.db.Read.QueryRowContext(ctx, selectFiles+` AND f.file_ref = ?`, conversationID, ref)
	if err := scanFile(row, &file); err != nil {
		return File{}, explain(err, "file", ref)
	}
	return file, nil
}

// scanFile reads the one row of a query for selectFiles.
func scanFile(row *sql.Row, file *File) error {
	var position int64
	return row.Scan(append([]any{&position}, file.fields()...)...)
}

// NewFile is a file on its way into a conversation.
type NewFile struct {
	// File needs its ID, Ref, SHA256, Size, MIMEType and CreatedAt; WorkItemID says
	// that it came with a work item.
	File
	// Frame holds the rows of the file, when it is a table; else it is nil. Its name
	// is a wish: a number is added when the conversation has a frame of that name.
	Frame *FrameWriter
}

// AddConversationFiles puts files into a conversation, all or none, each in place
// of one of the same name, and completes what is said of them. ErrNotFound says that
// the conversation is gone.
func (s *Store) AddConversationFiles(ctx context.Context, conversationID string, files []NewFile) error {
	return s.transact(ctx, "add files", func(tx *sql.Tx) error {
		for i := range files {
			if err := addFile(ctx, tx, conversationID, &files[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func addFile(ctx context.Context, tx *sql.Tx, conversationID string, f *NewFile) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM conversation_files WHERE conversation_id = ? AND file_ref = ?`, conversationID, f.Ref)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO conversation_files (id, conversation_id, file_ref, mime_type, size, sha256, work_item_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, f.ID, conversationID, f.Ref, f.MIMEType, f.Size, f.SHA256, f.WorkItemID, f.CreatedAt)
	if isForeignKeyViolation(err) {
		return notFound("conversation", conversationID)
	}
	if err == nil {
		err = scanFile(tx.QueryRowContext(ctx, selectFiles+` AND f.id = ?`, conversationID, f.ID), &f.File)
	}
	if err != nil || f.Frame == nil {
		return err
	}
	name, err := freeFrameName(ctx, tx, conversationID, f.Frame.frame.Name)
	if err != nil {
		return err
	}
	f.Frame.frame.Name, f.Frame.frame.FileID = name, &f.ID
	return f.Frame.complete(ctx, tx)
}
