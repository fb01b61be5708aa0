package datasource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// Registry opens data connections when they are first used and keeps them open.
// It is safe for concurrent use. Close it.
type Registry struct {
	dir      string
	find     func(ctx context.Context, id string) (Settings, error)
	timeouts timeouts

	mu       sync.Mutex // guards what follows
	builtins map[string]*sql.DB
	open     map[string]*source // by connection id
	closed   bool
}

// NewRegistry makes a registry over the connections that find knows by id; its
// errors are passed on. Relative paths of SQLite files are below dir; without one
// there are none.
func NewRegistry(dir string, find func(ctx context.Context, id string) (Settings, error)) *Registry {
	return &Registry{
		dir: dir, find: find, timeouts: timeouts{connect: connectTimeout, query: queryTimeout},
		builtins: map[string]*sql.DB{}, open: map[string]*source{},
	}
}

// Builtin lets every sqlite connection whose db_file is file use db, which may be
// in memory. db stays the caller's to close, after the registry.
func (r *Registry) Builtin(file string, db *sql.DB) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.builtins[file] = db
}

// Check connects once, to tell whether the settings are right.
func (r *Registry) Check(ctx context.Context, s Settings) error {
	r.mu.Lock()
	source, err := r.prepare(s)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return errors.Join(source.ping(ctx), source.close())
}

// prepare makes a source without connecting. The caller holds r.mu.
func (r *Registry) prepare(s Settings) (*source, error) {
	open, err := openerOf(s.Engine)
	if err != nil {
		return nil, err
	}
	c, err := readConfiguration(s)
	if err != nil {
		return nil, err
	}
	hidden := secrets(c.members, false)
	source, err := open(r, c)
	if err != nil {
		return nil, redacted(cannotOpen, err, hidden)
	}
	source.settings, source.secrets, source.timeouts = s, hidden, r.timeouts
	if !source.shared {
		source.db.SetMaxOpenConns(poolSize)
		source.db.SetMaxIdleConns(poolSize)
		source.db.SetConnMaxIdleTime(idleTime)
	}
	return source, nil
}

// use lets work use the connection with this id as its settings are now.
func (r *Registry) use(ctx context.Context, id string, work func(*source) error) error {
	for {
		settings, err := r.find(ctx, id)
		if err != nil {
			return err
		}
		source, err := r.source(id, settings)
		if err != nil {
			return err
		}
		if err := work(source); err == nil || !source.gone.Load() {
			return err
		}
		// Its settings changed meanwhile: it was closed under our hands.
	}
}

func (r *Registry) source(id string, settings Settings) (*source, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	known, ok := r.open[id]
	if ok && known.settings.equal(settings) {
		return known, nil
	}
	fresh, err := r.prepare(settings)
	if err != nil {
		return nil, err
	}
	r.open[id] = fresh
	if ok {
		return fresh, known.close()
	}
	return fresh, nil
}

var errClosed = errors.New("datasource: the registry is closed")

// Forget closes a connection that was deleted or changed; if it is used again, it
// is opened anew.
func (r *Registry) Forget(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.open[id]
	if !ok {
		return nil
	}
	delete(r.open, id)
	return known.close()
}

// Close closes all connections.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var errs []error
	for id, source := range r.open {
		if err := source.close(); err != nil {
			errs = append(errs, fmt.Errorf("close data connection %s: %w", id, err))
		}
	}
	clear(r.open)
	return errors.Join(errs...)
}
