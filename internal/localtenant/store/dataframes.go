package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// SaveDataFrame stores a frame over the one of the same name in the conversation.
func (s *Store) SaveDataFrame(ctx context.Context, conversationID string, f thread.DataFrame, now time.Time) error {
	columns, err := json.Marshal(f.Columns)
	if err != nil {
		return fmt.Errorf("save data frame: columns: %w", err)
	}
	rows, err := json.Marshal(f.Rows)
	if err != nil {
		return fmt.Errorf("save data frame: rows: %w", err)
	}
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO data_frames (id, conversation_id, name, sql_query, columns, rows, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (conversation_id, name) DO UPDATE SET sql_query = excluded.sql_query,
			columns = excluded.columns, rows = excluded.rows, created_at = excluded.created_at`,
		uuid.NewString(), conversationID, f.Name, f.SQLQuery, string(columns), string(rows), thread.Timestamp(now).String())
	if isForeignKeyViolation(err) {
		return notFound("conversation", conversationID)
	}
	if err != nil {
		return fmt.Errorf("save data frame: %w", err)
	}
	return nil
}

// DataFrame finds a frame of a conversation by its name; its numbers are
// json.Number.
func (s *Store) DataFrame(ctx context.Context, conversationID, name string) (thread.DataFrame, error) {
	f := thread.DataFrame{Name: name}
	var columns, rows string
	row := s.db.Read.QueryRowContext(ctx, `SELECT sql_query, columns, rows FROM data_frames
		WHERE conversation_id = ? AND name = ?`, conversationID, name)
	if err := row.Scan(&f.SQLQuery, &columns, &rows); err != nil {
		return thread.DataFrame{}, explain(err, "data frame", name)
	}
	if err := json.Unmarshal([]byte(columns), &f.Columns); err != nil {
		return thread.DataFrame{}, fmt.Errorf("read data frame: columns: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(rows))
	decoder.UseNumber()
	if err := decoder.Decode(&f.Rows); err != nil {
		return thread.DataFrame{}, fmt.Errorf("read data frame: rows: %w", err)
	}
	return f, nil
}
