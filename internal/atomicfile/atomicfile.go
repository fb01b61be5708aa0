// Package atomicfile writes files that are there as a whole or not at all.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Write puts data in the place of what the file holds. Readers see the old content
// or the new one. A link stays one, and what it leads to is written; a file that is
// there keeps its permissions, a new one has perm.
func Write(path string, data []byte, perm os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil {
		perm = info.Mode().Perm()
	}
	draft, err := Prepare(path, data, perm)
	if err != nil {
		return err
	}
	return draft.Commit()
}

// Draft is what a file is to hold, on the disk beside it. It ends with Commit or
// Discard.
type Draft struct {
	Name string // of the draft itself
	path string
}

// Prepare writes a draft for the file of that path, which is no link. Until
// [Draft.Commit] the file stays as it is.
func Prepare(path string, data []byte, perm os.FileMode) (*Draft, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	draft := &Draft{file.Name(), path}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Chmod(perm), file.Sync(), file.Close()); err != nil {
		return nil, draft.Discard(err)
	}
	return draft, nil
}

// Discard removes the draft. It returns why, together with what then went wrong.
func (d *Draft) Discard(why error) error { return errors.Join(why, os.Remove(d.Name)) }

// Commit puts the draft in the file's place, or removes it where that fails.
func (d *Draft) Commit() error {
	if err := os.Rename(d.Name, d.path); err != nil {
		return d.Discard(err)
	}
	if runtime.GOOS == "windows" { // has no way to write a directory to the disk
		return nil
	}
	directory, err := os.Open(filepath.Dir(d.path))
	if err != nil {
		return nil //nolint:nilerr // the change is made; only its durability is unknown
	}
	_ = directory.Sync() // likewise
	return directory.Close()
}
