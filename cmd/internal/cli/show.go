package cli

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Shown is a setting as people may see it.
type Shown struct {
	Name    string `json:"name"`
	Value   any    `json:"value"`           // for people: see Text
	Origin  string `json:"origin"`          // "flag", "variable", "file" or "default"
	Source  string `json:"source,omitzero"` // name of the flag or variable, path of the file
	Line    int    `json:"line,omitzero"`
	Profile string `json:"profile,omitzero"`

	origin Origin
}

// Where is the origin for people.
func (s Shown) Where() string { return s.origin.String() }

// Text is the value for people.
func (s Shown) Text() string {
	switch value := s.Value.(type) {
	case []string:
		return strings.Join(value, ", ")
	case string:
		return value
	}
	encoded, _ := json.Marshal(s.Value) // a flag's
	return string(encoded)
}

// Show lists the settings of the command as Complete has left them, without
// secrets: of the key, where it is.
func (s *Settings) Show() []Shown {
	var shown []Shown
	for _, set := range settings {
		flag := s.lookup(set.flag)
		if flag == nil {
			continue
		}
		origin := s.origins[set.name]
		one := Shown{Name: set.name, Value: flag.Value.String(), Origin: string(origin.Kind), Source: origin.Name, Line: origin.Line, Profile: origin.Profile, origin: origin}
		if origin.Kind == FromDefault {
			one.Origin = "default"
		}
		switch list, isList := flag.Value.(interface{ GetSlice() []string }); {
		case set.name == keySetting:
			one.Value = s.KeyPlace()
		case set.name == "base_url", set.name == "proxy":
			one.Value = shownURL(flag.Value.String())
		case isList:
			one.Value = list.GetSlice()
		case flag.Value.Type() == "bool":
			one.Value = flag.Value.String() == "true"
		}
		shown = append(shown, one)
	}
	return shown
}

// Problems lists what a [*ConfigError] joins.
func Problems(err error) []string {
	if err == nil {
		return nil
	}
	if config, ok := errors.AsType[*ConfigError](err); ok {
		err = config.Err
	}
	return strings.Split(err.Error(), "\n")
}

// PrintJSON writes a document for programs, on lines for people.
func PrintJSON(out io.Writer, document any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
