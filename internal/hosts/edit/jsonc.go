package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonc is JSON with comments and trailing commas. Of members with one name the
// last counts, as for the hosts.
type jsonc struct{}

const defaultIndent = "  "

// jsonObject is an object and the range of its text.
type jsonObject struct {
	*hujson.Object
	start, end int
}

func asObject(value hujson.Value) (jsonObject, bool) {
	object, ok := value.Value.(*hujson.Object)
	return jsonObject{object, value.StartOffset, value.EndOffset}, ok
}

// parse reads a text. One without any value, such as an empty file, is an empty
// object; body is what the positions are in then.
func (jsonc) parse(text []byte) (body []byte, root jsonObject, err error) {
	value, err := hujson.Parse(text)
	if err != nil {
		// What lacks nothing but a value holds white space and comments alone.
		blank := slices.Concat(text, []byte("{}"), []byte(newline(text)))
		if v, blankErr := hujson.Parse(blank); blankErr == nil {
			text, value, err = blank, v, nil
		}
	}
	if err != nil {
		return nil, root, jsonError(err)
	}
	root, ok := asObject(value)
	if !ok {
		return nil, root, syntaxError(text, value.StartOffset, "the file does not hold a JSON object")
	}
	return text, root, nil
}

var jsonPosition = regexp.MustCompile(`^hujson: line (\d+), column (\d+): `)

func jsonError(err error) error {
	found := jsonPosition.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	line, _ := strconv.Atoi(found[1]) // digits, says the expression
	column, _ := strconv.Atoi(found[2])
	reason := errors.Unwrap(err).Error()
	if literal := "invalid literal"; strings.HasPrefix(reason, literal) { // goes on with what the file holds
		reason = literal
	}
	return &SyntaxError{Line: line, Column: column, Reason: reason}
}

// member is the index of the last member of that name, or -1.
func member(object jsonObject, name string) int {
	for i, m := range slices.Backward(object.Members) {
		if literal, ok := m.Name.Value.(hujson.Literal); ok && literal.String() == name {
			return i
		}
	}
	return -1
}

// container holds no object where there is none.
func (jsonc) container(body []byte, root jsonObject, at Place) (jsonObject, error) {
	i := member(root, at.Container)
	if i < 0 {
		return jsonObject{}, nil
	}
	value := root.Members[i].Value
	object, ok := asObject(value)
	if !ok {
		return jsonObject{}, syntaxError(body, value.StartOffset, fmt.Sprintf("%q is not an object", at.Container))
	}
	return object, nil
}

func (j jsonc) find(text []byte, at Place) (any, bool, error) {
	body, root, err := j.parse(text)
	if err != nil {
		return nil, false, err
	}
	container, err := j.container(body, root, at)
	if err != nil || container.Object == nil {
		return nil, false, err
	}
	i := member(container, at.Name)
	if i < 0 {
		return nil, false, nil
	}
	value, err := decodeJSON(container.Members[i].Value)
	return value, err == nil, err
}

func decodeJSON(value hujson.Value) (decoded any, err error) {
	value = value.Clone()
	value.Standardize()
	err = json.Unmarshal(value.Pack(), &decoded)
	return decoded, err
}

func (j jsonc) add(text []byte, at Place, entry Table) ([]byte, error) {
	body, root, err := j.parse(text)
	if err != nil {
		return nil, err
	}
	container, err := j.container(body, root, at)
	if err != nil {
		return nil, err
	}
	whole := j.layout(body, root, nil)
	if container.Object == nil {
		return insertMember(body, root, whole, at.Container, Table{{at.Name, entry}}), nil
	}
	return insertMember(body, container, j.layout(body, container, &whole), at.Name, entry), nil
}

func (j jsonc) update(text []byte, at Place, entry Table) ([]byte, error) {
	for _, m := range entry {
		body, root, err := j.parse(text)
		if err != nil {
			return nil, err
		}
		container, err := j.container(body, root, at)
		if err != nil {
			return nil, err
		}
		object, ok := asObject(container.Members[member(container, at.Name)].Value)
		if !ok {
			return nil, ErrUnsafe
		}
		i := member(object, m.Key)
		if i < 0 {
			whole := j.layout(body, root, nil)
			inner := j.layout(body, container, &whole)
			text = insertMember(body, object, j.layout(body, object, &inner), m.Key, m.Value)
			continue
		}
		value := object.Members[i].Value
		if decoded, err := decodeJSON(value); err != nil || !Equal(decoded, m.Value) {
			text = apply(body, splice{value.StartOffset, value.EndOffset, flow(m.Value)})
		}
	}
	return text, nil
}

func (j jsonc) remove(text []byte, at Place) ([]byte, error) {
	for {
		body, root, err := j.parse(text)
		if err != nil {
			return nil, err
		}
		container, err := j.container(body, root, at)
		if err != nil || container.Object == nil {
			return text, err
		}
		if i := member(container, at.Name); i >= 0 {
			text = removeMember(body, container, i)
			continue
		}
		if len(container.Members) == 0 && isBlank(container.AfterExtra) {
			text = removeMember(body, root, member(root, at.Container))
		}
		return text, nil
	}
}

func (j jsonc) rest(text []byte, at Place) (string, error) {
	body, root, err := j.parse(text)
	if err != nil {
		return "", err
	}
	container, err := j.container(body, root, at)
	if err != nil {
		return "", err
	}
	if container.Object != nil {
		for i := member(container, at.Name); i >= 0; i = member(container, at.Name) {
			container.Members = slices.Delete(container.Members, i, i+1)
		}
		if i := member(root, at.Container); len(container.Members) == 0 {
			root.Members = slices.Delete(root.Members, i, i+1)
		}
	}
	value := hujson.Value{Value: root.Object}
	value.Minimize()
	return string(value.Pack()), nil
}

// layout is how the members of an object are set.
type layout struct {
	lines   bool   // each has a line of its own
	tight   bool   // no space after colons and commas
	indent  string // of the members
	closing string // of the brace that closes the object
	unit    string
	nl      string
}

// layout reads it off the first member, or for an empty object takes it from the
// object around it.
func (jsonc) layout(body []byte, object jsonObject, around *layout) layout {
	l := layout{lines: true, indent: defaultIndent, unit: defaultIndent, nl: newline(body)}
	if around != nil {
		l = *around
		l.closing, l.indent = around.indent, around.indent+around.unit
	}
	if len(object.Members) == 0 {
		return l
	}
	first := object.Members[0]
	l.lines = bytes.ContainsRune(first.Name.BeforeExtra, '\n')
	l.tight = len(first.Value.BeforeExtra) == 0
	if l.lines {
		l.indent = indentation(body[lineStart(body, first.Name.StartOffset):])
		if around == nil && l.indent != "" {
			l.unit = l.indent
		}
	}
	return l
}

// inner is the layout of an object that is a member.
func (l layout) inner() layout {
	l.closing, l.indent = l.indent, l.indent+l.unit
	return l
}

func (l layout) render(name string, value any) string {
	colon := ": "
	if l.tight {
		colon = ":"
	}
	table, ok := value.(Table)
	if !ok {
		return quoted(name) + colon + flow(value)
	}
	inner := l.inner()
	members := make([]string, len(table))
	for i, m := range table {
		members[i] = inner.render(m.Key, m.Value)
	}
	open, between, end := "{", ", ", "}"
	switch {
	case l.lines:
		open, between, end = "{"+l.nl+inner.indent, ","+l.nl+inner.indent, l.nl+l.indent+"}"
	case l.tight:
		between = ","
	}
	return quoted(name) + colon + open + strings.Join(members, between) + end
}

// insertMember puts a member behind the others and behind the comments there.
func insertMember(body []byte, object jsonObject, l layout, name string, value any) []byte {
	from, count := object.start+1, len(object.Members)
	var comma []splice
	last := ""
	if count > 0 {
		before := object.Members[count-1].Value
		if from = before.EndOffset + len(before.AfterExtra); body[from] == ',' {
			from, last = from+1, ","
		} else {
			from = before.EndOffset
			comma = []splice{{from, from, ","}}
		}
	}
	extra := body[from : object.end-1]
	at := from + len(bytes.TrimRight(extra, " \t\r\n"))
	l.lines = l.lines || bytes.ContainsRune(extra, '\n')
	text := l.render(name, value) + last
	switch {
	case l.lines:
		text = l.nl + l.indent + text
		if count == 0 && !bytes.ContainsRune(body[at:object.end-1], '\n') {
			text += l.nl + l.closing
		}
	case count > 0 && !l.tight:
		text = " " + text
	}
	return apply(body, append(comma, splice{at, at, text})...)
}

// removeMember is the reverse of insertMember.
func removeMember(body []byte, object jsonObject, i int) []byte {
	m := object.Members[i]
	before := bytes.TrimRight(m.Name.BeforeExtra, " \t")
	before = bytes.TrimSuffix(bytes.TrimSuffix(before, []byte("\n")), []byte("\r"))
	start := m.Name.StartOffset - len(m.Name.BeforeExtra) + len(before)
	end := m.Value.EndOffset
	comma := end + len(m.Value.AfterExtra)
	switch {
	case len(object.Members) == 1 && isBlank(before) && isBlank(m.Value.AfterExtra) && isBlank(object.AfterExtra):
		return apply(body, splice{object.start + 1, object.end - 1, ""})
	case body[comma] == ',' && isBlank(m.Value.AfterExtra):
		return apply(body, splice{start, comma + 1, ""})
	case body[comma] == ',':
		return apply(body, splice{start, end, ""}, splice{comma, comma + 1, ""})
	case i > 0:
		previous := object.Members[i-1].Value
		comma = previous.EndOffset + len(previous.AfterExtra)
		return apply(body, splice{comma, comma + 1, ""}, splice{start, end, ""})
	default:
		return apply(body, splice{start, end, ""})
	}
}
