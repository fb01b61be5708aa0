package edit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sema4mcp/internal/hosts/edit"
)

var (
	inServers = edit.Place{Container: "mcpServers", Name: "sema4"}
	inTables  = edit.Place{Container: "mcp_servers", Name: "sema4"}
	inBlock   = edit.Place{Container: "extensions", Name: "sema4"}
	inList    = edit.Place{Container: "mcpServers", Name: "sema4", Listed: true}

	entry = edit.Table{{Key: "name", Value: "sema4"}, {Key: "command", Value: "/opt/a b/sema4-mcp-bridge"}, {Key: "args", Value: []string{"--profile", "ü\"x"}}}
	moved = edit.Table{{Key: "command", Value: `C:\new place\sema4-mcp-bridge.exe`}, {Key: "args", Value: []string{}}, {Key: "timeout", Value: 300}}
)

// documents are texts for a place: adding the entry and removing it again gives
// them back to the byte.
var documents = []struct {
	format edit.Format
	at     edit.Place
	texts  []string
}{
	{edit.JSON, inServers, []string{
		`{"mcpServers":{"a":{"command":"x"}},"b":1}`,
		`{"b":1}`,
		"{\n  \"b\": 1\n}\n",
		"{\n\t\"b\": 1, // c\n\t// d\n}\n",
		"{\r\n    \"mcpServers\": {\r\n        // one\r\n        \"a\": {}, // two\r\n        /* three */\r\n    },\r\n}",
		"{\"mcpServers\": { \"a\": {} /* x */ } }",
		"\ufeff{ \"b\": [1, 2,], }",
		"{\"mcpServers\": {\"a\": 1 // c\n}}",
		"{\"mcpServers\": {\"a\": 1, // c\n}}",
		"{\"mcpServers\": 1, \"mcpServers\": {\"a\": 1, \"a\": 2}}",
		strings.Repeat(`{"a":[`, 60) + "1" + strings.Repeat(`]}`, 60),
		"{}",
	}},
	{edit.TOML, inTables, []string{
		"",
		"a = 1",
		"a = 1\n",
		"# c\r\n[mcp_servers.x]\r\ncommand = 'y' # d\r\n",
		"[mcp_servers.x]\n\n\n",
		"\ufeffa = 1\n",
		"[[mcp]]\nx = 1\n[a]\nmcp_servers = 1\n",
		"mcp_servers = { x = { command = \"a\" } } # c\n",
		"mcp_servers.y = { a = 1 }\n",
	}},
	{edit.YAML, inBlock, []string{
		"",
		"a: 1",
		"a: 1\n",
		"# top\nextensions: # c\n  # d\n  a:\n    x: 1\n\n# e\nb: 2\n",
		"extensions:\r\n    a: {b: c}\r\nd: 1\r\n",
		"extensions: {a: {b: c}}\n",
		"{a: 1}",
		"\ufeffa: 'ü'\n",
		"extensions:\n      # deep\n  a: 1\n",
	}},
	{edit.YAML, inList, []string{
		"name: x\nversion: 1.0.0\n",
		"mcpServers:\n- name: a\n  command: b\n# c\nmodels: []\n",
		"mcpServers:\n  - name: a\n    command: b",
		"mcpServers: [{name: a}] # x\n",
	}},
}

func TestAddingThenRemovingGivesTheSameBytes(t *testing.T) {
	for _, c := range documents {
		for _, text := range c.texts {
			t.Run(text[:min(len(text), 60)], func(t *testing.T) {
				added, err := c.format.Add([]byte(text), c.at, entry)
				if err != nil {
					t.Fatal(err)
				}
				updated, err := c.format.Update(added, c.at, moved)
				if err != nil {
					t.Fatal(err)
				}
				for _, with := range [][]byte{added, updated} {
					removed, err := c.format.Remove(with, c.at)
					if err != nil || string(removed) != text {
						t.Errorf("%v, from\n%s\ncame %q, want %q", err, with, removed, text)
					}
				}
				if strings.Contains(text, "\r\n") && bytes.Count(updated, []byte("\n")) != bytes.Count(updated, []byte("\r\n")) {
					t.Errorf("line ends differ in %q", updated)
				}
			})
		}
	}
}

func TestUpdateKeepsTheRestOfTheEntry(t *testing.T) {
	for _, c := range []struct {
		format     edit.Format
		at         edit.Place
		text, want string
	}{
		{edit.JSON, inServers,
			"{\"mcpServers\": {\n  \"sema4\": {\n    \"command\": \"old\", // mine\n    \"env\": {\"A\": \"b\"}\n  }\n}}",
			"{\"mcpServers\": {\n  \"sema4\": {\n    \"command\": \"new\", // mine\n    \"env\": {\"A\": \"b\"},\n    \"args\": [\"x\"]\n  }\n}}"},
		{edit.TOML, inTables,
			"[mcp_servers.sema4] # ours\ncommand = 'old' # mine\nargs = [\n  \"y\", # z\n]\ntool_timeout_sec = 600\n[mcp_servers.sema4.env]\nA = \"b\"\n",
			"[mcp_servers.sema4] # ours\ncommand = \"new\" # mine\nargs = [\"x\"]\ntool_timeout_sec = 600\n[mcp_servers.sema4.env]\nA = \"b\"\n"},
		{edit.TOML, inTables,
			"[mcp_servers]\nsema4 = { command = \"old\", env = { A = \"b\" } }\n",
			"[mcp_servers]\nsema4 = { args = [\"x\"], command = \"new\", env = { A = \"b\" } }\n"},
		{edit.YAML, inBlock,
			"extensions:\n  sema4:\n    command: old # mine\n    args:\n    - y\n    - z\n    enabled: false\n  b: 1\n",
			"extensions:\n  sema4:\n    command: new # mine\n    args: [\"x\"]\n    enabled: false\n  b: 1\n"},
		{edit.YAML, inBlock,
			"extensions: {b: 1, sema4: {command: 'it''s', e: 1}}\n",
			"extensions: {b: 1, sema4: {args: [\"x\"], command: new, e: 1}}\n"},
	} {
		got, err := c.format.Update([]byte(c.text), c.at, edit.Table{{Key: "command", Value: "new"}, {Key: "args", Value: []string{"x"}}})
		if err != nil || string(got) != c.want {
			t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
		}
	}
}

func TestRemoveTakesOnlyTheEntry(t *testing.T) {
	for _, c := range []struct {
		format     edit.Format
		at         edit.Place
		text, want string
	}{
		{edit.JSON, inServers, "{\"mcpServers\": {\n  \"sema4\": {},\n  // b\n  \"b\": {}\n}}", "{\"mcpServers\": {\n  // b\n  \"b\": {}\n}}"},
		{edit.JSON, inServers, "{\"mcpServers\": {\"sema4\": 1, \"b\": 2, \"sema4\": {}}}", "{\"mcpServers\": { \"b\": 2}}"},
		{edit.JSON, inServers, "{\"a\": 1, \"mcpServers\": {/* note */ \"sema4\": {}}}", "{\"a\": 1, \"mcpServers\": {/* note */}}"},
		{edit.TOML, inTables, "[mcp_servers.sema4]\na = 1\n[mcp_servers.sema4.env]\nb = 2\n\n# next\n[x]\n", "\n# next\n[x]\n"},
		{edit.TOML, inTables, "[mcp_servers]\nsema4.command = 'x'\nb = { c = 1 }\n", "[mcp_servers]\nb = { c = 1 }\n"},
		{edit.YAML, inBlock, "extensions: # note\n  sema4:\n    a: 1\nb: 2\n", "extensions: {} # note\nb: 2\n"},
		{edit.YAML, inBlock, "extensions: {b: 1, sema4: {c: \"}\"} } # d\n", "extensions: {b: 1 } # d\n"},
		{edit.YAML, inList, "mcpServers:\n  - name: a\n  - name: sema4\n    command: x\n\nb: 1\n", "mcpServers:\n  - name: a\n\nb: 1\n"},
	} {
		got, err := c.format.Remove([]byte(c.text), c.at)
		if err != nil || string(got) != c.want {
			t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
		}
	}
}

func TestBrokenTextsAreRefusedWithTheirPlace(t *testing.T) {
	for _, c := range []struct {
		format       edit.Format
		at           edit.Place
		text         string
		line, column int
	}{
		{edit.JSON, inServers, "{\n  \"a\": secret-word\n}", 2, 8},
		{edit.JSON, inServers, "{\n  \"mcpServers\": []}", 2, 17},
		{edit.JSON, inServers, "[]", 1, 1},
		{edit.JSON, inServers, "{\"a\": 1", 1, 8},
		{edit.JSON, inServers, "{\n\"a\": \"\xff\"}", 2, 7},
		{edit.TOML, inTables, "a = 1\nb = \n", 2, 5},
		{edit.YAML, inBlock, "a: 1\nextensions: [a]\n", 2, 13},
		{edit.YAML, inBlock, "a: 1\n---\nb: 1\n", 2, 1},
		{edit.YAML, inBlock, "a: 1\rb: 2\n", 1, 5},
		{edit.YAML, inBlock, "- a\n", 1, 1},
	} {
		_, err := c.format.Add([]byte(c.text), c.at, entry)
		var syntax *edit.SyntaxError
		if !errors.As(err, &syntax) || syntax.Line != c.line || syntax.Column != c.column || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%q: got %v, want line %d, column %d", c.text, err, c.line, c.column)
		}
	}
	for _, text := range []string{"a: [\n", "a: 1\na: 2\n", "a: b: c\n"} {
		if _, _, err := edit.YAML.Find([]byte(text), inBlock); !errors.As(err, new(*edit.SyntaxError)) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestFormsThatCannotBeEditedAreRefused(t *testing.T) {
	for _, text := range []string{"a: |+\n  text\n\n", "a: |\n  text"} {
		got, err := edit.YAML.Add([]byte(text), inBlock, entry)
		if err == nil {
			continue
		}
		if !errors.Is(err, edit.ErrUnsafe) || got != nil {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	if _, err := edit.TOML.Update([]byte("mcp_servers.sema4.command = 'x'\n"), inTables, moved); !errors.Is(err, edit.ErrUnsafe) {
		t.Errorf("got %v", err)
	}
}
