package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

type tomlText struct{}

// tomlLine is a header or a pair of key and value, also one inside an inline
// table.
type tomlLine struct {
	path       []string // from the top
	header     bool
	start, end int
	value      int         // where a pair's value begins
	table      bool        // the value is an inline table
	pairs      []*tomlLine // of the inline table
}

func (tomlText) decode(text []byte) (map[string]any, error) {
	var root map[string]any
	err := toml.Unmarshal(text, &root)
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, column := syntax.Position()
		return nil, &SyntaxError{Line: line, Column: column, Reason: strings.TrimPrefix(syntax.Error(), "toml: ")}
	}
	return root, err
}

func (t tomlText) find(text []byte, at Place) (any, bool, error) {
	root, err := t.decode(text)
	if err != nil {
		return nil, false, err
	}
	value, ok := root[at.Container]
	if !ok {
		return nil, false, nil
	}
	container, ok := value.(map[string]any)
	if !ok {
		return nil, false, fmt.Errorf("%q is not a table", at.Container)
	}
	entry, found := container[at.Name]
	return entry, found, nil
}

func (t tomlText) rest(text []byte, at Place) (string, error) {
	root, err := t.decode(text)
	if err != nil {
		return "", err
	}
	if container, ok := root[at.Container].(map[string]any); ok {
		if delete(container, at.Name); len(container) == 0 {
			delete(root, at.Container)
		}
	}
	canonical, err := toml.Marshal(root)
	return string(canonical), err
}

// lines reads a text that has been decoded before.
func (tomlText) lines(text []byte) []*tomlLine {
	var parser unstable.Parser
	parser.Reset(text)
	var all []*tomlLine
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		if node.Kind == unstable.KeyValue {
			all = append(all, tomlPair(text, node, table))
			continue
		}
		path, first := tomlKey(node)
		table = path
		all = append(all, &tomlLine{path: path, header: true, start: lineStart(text, first), end: lineEnd(text, first)})
	}
	return all
}

// tomlKey is a key's parts, and where the first of them stands.
func tomlKey(node *unstable.Node) (path []string, first int) {
	for key := node.Key(); key.Next(); {
		if path == nil {
			first = int(key.Node().Raw.Offset)
		}
		path = append(path, string(key.Node().Data))
	}
	return path, first
}

func tomlPair(text []byte, node *unstable.Node, table []string) *tomlLine {
	key, start := tomlKey(node)
	pair := &tomlLine{path: slices.Concat(table, key), start: start, end: int(node.Raw.Offset + node.Raw.Length)}
	last := start
	for part := node.Key(); part.Next(); {
		last = int(part.Node().Raw.Offset + part.Node().Raw.Length)
	}
	equals := last + bytes.IndexByte(text[last:], '=') + 1
	pair.value = equals + len(text[equals:]) - len(bytes.TrimLeft(text[equals:], " \t"))
	if pair.table = node.Value().Kind == unstable.InlineTable; pair.table {
		for children := node.Value().Children(); children.Next(); {
			if children.Node().Kind == unstable.KeyValue {
				pair.pairs = append(pair.pairs, tomlPair(text, children.Node(), pair.path))
			}
		}
	}
	return pair
}

func (at Place) path() []string { return []string{at.Container, at.Name} }

// below tells whether the line belongs to what has that path.
func (l *tomlLine) below(path []string) bool {
	return len(l.path) >= len(path) && slices.Equal(l.path[:len(path)], path)
}

func (t tomlText) add(text []byte, at Place, entry Table) ([]byte, error) {
	for _, line := range t.lines(text) {
		if line.table && slices.Equal(line.path, []string{at.Container}) {
			return apply(text, line.insertInline(text, at.Name+" = "+tomlInline(entry))), nil
		}
	}
	nl := newline(text)
	var block strings.Builder
	if len(text) > 0 {
		block.WriteString(nl)
	}
	block.WriteString("[" + at.Container + "." + at.Name + "]" + nl)
	for _, m := range entry {
		block.WriteString(m.Key + " = " + flow(m.Value) + nl)
	}
	return apply(text, insertLines(text, len(text), block.String())), nil
}

func tomlInline(entry Table) string {
	pairs := make([]string, len(entry))
	for i, m := range entry {
		pairs[i] = m.Key + " = " + flow(m.Value)
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// insertInline puts a pair before the others of an inline table.
func (l *tomlLine) insertInline(text []byte, pair string) splice {
	if len(l.pairs) == 0 {
		return splice{l.value, l.end, "{ " + pair + " }"}
	}
	return splice{l.pairs[0].start, l.pairs[0].start, pair + ", "}
}

func (t tomlText) update(text []byte, at Place, entry Table) ([]byte, error) {
	for _, m := range entry {
		value, _, err := t.find(text, at)
		if err != nil {
			return nil, err
		}
		if object, ok := value.(map[string]any); ok && Equal(object[m.Key], m.Value) {
			continue
		}
		change, ok := t.set(text, at, m)
		if !ok {
			return nil, ErrUnsafe
		}
		text = apply(text, change)
	}
	return text, nil
}

// set gives a member of the entry another value, or adds it.
func (t tomlText) set(text []byte, at Place, m Member) (splice, bool) {
	lines := t.lines(text)
	for _, line := range flattened(lines) {
		if !line.header && slices.Equal(line.path, append(at.path(), m.Key)) {
			return splice{line.value, line.end, flow(m.Value)}, true
		}
	}
	for _, line := range flattened(lines) {
		if !slices.Equal(line.path, at.path()) {
			continue
		}
		if pair := m.Key + " = " + flow(m.Value); line.header {
			return insertLines(text, nextLine(text, line.end), pair+newline(text)), true
		} else if line.table {
			return line.insertInline(text, pair), true
		}
	}
	return splice{}, false
}

// flattened has the pairs of inline tables too.
func flattened(lines []*tomlLine) []*tomlLine {
	var all []*tomlLine
	for _, line := range lines {
		all = append(append(all, line), flattened(line.pairs)...)
	}
	return all
}

func (t tomlText) remove(text []byte, at Place) ([]byte, error) {
	var splices []splice
	lines := t.lines(text)
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case line.table && slices.Equal(line.path, []string{at.Container}):
			splices = append(splices, line.removeInline(at.path())...)
		case line.header && line.below(at.path()):
			end := line.end
			for ; i+1 < len(lines) && (!lines[i+1].header || lines[i+1].below(at.path())); i++ {
				end = lines[i+1].end
			}
			splices = append(splices, removeBlock(text, line.start, nextLine(text, end)))
		case line.below(at.path()):
			splices = append(splices, removeLines(text, lineStart(text, line.start), nextLine(text, line.end)))
		}
	}
	return apply(text, splices...), nil
}

// removeBlock removes lines and the blank one before them.
func removeBlock(text []byte, start, end int) splice {
	if before := lineStart(text, max(start-1, 0)); before < start && isBlank(text[before:start]) {
		start = before
	}
	return removeLines(text, start, end)
}

func (l *tomlLine) removeInline(path []string) []splice {
	var splices []splice
	for i, pair := range l.pairs {
		switch {
		case !pair.below(path):
		case i+1 < len(l.pairs):
			splices = append(splices, splice{pair.start, l.pairs[i+1].start, ""})
		case i > 0:
			splices = append(splices, splice{l.pairs[i-1].end, pair.end, ""})
		default:
			splices = append(splices, splice{pair.start, pair.end, ""})
		}
	}
	return splices
}
