package userdir_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"sema4mcp/internal/userdir"
)

func TestStateIsBelowTheHomeDirectory(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	got, err := userdir.Profile("work")
	if want := filepath.Join(home, ".sema4-mcp", "profiles", "work"); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
	if err := userdir.Make(got); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(got); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestTheAccountsHomeServesWhereTheEnvironmentIsCleared(t *testing.T) {
	account, err := user.Current()
	if err != nil || account.HomeDir == "" {
		t.Fatalf("this account has no home directory: %v", err)
	}
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	got, err := userdir.Dir()
	if err != nil || got != filepath.Join(account.HomeDir, ".sema4-mcp") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestADirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := userdir.Make(filepath.Join(file, "below")); err == nil || !strings.Contains(err.Error(), "cannot be made") {
		t.Errorf("got %v", err)
	}
}
