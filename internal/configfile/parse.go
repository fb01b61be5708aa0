package configfile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// profiles is the table that holds one table for each profile.
const profiles = "profiles"

type reader struct {
	file   *File
	known  []Key
	faults []error
}

// Parse reads a file's content. The error joins an [*Error] for each fault; the
// File holds what is not at fault.
func Parse(path string, data []byte, known []Key) (*File, error) {
	r := &reader{file: &File{Path: path, Table: Table{}, Profiles: map[string]Profile{}}, known: known}
	entries, err := scan(path, data)
	if err != nil {
		return r.file, err
	}
	for _, e := range entries {
		r.take(e)
	}
	return r.file, errors.Join(r.faults...)
}

// take files an entry under its name, or finds fault with it.
func (r *reader) take(e entry) {
	switch {
	case len(e.path) == 1 && e.path[0] == profiles && e.kind == noValue:
	case len(e.path) == 1:
		r.set(r.file.Table, e)
	case e.path[0] != profiles:
		r.fault(e, "%s is no table that is known here%s", strings.Join(e.path[:len(e.path)-1], "."), r.suggestion(e.path[0], profiles))
	case len(e.path) == 2 && e.kind != noValue:
		r.fault(e, "%s is a setting outside of a profile: begin the profile with [profiles.NAME]", e.path[1])
	case len(e.path) > 3 || len(e.path) == 3 && e.kind == noValue:
		r.fault(e, "a profile holds settings and no tables: begin it with [profiles.NAME], and give each name once")
	default:
		r.inProfile(e)
	}
}

func (r *reader) inProfile(e entry) {
	profile, begun := r.file.Profiles[e.path[1]]
	if !begun {
		if err := CheckProfileName(e.path[1]); err != nil {
			r.fault(e, "%v", err)
		}
		profile = Profile{Table: Table{}, Line: e.line}
		r.file.Profiles[e.path[1]] = profile
	}
	if e.kind != noValue {
		r.set(profile.Table, e)
	}
}

func (r *reader) set(table Table, e entry) {
	name := e.path[len(e.path)-1]
	for _, key := range r.known {
		if key.Name != name {
			continue
		}
		value, want := r.value(e, key.Kind)
		switch {
		case want != "":
			r.fault(e, "%s is %s", name, want)
		case value.List != nil || !unset(value.Text):
			table[name] = value
		}
		return
	}
	r.fault(e, "there is no setting %s%s", name, r.suggestion(name, r.names()...))
}

// value is an entry's, or what should have been written instead.
func (r *reader) value(e entry, kind Kind) (v Value, want string) {
	v = Value{Text: e.text, List: e.list, Line: e.line}
	switch kind {
	case Flag:
		if e.kind != unstable.Bool {
			return v, "true or false, without quotes"
		}
	case List, Paths:
		if e.kind != unstable.Array || e.mixed {
			return v, `a list of texts, such as ["one", "two"]`
		}
		if kind == Paths {
			for i, path := range v.List {
				v.List[i] = r.file.Place(path)
			}
		}
	case Duration:
		if _, err := time.ParseDuration(e.text); e.kind != unstable.String || err != nil && !unset(e.text) {
			return v, `a time in quotes, such as "50s" or "2m"`
		}
	default:
		if e.kind != unstable.String {
			return v, "a text in quotes"
		}
		if kind == Path && !unset(v.Text) {
			v.Text = r.file.Place(v.Text)
		}
	}
	return v, ""
}

func (r *reader) names() []string {
	names := make([]string, len(r.known))
	for i, key := range r.known {
		names[i] = key.Name
	}
	return names
}

func (r *reader) fault(e entry, format string, args ...any) {
	r.faults = append(r.faults, &Error{r.file.Path, e.line, fmt.Sprintf(format, args...)})
}

// suggestion is the name that was probably meant.
func (r *reader) suggestion(name string, candidates ...string) string {
	best, least := "", len(name)/3+2
	for _, candidate := range candidates {
		if d := distance(strings.ReplaceAll(strings.ToLower(name), "-", "_"), candidate); d < least {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is Levenshtein's: how many letters have to change to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
