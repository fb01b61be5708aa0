// Package edit changes one entry of a configuration file in place: JSON with
// comments, TOML or YAML. Everything else keeps its bytes: comments, order,
// indentation, line ends, a byte order mark.
//
// [Format.Find] reads an entry; [Format.Add], [Format.Update] and
// [Format.Remove] return the new text. Each of these reads both texts again
// with an ordinary parser and refuses with [ErrUnsafe] unless the entry alone
// has changed.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// Format is a kind of file: [JSON], [TOML] or [YAML].
type Format struct{ language }

// The formats.
var (
	JSON = Format{jsonc{}} // with comments and trailing commas, as editors have it
	TOML = Format{tomlText{}}
	YAML = Format{yamlText{}} // of one document
)

// Place is where an entry stands: in a container at the top of the file.
type Place struct {
	Container string
	Name      string // the entry's key, or in a list its member "name"
	Listed    bool   // the container is a list; for YAML alone
}

// Member is one line of an entry. Its value is a string, a bool, an int or a
// []string.
type Member struct {
	Key   string
	Value any
}

// Table is an entry, in the order in which it is written.
type Table []Member

// SyntaxError says where a text is not what its format asks for.
type SyntaxError struct {
	Line, Column int // from 1; a column counts bytes or characters, as the parser does
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// ErrUnsafe means that an edit would have changed more than the entry, or that
// the text has a form that is not edited. Nothing is lost: there is no new text.
var ErrUnsafe = errors.New("the file is written in a way that cannot be edited safely")

// language does the work on a text without byte order mark. Its add is called
// only where the entry is missing, its update and remove only where it is there.
type language interface {
	// find decodes the entry. A text that cannot be read, or whose container is of
	// another kind, is an error.
	find(text []byte, at Place) (value any, found bool, err error)
	add(text []byte, at Place, entry Table) ([]byte, error)
	update(text []byte, at Place, entry Table) ([]byte, error)
	remove(text []byte, at Place) ([]byte, error)
	// rest is a canonical form of all but the entry, and but its container if that
	// is empty then.
	rest(text []byte, at Place) (string, error)
}

var byteOrderMark = []byte("\ufeff")

// split takes a byte order mark off a text and checks the encoding.
func split(text []byte) (mark, body []byte, err error) {
	if bytes.HasPrefix(text, byteOrderMark) {
		mark, body = text[:len(byteOrderMark):len(byteOrderMark)], text[len(byteOrderMark):]
	} else {
		body = text
	}
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size <= 1 {
			return nil, nil, syntaxError(body, i, "not UTF-8")
		}
		i += size
	}
	return mark, body, nil
}

// Find decodes the entry: a map[string]any for each that the hosts understand.
// The errors are a [*SyntaxError], or say what the container is instead of one.
func (f Format) Find(text []byte, at Place) (value any, found bool, err error) {
	_, body, err := split(text)
	if err != nil {
		return nil, false, err
	}
	return f.find(body, at)
}

// Add returns the text with the entry in it, which must be missing so far.
func (f Format) Add(text []byte, at Place, entry Table) ([]byte, error) {
	return f.change(text, at, entry, func(body []byte) ([]byte, error) { return f.add(body, at, entry) })
}

// Update returns the text with these members of the entry set, which must be
// there. Its other members stay.
func (f Format) Update(text []byte, at Place, entry Table) ([]byte, error) {
	return f.change(text, at, entry, func(body []byte) ([]byte, error) { return f.update(body, at, entry) })
}

// Remove returns the text without the entry. A container which that leaves
// empty goes too, unless comments stand in it.
func (f Format) Remove(text []byte, at Place) ([]byte, error) {
	return f.change(text, at, nil, func(body []byte) ([]byte, error) { return f.remove(body, at) })
}

// change applies an edit and checks what it did. A nil entry is one that is gone.
func (f Format) change(text []byte, at Place, entry Table, edit func([]byte) ([]byte, error)) ([]byte, error) {
	mark, before, err := split(text)
	if err != nil {
		return nil, err
	}
	if _, _, err := f.find(before, at); err != nil {
		return nil, err
	}
	after, err := edit(before)
	if err != nil {
		return nil, err
	}
	if err := f.check(before, after, at, entry); err != nil {
		return nil, err
	}
	return append(mark, after...), nil
}

func (f Format) check(before, after []byte, at Place, entry Table) error {
	value, found, err := f.find(after, at)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrUnsafe, err)
	}
	if found != (entry != nil) || found && !entry.within(value) {
		return fmt.Errorf("%w (the entry would not read as it should)", ErrUnsafe)
	}
	old, err := f.rest(before, at)
	if err != nil {
		return err
	}
	if now, err := f.rest(after, at); err != nil || now != old {
		return fmt.Errorf("%w (more than the entry would change)", ErrUnsafe)
	}
	return nil
}

// within tells whether a decoded entry has all members.
func (t Table) within(value any) bool {
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for _, m := range t {
		if got, ok := object[m.Key]; !ok || !Equal(got, m.Value) {
			return false
		}
	}
	return true
}

// Equal tells whether a decoded value is that of a [Member].
func Equal(decoded, value any) bool {
	switch value := value.(type) {
	case []string:
		list, ok := decoded.([]any)
		if !ok || len(list) != len(value) {
			return false
		}
		for i, item := range list {
			if item != value[i] {
				return false
			}
		}
		return true
	case int:
		number := reflect.ValueOf(decoded)
		return number.CanInt() && number.Int() == int64(value) || number.CanFloat() && number.Float() == float64(value)
	default:
		return reflect.DeepEqual(decoded, value)
	}
}
