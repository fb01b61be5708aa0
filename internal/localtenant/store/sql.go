package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// refusal is an error of one of the kinds of this package whose message is all
// that a caller needs to read.
type refusal struct {
	kind    error
	message string
	missing string // what was not found, such as "agent"
}

func refuse(kind error, format string, arguments ...any) error {
	return &refusal{kind: kind, message: fmt.Sprintf(format, arguments...)}
}

func (r *refusal) Error() string { return r.message }
func (r *refusal) Unwrap() error { return r.kind }

func notFound(what, id string) error {
	return &refusal{kind: ErrNotFound, message: fmt.Sprintf("%s %q: %v", what, id, ErrNotFound), missing: what}
}

// Missing is what an error that wraps ErrNotFound has not found, such as "agent"; or
// "" when it does not say.
func Missing(err error) string {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.missing
	}
	return ""
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row
}

// explain names what was looked for, and turns "no row" into ErrNotFound.
func explain(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(what, id)
	}
	return fmt.Errorf("find %s %q: %w", what, id, err)
}

func isForeignKeyViolation(err error) bool {
	var failure *sqlite.Error
	return errors.As(err, &failure) && failure.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// transact does work in a transaction; what names it in errors, but for refusals,
// which callers read as they are.
func (s *Store) transact(ctx context.Context, what string, work func(*sql.Tx) error) error {
	tx, err := s.db.Write.BeginTx(ctx, nil)
	if err == nil {
		if err = work(tx); err == nil {
			err = tx.Commit()
		} else {
			err = errors.Join(err, tx.Rollback())
		}
	}
	if _, refused := errors.AsType[*refusal](err); refused || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// everything is the window of a list that is never long.
var everything = Window{Limit: math.MaxInt32}

// collect reads rows that begin with the position and are followed by the fields
// of one T. One row more than limit was asked for: it tells whether there is a
// next page.
func collect[T any](rows *sql.Rows, limit int, fields func(*T) []any) (Page[T], error) {
	defer rows.Close()
	page := Page[T]{Items: []T{}}
	var last int64
	for rows.Next() {
		if len(page.Items) == limit {
			page.Next = last
			break
		}
		var item T
		if err := rows.Scan(append([]any{&last}, fields(&item)...)...); err != nil {
			return Page[T]{}, fmt.Errorf("read row: %w", err)
		}
		page.Items = append(page.Items, item)
	}
	if err := rows.Err(); err != nil {
		return Page[T]{}, fmt.Errorf("read rows: %w", err)
	}
	return page, nil
}

// texts reads a column of texts.
func (s *Store) texts(ctx context.Context, query string, arguments ...any) ([]string, error) {
	return readTexts(s.db.Read.QueryContext(ctx, query, arguments...))
}

func readTexts(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read text: %w", err)
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// changed tells what a statement on one row has come to.
func changed(result sql.Result, err error, what, id string) error {
	if err != nil {
		return fmt.Errorf("change %s %q: %w", what, id, err)
	}
	if count, err := result.RowsAffected(); err != nil || count == 0 {
		return errors.Join(err, notFound(what, id))
	}
	return nil
}
