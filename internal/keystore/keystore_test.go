package keystore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"sema4mcp/internal/keystore"
)

// withKeyring puts a keyring in memory in the place of the system's, which may be
// somebody's own.
func withKeyring(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null") // never dialled
	keyring.MockInit()
}

func TestAKeyInTheKeyring(t *testing.T) {
	withKeyring(t)
	at, err := keystore.Save(t.Context(), "work", "the-key-1")
	if err != nil || at != "keyring:work" || at.InWords() != "the keyring (work)" {
		t.Fatalf("got %q, %v", at, err)
	}
	if key, err := keystore.Load(t.Context(), "work"); err != nil || key != "the-key-1" {
		t.Errorf("got %q, %v", key, err)
	}
	if err := keyring.Set("other", "name", "another"); err != nil {
		t.Fatal(err)
	}
	if key, err := keystore.Load(t.Context(), "other/name"); err != nil || key != "another" {
		t.Errorf("another program's: got %q, %v", key, err)
	}
	for range 2 { // what is gone is gone
		if deleted, err := keystore.Delete(t.Context(), "work", at); err != nil || !deleted {
			t.Errorf("got %v, %v", deleted, err)
		}
	}
	if _, err := keystore.Load(t.Context(), "work"); err == nil || !strings.Contains(err.Error(), `no key "work"; log in again`) {
		t.Errorf("got %v", err)
	}
}

func TestAKeyringThatFails(t *testing.T) {
	withKeyring(t)
	broken := errors.New("it is locked")
	keyring.MockInitWithError(broken)
	_, err := keystore.Save(t.Context(), "work", "the-key-1")
	unavailable, ok := errors.AsType[*keystore.UnavailableError](err)
	if !ok || !errors.Is(unavailable, broken) || !strings.Contains(err.Error(), "it is locked") {
		t.Errorf("got %v", err)
	}
	if _, err := keystore.Delete(t.Context(), "work", "keyring:work"); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAKeyInAFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	path := filepath.Join(home, ".sema4-mcp", "profiles", "work", "key")
	for _, key := range []string{"the-key-1", "the-key-2"} {
		at, err := keystore.SaveFile("work", key)
		if err != nil || at != keystore.Reference("file:"+path) || at.InWords() != path {
			t.Fatalf("got %q, %v", at, err)
		}
		content, err := os.ReadFile(path)
		if err != nil || string(content) != key+"\n" {
			t.Errorf("got %q, %v", content, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v", info.Mode(), err)
		}
		if err := os.Chmod(path, 0o644); err != nil { // the next one closes it again
			t.Fatal(err)
		}
	}
	if deleted, err := keystore.Delete(t.Context(), "work", "file:/somewhere/else"); err != nil || deleted {
		t.Errorf("another's file: got %v, %v", deleted, err)
	}
	for range 2 {
		if deleted, err := keystore.Delete(t.Context(), "work", keystore.Reference("file:"+path)); err != nil || !deleted {
			t.Errorf("got %v, %v", deleted, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestAFileThatCannotBeWritten(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if err := os.WriteFile(filepath.Join(home, ".sema4-mcp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.SaveFile("work", "the-key-1"); err == nil || strings.Contains(err.Error(), "the-key-1") {
		t.Errorf("got %v", err)
	}
}
