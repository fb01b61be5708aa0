package blobs_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"sema4mcp/internal/localtenant/blobs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func read(t *testing.T, s *blobs.Store, id string) string {
	t.Helper()
	file, err := s.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return len(all)
}

func TestBlobsAreKeptAcrossStores(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	s := blobs.Open(dir)
	blob, err := s.Put(t.Context(), strings.NewReader("hello"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if blob.Size != 5 || blob.SHA256 != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Errorf("blob %+v", blob)
	}
	lost, err := s.Put(t.Context(), strings.NewReader("lost"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	foreign := []string{"thesis.txt", strings.ToUpper(lost.ID) + ".blob", "f0e10000-0000-4000-8000-000000000001", "thesis.blob"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "5a1e0000-0000-4000-8000-000000000001", "kept"), 0o700); err != nil {
		t.Fatal(err)
	}
	const early = "ea410000-0000-4000-8000-000000000001"
	if err := os.WriteFile(filepath.Join(dir, early), []byte("of an earlier version"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = blobs.Open(dir)
	if err := s.Keep(map[string]bool{blob.ID: true, early: true}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, early); got != "of an earlier version" {
		t.Errorf("content %q", got)
	}
	for _, name := range append(foreign, "5a1e0000-0000-4000-8000-000000000001") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("what is no blob is gone: %v", err)
		}
	}
	if got := read(t, s, blob.ID); got != "hello" {
		t.Errorf("content %q", got)
	}
	if _, err := s.Get(lost.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what nobody knows of is still there: %v", err)
	}
	if err := s.Delete(blob.ID, blob.ID, "no id"); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(blob.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: %v", err)
	}
}

func TestNothingIsLeftOfAFileThatFails(t *testing.T) {
	dir := t.TempDir()
	s := blobs.Open(dir)
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"too large": {t.Context(), strings.NewReader("123456"), blobs.ErrTooLarge},
		"broken":    {t.Context(), io.MultiReader(strings.NewReader("12"), iotest.ErrReader(broken)), broken},
		"cancelled": {ended, strings.NewReader("1"), context.Canceled},
	} {
		if _, err := s.Put(test.ctx, test.r, 5); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := entries(t, dir); got != 0 {
		t.Errorf("%d files left", got)
	}
}

func TestATemporaryStoreLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := blobs.Open("")
	if err := s.Keep(nil); err != nil {
		t.Error(err)
	}
	if got := entries(t, os.TempDir()); got != 0 {
		t.Errorf("%d directories before the first file", got)
	}
	blob, err := s.Put(t.Context(), strings.NewReader("hello"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, blob.ID); got != "hello" {
		t.Errorf("content %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, os.TempDir()); got != 0 {
		t.Errorf("%d directories left", got)
	}
}

func TestWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := blobs.Open(file)
	if _, err := s.Put(t.Context(), strings.NewReader("x"), 5); err == nil {
		t.Error("a file was taken for a directory")
	}
	if err := s.Keep(nil); err == nil {
		t.Error("a file was tidied as a directory")
	}
}
