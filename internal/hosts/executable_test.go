package hosts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLastingPathIsTheLinkThatUpgradesMove(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", filepath.Join(root, "bin"))
	versioned := filepath.Join(root, "Cellar", "1.0", "sema4-mcp-bridge")
	for _, dir := range []string{filepath.Dir(versioned), filepath.Join(root, "bin")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(versioned, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := lasting(versioned, versioned); got != versioned {
		t.Errorf("without a link: %s", got)
	}
	if err := os.Symlink(filepath.Join(root, "Cellar", "1.0"), filepath.Join(root, "Cellar", "current")); err != nil {
		t.Fatal(err)
	}
	if got, want := lasting(versioned, "no-such-program"), filepath.Join(root, "Cellar", "current", "sema4-mcp-bridge"); got != want {
		t.Errorf("with a directory for the current version: %s", got)
	}
	link := filepath.Join(root, "bin", "sema4-mcp-bridge")
	if err := os.Symlink(versioned, link); err != nil {
		t.Fatal(err)
	}
	if got := lasting(versioned, versioned); got != link {
		t.Errorf("with a link in the path: %s", got)
	}
	if !isThrowaway("/tmp/go-build1/b001/exe/x") || isThrowaway(link) {
		t.Error("what go run builds is not told from the rest")
	}
}

func TestPathsOfEachSystem(t *testing.T) {
	home := t.TempDir()
	store := filepath.Join(home, "AppData", "Local", "Packages", "Claude_abc123")
	for _, c := range []struct{ os, host, want string }{
		{"linux", "claude-desktop", ".config/Claude/claude_desktop_config.json"},
		{"darwin", "claude-desktop", "Library/Application Support/Claude/claude_desktop_config.json"},
		{"windows", "claude-desktop", "AppData/Roaming/Claude/claude_desktop_config.json"},
		{"windows", "goose", "AppData/Roaming/Block/goose/config/config.yaml"},
		{"darwin", "goose", ".config/goose/config.yaml"},
		{"darwin", "zed", ".config/zed/settings.json"},
		{"windows", "zed", "AppData/Roaming/Zed/settings.json"},
		{"darwin", "vscode", "Library/Application Support/Code/User/mcp.json"},
		{"windows", "cline", ".cline/data/settings/cline_mcp_settings.json"},
	} {
		host, _ := Named(c.host)
		got := host.Find(System{OS: c.os, Home: home, Getenv: func(string) string { return "" }}).Path
		if relative, found := strings.CutPrefix(filepath.ToSlash(got), filepath.ToSlash(home)+"/"); !found || relative != c.want {
			t.Errorf("%s on %s: %s", c.host, c.os, got)
		}
	}
	if err := os.MkdirAll(store, 0o755); err != nil {
		t.Fatal(err)
	}
	host, _ := Named("claude-desktop")
	found := host.Find(System{OS: "windows", Home: home, Getenv: func(string) string { return "" }})
	if want := filepath.Join(store, "LocalCache", "Roaming", "Claude", "claude_desktop_config.json"); !found.Installed || found.Path != want {
		t.Errorf("from the Store: %+v", found)
	}
}
