package sqlitedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// Image is a whole database in the bytes its file would have.
type Image []byte

// imageConn is what the driver's connections offer beyond driver.Conn.
type imageConn interface {
	Serialize() ([]byte, error)
	Deserialize([]byte) error
}

// BuildImage lets fill make a database. Foreign keys are not enforced meanwhile.
func BuildImage(ctx context.Context, fill func(context.Context, *sql.DB) error) (_ Image, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("build database: %w", err)
	}
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := fill(ctx, db); err != nil {
		return nil, fmt.Errorf("build database: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("build database: %w", err)
	}
	defer conn.Close()
	var image []byte
	err = conn.Raw(func(raw any) error {
		image, err = raw.(imageConn).Serialize()
		return err
	})
	return image, err
}

// OpenImage opens a database that is only queried: in memory when dir is empty,
// else from the named file in dir, which is written if it does not exist.
func OpenImage(ctx context.Context, dir, name string, image func() (Image, error)) (*sql.DB, error) {
	if dir == "" {
		content, err := image()
		if err != nil {
			return nil, err
		}
		return openPool(ctx, sql.OpenDB(imageConnector{content}), readers)
	}
	path := filepath.Join(dir, name+fileSuffix)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		content, err := image()
		if err != nil {
			return nil, err
		}
		if err := writeImage(path, content); err != nil {
			return nil, fmt.Errorf("write database: %w", err)
		}
	}
	path, err := prepareFile(dir, name)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	return connect(ctx, url.URL{Scheme: "file", Path: path}, readers, "query_only(1)")
}

// writeImage leaves nothing or all of the file, whatever happens meanwhile.
func writeImage(path string, image Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "*.partial")
	if err != nil {
		return err
	}
	_, err = file.Write(image)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// imageConnector gives each connection its copy of an image, which costs less
// than to let the connections share one.
type imageConnector struct{ image Image }

func (c imageConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open("file::memory:?_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	if err := conn.(imageConn).Deserialize(c.image); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (imageConnector) Driver() driver.Driver { return &sqlite.Driver{} }
