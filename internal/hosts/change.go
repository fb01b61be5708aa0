package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"sema4mcp/internal/hosts/edit"
)

// Action is what a [Change] does to the entry.
type Action string

// The actions.
const (
	Nothing Action = "nothing"
	Add     Action = "add"
	Update  Action = "update"
	Replace Action = "replace" // a foreign entry
	Remove  Action = "remove"
)

// Change is what is to be done to a host's file.
type Change struct {
	File   File
	Action Action

	there         bool // the file
	before, after []byte
	deletes       bool     // the file, which holds nothing but the entry
	shown         []string // values that are ours to show
}

// Setup plans to put the entry into the file. An entry that starts another
// program is replaced only by force.
func (f File) Setup(want Entry, force bool) (*Change, error) {
	if f.instead != "" {
		return nil, fmt.Errorf("%s is there, which %s would no longer read if there were a %s: "+
			"have %s migrate it first, or put the entry in by hand (--print)", f.instead, f.Host.Title, f.Path, f.Host.Title)
	}
	c, state, err := f.begin(want)
	if err != nil {
		return nil, err
	}
	at := f.Host.place(want.Name)
	switch state.Status {
	case Current:
	case Missing:
		c.Action = Add
		base := c.before
		if !c.there {
			base = []byte(f.Host.fresh)
		}
		c.after, err = f.Host.format.Add(base, at, f.Host.table(want))
	case Stale:
		c.Action = Update
		c.after, err = f.Host.format.Update(c.before, at, f.managed(want))
	case Foreign:
		if !force {
			return nil, foreign(f, want.Name, "replaces")
		}
		c.Action = Replace
		if c.after, err = f.Host.format.Remove(c.before, at); err == nil {
			c.after, err = f.Host.format.Add(c.after, at, f.Host.table(want))
		}
	}
	return c.checked(err)
}

// Remove plans to take the entry out again. What was there before the entry comes
// back to the byte if nothing else has changed since.
func (f File) Remove(want Entry, force bool) (*Change, error) {
	c, state, err := f.begin(want)
	if err != nil || state.Status == Missing {
		return c, err
	}
	if state.Status == Foreign && !force {
		return nil, foreign(f, want.Name, "removes")
	}
	c.Action = Remove
	if c.undo(want.Name, state) {
		return c, nil
	}
	c.after, err = f.Host.format.Remove(c.before, f.Host.place(want.Name))
	return c.checked(err)
}

func foreign(f File, name, verb string) error {
	return fmt.Errorf("the entry %q in %s starts another program, and is left as it is; --force %s it", name, f.Path, verb)
}

// begin reads the file and how the entry stands there.
func (f File) begin(want Entry) (*Change, State, error) {
	text, there, err := f.read()
	if err != nil {
		return nil, State{}, err
	}
	state, err := f.state(text, want)
	if err != nil {
		return nil, State{}, err
	}
	c := &Change{File: f, Action: Nothing, there: there, before: text, after: text}
	for _, m := range f.Host.table(want) {
		c.shown = append(c.shown, valuesOf(m.Value)...)
	}
	if state.Status != Foreign {
		c.shown = append(append(c.shown, state.Command), state.Args...)
	}
	return c, state, nil
}

func valuesOf(value any) []string {
	if list, ok := value.([]string); ok {
		return list
	}
	return []string{fmt.Sprint(value)}
}

func (c *Change) checked(err error) (*Change, error) {
	if errors.Is(err, edit.ErrUnsafe) {
		return nil, fmt.Errorf("%s is left as it is: %w. Change it by hand (--print shows the entry)", c.File.Path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is left as it is: %w", c.File.Path, err)
	}
	return c, nil
}

// undo looks for the text to which adding this very entry gave what is there now:
// that of a backup, or that of a new file, which goes then.
func (c *Change) undo(name string, state State) bool {
	h := c.File.Host
	entry := h.table(Entry{Name: name, Command: state.Command, Args: state.Args})
	gives := func(text []byte) bool {
		added, err := h.format.Add(text, h.place(name), entry)
		return err == nil && bytes.Equal(added, c.before)
	}
	for _, text := range slices.Backward(backups(c.File.Path)) {
		_, found, err := h.format.Find(text, h.place(name))
		if err == nil && !found && gives(text) {
			c.after = text
			return true
		}
	}
	if gives([]byte(h.fresh)) {
		c.after, c.deletes = nil, true
		return true
	}
	return false
}

// Apply writes the change and returns the path of the backup, "" where there was
// nothing to keep. Without a change nothing is written. On an error the file is
// as it was.
func (c *Change) Apply(now time.Time) (backup string, err error) {
	if c.Action == Nothing {
		return "", nil
	}
	same, err := c.File.sameText(c.before, c.there)
	if err != nil {
		return "", err
	}
	if !same {
		return "", fmt.Errorf("%s has changed in the meantime and is left as it is; run this again", c.File.Path)
	}
	if backup, err = c.write(now); err != nil {
		return "", fmt.Errorf("%s cannot be written and is left as it is: %w", c.File.Path, err)
	}
	return backup, nil
}

func (c *Change) write(now time.Time) (backup string, err error) {
	target, err := followed(c.File.Path)
	if err != nil {
		return "", err
	}
	if c.deletes {
		return "", deleteFile(target)
	}
	mode := c.File.Host.mode
	if !c.there {
		return "", createFile(target, c.after, mode)
	}
	return replaceFile(target, c.before, c.after, now)
}
