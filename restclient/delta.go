package restclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The operations of a [Delta]: those of JSON Patch (RFC 6902), and two of the
// vendor.
const (
	OpAdd          = "add"
	OpRemove       = "remove"
	OpReplace      = "replace"
	OpMove         = "move"
	OpCopy         = "copy"
	OpTest         = "test"
	OpConcatString = "concat_string" // append to a string; a missing or null one counts as empty
	OpIncrement    = "inc"           // add to a number
)

// Delta is one change of a message that is being written (API v2,
// conversations/stream). Path and From are JSON Pointers (RFC 6901).
type Delta struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	From  string          `json:"from_,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// UnmarshalJSON takes the source of a move or copy from "from_", as the vendor
// spells it, or from "from", as RFC 6902 does.
func (d *Delta) UnmarshalJSON(data []byte) error {
	type plain Delta
	wire := struct {
		plain
		StandardFrom string `json:"from"`
	}{}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*d = Delta(wire.plain)
	if d.From == "" {
		d.From = wire.StandardFrom
	}
	return nil
}

// DeltaError is a change that could not be applied to the message it is for.
// What stands there is no longer known to be right: read the conversation again.
type DeltaError struct {
	MessageID string // empty when it is not known which message is meant
	Op        string
	Path      string
	Err       error
}

func (e *DeltaError) Error() string {
	if e.Op == "" {
		return fmt.Sprintf("message %q cannot be followed: %v", clip(e.MessageID, maxExcerptBytes), e.Err)
	}
	return fmt.Sprintf("message %q: cannot apply %s at %q: %v",
		clip(e.MessageID, maxExcerptBytes), clip(e.Op, maxExcerptBytes), clip(e.Path, maxExcerptBytes), e.Err)
}

func (e *DeltaError) Unwrap() error { return e.Err }

// patchable is a document that deltas change, within a budget.
type patchable struct {
	holder map[string]any // the document is its member "", and so one like any other
	budget *budget
}

func newPatchable(document any, b *budget) patchable {
	return patchable{holder: map[string]any{"": document}, budget: b}
}

func (p *patchable) document() any { return p.holder[""] }

var (
	errMissing = errors.New("there is nothing at the path")
	errNoValue = errors.New("the value is missing")
)

func (p *patchable) apply(d Delta) error {
	path, err := parsePointer(d.Path)
	if err != nil {
		return err
	}
	switch d.Op {
	case OpRemove:
		_, err = p.remove(path)
		return err
	case OpMove:
		return p.move(d.From, path)
	case OpCopy:
		return p.copy(d.From, path)
	}
	if d.Value == nil {
		return errNoValue
	}
	if d.Op == OpConcatString {
		return p.concat(path, d.Value)
	}
	value, err := parseDocument(d.Value)
	if err != nil {
		return err
	}
	switch d.Op {
	case OpAdd:
		return p.add(path, value)
	case OpReplace:
		return p.replace(path, value)
	case OpTest:
		return p.test(path, value)
	case OpIncrement:
		return p.increment(path, value)
	}
	return errors.New("the operation is unknown")
}

func (p *patchable) add(path []string, value any) error {
	if err := p.budget.take(value, len(path)); err != nil {
		return err
	}
	return p.edit(path, func(at place) error {
		if old, err := at.get(); err != nil {
			p.budget.used += at.keyBytes()
		} else if !at.inArray() {
			p.budget.release(old)
		}
		return at.insert(value)
	})
}

func (p *patchable) replace(path []string, value any) error {
	if err := p.budget.take(value, len(path)); err != nil {
		return err
	}
	return p.edit(path, func(at place) error {
		old, err := at.get()
		if err != nil {
			return err
		}
		p.budget.release(old)
		return at.set(value)
	})
}

func (p *patchable) remove(path []string) (removed any, err error) {
	if len(path) == 1 {
		return nil, errors.New("a message cannot be removed as a whole")
	}
	err = p.edit(path, func(at place) error {
		if removed, err = at.get(); err != nil {
			return err
		}
		p.budget.release(removed)
		p.budget.used -= at.keyBytes()
		at.remove()
		return nil
	})
	return removed, err
}

func (p *patchable) move(from string, path []string) error {
	source, err := parsePointer(from)
	if err != nil {
		return err
	}
	if len(source) < len(path) && slices.Equal(source, path[:len(source)]) {
		return errors.New("a value cannot be moved into itself")
	}
	if slices.Equal(source, path) {
		return p.edit(path, func(at place) error { _, err := at.get(); return err })
	}
	value, err := p.remove(source)
	if err != nil {
		return err
	}
	return p.add(path, value)
}

func (p *patchable) copy(from string, path []string) error {
	source, err := parsePointer(from)
	if err != nil {
		return err
	}
	var value any
	err = p.edit(source, func(at place) error { value, err = at.get(); return err })
	if err != nil {
		return err
	}
	// The budget is asked before the copy is made: copies of copies grow fast.
	if _, err := p.budget.cost(value, len(path)); err != nil {
		return err
	}
	return p.add(path, cloneDocument(value))
}

func (p *patchable) test(path []string, value any) error {
	return p.edit(path, func(at place) error {
		found, err := at.get()
		if err == nil && !sameDocument(found, value) {
			err = errors.New("another value stands there")
		}
		return err
	})
}

func (p *patchable) concat(path []string, value json.RawMessage) error {
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return errors.New("the value is no string")
	}
	piece := *text
	if err := p.budget.take(piece, len(path)); err != nil {
		return err
	}
	p.budget.used -= nodeBytes // the piece becomes a part of a string
	return p.edit(path, func(at place) error {
		found, err := at.get()
		if errors.Is(err, errMissing) && !at.inArray() {
			p.budget.used += nodeBytes + at.keyBytes()
			return at.set(grow("", piece))
		}
		if err != nil {
			return err
		}
		switch found := found.(type) {
		case *growingText:
			found.WriteString(piece)
			return nil
		case string:
			return at.set(grow(found, piece))
		case nil:
			return at.set(grow("", piece))
		}
		return errors.New("what stands there is no string")
	})
}

func grow(text, piece string) *growingText {
	grown := &growingText{}
	grown.WriteString(text)
	grown.WriteString(piece)
	return grown
}

func (p *patchable) increment(path []string, value any) error {
	return p.edit(path, func(at place) error {
		found, err := at.get()
		if err != nil {
			return err
		}
		sum, err := addNumbers(found, value)
		if err != nil {
			return err
		}
		p.budget.release(found)
		p.budget.used += nodeBytes + len(sum) // a sum is short: it always fits
		return at.set(sum)
	})
}
