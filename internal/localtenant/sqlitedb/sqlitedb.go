// Package sqlitedb opens SQLite databases, in files or in memory, so that both
// behave alike under database/sql's pools: start from [Open], or from [OpenImage] for a
// database that is only queried.
package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // registers the driver
)

const (
	readers    = 4
	fileSuffix = ".sqlite"
)

// DB is one database. Its pools are safe for concurrent use.
type DB struct {
	// Write has one connection: writers queue in Go, where waiting is fair,
	// instead of polling SQLite's lock.
	Write *sql.DB
	// Read may only query. It is Write itself for a database in memory, where
	// SQLite has no snapshots and a reader would hold up the writer.
	Read *sql.DB
	// anchor keeps a database in memory alive while the pools are idle.
	anchor *sql.DB
}

// Open opens the named database in dir, making both if need be: the directory
// for the owner alone (0700), the file too (0600). With an empty dir the database
// lives in memory until Close.
func Open(ctx context.Context, dir, name string) (*DB, error) {
	if dir == "" {
		return openMemory(ctx, name)
	}
	path, err := prepareFile(dir, name)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	uri := url.URL{Scheme: "file", Path: path}
	db := &DB{}
	if db.Write, err = connect(ctx, uri, 1, "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if db.Read, err = connect(ctx, uri, readers, "query_only(1)"); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), db.Close())
	}
	return db, nil
}

func openMemory(ctx context.Context, name string) (*DB, error) {
	// memdb shares a database between the connections of this process that name it.
	uri := url.URL{Scheme: "file", Path: "/" + name + "-" + uuid.NewString(), RawQuery: "vfs=memdb"}
	db := &DB{}
	var err error
	if db.anchor, err = connect(ctx, uri, 1); err != nil {
		return nil, fmt.Errorf("open database %s in memory: %w", name, err)
	}
	if db.Write, err = connect(ctx, uri, 1, "foreign_keys(1)"); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s in memory: %w", name, err), db.Close())
	}
	db.Read = db.Write
	return db, nil
}

// prepareFile makes the file itself, since SQLite would make it readable for all.
func prepareFile(dir, name string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name+fileSuffix)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return path, file.Close()
}

func connect(ctx context.Context, uri url.URL, connections int, pragmas ...string) (*sql.DB, error) {
	query := uri.Query()
	query.Set("_txlock", "immediate")
	for _, pragma := range append([]string{"busy_timeout(5000)"}, pragmas...) {
		query.Add("_pragma", pragma)
	}
	uri.RawQuery = query.Encode()
	pool, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	return openPool(ctx, pool, connections)
}

// openPool makes sure that the database can be opened at all.
func openPool(ctx context.Context, pool *sql.DB, connections int) (*sql.DB, error) {
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// Close closes every connection and, in memory, drops the database.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{db.Read, db.Write, db.anchor} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}
