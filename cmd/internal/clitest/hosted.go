package clitest

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tailscale/hujson"
	"go.yaml.in/yaml/v4"
)

// started is an entry as a host's own parser reads it.
type started struct {
	Command string
	Cmd     string // what one host calls it
	Args    []string
	Env     map[string]string
	Name    string
}

// configured are the files of hosts in a home directory, and how to read them.
var configured = map[string]struct {
	file string
	read func(text []byte) (map[string]started, error)
}{
	"claude-code": {".claude.json", inJSON("mcpServers")},
	"cursor":      {".cursor/mcp.json", inJSON("mcpServers")},
	"vscode":      {".config/Code/User/mcp.json", inJSON("servers")},
	"zed":         {".config/zed/settings.json", inJSON("context_servers")},
	"codex": {".codex/config.toml", func(text []byte) (map[string]started, error) {
		var file struct {
			Servers map[string]started `toml:"mcp_servers"`
		}
		err := toml.Unmarshal(text, &file)
		return file.Servers, err
	}},
	"goose": {".config/goose/config.yaml", func(text []byte) (map[string]started, error) {
		var file struct{ Extensions map[string]started }
		err := yaml.Unmarshal(text, &file)
		return file.Extensions, err
	}},
	"continue": {".continue/config.yaml", func(text []byte) (map[string]started, error) {
		var file struct {
			Servers []started `yaml:"mcpServers"`
		}
		err := yaml.Unmarshal(text, &file)
		found := map[string]started{}
		for _, server := range file.Servers {
			found[server.Name] = server
		}
		return found, err
	}},
}

func inJSON(container string) func([]byte) (map[string]started, error) {
	return func(text []byte) (map[string]started, error) {
		standard, err := hujson.Standardize(text)
		if err != nil {
			return nil, err
		}
		var file map[string]json.RawMessage
		if err := json.Unmarshal(standard, &file); err != nil {
			return nil, err
		}
		var servers map[string]started
		err = json.Unmarshal(file[container], &servers)
		return servers, err
	}
}

// hosted does as the command host with what a host's configuration says.
func hosted(ts *testscript.TestScript, _ bool, args []string) {
	where := configured[args[0]]
	text, err := os.ReadFile(filepath.Join(ts.Getenv("HOME"), where.file))
	ts.Check(err)
	servers, err := where.read(text)
	ts.Check(err)
	entry := servers["sema4"]
	if entry.Command == "" {
		entry.Command = entry.Cmd
	}
	if !filepath.IsAbs(entry.Command) || len(entry.Env) > 0 {
		ts.Fatalf("%s has %+v", args[0], entry)
	}
	host(ts, false, append([]string{args[1], entry.Command}, entry.Args...))
}
