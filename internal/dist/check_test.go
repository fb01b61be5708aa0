package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository has one commit, a file that git ignores, one that it does not know yet
// and one that is deleted.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{".gitignore": "ignored\n", "committed": "1", "deleted": "2"} {
		if err := write(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "One"}} {
		command := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@sema4mcp.example", "-c", "commit.gpgsign=false"}, args...)...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GIT_AUTHOR_DATE=1600000000 +0000", "GIT_COMMITTER_DATE=1600000000 +0000")
		if err := ran(command); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSourcesAreCopiedAsGitSeesThem(t *testing.T) {
	dir := repository(t)
	t.Chdir(dir)
	for name, text := range map[string]string{"ignored": "3", "new": "4"} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove("deleted"); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "elsewhere")
	if err := copySources(t.Context(), dir, copied); err != nil {
		t.Fatal(err)
	}
	if content(t, copied, "committed") != "1" || content(t, copied, "new") != "4" {
		t.Error("the copy is not the source")
	}
	for _, name := range []string{"ignored", "deleted"} {
		if _, err := os.Stat(filepath.Join(copied, name)); err == nil {
			t.Errorf("%s is copied", name)
		}
	}
}

func TestSourcesWithoutGitAreNotCopied(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GIT_CEILING_DIRECTORIES", "/")
	if err := copySources(t.Context(), ".", t.TempDir()); err == nil || !strings.Contains(err.Error(), "git cannot list") {
		t.Errorf("copied: %v", err)
	}
}

func TestFilesThatDifferAreNamed(t *testing.T) {
	_, first := packed(t)
	_, second := packed(t)
	if err := os.WriteFile(filepath.Join(second, "server.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeSums(second); err != nil {
		t.Fatal(err)
	}
	if err := same(first, second); err == nil || err.Error() != "two builds differ in server.json" {
		t.Errorf("told about a difference: %v", err)
	}
	if err := os.Remove(filepath.Join(first, "server.json")); err != nil {
		t.Fatal(err)
	}
	if err := writeSums(first); err != nil {
		t.Fatal(err)
	}
	if err := same(first, second); err == nil || err.Error() != "two builds differ in server.json" {
		t.Errorf("told about a file too many: %v", err)
	}
	for _, dir := range []string{second, first} {
		if err := os.Remove(filepath.Join(dir, sumsFile)); err != nil {
			t.Fatal(err)
		}
		if err := same(first, second); err == nil {
			t.Error("a release without sums is as good as one with them")
		}
	}
}

func TestCommandThatReportsAnotherVersionIsFound(t *testing.T) {
	r, out := packed(t)
	if err := r.reports(t.Context(), out); err == nil || !strings.Contains(err.Error(), "--version") {
		t.Errorf("stand-ins know their version: %v", err)
	}
}

func TestFailedToolIsQuoted(t *testing.T) {
	if err := goTool(t.Context(), ".", nil, "build", "./nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("go build ./nowhere: %v", err)
	}
}
