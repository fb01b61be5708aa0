package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"sema4mcp/internal/hosts/edit"
)

// Status is how an entry stands in a host's file.
type Status string

// The statuses.
const (
	Missing Status = "missing"
	Current Status = "current"
	Stale   Status = "stale"   // ours, but it starts something else than it should
	Foreign Status = "foreign" // starts another program
)

// State is what a host's file says about an entry.
type State struct {
	Status  Status
	Command string   // "" where there is none
	Args    []string // those that are strings
}

// program is the name that our command goes by, on any system.
const program = "sema4-mcp-bridge"

// isOurs tells whether a command is this program, wherever it lies.
func isOurs(command, now string) bool {
	return baseName(command) == program || baseName(command) == baseName(now)
}

func baseName(path string) string {
	return strings.TrimSuffix(path[strings.LastIndexAny(path, `/\`)+1:], ".exe")
}

// State reads the file. One that is missing has no entry; one that cannot be read
// or parsed is an error that says where, and what to do.
func (f File) State(want Entry) (State, error) {
	text, _, err := f.read()
	if err != nil {
		return State{}, err
	}
	return f.state(text, want)
}

func (f File) state(text []byte, want Entry) (State, error) {
	value, found, err := f.Host.format.Find(text, f.Host.place(want.Name))
	if err != nil {
		return State{}, fmt.Errorf("%s cannot be read and is left as it is: %w. Correct it there, then run this again", f.Path, err)
	}
	if !found {
		return State{Status: Missing}, nil
	}
	object, _ := value.(map[string]any) // what is none has no command either
	state := State{Status: Foreign}
	state.Command, _ = object[f.Host.commandKey].(string)
	args, _ := object["args"].([]any)
	for _, arg := range args {
		if s, ok := arg.(string); ok {
			state.Args = append(state.Args, s)
		}
	}
	if !isOurs(state.Command, want.Command) {
		return state, nil
	}
	state.Status = Current
	for _, m := range f.managed(want) {
		got, there := object[m.Key]
		if list, ok := m.Value.([]string); ok && len(list) == 0 && !there {
			continue
		}
		if !edit.Equal(got, m.Value) {
			state.Status = Stale
		}
	}
	return state, nil
}

// managed are the members that an existing entry has to have.
func (f File) managed(e Entry) edit.Table {
	table := f.Host.table(e)
	table = table[:len(table)-len(f.Host.after)]
	if e.KeepArgs {
		table = table[:len(table)-1]
	}
	return table
}

// read is the file's text, and whether there is such a file. The host's own start
// of a file is not read here.
func (f File) read() (text []byte, there bool, err error) {
	text, err = os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s cannot be read: %w", f.Path, pathless(err))
	}
	return text, true, nil
}

// pathless is the cause of an error about a path that is named anyway.
func pathless(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// sameText tells whether the file still holds what it held.
func (f File) sameText(text []byte, there bool) (bool, error) {
	now, still, err := f.read()
	return still == there && bytes.Equal(now, text), err
}
