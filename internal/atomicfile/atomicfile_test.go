package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"sema4mcp/internal/atomicfile"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := atomicfile.Write(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new file has %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(link, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "new" {
		t.Errorf("got %q, %v", content, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("a file that was there has %v, %v", info.Mode(), err)
	}
	leavesNothing(t, dir, 2)
}

func TestWhatCannotBeWrittenLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := atomicfile.Write(filepath.Join(dir, "no", "file"), nil, 0o600); err == nil {
		t.Error("no error where there is no directory")
	}
	occupied := filepath.Join(dir, "occupied")
	if err := os.MkdirAll(filepath.Join(occupied, "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(occupied, nil, 0o600); err == nil {
		t.Error("no error where a directory is in the way")
	}
	leavesNothing(t, dir, 1)
}

func leavesNothing(t *testing.T, dir string, but int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != but {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}
