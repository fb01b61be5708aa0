package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sema4mcp/internal/atomicfile"
)

// maxLinks is how many symbolic links lead to a file at most.
const maxLinks = 40

// followed is the file that a path leads to through symbolic links, also where
// there is no such file yet.
func followed(path string) (string, error) {
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil { // no link
			return path, nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", fmt.Errorf("%s is a circle of symbolic links", path)
}

// createFile makes a file where there was none, and its directory.
func createFile(path string, text []byte, mode fs.FileMode) error {
	directory := fs.FileMode(0o755)
	if mode == private {
		directory = 0o700
	}
	if err := os.MkdirAll(filepath.Dir(path), directory); err != nil {
		return err
	}
	draft, err := atomicfile.Prepare(path, text, mode)
	if err != nil {
		return err
	}
	return draft.Commit()
}

// replaceFile puts another text into a file at once, or not at all. The file keeps
// its mode and owner; what it held is kept in a backup that only its owner can
// read.
func replaceFile(path string, before, after []byte, now time.Time) (backup string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if err := writable(path); err != nil {
		return "", err
	}
	draft, err := atomicfile.Prepare(path, after, info.Mode().Perm())
	if err != nil {
		return "", err
	}
	if err := giveTo(draft.Name, info); err != nil {
		return "", draft.Discard(err)
	}
	if backup, err = keep(path, before, info, now); err != nil {
		return "", draft.Discard(err)
	}
	if err := draft.Commit(); err != nil {
		return "", errors.Join(err, os.Remove(backup))
	}
	return backup, nil
}

// writable is asked because a rename would replace a file that is write-protected.
func writable(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

func deleteFile(path string) error {
	if err := writable(path); err != nil {
		return err
	}
	return os.Remove(path)
}

// Backups are named after the file and the time of the change.
const (
	backupMark   = ".before-sema4-setup-"
	backupTime   = "20060102T150405.000Z"
	backupSuffix = ".bak"
)

func keep(path string, text []byte, owner fs.FileInfo, now time.Time) (string, error) {
	for ; ; now = now.Add(time.Millisecond) {
		backup := path + backupMark + now.UTC().Format(backupTime) + backupSuffix
		file, err := os.OpenFile(backup, os.O_WRONLY|os.O_CREATE|os.O_EXCL, private)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = file.Write(text)
		if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
			err = giveTo(backup, owner)
		}
		if err != nil {
			return "", errors.Join(err, os.Remove(backup))
		}
		return backup, nil
	}
}

// backups are the texts of a file's backups that can be read, the oldest first.
func backups(path string) [][]byte {
	target, err := followed(path)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return nil
	}
	var texts [][]byte
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, filepath.Base(target)+backupMark) && strings.HasSuffix(name, backupSuffix) {
			if text, err := os.ReadFile(filepath.Join(filepath.Dir(target), name)); err == nil {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
