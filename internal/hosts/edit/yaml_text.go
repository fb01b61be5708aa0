package edit

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// width is how many nodes of a container an entry is.
func width(at Place) int {
	if at.Listed {
		return 1
	}
	return 2
}

func openFlow(at Place) string {
	if at.Listed {
		return "["
	}
	return "{"
}

func closeFlow(at Place) string {
	if at.Listed {
		return "]"
	}
	return "}"
}

// offsetOf is where a node begins. The parser counts columns in characters.
func offsetOf(text []byte, node *yaml.Node) int {
	offset := 0
	for range node.Line - 1 {
		offset = nextLine(text, offset)
	}
	for range node.Column - 1 {
		_, size := utf8.DecodeRune(text[offset:])
		offset += size
	}
	return offset
}

// yamlUnit is what the file indents by.
func yamlUnit(root *yaml.Node) string {
	if root != nil {
		for _, value := range root.Content {
			if value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 && value.Column > root.Column {
				return strings.Repeat(" ", value.Column-root.Column)
			}
		}
	}
	return defaultIndent
}

var plainWord = regexp.MustCompile(`^[a-z][a-z0-9-]+$`)

// notStrings are words that YAML takes for something else unless quoted.
var notStrings = []string{"null", "true", "false", "yes", "no", "on", "off"}

func yamlScalar(value any) string {
	if s, ok := value.(string); ok && plainWord.MatchString(s) && !slices.Contains(notStrings, s) {
		return s
	}
	return flow(value)
}

// yamlBlock is the entry in lines of its own.
func yamlBlock(at Place, entry Table, indent, unit, nl string) string {
	var lines strings.Builder
	first, other := indent+unit, indent+unit
	if at.Listed {
		first, other = indent+"- ", indent+"  "
	} else {
		lines.WriteString(indent + at.Name + ":" + nl)
	}
	for i, m := range entry {
		if i > 0 {
			first = other
		}
		lines.WriteString(first + m.Key + ": " + yamlScalar(m.Value) + nl)
	}
	return lines.String()
}

// yamlFlow is the entry as an item of a flow collection.
func yamlFlow(at Place, entry Table) string {
	pairs := make([]string, len(entry))
	for i, m := range entry {
		pairs[i] = m.Key + ": " + yamlScalar(m.Value)
	}
	item := "{" + strings.Join(pairs, ", ") + "}"
	if at.Listed {
		return item
	}
	return at.Name + ": " + item
}

// insertFlow puts an item before the others of a flow collection.
func insertFlow(text []byte, collection *yaml.Node, item string) splice {
	if len(collection.Content) == 0 {
		inside := offsetOf(text, collection) + 1
		return splice{inside, inside, item}
	}
	first := offsetOf(text, collection.Content[0])
	return splice{first, first, item + ", "}
}

// removeFlow removes the item, of so many nodes, at an index.
func removeFlow(text []byte, collection *yaml.Node, i, nodes int) splice {
	start := offsetOf(text, collection.Content[i])
	if i+nodes < len(collection.Content) {
		return splice{start, offsetOf(text, collection.Content[i+nodes]), ""}
	}
	end := yamlEnd(text, offsetOf(text, collection.Content[i+nodes-1]), true)
	if comma := bytes.LastIndexByte(text[:start], ','); i > 0 && isBlank(text[comma+1:start]) {
		start = comma
	}
	return splice{start, end, ""}
}

// blockRange is the lines of an entry in a block collection.
func blockRange(text []byte, container *yaml.Node, i int) (start, end int) {
	start = lineStart(text, offsetOf(text, container.Content[i]))
	return start, blockEnd(text, start, container.Column-1, false, false)
}

// blockEnd is where the lines end that belong to the one at start because they
// are indented deeper, or with items are a list's items below it. Blank lines
// and comments at the end count only if comments is set.
func blockEnd(text []byte, start, indent int, items, comments bool) int {
	end := nextLine(text, start)
	for at := end; at < len(text); {
		next := nextLine(text, at)
		line := bytes.TrimRight(text[at:next], " \t\r\n")
		content := bytes.TrimLeft(line, " ")
		depth := len(line) - len(content)
		item := items && depth == indent && (bytes.HasPrefix(content, []byte("- ")) || string(content) == "-")
		switch {
		case len(content) == 0 || content[0] == '#' && !(comments && depth > indent):
		case depth > indent || item:
			end = next
		default:
			return end
		}
		at = next
	}
	return end
}

// yamlEnd is where the value ends that begins at start, on one line or in
// brackets. What it gets wrong, the check of the edit finds.
func yamlEnd(text []byte, start int, inFlow bool) int {
	enclosed := start < len(text) && strings.IndexByte(`"'{[`, text[start]) >= 0
	depth := 0
	for i := start; i < len(text); {
		switch c := text[i]; {
		case (c == '"' || c == '\'') && enclosed:
			i = quoteEnd(text, i)
		case (c == '{' || c == '[') && enclosed:
			depth++
			i++
		case (c == '}' || c == ']') && enclosed:
			depth--
			i++
		case !enclosed && (c == '\n' || inFlow && strings.IndexByte(",}]", c) >= 0 || c == '#' && i > start && isBlank(text[i-1:i])):
			return trimmedEnd(text, start, i)
		default:
			i++
		}
		if enclosed && depth == 0 {
			return i
		}
	}
	return trimmedEnd(text, start, len(text))
}

func trimmedEnd(text []byte, start, end int) int {
	return start + len(bytes.TrimRight(text[start:end], " \t\r\n"))
}

// quoteEnd is where the quoted text ends that begins at start.
func quoteEnd(text []byte, start int) int {
	quote := text[start]
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}
