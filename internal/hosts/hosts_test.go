package hosts_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/hosts"
)

var update = flag.Bool("update", false, "rewrite what files are expected to become")

// Fixed, for the names of backups.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var want = hosts.Entry{Name: "sema4", Command: "/opt/Sema4 MCP/sema4-mcp-bridge", Args: []string{"--profile", "acme"}}

func on(system, home string) hosts.System {
	return hosts.System{OS: system, Home: home, Getenv: func(string) string { return "" }}
}

// configured is a home with a host's file in it.
func configured(t *testing.T, name string, text []byte) hosts.File {
	t.Helper()
	host, ok := hosts.Named(name)
	if !ok {
		t.Fatalf("no host %s", name)
	}
	system := on("linux", t.TempDir())
	path := host.Find(system).Path
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(system.Home, ".config", "JetBrains"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := host.Find(system)
	if !file.Installed || file.Path != path {
		t.Fatalf("found %+v", file)
	}
	return file
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// apply plans and makes a change.
func apply(t *testing.T, plan func(hosts.Entry, bool) (*hosts.Change, error), entry hosts.Entry, force bool) (*hosts.Change, string) {
	t.Helper()
	change, err := plan(entry, force)
	if err != nil {
		t.Fatal(err)
	}
	backup, err := change.Apply(now)
	if err != nil {
		t.Fatal(err)
	}
	return change, backup
}

// Each testdata/config/HOST is a file as its users have it, with comments, other
// servers and all that may be in it; HOST.golden is the same with our entry.
func TestFilesOfHostsRoundTrip(t *testing.T) {
	for _, host := range hosts.All() {
		sample := contents(t, filepath.Join("testdata", "config", host.Name))
		crlf := bytes.ReplaceAll(sample, []byte("\n"), []byte("\r\n"))
		for name, before := range map[string][]byte{
			"as it is": sample, "CRLF": crlf, "BOM": append([]byte("\ufeff"), crlf...), "no last newline": bytes.TrimRight(sample, "\n"), "empty": {}, "blank": []byte("\n"),
		} {
			t.Run(host.Name+" "+name, func(t *testing.T) {
				file := configured(t, host.Name, before)
				change, backup := apply(t, file.Setup, want, false)
				after := contents(t, file.Path)
				if change.Action != hosts.Add || !bytes.Equal(contents(t, backup), before) {
					t.Errorf("%s, with the backup %q", change.Action, contents(t, backup))
				}
				if name == "as it is" {
					golden(t, host.Name, after)
				}
				if state, err := file.State(want); err != nil || state.Status != hosts.Current || state.Command != want.Command {
					t.Errorf("state %+v, %v", state, err)
				}
				if again, backup := apply(t, file.Setup, want, false); again.Action != hosts.Nothing || backup != "" || !bytes.Equal(contents(t, file.Path), after) {
					t.Errorf("a second time: %s", again.Action)
				}
				moved := want
				moved.Command = `C:\Program Files\sema4-mcp-bridge.exe`
				if change, _ := apply(t, file.Setup, moved, false); change.Action != hosts.Update {
					t.Errorf("another path: %s", change.Action)
				}
				if change, _ := apply(t, file.Remove, moved, false); change.Action != hosts.Remove || !bytes.Equal(contents(t, file.Path), before) {
					t.Errorf("removed: %q", contents(t, file.Path))
				}
				if change, _ := apply(t, file.Remove, moved, false); change.Action != hosts.Nothing {
					t.Errorf("removed again: %s", change.Action)
				}
			})
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "config", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := contents(t, path); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiffShowsNothingOfOthers(t *testing.T) {
	for _, host := range hosts.All() {
		file := configured(t, host.Name, contents(t, filepath.Join("testdata", "config", host.Name)))
		change, _ := apply(t, file.Setup, want, false)
		diff := change.Diff()
		if strings.Contains(diff, "planted") || !strings.Contains(diff, want.Command) {
			t.Errorf("%s:\n%s", host.Name, diff)
		}
		change, _ = apply(t, file.Remove, want, false)
		if diff := change.Diff(); strings.Contains(diff, "planted") {
			t.Errorf("%s:\n%s", host.Name, diff)
		}
	}
}

func TestDiffOfOneLongLine(t *testing.T) {
	file := configured(t, "claude-code", []byte(`{"`+strings.Repeat("key", 500)+`":1,"mcpServers":{},"z":"`+strings.Repeat("planted", 500)+`"}`))
	change, _ := apply(t, file.Setup, want, false)
	if diff := change.Diff(); len(diff) > 1200 || !strings.Contains(diff, want.Command) {
		t.Errorf("got\n%s", diff)
	}
}

func TestFileKeepsItsModeAndLink(t *testing.T) {
	file := configured(t, "claude-code", []byte("{}"))
	real := filepath.Join(t.TempDir(), "dotfiles.json")
	if err := os.WriteFile(real, []byte("{\"a\": 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, file.Path); err != nil {
		t.Fatal(err)
	}
	_, backup := apply(t, file.Setup, want, false)
	if target, err := os.Readlink(file.Path); err != nil || target != real {
		t.Errorf("the link leads to %s, %v", target, err)
	}
	if filepath.Dir(backup) != filepath.Dir(real) {
		t.Errorf("the backup is %s", backup)
	}
	for _, path := range []string{real, backup} {
		if mode := modeOf(t, path); mode != 0o600 {
			t.Errorf("%s has mode %o", path, mode)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(real), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestMissingFileIsMadeAndGoesAgain(t *testing.T) {
	for _, host := range hosts.All() {
		file := host.Find(on(runtime.GOOS, t.TempDir()))
		if file.Installed {
			t.Errorf("%s is found in an empty home", host.Name)
		}
		change, backup := apply(t, file.Setup, want, false)
		if !strings.Contains(change.Diff(), "/dev/null") || backup != "" {
			t.Errorf("%s: %s, backup %s", host.Name, change.Diff(), backup)
		}
		if mode := modeOf(t, file.Path); mode != 0o600 && mode != 0o644 {
			t.Errorf("%s: mode %o", host.Name, mode)
		}
		if host.Snippet(want) != string(contents(t, file.Path)) || host.ByHand(want) == "" {
			t.Errorf("%s: the snippet is %s", host.Name, host.Snippet(want))
		}
		apply(t, file.Remove, want, false)
		if _, err := os.Stat(file.Path); err == nil {
			t.Errorf("%s: %s is still there", host.Name, file.Path)
		}
	}
}

func TestFileThatChangesMeanwhileIsLeftAlone(t *testing.T) {
	file := configured(t, "zed", []byte("{}"))
	change, err := file.Setup(want, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file.Path, []byte("{ }"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := change.Apply(now); err == nil || !strings.Contains(err.Error(), "meanwhile") && !strings.Contains(err.Error(), "meantime") {
		t.Errorf("got %v", err)
	}
	if got := contents(t, file.Path); string(got) != "{ }" {
		t.Errorf("got %s", got)
	}
}

func TestForeignEntryNeedsForce(t *testing.T) {
	const text = `{"mcpServers": {"sema4": {"command": "npx"}}}`
	file := configured(t, "cursor", []byte(text))
	for _, plan := range []func(hosts.Entry, bool) (*hosts.Change, error){file.Setup, file.Remove} {
		if _, err := plan(want, false); err == nil || !strings.Contains(err.Error(), "--force") {
			t.Errorf("got %v", err)
		}
	}
	if change, _ := apply(t, file.Setup, want, true); change.Action != hosts.Replace {
		t.Errorf("got %s", change.Action)
	}
}

func TestArgumentsAreKeptUnlessOthersAreAskedFor(t *testing.T) {
	file := configured(t, "cursor", []byte(`{"mcpServers": {"sema4": {"command": "/old/sema4-mcp-bridge", "args": ["--read-only"]}}}`))
	entry := want
	entry.Args, entry.KeepArgs = nil, true
	apply(t, file.Setup, entry, false)
	if got := string(contents(t, file.Path)); !strings.Contains(got, want.Command) || !strings.Contains(got, `["--read-only"]`) {
		t.Errorf("got %s", got)
	}
}

func TestContinueKeepsItsOlderFile(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".continue"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".continue", "config.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	host, _ := hosts.Named("continue")
	if _, err := host.Find(on("linux", home)).Setup(want, false); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("got %v", err)
	}
}

func TestDirectoryThatCannotBeMade(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".codex"), []byte("a file"), 0o644); err != nil {
		t.Fatal(err)
	}
	host, _ := hosts.Named("codex")
	_, err := host.Find(on("linux", home)).Setup(want, false)
	if err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
}
