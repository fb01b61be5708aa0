package hosts

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"sema4mcp/internal/hosts/edit"
)

// hidden stands for what is not ours to show.
const hidden = "…"

// masked is a text whose keys and structure are shown, and of its values ours.
func (c *Change) masked(text []byte) string {
	plain := strings.ReplaceAll(string(text), "\r\n", "\n")
	if !c.there || c.deletes { // all of it is ours
		return plain
	}
	if c.File.Host.format == edit.JSON {
		return c.maskJSON(plain)
	}
	m := lineMask{shown: c.shown, key: yamlKey}
	if c.File.Host.format == edit.TOML {
		m.key = tomlKey
	}
	var masked strings.Builder
	for line := range strings.Lines(plain) {
		masked.WriteString(m.line(line))
	}
	return masked.String()
}

var (
	jsonToken = regexp.MustCompile(`"(?:\\.|[^"\\])*"|//[^\n]*|(?s:/\*.*?\*/)|[^\s{}\[\],:"]+`)
	colon     = regexp.MustCompile(`^\s*:`)
	words     = regexp.MustCompile(`[^\s]+(?:[ \t]+[^\s]+)*`)
)

func (c *Change) maskJSON(text string) string {
	var masked strings.Builder
	at := 0
	for _, token := range jsonToken.FindAllStringIndex(text, -1) {
		masked.WriteString(text[at:token[0]])
		at = token[1]
		switch found := text[token[0]:at]; {
		case found[0] == '"' && colon.MatchString(text[at:]), shows(c.shown, found):
			masked.WriteString(found)
		case found[0] == '"':
			masked.WriteString(`"` + hidden + `"`)
		case strings.HasPrefix(found, "//"):
			masked.WriteString("// " + hidden)
		case strings.HasPrefix(found, "/*"):
			masked.WriteString("/*" + words.ReplaceAllLiteralString(found[2:len(found)-2], hidden) + "*/")
		default:
			masked.WriteString(hidden)
		}
	}
	return masked.String() + text[at:]
}

// shows tells whether a word or a quoted text is one of those.
func shows(shown []string, token string) bool {
	value := token
	switch token[0] {
	case '"':
		if json.Unmarshal([]byte(token), &value) != nil {
			return false
		}
	case '\'':
		value = strings.ReplaceAll(strings.Trim(token, "'"), "''", "'")
	}
	return slices.Contains(shown, value)
}

// lineMask masks TOML or YAML, line by line.
type lineMask struct {
	shown []string
	key   *regexp.Regexp // what a line begins with that is shown as it is

	fence string // that ends a text of several lines, in TOML
	block int    // one more than the indentation of the key of such a text, in YAML
}

var (
	yamlKey    = regexp.MustCompile(`^\s*(?:- )*(?:[\w.-]+:(?:\s+|$))?`)
	tomlKey    = regexp.MustCompile(`^\s*(?:\[\[?[\w.-]+\]\]?\s*$|[\w.-]+\s*=\s+)?`)
	lineToken  = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:[^']|\'\')*'|#.*|[^\s{}\[\],:="'#]+|["']`)
	several    = regexp.MustCompile(hidden + `(?:[ \t:=]*` + hidden + `)+`)
	blockStart = regexp.MustCompile(`[|>][-+0-9]*\s*(?:#.*)?$`)
)

func (m *lineMask) line(line string) string {
	line, end := strings.TrimSuffix(line, "\n"), line[len(strings.TrimSuffix(line, "\n")):]
	return m.text(line) + end
}

func (m *lineMask) text(line string) string {
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if m.fence != "" {
		if strings.Contains(line, m.fence) {
			m.fence = ""
		}
		return words.ReplaceAllLiteralString(line, hidden)
	}
	if m.block > 0 && (indent >= m.block || indent == len(line)) {
		return words.ReplaceAllLiteralString(line, hidden)
	}
	m.block = 0
	key := m.key.FindString(line)
	value := line[len(key):]
	for _, fence := range []string{`"""`, "'''"} {
		if m.key == tomlKey && strings.Count(value, fence) == 1 {
			m.fence = fence
		}
	}
	if m.key == yamlKey && blockStart.MatchString(value) {
		m.block = indent + 1
	}
	value = lineToken.ReplaceAllStringFunc(value, func(token string) string {
		switch {
		case token[0] == '#':
			return "# " + hidden
		case shows(m.shown, token):
			return token
		default:
			return hidden
		}
	})
	return key + several.ReplaceAllLiteralString(value, hidden)
}
