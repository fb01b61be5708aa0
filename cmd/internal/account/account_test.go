package account_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"sema4mcp/cmd/internal/account"
	"sema4mcp/internal/configfile"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

var known = []configfile.Key{{Name: "base_url"}, {Name: "key"}}

// someone has an empty home, a keyring and a local tenant.
type someone struct {
	account.Login
	t    *testing.T
	said bytes.Buffer
}

func newSomeone(t *testing.T) *someone {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null") // never dialled
	keyring.MockInit()
	tenant := testtenant.Start(t)
	return &someone{t: t, Login: account.Login{
		Account: account.Account{Profile: "default", ConfigPath: filepath.Join(home, "config", "sema4-mcp.toml")},
		BaseURL: tenant.BaseURL(), Transport: tenant.Transport(), UserAgent: "test",
	}}
}

func (s *someone) login() error {
	s.Terminal = &account.Terminal{In: strings.NewReader(localtenant.APIKey + "\n"), Out: &s.said}
	return s.Run(s.t.Context())
}

// readAgain takes up what is in the configuration file now.
func (s *someone) readAgain() configfile.Table {
	s.t.Helper()
	data, err := os.ReadFile(s.ConfigPath)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.File, err = configfile.Parse(s.ConfigPath, data, known); err != nil {
		s.t.Fatal(err)
	}
	return s.File.Profiles[s.Profile].Table
}

func TestAKeyMovesFromTheKeyringToAFile(t *testing.T) {
	s := newSomeone(t)
	if err := s.login(); err != nil {
		t.Fatal(err)
	}
	if got := s.readAgain()["key"].Text; got != "keyring:default" || !strings.Contains(s.said.String(), "The key is in the keyring (default)") {
		t.Errorf("the key is in %s; said: %s", got, &s.said)
	}
	s.NoKeyring = true
	if err := s.login(); err != nil {
		t.Fatal(err)
	}
	if got := s.readAgain()["key"].Text; !strings.HasPrefix(got, "file:") {
		t.Errorf("the key is in %s", got)
	}
	if _, err := keyring.Get("sema4-mcp", "default"); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the keyring still has it: %v", err)
	}
	var out bytes.Buffer
	if err := s.Logout(t.Context(), &out); err != nil || !strings.Contains(out.String(), "is deleted") {
		t.Errorf("got %q, %v", &out, err)
	}
	if got := s.readAgain(); got["key"].Text != "" || got["base_url"].Text == "" {
		t.Errorf("after logging out: %+v", got)
	}
}

func TestAKeyThatNothingLeadsToIsTakenBack(t *testing.T) {
	s := newSomeone(t)
	s.ConfigPath = filepath.Join(t.TempDir(), "file", "sema4-mcp.toml")
	if err := os.WriteFile(filepath.Dir(s.ConfigPath), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.login(); err == nil {
		t.Fatal("no error")
	}
	s.ConfigPath = filepath.Join(t.TempDir(), "config")
	if err := os.Mkdir(s.ConfigPath, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.login(); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
	if _, err := keyring.Get("sema4-mcp", "default"); !errors.Is(err, keyring.ErrNotFound) {
		t.Errorf("the keyring has a key: %v", err)
	}
}

func TestAKeyringThatFailsIsSaid(t *testing.T) {
	s := newSomeone(t)
	keyring.MockInitWithError(errors.New("it is locked"))
	if err := s.login(); err != nil {
		t.Fatal(err)
	}
	if said := s.said.String(); !strings.Contains(said, "There is no keyring that works: it is locked.\nThe key is kept in a file instead") {
		t.Errorf("said: %s", said)
	}
}

func TestTheDefaultProfileNeedsNoName(t *testing.T) {
	s := newSomeone(t)
	s.Profile = "work"
	if err := s.login(); err != nil || !strings.Contains(s.said.String(), "--profile work") {
		t.Errorf("%v; said: %s", err, &s.said)
	}
	s.said.Reset()
	s.File = &configfile.File{Table: configfile.Table{"profile": {Text: "work"}}}
	if err := s.login(); err != nil || strings.Contains(s.said.String(), "--profile") {
		t.Errorf("%v; said: %s", err, &s.said)
	}
	s.Profile = "../x"
	if err := s.login(); err == nil {
		t.Error("a profile with the name of a path was made")
	}
}
