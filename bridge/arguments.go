package bridge

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// input is one argument that a tool takes.
type input struct {
	name        string
	kind        string // JSON Schema's: string or integer
	description string
	required    bool
	format      string // JSON Schema's, optional
}

// schema is the tool's input schema: a flat object in words that every host's
// draft of JSON Schema knows.
func schema(inputs []input) json.RawMessage {
	type property struct {
		Type        string `json:"type"`
		Description string `json:"description"`
		Format      string `json:"format,omitempty"`
		Minimum     *int   `json:"minimum,omitempty"`
	}
	object := struct {
		Type                 string              `json:"type"`
		Properties           map[string]property `json:"properties"`
		Required             []string            `json:"required,omitempty"`
		AdditionalProperties bool                `json:"additionalProperties"`
	}{Type: "object", Properties: make(map[string]property)}
	for _, in := range inputs {
		p := property{Type: in.kind, Description: in.description, Format: in.format}
		if in.kind == "integer" {
			p.Minimum = new(int)
		}
		object.Properties[in.name] = p
		if in.required {
			object.Required = append(object.Required, in.name)
		}
	}
	encoded, _ := json.Marshal(object) // strings, a bool and a zero always encode
	return encoded
}

// arguments are a call's, checked against the tool's inputs.
type arguments map[string]any // string or int, as the input's kind says

func (a arguments) text(name string) string {
	value, _ := a[name].(string)
	return value
}

func (a arguments) number(name string) (value int, given bool) {
	value, given = a[name].(int)
	return value, given
}

// parseArguments is strict about names, as a silent slip answers another
// question, and lenient about the way a value is written. The error names every
// fault and what is accepted.
func parseArguments(inputs []input, raw json.RawMessage) (arguments, error) {
	given := make(map[string]json.RawMessage)
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &given); err != nil {
			return nil, badArguments(inputs, []string{"arguments must be an object"})
		}
	}
	parsed := make(arguments, len(given))
	var faults []string
	for _, in := range inputs {
		value, ok := given[in.name]
		delete(given, in.name)
		if !ok || string(value) == "null" {
			if in.required {
				faults = append(faults, in.name+" is missing")
			}
			continue
		}
		read, err := in.read(value)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		parsed[in.name] = read
	}
	unknown := make([]string, 0, len(given))
	for name := range given {
		unknown = append(unknown, fmt.Sprintf("there is no argument %q", name))
	}
	slices.Sort(unknown)
	if faults = append(faults, unknown...); len(faults) > 0 {
		return nil, badArguments(inputs, faults)
	}
	return parsed, nil
}

func (in input) read(raw json.RawMessage) (any, error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", in.name, err)
	}
	if in.kind == "integer" {
		return in.readInteger(value)
	}
	switch value := value.(type) {
	case string:
		if value = strings.TrimSpace(value); value == "" && in.required {
			return nil, fmt.Errorf("%s is empty", in.name)
		}
		return value, nil
	case float64, bool:
		return string(raw), nil
	default:
		return nil, fmt.Errorf("%s must be a string", in.name)
	}
}

func (in input) readInteger(value any) (any, error) {
	number, ok := value.(float64)
	if text, isText := value.(string); isText {
		parsed, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		number, ok = parsed, err == nil
	}
	if !ok || number != math.Trunc(number) || number < 0 || number > 1<<31 {
		return nil, fmt.Errorf("%s must be a whole number, 0 or more", in.name)
	}
	return int(number), nil
}

func badArguments(inputs []input, faults []string) error {
	accepted := make([]string, len(inputs))
	for i, in := range inputs {
		accepted[i] = in.name
		if in.required {
			accepted[i] += " (required)"
		}
	}
	next := "This tool takes no arguments."
	if len(accepted) > 0 {
		next = "Call it again with: " + strings.Join(accepted, ", ") + "."
	}
	return &failure{what: "The arguments are not right: " + strings.Join(faults, "; ") + ".", next: next}
}
