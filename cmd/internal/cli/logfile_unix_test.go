//go:build unix

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Elsewhere an open file is neither renamed nor removed.

func TestTwoProcessesWriteOneLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	first, err := openLogFile(path, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	second, err := openLogFile(path, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer second.close()
	write(t, first, "12345678")
	write(t, second, "second")
	write(t, first, "a")
	if got := read(t, path) + "|" + read(t, path+".1"); got != "second\na\n|12345678\n" {
		t.Errorf("got %q", got)
	}
}

func TestALogFileThatCannotBeOpenedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := openLogFile(filepath.Join(dir, "log"), 10)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("line\n")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
