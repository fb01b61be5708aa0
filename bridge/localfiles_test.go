package bridge

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// shelves are two directories that may be used, and one beside them that may not.
func shelves(t *testing.T) (allowed localFiles, outside string) {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"one/sub", "two", "outside"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return localFiles{filepath.Join(root, "one"), filepath.Join(root, "two")}, filepath.Join(root, "outside")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip("this account may make no symbolic links")
		}
		t.Fatal(err)
	}
}

func TestLocalFilesAreFoundInTheirDirectories(t *testing.T) {
	t.Parallel()
	allowed, _ := shelves(t)
	put(t, filepath.Join(allowed[0], "a.txt"), "from one")
	put(t, filepath.Join(allowed[0], "sub", "b.txt"), "from sub")
	put(t, filepath.Join(allowed[1], "a.txt"), "from two")
	put(t, filepath.Join(allowed[1], "größe 🚀.txt"), "from two")
	link(t, "sub/b.txt", filepath.Join(allowed[0], "inside"))
	for path, want := range map[string]string{
		"a.txt":                                 "from one",
		"sub/b.txt":                             "from sub",
		"sub/../a.txt":                          "from one",
		"größe 🚀.txt":                           "from two",
		"inside":                                "from sub",
		filepath.Join(allowed[1], "a.txt"):      "from two",
		allowed[0] + "/sub/../../one/sub/b.txt": "from sub",
	} {
		files, err := allowed.attachments([]string{path})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		content, err := files[0].Open()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := io.ReadAll(content)
		if content.Close(); err != nil || string(got) != want || files[0].Size != int64(len(want)) || strings.Contains(files[0].Name, "/") {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestADirectoryMayBeReachedByEitherOfItsNames(t *testing.T) {
	t.Parallel()
	allowed, outside := shelves(t)
	alias := filepath.Join(outside, "alias")
	link(t, allowed[0], alias)
	put(t, filepath.Join(allowed[0], "a.txt"), "x")
	resolved, err := filepath.EvalSymlinks(allowed[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(alias, "a.txt"), filepath.Join(resolved, "a.txt")} {
		if _, _, err := (localFiles{alias}).find(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestNothingOutsideTheDirectoriesIsReached(t *testing.T) {
	t.Parallel()
	allowed, outside := shelves(t)
	put(t, filepath.Join(outside, "secret.txt"), "secret")
	link(t, filepath.Join(outside, "secret.txt"), filepath.Join(allowed[0], "link"))
	link(t, "../../outside/secret.txt", filepath.Join(allowed[0], "sub", "relative"))
	link(t, outside, filepath.Join(allowed[0], "door"))
	large := filepath.Join(allowed[0], "large")
	put(t, large, "")
	if err := os.Truncate(large, maxLocalFile+1); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		filepath.Join(outside, "secret.txt"):         "outside the directories",
		"../outside/secret.txt":                      "outside the directories",
		allowed[0] + "/../outside/secret.txt":        "outside the directories",
		allowed[0] + "-other/x":                      "outside the directories",
		"link":                                       "cannot be opened",
		"sub/relative":                               "cannot be opened",
		"door/secret.txt":                            "cannot be opened",
		filepath.Join(allowed[0], "door/secret.txt"): "cannot be opened",
		"sub":         "is a directory",
		".":           "is a directory",
		"missing.txt": "does not exist",
		"sub/missing": "does not exist",
		"":            "outside the directories",
		"a\x00b":      "cannot be opened",
		"large":       "100 MB",
	} {
		if says == "100 MB" {
			says = "are the most that can be sent"
		}
		_, err := allowed.attachments([]string{path})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), allowed[0]) || !strings.Contains(err.Error(), allowed[1]) {
			t.Errorf("%q: got %v, want it to say %q and the directories", path, err, says)
		}
	}
	if runtime.GOOS != "windows" {
		if _, err := (localFiles{"/dev"}).attachments([]string{"null"}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("a device: got %v", err)
		}
	}
}

func TestAFileThatIsSwappedAfterItWasFoundIsNotFollowed(t *testing.T) {
	t.Parallel()
	allowed, outside := shelves(t)
	put(t, filepath.Join(outside, "secret.txt"), "secret")
	path := filepath.Join(allowed[0], "a.txt")
	put(t, path, "x")
	files, err := allowed.attachments([]string{"a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(outside, "secret.txt"), path)
	if _, err := files[0].Open(); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Errorf("got %v", err)
	}
}

func TestSavingMakesNewWholeFiles(t *testing.T) {
	t.Parallel()
	allowed, outside := shelves(t)
	for path, want := range map[string]string{
		"new.txt":                            filepath.Join(allowed[0], "new.txt"),
		"sub/new.txt":                        filepath.Join(allowed[0], "sub", "new.txt"),
		filepath.Join(allowed[1], "new.txt"): filepath.Join(allowed[1], "new.txt"),
	} {
		got, size, err := allowed.save(path, strings.NewReader("content"))
		if err != nil || got != want || size != 7 {
			t.Errorf("%s: got %q, %d, %v", path, got, size, err)
		}
		if text, err := os.ReadFile(want); err != nil || string(text) != "content" {
			t.Errorf("%s holds %q, %v", want, text, err)
		}
	}
	link(t, outside, filepath.Join(allowed[0], "door"))
	link(t, filepath.Join(outside, "made.txt"), filepath.Join(allowed[0], "dangling"))
	for path, says := range map[string]string{
		"new.txt":                         "is there already, and is never overwritten",
		"sub":                             "is there already",
		"dangling":                        "is there already",
		"door/x":                          "cannot be made",
		"nowhere/x":                       "cannot be made",
		"../x":                            "outside the directories",
		filepath.Join(outside, "x"):       "outside the directories",
		filepath.Join(allowed[0], "..x/"): "",
	} {
		if _, _, err := allowed.save(path, strings.NewReader("other")); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want it to say %q", path, err, says)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(allowed[0], "new.txt")); string(text) != "content" {
		t.Errorf("the file that was there holds %q", text)
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("something came to be outside: %v", entries)
	}
}

func TestAFileThatFailsToComeIsNotSaved(t *testing.T) {
	t.Parallel()
	allowed, _ := shelves(t)
	broken := errors.New("the line is dead")
	content := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
	if _, _, err := allowed.save("half.txt", content); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	taking := readerFunc(func([]byte) (int, error) { // somebody else is quicker
		put(t, filepath.Join(allowed[0], "taken.txt"), "theirs")
		return 0, io.EOF
	})
	if _, _, err := allowed.save("taken.txt", taking); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("got %v", err)
	}
	entries, err := os.ReadDir(allowed[0])
	if err != nil || len(entries) != 2 { // sub and taken.txt
		t.Errorf("got %v, %v: something half done is left", entries, err)
	}
	if text, _ := os.ReadFile(filepath.Join(allowed[0], "taken.txt")); string(text) != "theirs" {
		t.Errorf("the file that was there holds %q", text)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestDirectoriesForFilesAreChecked(t *testing.T) {
	allowed, _ := shelves(t)
	put(t, filepath.Join(allowed[0], "a.txt"), "")
	t.Chdir(allowed[0])
	if got, err := CheckFilesDirs([]string{"sub", allowed[1]}); err != nil || !filepath.IsAbs(got[0]) || filepath.Base(got[0]) != "sub" || got[1] != allowed[1] {
		t.Errorf("got %v, %v", got, err)
	}
	for dir, says := range map[string]string{"missing": "no directory that can be used", "a.txt": "is not a directory", " ": "has an empty name"} {
		if _, err := CheckFilesDirs([]string{dir}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", dir, err)
		}
	}
}
