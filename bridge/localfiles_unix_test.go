//go:build unix

package bridge

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAPipeInPlaceOfAFileHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	allowed, _ := shelves(t)
	if err := syscall.Mkfifo(filepath.Join(allowed[0], "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(allowed[0])
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, _, err := openRegular(root, "pipe"); err == nil || err.Error() != "is not a regular file" {
		t.Errorf("got %v", err)
	}
}

func TestTheLongestNameCanBeSaved(t *testing.T) {
	t.Parallel()
	allowed, _ := shelves(t)
	name := strings.Repeat("n", 255)
	path, _, err := allowed.save(name, strings.NewReader("x"))
	if err != nil || filepath.Base(path) != name {
		t.Errorf("got %q, %v", path, err)
	}
}
