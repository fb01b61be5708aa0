package hosts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sema4mcp/internal/hosts/edit"
)

// Modes of new files: private where the host itself keeps secrets in the file.
const (
	private = 0o600
	shared  = 0o644
)

var stdio = edit.Table{{Key: "type", Value: "stdio"}}

// All are the hosts that are known, by name.
func All() []*Host { return slices.Clone(all) }

var all = []*Host{
	{
		Name: "claude-code", Title: "Claude Code", Next: "New sessions have it.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", before: stdio, mode: private,
		places: func(s System) []location {
			if dir := s.Getenv("CLAUDE_CONFIG_DIR"); filepath.IsAbs(dir) {
				return []location{{file: filepath.Join(dir, ".claude.json"), marker: dir}}
			}
			file := s.home(".claude.json")
			return []location{{file: file, marker: s.home(".claude")}, {file: file, marker: file}}
		},
		byHand: func(e Entry) string {
			return "Or run: claude mcp add --scope user " + e.Name + " -- " + e.shell()
		},
	},
	{
		Name: "claude-desktop", Title: "Claude Desktop", Next: "Quit Claude Desktop and start it again.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: claudeDesktop,
		byHand: func(Entry) string { return "Or open the file from Settings > Developer > Edit Config." },
	},
	{
		Name: "cline", Title: "Cline", Next: "Cline has it at once.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: cline,
		byHand: func(Entry) string { return "Or open the file from MCP Servers > Configure > Configure MCP Servers." },
	},
	{
		Name: "codex", Title: "Codex", Next: "New sessions have it.",
		format: edit.TOML, container: "mcp_servers", commandKey: "command", mode: private,
		places: func(s System) []location { return inDirectory(s.env("CODEX_HOME", ".codex"), "config.toml") },
		byHand: func(e Entry) string { return "Or run: codex mcp add " + e.Name + " -- " + e.shell() },
	},
	{
		Name: "continue", Title: "Continue", Next: "Continue has it at once, in agent mode.",
		format: edit.YAML, container: "mcpServers", listed: true, commandKey: "command", before: stdio, mode: private,
		fresh: "name: Local Config\nversion: 1.0.0\nschema: v1\n",
		places: func(s System) []location {
			dir := s.env("CONTINUE_GLOBAL_DIR", ".continue")
			l := inDirectory(dir, "config.yaml")
			l[0].instead = []string{filepath.Join(dir, "config.json"), filepath.Join(dir, "config.ts")}
			return l
		},
		byHand: func(Entry) string { return "Or put it into a file of its own in .continue/mcpServers of a workspace." },
	},
	{
		Name: "cursor", Title: "Cursor", Next: "Switch it on under Settings > Tools & MCP if Cursor asks.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: func(s System) []location { return inDirectory(s.home(".cursor"), "mcp.json") },
		byHand: func(e Entry) string {
			return "Or open: cursor://anysphere.cursor-deeplink/mcp/install?" + e.link()
		},
	},
	{
		Name: "gemini", Title: "Gemini CLI", Next: "New sessions have it.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: private,
		places: func(s System) []location {
			return inDirectory(filepath.Join(s.env("GEMINI_CLI_HOME"), ".gemini"), "settings.json")
		},
		byHand: func(e Entry) string { return "Or run: gemini mcp add --scope user " + e.Name + " " + e.shell() },
	},
	{
		Name: "goose", Title: "Goose", Next: "New sessions have it.",
		format: edit.YAML, container: "extensions", commandKey: "cmd", mode: private,
		before: edit.Table{{Key: "type", Value: "stdio"}, {Key: "name", Value: ""}},
		after:  edit.Table{{Key: "enabled", Value: true}, {Key: "timeout", Value: 300}},
		places: goose,
		byHand: func(Entry) string {
			return "Or run goose configure, and choose Add Extension, then Command-line Extension."
		},
	},
	{
		Name: "jetbrains", Title: "JetBrains AI Assistant", Next: "IDEs from 2026.2 read it; in an older one add it under Settings > Tools > AI Assistant > MCP.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: func(s System) []location {
			file := s.home(".ai", "mcp", "mcp.json")
			return []location{{file: file, marker: filepath.Join(s.config(), "JetBrains")}, {file: file, marker: file}}
		},
		byHand: func(Entry) string { return "Or paste it under Settings > Tools > AI Assistant > MCP > Add > As JSON." },
	},
	{
		Name: "lm-studio", Title: "LM Studio", Next: "LM Studio has it at once.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: lmStudio,
		byHand: func(e Entry) string { return "Or open: lmstudio://add_mcp?" + e.link() },
	},
	{
		Name: "vscode", Title: "VS Code", Next: "VS Code asks whether to trust it.",
		format: edit.JSON, container: "servers", commandKey: "command", before: stdio, mode: shared,
		places: func(s System) []location {
			stable, insiders := filepath.Join(s.config(), "Code", "User"), filepath.Join(s.config(), "Code - Insiders", "User")
			return append(inDirectory(stable, "mcp.json"), inDirectory(insiders, "mcp.json")...)
		},
		byHand: func(Entry) string { return "Or run the command MCP: Add Server in VS Code." },
	},
	{
		Name: "windsurf", Title: "Windsurf", Next: "Press Refresh in Windsurf's MCP settings.",
		format: edit.JSON, container: "mcpServers", commandKey: "command", mode: shared,
		places: func(s System) []location {
			return inDirectory(s.home(".codeium", "windsurf"), "mcp_config.json")
		},
		byHand: func(Entry) string { return "Or open the file from Windsurf Settings > Cascade > MCP Servers." },
	},
	{
		Name: "zed", Title: "Zed", Next: "Zed has it at once.",
		format: edit.JSON, container: "context_servers", commandKey: "command", mode: shared,
		places: func(s System) []location {
			switch s.OS {
			case "windows":
				return inDirectory(filepath.Join(s.config(), "Zed"), "settings.json")
			case "darwin":
				return inDirectory(s.home(".config", "zed"), "settings.json")
			default:
				return inDirectory(filepath.Join(s.xdg(), "zed"), "settings.json")
			}
		},
		byHand: func(Entry) string { return "Or open the file with the command zed: open settings file." },
	},
}

// inDirectory is a file in a directory that the host makes when it is first
// started.
func inDirectory(dir, file string) []location {
	return []location{{file: filepath.Join(dir, file), marker: dir}}
}

// claudeDesktop from the Store keeps what it writes to %APPDATA% in a directory
// of its package's own.
func claudeDesktop(s System) []location {
	const file = "claude_desktop_config.json"
	var found []location
	if s.OS == "windows" {
		packages, _ := filepath.Glob(filepath.Join(s.localAppData(), "Packages", "Claude_*")) // the pattern is valid
		for _, dir := range packages {
			found = append(found, location{file: filepath.Join(dir, "LocalCache", "Roaming", "Claude", file), marker: dir, fallback: true})
		}
	}
	return append(found, inDirectory(filepath.Join(s.config(), "Claude"), file)...)
}

// cline has one file for all its forms; before that, the extension kept one with
// VS Code.
func cline(s System) []location {
	const file = "cline_mcp_settings.json"
	if path := s.Getenv("CLINE_MCP_SETTINGS_PATH"); filepath.IsAbs(path) {
		return []location{{file: path, marker: filepath.Dir(path)}}
	}
	data := s.Getenv("CLINE_DATA_DIR")
	if !filepath.IsAbs(data) {
		data = filepath.Join(s.env("CLINE_DIR", ".cline"), "data")
	}
	extension := filepath.Join(s.config(), "Code", "User", "globalStorage", "saoudrizwan.claude-dev")
	return []location{
		{file: filepath.Join(data, "settings", file), marker: data},
		{file: filepath.Join(extension, "settings", file), marker: extension, fallback: true},
	}
}

func goose(s System) []location {
	if root := s.Getenv("GOOSE_PATH_ROOT"); filepath.IsAbs(root) {
		return inDirectory(filepath.Join(root, "config"), "config.yaml")
	}
	if s.OS == "windows" {
		return inDirectory(filepath.Join(s.config(), "Block", "goose", "config"), "config.yaml")
	}
	return inDirectory(filepath.Join(s.xdg(), "goose"), "config.yaml")
}

// lmStudio may have been told to live elsewhere; then a file at home says where.
func lmStudio(s System) []location {
	var found []location
	if pointer, err := os.ReadFile(s.home(".lmstudio-home-pointer")); err == nil {
		if dir := strings.TrimSpace(string(pointer)); filepath.IsAbs(dir) {
			found = inDirectory(dir, "mcp.json")
		}
	}
	older := location{file: s.home(".cache", "lm-studio", "mcp.json"), marker: s.home(".cache", "lm-studio"), fallback: true}
	return append(append(found, inDirectory(s.home(".lmstudio"), "mcp.json")...), older)
}
