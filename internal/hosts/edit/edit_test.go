package edit_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sema4mcp/internal/hosts/edit"
)

var update = flag.Bool("update", false, "rewrite what the edits are expected to give")

var (
	servers = edit.Place{Container: "mcpServers", Name: "sema4"}
	tables  = edit.Place{Container: "mcp_servers", Name: "sema4"}
	block   = edit.Place{Container: "extensions", Name: "sema4"}
	listed  = edit.Place{Container: "mcpServers", Name: "sema4", Listed: true}

	entry = edit.Table{{"command", "/opt/a b/sema4-mcp-bridge"}, {"args", []string{"--profile", "ü\"x"}}}
	moved = edit.Table{{"command", `C:\new place\sema4-mcp-bridge.exe`}, {"args", []string{}}, {"timeout", 300}}
)






func TestThere(t *testing.T) {
	named := append(edit.Table{{"name", "sema4"}}, entry...)
	for _, c := range []struct {
		f     edit.Format
		at    edit.Place
		entry edit.Table
		texts []string
	}{
		{edit.JSON, servers, entry, []string{
			`{"mcpServers":{"a":{"command":"x"}},"b":1}`, `{"b":1}`, "{\n  \"b\": 1\n}\n", "{\n\t\"b\": 1, // c\n\t// d\n}\n",
			"{\r\n    \"mcpServers\": {\r\n        // one\r\n        \"a\": {}, // two\r\n        /* three */\r\n    },\r\n}",
			"{\"mcpServers\": { \"a\": {} /* x */ } }", "\ufeff{ \"b\": [1, 2,], }",
			"{\"mcpServers\": {\"a\": 1 // c\n}}", "{\"mcpServers\": {\"a\": 1, // c\n}}", "{\"mcpServers\": 1, \"mcpServers\": {\"a\": 1, \"a\": 2}}",
		}},
		{edit.TOML, tables, entry, []string{
			"", "a = 1", "a = 1\n", "# c\r\n[mcp_servers.x]\r\ncommand = 'y' # d\r\n", "[mcp_servers.x]\n\n\n", "\ufeffa = 1\n", "[[mcp]]\nx = 1\n[a]\nmcp_servers = 1\n",
			"mcp_servers = { x = { command = \"a\" } } # c\n", "mcp_servers.y = { a = 1 }\n",
		}},
		{edit.YAML, block, entry, []string{
			"", "a: 1", "a: 1\n", "# top\nextensions: # c\n  # d\n  a:\n    x: 1\n\n# e\nb: 2\n", "extensions:\r\n    a: {b: c}\r\nd: 1\r\n", "extensions: {a: {b: c}}\n", "{a: 1}", "\ufeffa: 'ü'\n",
			"extensions:\n      # deep\n  a: 1\n",
		}},
		{edit.YAML, listed, named, []string{
			"name: x\nversion: 1.0.0\n", "mcpServers:\n- name: a\n  command: b\n# c\nmodels: []\n", "mcpServers:\n  - name: a\n    command: b", "mcpServers: [{name: a}] # x\n",
		}},
	} {
		for _, text := range c.texts {
			t.Run(text, func(t *testing.T) {
				added, err := c.f.Add([]byte(text), c.at, c.entry)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("\n%s", added)
				changed, err := c.f.Update(added, c.at, moved)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("\n%s", changed)
				for _, x := range [][]byte{added, changed} {
					removed, err := c.f.Remove(x, c.at)
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(removed, []byte(text)) {
						t.Errorf("removed:\n%q, want\n%q", removed, text)
					}
				}
				if strings.Contains(text, "\r\n") && bytes.Count(changed, []byte("\n")) != bytes.Count(changed, []byte("\r\n")) {
					t.Error("mixed line ends")
				}
			})
		}
	}
}
