package configfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Setting is a text to write.
type Setting struct{ Name, Text string }

// SetInProfile changes settings of a profile in a file's content, and begins the
// profile where there is none. An empty text takes the setting out. The content
// must be one that [Parse] takes.
func SetInProfile(data []byte, profile string, settings ...Setting) ([]byte, error) {
	if err := CheckProfileName(profile); err != nil {
		return nil, err
	}
	for _, setting := range settings {
		var err error
		if data, err = setOne(data, profile, setting); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func setOne(data []byte, profile string, setting Setting) ([]byte, error) {
	entries, err := scan("the configuration", data)
	if err != nil {
		return nil, err
	}
	written, err := quote(setting.Text)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(entries, at(profiles, profile, setting.Name)); i >= 0 {
		return replaced(data, entries[i], setting.Text, written), nil
	}
	if setting.Text == "" {
		return data, nil
	}
	line := setting.Name + " = " + written + newline(data)
	i := slices.IndexFunc(entries, at(profiles, profile))
	switch {
	case i >= 0 && entries[i].value == (span{}): // [profiles.NAME]
		next := lineEnd(data, last(entries, i, profile).whole.end)
		if !bytes.HasSuffix(data[:next], []byte("\n")) {
			line = newline(data) + line
		}
		return slices.Insert(slices.Clone(data), next, []byte(line)...), nil
	case slices.ContainsFunc(entries, func(e entry) bool { return len(e.path) > 1 && e.path[0] == profiles && e.path[1] == profile }):
		return nil, fmt.Errorf("the profile %s cannot be changed where it stands: write it as a table of its own, beginning with [profiles.%s]", profile, profile)
	}
	return begun(data, profile, line), nil
}

// at finds the entry of a path.
func at(path ...string) func(entry) bool {
	return func(e entry) bool { return slices.Equal(e.path, path) }
}

// last is the last setting of a profile whose head is entry i, or the head.
func last(entries []entry, i int, profile string) entry {
	found := entries[i]
	for _, e := range entries[i+1:] {
		if len(e.path) != 3 || e.path[0] != profiles || e.path[1] != profile {
			break
		}
		found = e
	}
	return found
}

func quote(text string) (string, error) {
	encoded, err := toml.Marshal(map[string]string{"v": text})
	return strings.TrimSpace(strings.TrimPrefix(string(encoded), "v = ")), err
}

// replaced takes a setting out with its line where it has that for itself.
func replaced(data []byte, e entry, text, written string) []byte {
	data = slices.Clone(data)
	start := bytes.LastIndexByte(data[:e.whole.start], '\n') + 1
	if text == "" && len(bytes.TrimSpace(data[start:e.whole.start])) == 0 {
		return slices.Delete(data, start, lineEnd(data, e.whole.end))
	}
	return slices.Replace(data, e.value.start, e.value.end, []byte(written)...)
}

// begun adds a profile at the end.
func begun(data []byte, profile, line string) []byte {
	end := newline(data)
	data = slices.Clone(data)
	if len(data) > 0 {
		if !bytes.HasSuffix(data, []byte("\n")) {
			data = append(data, end...)
		}
		data = append(data, end...)
	}
	return append(data, "[profiles."+profile+"]"+end+line...)
}

// lineEnd is where the next line begins.
func lineEnd(data []byte, from int) int {
	if i := bytes.IndexByte(data[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(data)
}

// newline is the one that the file is written with.
func newline(data []byte) string {
	if bytes.Contains(data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}
