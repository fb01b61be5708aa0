package scripted

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const defaultDuration = 3 * time.Second

// values are what templates stand for.
type values struct {
	message string
	n       int
}

// template is a text with variables in it.
type template []part

// part is a literal text, or a variable when name is set.
type part struct {
	literal  string
	name     string
	fallback time.Duration // of {{seconds}}
}

func parseTemplate(text string) (template, error) {
	var t template
	for {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			t = append(t, part{literal: before})
		}
		if !found {
			return t, nil
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fmt.Errorf("{{ is not closed by }}")
		}
		variable, err := parseVariable(inside)
		if err != nil {
			return nil, err
		}
		t = append(t, variable)
		text = after
	}
}

func parseVariable(text string) (part, error) {
	name, fallback, hasFallback := strings.Cut(text, "|")
	name = strings.TrimSpace(name)
	variable := part{name: name, fallback: defaultDuration}
	switch {
	case name == "seconds" && hasFallback:
		var err error
		if variable.fallback, err = parseDuration(strings.TrimSpace(fallback)); err != nil {
			return part{}, fmt.Errorf("{{%s}}: %w", text, err)
		}
	case hasFallback:
		return part{}, fmt.Errorf("{{%s}}: only seconds has a default", text)
	case name != "message" && name != "n" && name != "seconds":
		return part{}, fmt.Errorf("nothing is called {{%s}}; use {{message}}, {{seconds}} or {{n}}", text)
	}
	return variable, nil
}

func plain(text string) string { return text }

// insideJSON makes a text fit into a JSON string.
func insideJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("scripted: " + err.Error()) // a string always encodes
	}
	return string(quoted[1 : len(quoted)-1])
}

// expand puts the values in; escape is applied to those that come from outside.
func (t template) expand(v values, escape func(string) string) string {
	var out strings.Builder
	for _, p := range t {
		switch p.name {
		case "":
			out.WriteString(p.literal)
		case "message":
			out.WriteString(escape(v.message))
		case "n":
			out.WriteString(strconv.Itoa(v.n))
		case "seconds":
			out.WriteString(formatSeconds(namedDuration(v.message, p.fallback)))
		}
	}
	return out.String()
}
