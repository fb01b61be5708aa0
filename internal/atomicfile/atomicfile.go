// Package atomicfile writes files that are there as a whole or not at all.
package atomicfile

import (
	"os"
	"path/filepath"
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
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	if err := fill(file, data, perm); err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	return nil
}

// fill closes the file.
func fill(file *os.File, data []byte, perm os.FileMode) error {
	defer file.Close()
	if err := file.Chmod(perm); err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
}
