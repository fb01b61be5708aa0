package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

type yamlText struct{}

// otherBreaks end lines for the parser alone, or for some parsers: positions in
// such a text mean nothing.
var otherBreaks = regexp.MustCompile("\r[^\n]|\r$|[\u0085\u2028\u2029]")

// parse returns the root mapping, or nil for a text that holds no value.
func (yamlText) parse(text []byte) (*yaml.Node, error) {
	if found := otherBreaks.FindIndex(text); found != nil {
		return nil, syntaxError(text, found[0], "a line end that is neither LF nor CRLF")
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := documents.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, yamlError(err)
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, yamlError(err)
		}
		return nil, &SyntaxError{Line: second.Line, Column: max(second.Column, 1), Reason: "the file holds more than one document"}
	}
	root := document.Content[0]
	if isNull(root) {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &SyntaxError{Line: root.Line, Column: root.Column, Reason: "the file does not hold a mapping"}
	}
	var decoded any // refuses duplicate keys and unknown aliases
	if err := yaml.Unmarshal(text, &decoded); err != nil {
		return nil, yamlError(err)
	}
	return root, nil
}

func yamlError(err error) error {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return err
	}
	return &SyntaxError{Line: max(load.Mark.Line, 1), Column: max(load.Mark.Column, 1), Reason: load.Message}
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

// yamlMember is the index of a key in a mapping, or -1.
func yamlMember(mapping *yaml.Node, key string) int {
	for i := 0; mapping != nil && i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// container is the node of the container and its key, nil where there is none.
func (yamlText) container(root *yaml.Node, at Place) (key, value *yaml.Node, err error) {
	i := yamlMember(root, at.Container)
	if i < 0 {
		return nil, nil, nil
	}
	key, value = root.Content[i], root.Content[i+1]
	kind, name := yaml.MappingNode, "mapping"
	if at.Listed {
		kind, name = yaml.SequenceNode, "list"
	}
	if value.Kind != kind && !(isNull(value) && value.Value == "") {
		return nil, nil, &SyntaxError{Line: value.Line, Column: value.Column, Reason: fmt.Sprintf("%q is not a %s", at.Container, name)}
	}
	return key, value, nil
}

// entry is the index in the container of the entry: of its key, or in a list of
// its item; -1 where there is none.
func (yamlText) entry(container *yaml.Node, at Place) int {
	if container == nil || !at.Listed {
		return yamlMember(container, at.Name)
	}
	return slices.IndexFunc(container.Content, func(item *yaml.Node) bool {
		i := -1
		if item.Kind == yaml.MappingNode {
			i = yamlMember(item, "name")
		}
		return i >= 0 && item.Content[i+1].Value == at.Name
	})
}

// at finds the entry's own node.
func (y yamlText) at(text []byte, at Place) (container, entry *yaml.Node, i int, err error) {
	root, err := y.parse(text)
	if err != nil {
		return nil, nil, -1, err
	}
	_, container, err = y.container(root, at)
	if err != nil {
		return nil, nil, -1, err
	}
	if i = y.entry(container, at); i < 0 {
		return container, nil, i, nil
	}
	if at.Listed {
		return container, container.Content[i], i, nil
	}
	return container, container.Content[i+1], i, nil
}

func (y yamlText) find(text []byte, at Place) (value any, found bool, err error) {
	_, entry, _, err := y.at(text, at)
	if err != nil || entry == nil {
		return nil, false, err
	}
	err = entry.Decode(&value)
	return value, err == nil, err
}

func (y yamlText) rest(text []byte, at Place) (string, error) {
	root, err := y.parse(text)
	if err != nil || root == nil {
		return "", err
	}
	_, container, err := y.container(root, at)
	if err != nil {
		return "", err
	}
	if container != nil {
		if i := y.entry(container, at); i >= 0 {
			container.Content = slices.Delete(container.Content, i, i+width(at))
		}
		if i := yamlMember(root, at.Container); len(container.Content) == 0 {
			root.Content = slices.Delete(root.Content, i, i+2)
		}
	}
	if len(root.Content) == 0 {
		return "", nil
	}
	var canonical strings.Builder
	writeCanonical(&canonical, root)
	return canonical.String(), nil
}

// writeCanonical tells all about a tree but its style and comments.
func writeCanonical(w *strings.Builder, node *yaml.Node) {
	_, _ = fmt.Fprintf(w, "(%d %q %q %q", node.Kind, node.ShortTag(), node.Value, node.Anchor) // a Builder does not fail
	for _, child := range node.Content {
		writeCanonical(w, child)
	}
	w.WriteByte(')')
}

func (y yamlText) add(text []byte, at Place, entry Table) ([]byte, error) {
	root, err := y.parse(text)
	if err != nil {
		return nil, err
	}
	key, container, err := y.container(root, at)
	if err != nil {
		return nil, err
	}
	unit := yamlUnit(root)
	switch {
	case container == nil && root != nil && root.Style&yaml.FlowStyle != 0:
		member := at.Container + ": " + openFlow(at) + yamlFlow(at, entry) + closeFlow(at)
		return apply(text, insertFlow(text, root, member)), nil
	case container == nil:
		indent := ""
		if root != nil {
			indent = strings.Repeat(" ", root.Column-1)
		}
		nl := newline(text)
		return apply(text, insertLines(text, len(text), indent+at.Container+":"+nl+yamlBlock(at, entry, indent+unit, unit, nl))), nil
	case container.Style&yaml.FlowStyle != 0 && len(container.Content) > 0:
		return apply(text, insertFlow(text, container, yamlFlow(at, entry))), nil
	}
	indent := strings.Repeat(" ", key.Column-1) + unit
	start := offsetOf(text, key)
	var emptied []splice
	switch {
	case len(container.Content) > 0:
		indent = strings.Repeat(" ", container.Column-1)
	case !isNull(container): // {} or []
		braces := offsetOf(text, container)
		before := len(bytes.TrimRight(text[:braces], " \t"))
		emptied = []splice{{before, yamlEnd(text, braces, false), ""}}
		start = braces
	}
	lines := yamlBlock(at, entry, indent, unit, newline(text))
	return apply(text, append(emptied, insertLines(text, nextLine(text, start), lines))...), nil
}

func (y yamlText) update(text []byte, at Place, entry Table) ([]byte, error) {
	for _, m := range entry {
		container, node, i, err := y.at(text, at)
		if err != nil {
			return nil, err
		}
		if node.Kind != yaml.MappingNode || len(node.Content) == 0 {
			return nil, ErrUnsafe
		}
		pair := m.Key + ": " + yamlScalar(m.Value)
		k := yamlMember(node, m.Key)
		var change splice
		switch inFlow := node.Style&yaml.FlowStyle != 0; {
		case k >= 0 && sameYAML(node.Content[k+1], m.Value):
			continue
		case k >= 0:
			change = replaceValue(text, node.Content[k], node.Content[k+1], m, inFlow)
		case inFlow:
			change = insertFlow(text, node, pair)
		default:
			_, end := blockRange(text, container, i)
			change = insertLines(text, end, strings.Repeat(" ", node.Content[0].Column-1)+pair+newline(text))
		}
		text = apply(text, change)
	}
	return text, nil
}

func sameYAML(node *yaml.Node, value any) bool {
	var decoded any
	return node.Decode(&decoded) == nil && Equal(decoded, value)
}

// replaceValue writes a value where another stands, on the key's own line.
func replaceValue(text []byte, key, value *yaml.Node, m Member, inFlow bool) splice {
	start := offsetOf(text, value)
	if value.Line == key.Line && value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return splice{start, yamlEnd(text, start, inFlow), yamlScalar(m.Value)}
	}
	start = offsetOf(text, key)
	end := blockEnd(text, start, key.Column-1, true, false)
	return splice{start, trimmedEnd(text, start, end), m.Key + ": " + yamlScalar(m.Value)}
}

func (y yamlText) remove(text []byte, at Place) ([]byte, error) {
	root, err := y.parse(text)
	if err != nil {
		return nil, err
	}
	key, container, err := y.container(root, at)
	if err != nil {
		return nil, err
	}
	i := y.entry(container, at)
	alone := len(container.Content) == width(at)
	switch k := yamlMember(root, at.Container); {
	case alone && root.Style&yaml.FlowStyle != 0:
		return apply(text, removeFlow(text, root, k, 2)), nil
	case container.Style&yaml.FlowStyle != 0:
		return apply(text, removeFlow(text, container, i, width(at))), nil
	}
	start, end := blockRange(text, container, i)
	if !alone {
		return apply(text, removeLines(text, start, end)), nil
	}
	keyAt := offsetOf(text, key)
	keyLine := nextLine(text, keyAt)
	colon := keyAt + bytes.IndexByte(text[keyAt:keyLine], ':') + 1
	whole := blockEnd(text, lineStart(text, keyAt), key.Column-1, at.Listed, true)
	if isBlank(text[colon:keyLine]) && isBlank(text[keyLine:start]) && whole == end {
		return apply(text, removeLines(text, lineStart(text, keyAt), end)), nil
	}
	return apply(text, splice{colon, colon, " " + openFlow(at) + closeFlow(at)}, removeLines(text, start, end)), nil
}
