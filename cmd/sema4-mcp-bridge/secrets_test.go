package main

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// planted is the secret that must not be found.
const planted = "s4w_pl4nted0123456789abcdef"

// plantedTenant is a tenant whose key is the planted one. It repeats a key that it
// refuses, as some servers do.
func plantedTenant(t *testing.T) string {
	t.Helper()
	tenant := testtenant.Start(t).Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch sent := r.Header.Get("Authorization"); sent {
		case "Bearer " + planted:
			r.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
		case "":
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"code":"unauthorized","message":"no such key: `+sent+`"}}`)
			return
		}
		tenant.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// user is somebody with an empty home who runs commands; everything shown to them
// is kept.
type user struct {
	t     *testing.T
	home  string
	shown screen
}

// screen keeps what several goroutines write: frames and the log.
type screen struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func newUser(t *testing.T) *user {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null") // never dialled
	keyring.MockInit()
	return &user{t: t, home: home}
}

// run runs a command; it fails the test where the command's end is another than wanted.
func (u *user) run(well bool, in string, args ...string) {
	u.t.Helper()
	for _, arg := range args {
		if strings.Contains(arg, planted) {
			u.t.Fatalf("the test itself puts the secret into %q", args)
		}
	}
	command := newCommand(strings.NewReader(in), &u.shown)
	command.SetErr(&u.shown)
	command.SetArgs(args)
	command.SilenceUsage = true
	if err := command.ExecuteContext(u.t.Context()); (err == nil) != well {
		u.t.Errorf("%q ended with %v", args, err)
	} else if err != nil {
		_, _ = io.WriteString(&u.shown, err.Error())
	}
}

func (u *user) write(name, text string) string {
	u.t.Helper()
	path := filepath.Join(u.home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
	return path
}

// holders are the files below the home that the secret is in.
func (u *user) holders() []string {
	u.t.Helper()
	var holders []string
	err := filepath.WalkDir(u.home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(planted)) {
			info, statErr := entry.Info()
			if statErr == nil && info.Mode().Perm() != 0o600 {
				u.t.Errorf("%s can be read by others", path)
			}
			holders = append(holders, strings.TrimPrefix(path, u.home+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return holders
}

const listAgents = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_agents","arguments":{}}}` + "\n"

// everything is done with a key that a login keeps where the arguments say.
func (u *user) everything(url string, login ...string) {
	log := filepath.Join(u.home, "bridge.log")
	u.run(true, planted+"\n", append([]string{"login", "--base-url", url}, login...)...)
	u.run(true, "", "profiles")
	u.run(true, "", "profiles", "--json")
	u.run(true, "", "config", "show")
	u.run(true, "", "config", "show", "--json")
	u.run(true, "", "doctor", "--ask", "Echo")
	u.run(true, "", "doctor", "--json")
	u.run(true, listAgents, "--log-level", "debug", "--log-file", log)
	u.run(true, listAgents, "--log-level", "debug")
	if !strings.Contains(u.shown.String(), "Sales Analyst") {
		u.t.Error("the bridge did not answer")
	}
}

func TestNoCommandShowsTheKey(t *testing.T) {
	url := plantedTenant(t)
	for where, want := range map[string][]string{"": nil, "--no-keyring": {filepath.Join(".sema4-mcp", "profiles", "default", "key")}} {
		t.Run("login "+where, func(t *testing.T) {
			u := newUser(t)
			u.everything(url, strings.Fields(where)...)
			if got := u.holders(); !slices.Equal(got, want) {
				t.Errorf("the key is in %q, want %q", got, want)
			}
			u.run(true, "", "logout")
			if got := u.holders(); got != nil {
				t.Errorf("after logging out the key is in %q", got)
			}
			if _, err := keyring.Get("sema4-mcp", "default"); err == nil {
				t.Error("after logging out the keyring has the key")
			}
			u.shows(t)
		})
	}
}

func TestNoMistakeShowsTheKey(t *testing.T) {
	url := plantedTenant(t)
	u := newUser(t)
	for name, text := range map[string]string{
		"as the key":     `key = "` + planted + `"`,
		"without quotes": `key = ` + planted,
		"without an end": `key = "` + planted,
		"in a list":      `agents = ["a", ` + planted + `]`,
		"as a time":      `call_budget = "` + planted + `"`,
		"as a number":    `read_only = "` + planted + `"`,
		"as a way":       `send = "` + planted + `"`,
		"in a proxy":     `proxy = "http://me:` + planted + `@proxy.example"`,
		"in a command":   "base_url = \"" + url + "/api/v2\"\nkey = \"cmd:echo " + planted + " more\"",
	} {
		path := u.write("bad.toml", text)
		u.run(name == "in a command", "", "config", "show", "--json", "--config", path)
		u.run(false, "", "doctor", "--json", "--config", path)
		u.run(true, listAgents, "--config", path)
	}
	u.write("bad.toml", "")
	u.run(false, planted+" x", "login", "--base-url", url)
	t.Setenv("SEMA4_API_KEY", planted+"-old")
	t.Setenv("SEMA4_BASE_URL", url+"/api/v2")
	u.run(false, "", "doctor")
	u.run(true, listAgents)
	t.Setenv("SEMA4_BASE_URL", planted)
	u.run(false, "", "doctor")
	u.run(true, listAgents)
	t.Setenv("SEMA4_BASE_URL", "https://me:"+planted+"@h.example/api/v2?key="+planted)
	u.run(true, "", "config", "show")
	u.run(false, "", "doctor", "--json")
	u.run(true, listAgents)
	t.Setenv("SEMA4_BASE_URL", "http://tenant.example/api/v2")
	t.Setenv("SEMA4_PROXY", "http://me:"+planted+"@127.0.0.1:1")
	u.run(false, "", "doctor")
	u.run(true, "", "config", "show", "--json")
	u.run(true, listAgents)
	u.shows(t)
	if got := u.holders(); got != nil {
		t.Errorf("the secret is in %q", got)
	}
}

// shows fails where the secret was shown.
func (u *user) shows(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(u.shown.String()) {
		if strings.Contains(line, planted) {
			t.Errorf("the secret was shown: %s", line)
		}
	}
}
