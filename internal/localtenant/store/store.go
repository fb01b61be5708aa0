// Package store keeps what a tenant owns in SQLite: agents with their versions and
// schedules, conversations with their messages, files and data frames, work items,
// data connections, semantic data models, and MCP servers. Start from [Open]. The
// bytes of files are elsewhere.
//
// A [Store] is safe for concurrent use. Lists come as a [Page] whose order does
// not change when something is added while a reader turns the pages.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sema4mcp/internal/localtenant/sqlitedb"
)

// What the tenant refuses wraps one of these; the message says what to do about it.
var (
	// ErrNotFound says that the tenant has no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that what is there already stands against it.
	ErrConflict = errors.New("conflict")
	// ErrPrecondition says that the state of a thing forbids what was asked for.
	ErrPrecondition = errors.New("precondition failed")
	// ErrLimit says that there are as many of these as there may be.
	ErrLimit = errors.New("limit reached")
)

// Store is the tenant's database.
type Store struct {
	db *sqlitedb.DB

	// What every message needs is compiled once.
	findAgent, findConversation, saveMessage *sql.Stmt
}

// Open opens the tenant's database in dir, or in memory when dir is empty, and
// brings its schema up to date.
func Open(ctx context.Context, dir string) (*Store, error) {
	db, err := sqlitedb.Open(ctx, dir, "tenant")
	if err != nil {
		return nil, err
	}
	err = db.Create(ctx, schema, len(migrations))
	if err == nil {
		err = db.Migrate(ctx, migrations)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tenant database: %w", err), db.Close())
	}
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("tenant database: %w", err), s.Close())
	}
	if err := s.dropUnfinishedFrames(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("tenant database: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	for _, statement := range []struct {
		on    *sql.DB
		query string
		into  **sql.Stmt
	}{
		{s.db.Read, findAgent, &s.findAgent},
		{s.db.Read, findConversation, &s.findConversation},
		{s.db.Write, saveMessage, &s.saveMessage},
	} {
		var err error
		if *statement.into, err = statement.on.PrepareContext(ctx, statement.query); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{s.findAgent, s.findConversation, s.saveMessage} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(append(errs, s.db.Close())...)
}

// Window chooses a part of a list: at most Limit entries that come after the
// entry at position After (0 for the beginning). In a list that is ordered by name
// first, AfterName is that entry's name.
type Window struct {
	After     int64
	AfterName string
	Limit     int
}

// Page is one part of a list. Next and NextName are the After and AfterName of the
// following window; Next is 0 when the list ends here.
type Page[T any] struct {
	Items    []T
	Next     int64
	NextName string
}
