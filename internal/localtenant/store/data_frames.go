package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"sema4mcp/internal/localtenant/thread"
)

// DataFrame is a DataFrame of the vendor's API v2: a table in a conversation.
type DataFrame struct {
	ID             string            `json:"data_frame_id"`
	ConversationID string            `json:"thread_id"`
	Name           string            `json:"name"` // unique in the conversation
	SheetName      *string           `json:"sheet_name"`
	Description    string            `json:"description"`
	NumRows        int64             `json:"num_rows"`
	NumColumns     int               `json:"num_columns"`
	CreatedAt      string            `json:"created_at"`
	ColumnHeaders  []string          `json:"column_headers"`
	SampleRows     []json.RawMessage `json:"sample_rows"` // each an array
	InputIDType    string            `json:"input_id_type"`
	ParentIDs      []string          `json:"parent_data_frame_ids"`
	FileID         *string           `json:"file_id"`
	FileRef        *string           `json:"file_ref"`
	SQLQuery       *string           `json:"sql_query"`
	SQLDialect     *string           `json:"sql_dialect"`
}

// What a data frame is made of.
const (
	FromFile = "file"
	FromSQL  = "sql_computation"
)

// frameRow is a frame as its columns hold it.
type frameRow struct {
	DataFrame
	position int64
	columns  string
}

// selectFrames is followed by a condition.
const selectFrames = `SELECT d.position, d.position, d.id, d.conversation_id, d.name, d.description, d.num_rows, d.created_at, d.columns,
	d.input_id_type, d.file_id, f.file_ref, d.sql_query, d.sql_dialect
	FROM data_frames d LEFT JOIN conversation_files f ON f.id = d.file_id WHERE d.conversation_id = ? AND d.complete`

func (r *frameRow) fields() []any {
	return []any{
		&r.position, &r.ID, &r.ConversationID, &r.Name, &r.Description, &r.NumRows, &r.CreatedAt, &r.columns,
		&r.InputIDType, &r.FileID, &r.FileRef, &r.SQLQuery, &r.SQLDialect,
	}
}

// read fills in what no column says.
func (r *frameRow) read() error {
	if err := json.Unmarshal([]byte(r.columns), &r.ColumnHeaders); err != nil {
		return fmt.Errorf("read data frame: columns: %w", err)
	}
	r.NumColumns, r.SampleRows, r.ParentIDs = len(r.ColumnHeaders), []json.RawMessage{}, []string{}
	return nil
}

// SaveDataFrame stores a frame that SQL has computed over the one of the same name
// in the conversation. Columns of the same name are told apart by a number.
func (s *Store) SaveDataFrame(ctx context.Context, conversationID string, f thread.DataFrame, now time.Time) error {
	frame := DataFrame{
		Name: f.Name, InputIDType: FromSQL, SQLQuery: &f.SQLQuery, SQLDialect: &f.SQLDialect,
		CreatedAt: thread.Timestamp(now).String(), ColumnHeaders: UniqueNames(f.Columns),
	}
	w := s.NewFrame(conversationID, frame)
	err := w.appendAll(ctx, f.Rows)
	if err == nil {
		err = s.transact(ctx, "save data frame", func(tx *sql.Tx) error { return w.complete(ctx, tx) })
	}
	if err != nil {
		return errors.Join(err, w.Discard(ctx))
	}
	return nil
}

const framesInOrder = ` ORDER BY d.position`

// DataFrames lists the frames of a conversation, oldest first, each with its first
// rows, at most samples of them.
func (s *Store) DataFrames(ctx context.Context, conversationID string, samples int) ([]DataFrame, error) {
	rows, err := s.db.Read.QueryContext(ctx, selectFrames+framesInOrder, conversationID)
	if err != nil {
		return nil, fmt.Errorf("list data frames: %w", err)
	}
	stored, err := collect(rows, math.MaxInt32, (*frameRow).fields)
	if err != nil {
		return nil, err
	}
	frames := make([]DataFrame, len(stored.Items))
	for i := range stored.Items {
		row := &stored.Items[i]
		if err := row.read(); err != nil {
			return nil, err
		}
		if samples > 0 {
			if row.SampleRows, err = s.rows(ctx, row.position, Slice{Limit: samples, OrderBy: Unordered}); err != nil {
				return nil, err
			}
		}
		frames[i] = row.DataFrame
	}
	return frames, nil
}

// Slice chooses rows of a data frame.
type Slice struct {
	Offset, Limit int
	OrderBy       int // the place of a column, from 0, or Unordered
	Descending    bool
}

// Unordered is the OrderBy of a [Slice] in the frame's own order.
const Unordered = -1

// DataFrame finds a frame of a conversation by its name, without rows.
func (s *Store) DataFrame(ctx context.Context, conversationID, name string) (DataFrame, error) {
	var (
		row      frameRow
		position int64
	)
	found := s.db.Read.QueryRowContext(ctx, selectFrames+` AND d.name = ?`, conversationID, name)
	if err := found.Scan(append([]any{&position}, row.fields()...)...); err != nil {
		return DataFrame{}, explain(err, "data frame", name)
	}
	if err := row.read(); err != nil {
		return DataFrame{}, err
	}
	return row.DataFrame, nil
}

// DataFrameRows reads rows of the frame with this id, each a JSON array of a cell
// for each column. Numbers are ordered as numbers, before texts; what has no value
// comes last.
func (s *Store) DataFrameRows(ctx context.Context, id string, slice Slice) ([]json.RawMessage, error) {
	var position int64
	if err := s.db.Read.QueryRowContext(ctx, `SELECT position FROM data_frames WHERE id = ?`, id).Scan(&position); err != nil {
		return nil, explain(err, "data frame", id)
	}
	return s.rows(ctx, position, slice)
}

const listFrameRows = `SELECT cells FROM data_frame_rows WHERE frame = ? AND number >= ? ORDER BY number LIMIT ?`

func (s *Store) rows(ctx context.Context, frame int64, slice Slice) ([]json.RawMessage, error) {
	query, arguments := listFrameRows, []any{frame, slice.Offset, slice.Limit}
	if slice.OrderBy != Unordered {
		direction := "ASC"
		if slice.Descending {
			direction = "DESC"
		}
		query = `SELECT cells FROM (SELECT number, cells, json_extract(cells, ?) AS cell FROM data_frame_rows WHERE frame = ?)
			ORDER BY cell ` + direction + ` NULLS LAST, number LIMIT ? OFFSET ?`
		arguments = []any{fmt.Sprintf("$[%d]", slice.OrderBy), frame, slice.Limit, slice.Offset}
	}
	texts, err := s.texts(ctx, query, arguments...)
	if err != nil {
		return nil, fmt.Errorf("read data frame: %w", err)
	}
	rows := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		rows[i] = json.RawMessage(text)
	}
	return rows, nil
}
