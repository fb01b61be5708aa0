package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// FrameWriter writes a data frame of any size, a part at a time, so that others
// who write need not wait for all of it. Nobody sees the frame before it is
// complete; one that never is goes with the conversation, or at the next start.
// It is for one goroutine.
type FrameWriter struct {
	s        *Store
	frame    DataFrame
	position int64    // in the database, once a part of it is there
	written  int64    // rows in the database
	buffer   []string // rows that are not
	buffered int      // bytes of them
}

const (
	rowsPerPart   = 5000
	bytesPerPart  = 4 << 20 // or that, if it comes first
	rowsPerInsert = 100
)

// NewFrame begins a data frame. Of frame, the name, description, column headers,
// kind of input, file or SQL and creation time are used.
func (s *Store) NewFrame(conversationID string, frame DataFrame) *FrameWriter {
	frame.ID, frame.ConversationID = uuid.NewString(), conversationID
	return &FrameWriter{s: s, frame: frame}
}

// Append adds a row: a value for each column, of what JSON has.
func (w *FrameWriter) Append(ctx context.Context, row []any) error {
	cells, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("data frame %q: row: %w", w.frame.Name, err)
	}
	w.buffer = append(w.buffer, string(cells))
	w.buffered += len(cells)
	w.frame.NumRows++
	if len(w.buffer) < rowsPerPart && w.buffered < bytesPerPart {
		return nil
	}
	return w.s.transact(ctx, "write data frame", func(tx *sql.Tx) error { return w.flush(ctx, tx) })
}

func (w *FrameWriter) appendAll(ctx context.Context, rows [][]any) error {
	for _, row := range rows {
		if err := w.Append(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// Discard drops what was written, also when ctx has ended.
func (w *FrameWriter) Discard(ctx context.Context) error {
	if w.position == 0 {
		return nil
	}
	_, err := w.s.db.Write.ExecContext(context.WithoutCancel(ctx), `DELETE FROM data_frames WHERE position = ?`, w.position)
	if err != nil {
		return fmt.Errorf("discard data frame: %w", err)
	}
	return nil
}

// flush writes what is in the buffer.
func (w *FrameWriter) flush(ctx context.Context, tx *sql.Tx) error {
	if w.position == 0 {
		if err := w.begin(ctx, tx); err != nil {
			return err
		}
	}
	for rows := range slices.Chunk(w.buffer, rowsPerInsert) {
		arguments := make([]any, 0, 3*len(rows))
		for _, cells := range rows {
			arguments = append(arguments, w.position, w.written, cells)
			w.written++
		}
		values := strings.TrimSuffix(strings.Repeat("(?, ?, ?), ", len(rows)), ", ")
		_, err := tx.ExecContext(ctx, `INSERT INTO data_frame_rows (frame, number, cells) VALUES `+values, arguments...)
		if isForeignKeyViolation(err) {
			return notFound("conversation", w.frame.ConversationID)
		}
		if err != nil {
			return err
		}
	}
	w.buffer, w.buffered = w.buffer[:0], 0
	return nil
}

func (w *FrameWriter) begin(ctx context.Context, tx *sql.Tx) error {
	columns, err := json.Marshal(append([]string{}, w.frame.ColumnHeaders...))
	if err != nil {
		return err
	}
	f := w.frame
	row := tx.QueryRowContext(ctx, `INSERT INTO data_frames (id, conversation_id, name, description, input_id_type,
		sql_query, sql_dialect, columns, num_rows, created_at, complete) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0) RETURNING position`,
		f.ID, f.ConversationID, f.Name, f.Description, f.InputIDType, f.SQLQuery, f.SQLDialect, string(columns), f.CreatedAt)
	err = row.Scan(&w.position)
	if isForeignKeyViolation(err) {
		return notFound("conversation", f.ConversationID)
	}
	return err
}

// complete writes the rest and lets the frame be seen, over one of the same name.
func (w *FrameWriter) complete(ctx context.Context, tx *sql.Tx) error {
	if err := w.flush(ctx, tx); err != nil {
		return err
	}
	f := w.frame
	_, err := tx.ExecContext(ctx, `DELETE FROM data_frames WHERE conversation_id = ? AND name = ? AND complete`, f.ConversationID, f.Name)
	if err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, `UPDATE data_frames SET name = ?, file_id = ?, num_rows = ?, complete = 1 WHERE position = ?`,
		f.Name, f.FileID, f.NumRows, w.position)
	if err != nil {
		return err
	}
	if count, err := result.RowsAffected(); err != nil || count == 0 {
		return errors.Join(err, notFound("conversation", f.ConversationID))
	}
	return nil
}

// freeFrameName is name, or name_2 and so on where a frame has that already.
func freeFrameName(ctx context.Context, tx *sql.Tx, conversationID, name string) (string, error) {
	taken, err := readTexts(tx.QueryContext(ctx, `SELECT name FROM data_frames WHERE conversation_id = ? AND complete`, conversationID))
	if err != nil {
		return "", err
	}
	return Unique(name, func(name string) bool { return slices.Contains(taken, name) }), nil
}

// UniqueNames tells columns of the same name apart by a number.
func UniqueNames(names []string) []string {
	unique := make([]string, 0, len(names))
	taken := map[string]bool{}
	for _, name := range names {
		name = Unique(name, func(name string) bool { return taken[name] })
		taken[name] = true
		unique = append(unique, name)
	}
	return unique
}

// Unique is a name that is not taken: the name itself, or with _2, _3 and so on.
func Unique(name string, taken func(string) bool) string {
	unique := name
	for n := 2; taken(unique); n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	return unique
}

// dropUnfinishedFrames removes what a process left that ended while it wrote.
func (s *Store) dropUnfinishedFrames(ctx context.Context) error {
	_, err := s.db.Write.ExecContext(ctx, `DELETE FROM data_frames WHERE NOT complete`)
	return err
}
