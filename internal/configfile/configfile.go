// Package configfile reads and changes the configuration file, TOML with settings
// at its top and more of them in tables of profiles:
//
//	call_budget = "50s"
//
//	[profiles.work]
//	base_url = "https://host/tenants/acme/api/v2"
//	key = "keyring:work"
//
// It is strict: what it does not know is an error with its line, since a setting
// that is silently not made misleads. No error quotes a value, which may be a
// secret in the wrong place. Start from [Parse]; [SetInProfile] changes the text
// and leaves everything else in it as it is.
package configfile

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sema4mcp/internal/userdir"
)

// Kind is what a setting's value looks like.
type Kind int

// The kinds.
const (
	Text Kind = iota
	Flag
	Duration // text such as "50s", kept as it is
	Path     // text; a relative one is meant from the file's own directory
	List     // of texts
	Paths    // a list of them
)

// Key is a setting that the file may hold.
type Key struct {
	Name string
	Kind Kind
}

// Value is a setting as the file has it.
type Value struct {
	Text string   // true or false for a flag
	List []string // of a list
	Line int
}

// Table is settings by name. One whose text is empty, or still reads ${…}, is not in it.
type Table map[string]Value

// Profile is the settings for one tenant.
type Profile struct {
	Table
	Line int
}

// File is the content of a configuration file.
type File struct {
	Path string
	Table
	Profiles map[string]Profile
}

// ProfileNames are the names of the profiles, sorted.
func (f *File) ProfileNames() []string { return slices.Sorted(maps.Keys(f.Profiles)) }

// Error is a fault in the file.
type Error struct {
	Path    string
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Message) }

var profileName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// CheckProfileName tells what is wrong with the name of a profile: it is a
// directory's too, on every system.
func CheckProfileName(name string) error {
	if !profileName.MatchString(name) {
		return errors.New("the name of a profile has 1 to 32 characters: a to z, 0 to 9, _ and -, with a letter or digit first")
	}
	return nil
}

// unset tells that a text is empty, or that nobody has filled it in.
func unset(text string) bool {
	return text == "" || strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}")
}

// Place makes a path of the file absolute: whoever reads it may run anywhere.
func (f *File) Place(path string) string {
	path = userdir.Expand(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.Path), path)
}
