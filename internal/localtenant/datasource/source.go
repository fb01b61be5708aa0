package datasource

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	queryTimeout   = 30 * time.Second
	poolSize       = 4
	idleTime       = 5 * time.Minute
)

// timeouts are how long a database may take.
type timeouts struct{ connect, query time.Duration }

const cannotOpen = "the data connection cannot be opened"

// opener prepares a source; it does not connect. The caller holds r.mu.
type opener func(r *Registry, c *configuration) (*source, error)

// source is a data connection in use.
type source struct {
	db       *sql.DB
	dialect  dialect
	shared   bool // a built-in database, which is not ours to close
	settings Settings
	secrets  []string
	timeouts timeouts
	gone     atomic.Bool // closed
}

func (s *source) close() error {
	s.gone.Store(true)
	if s.shared {
		return nil
	}
	return s.db.Close()
}

// ping reads something: SQLite opens any file, and looks at it later.
func (s *source) ping(ctx context.Context) error {
	err := s.read(ctx, s.timeouts.connect, func(ctx context.Context, tx *sql.Tx) error {
		var count int64
		return tx.QueryRowContext(ctx, s.dialect.probe()).Scan(&count)
	})
	return s.explain(ctx, cannotOpen, err)
}

// read lets work read in a transaction that cannot write.
func (s *source) read(ctx context.Context, limit time.Duration, work func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, failure("no answer within %v", limit))
	defer cancel()
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = work(ctx, tx)
		_ = tx.Rollback() // it has changed nothing
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// explain turns a driver's error into a Failure, unless the caller has gone.
func (s *source) explain(ctx context.Context, doing string, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return redacted(doing, err, s.secrets)
}
