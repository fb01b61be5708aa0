// Package blobs keeps the bytes of files, each under an id, on the disk: what is
// uploaded never stands in memory whole. Start from [Open].
//
// A [Store] is safe for concurrent use. What a file is called, and whose it is, is
// for the tenant's database to know.
package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// ErrTooLarge says that a file is larger than it may be. Nothing of it is kept.
var ErrTooLarge = errors.New("the file is too large")

// suffix tells the file of a blob from what others may have put beside it.
const suffix = ".blob"

// Store is a directory of blobs.
type Store struct {
	mu        sync.Mutex // guards what follows
	dir       string     // "" until the first blob of a temporary store
	temporary bool
}

// Open keeps blobs in dir, which is made with the first of them. An empty dir
// stands for a temporary directory, which Close removes.
func Open(dir string) *Store { return &Store{dir: dir, temporary: dir == ""} }

// Blob is what is known of the bytes that were kept.
type Blob struct {
	ID     string
	Size   int64  // bytes
	SHA256 string // lower-case hex
}

// Put keeps what r gives, at most limit bytes. The error is r's own,
// [ErrTooLarge], the context's, or the disk's; nothing is kept then.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (_ Blob, err error) {
	dir, err := s.make()
	if err != nil {
		return Blob{}, fmt.Errorf("keep file: %w", err)
	}
	blob := Blob{ID: uuid.NewString()}
	file, err := os.OpenFile(filepath.Join(dir, blob.ID+suffix), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Blob{}, fmt.Errorf("keep file: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	sum := sha256.New()
	blob.Size, err = io.Copy(io.MultiWriter(file, sum), io.LimitReader(&contextReader{ctx, r}, limit+1))
	if err != nil {
		return Blob{}, err
	}
	if blob.Size > limit {
		return Blob{}, fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, limit)
	}
	blob.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return blob, nil
}

// contextReader ends a copy with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Get opens a blob for reading. The error wraps [fs.ErrNotExist] when there is
// none with this id.
func (s *Store) Get(id string) (*os.File, error) {
	path, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// Delete removes blobs. One that is not there is no error.
func (s *Store) Delete(ids ...string) error {
	var errs []error
	for _, id := range ids {
		path, err := s.find(id)
		if err == nil {
			err = os.Remove(path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Keep removes all blobs but those with these ids: what a crash left between a
// file and the database that knows of it. What is no blob stays: the directory may
// have been somebody's before. The blobs of earlier versions, which had no suffix,
// are given it.
func (s *Store) Keep(ids map[string]bool) error {
	s.mu.Lock()
	dir := s.dir
	s.mu.Unlock()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tidy files: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		id, isBlob := strings.CutSuffix(entry.Name(), suffix)
		switch {
		case !entry.Type().IsRegular() || !isID(id):
		case !isBlob && ids[id]:
			err = errors.Join(err, os.Rename(path, path+suffix))
		case isBlob && !ids[id]:
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

func isID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}

// Close removes a temporary directory.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.temporary || s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

func (s *Store) make() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		var err error
		s.dir, err = os.MkdirTemp("", "sema4-local-tenant-")
		return s.dir, err
	}
	return s.dir, os.MkdirAll(s.dir, 0o700)
}

// find is the path of a blob. An id is a UUID, never a path.
func (s *Store) find(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isID(id) || s.dir == "" {
		return "", fmt.Errorf("file %q: %w", id, fs.ErrNotExist)
	}
	return filepath.Join(s.dir, id+suffix), nil
}
