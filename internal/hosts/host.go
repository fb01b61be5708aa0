package hosts

import (
	"io/fs"
	"os"

	"sema4mcp/internal/hosts/edit"
)

// Host is an application that starts MCP servers.
type Host struct {
	Name  string // as on the command line
	Title string // as the application calls itself
	Next  string // what makes it read its configuration again, a sentence

	format     edit.Format
	container  string
	listed     bool
	commandKey string
	before     edit.Table  // members ahead of the command
	after      edit.Table  // members behind the arguments, for a new entry alone
	fresh      string      // what a new file begins with
	mode       fs.FileMode // of a new file
	places     func(System) []location
	byHand     func(Entry) string // another way to put the entry in, a sentence
}

// location is one place where a host may keep its configuration.
type location struct {
	file     string
	marker   string   // exists where the host is installed
	instead  []string // files that count only while there is no file
	fallback bool     // is not made, only used where its marker is there
}

// Entry is what a host is told to start.
type Entry struct {
	Name     string // the server's name in the host
	Command  string // absolute path
	Args     []string
	KeepArgs bool // leave an existing entry's arguments as they are
}

// table is the entry as the host has it.
func (h *Host) table(e Entry) edit.Table {
	table := edit.Table{}
	if h.listed {
		table = append(table, edit.Member{Key: "name", Value: e.Name})
	}
	for _, m := range h.before {
		if m.Key == "name" {
			m.Value = e.Name
		}
		table = append(table, m)
	}
	args := e.Args
	if args == nil {
		args = []string{}
	}
	table = append(table, edit.Member{Key: h.commandKey, Value: e.Command}, edit.Member{Key: "args", Value: args})
	return append(table, h.after...)
}

func (h *Host) place(name string) edit.Place {
	return edit.Place{Container: h.container, Name: name, Listed: h.listed}
}

// File is a host's configuration on a system.
type File struct {
	Host      *Host
	Path      string
	Installed bool

	instead string // a file that the host would no longer read if there were one at Path
}

// Find looks for the host. One that is not installed has the path where its
// configuration would be.
func (h *Host) Find(system System) File {
	var first *location
	for _, l := range h.places(system) {
		if exists(l.marker) {
			return h.file(l, true)
		}
		if first == nil && !l.fallback {
			first = &l
		}
	}
	return h.file(*first, false)
}

func (h *Host) file(l location, installed bool) File {
	f := File{Host: h, Path: l.file, Installed: installed}
	if exists(l.file) {
		return f
	}
	for _, path := range l.instead {
		if exists(path) {
			f.instead = path
		}
	}
	return f
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Named is the host of that name.
func Named(name string) (*Host, bool) {
	for _, h := range All() {
		if h.Name == name {
			return h, true
		}
	}
	return nil, false
}

// Installed are the files of the hosts that are on the system.
func Installed(system System) []File {
	var found []File
	for _, h := range All() {
		if f := h.Find(system); f.Installed {
			found = append(found, f)
		}
	}
	return found
}
