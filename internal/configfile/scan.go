package configfile

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// entry is one setting of the document, or the head of a table.
type entry struct {
	path  []string
	kind  unstable.Kind // of the value; noValue for the head of a table
	text  string        // of a text, a flag or a number
	list  []string      // of an array; not nil
	mixed bool          // the array holds more than texts
	line  int
	whole span // of the setting: its key and its value
	value span // of a value that is no array
}

// noValue is the kind of what is the head of a table.
const noValue = unstable.Invalid

// span is a part of the document, in bytes.
type span struct{ start, end int }

func spanOf(r unstable.Range) span { return span{int(r.Offset), int(r.Offset + r.Length)} }

// byteOrderMark is what some editors put in front of a text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// withoutMark keeps the length, so that places in the text stay what they are.
func withoutMark(data []byte) []byte {
	if bytes.HasPrefix(data, byteOrderMark) {
		return append([]byte("   "), data[len(byteOrderMark):]...)
	}
	return data
}

// scan lists what a document holds, in its order.
func scan(path string, data []byte) ([]entry, error) {
	data = withoutMark(data)
	var document map[string]any
	if err := toml.Unmarshal(data, &document); err != nil { // finds doubles, too
		return nil, syntaxError(path, err)
	}
	s := scanner{}
	s.Reset(data)
	var table []string
	for s.NextExpression() {
		node := s.Expression()
		if node.Kind == unstable.KeyValue {
			s.setting(table, node)
			continue
		}
		table = keys(node.Key())
		head := entry{path: table, line: s.line(node.Child()), whole: spanOf(node.Child().Raw)}
		if node.Kind == unstable.ArrayTable {
			head.path = slices.Concat(table, []string{"[]", "[]"}) // refused: no table lies as deep
		}
		s.entries = append(s.entries, head)
	}
	return s.entries, s.Error()
}

type scanner struct {
	unstable.Parser
	entries []entry
}

// setting lists those of an inline table one by one.
func (s *scanner) setting(table []string, node *unstable.Node) {
	names := node.Key()
	path := slices.Concat(table, keys(node.Key()))
	names.Next()
	value := node.Value()
	e := entry{path: path, kind: value.Kind, text: string(value.Data), line: s.line(names.Node()), whole: spanOf(node.Raw), value: spanOf(value.Raw)}
	if value.Kind == unstable.InlineTable {
		e.kind = noValue
		s.entries = append(s.entries, e)
		for children := value.Children(); children.Next(); {
			if child := children.Node(); child.Kind == unstable.KeyValue {
				s.setting(path, child)
			}
		}
		return
	}
	if value.Kind == unstable.Array {
		e.list = []string{}
		for children := value.Children(); children.Next(); {
			e.mixed = e.mixed || children.Node().Kind != unstable.String
			e.list = append(e.list, string(children.Node().Data))
		}
	}
	s.entries = append(s.entries, e)
}

func (s *scanner) line(node *unstable.Node) int { return s.Shape(node.Raw).Start.Line }

func keys(iterator unstable.Iterator) []string {
	var path []string
	for iterator.Next() {
		path = append(path, string(iterator.Node().Data))
	}
	return path
}

// syntaxError leaves out the excerpt of the document that the library has.
func syntaxError(path string, err error) error {
	fault := &Error{Path: path, Line: 1, Message: "this is not TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		fault.Line, _ = at.Position()
	}
	return fault
}
