package bridge

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// arguments are a call's, checked against the tool's inputs: each a string, int,
// []string, []record or json.RawMessage, as the input's kind says.
type arguments map[string]any

// record is one object of an array, by the names of its fields.
type record map[string]string

func (a arguments) text(name string) string {
	value, _ := a[name].(string)
	return value
}

func (a arguments) number(name string) (value int, given bool) {
	value, given = a[name].(int)
	return value, given
}

func (a arguments) list(name string) []string {
	value, _ := a[name].([]string)
	return value
}

func (a arguments) records(name string) []record {
	value, _ := a[name].([]record)
	return value
}

func (a arguments) document(name string) json.RawMessage {
	value, _ := a[name].(json.RawMessage)
	return value
}

// given tells an argument that is empty from one that was left out.
func (a arguments) given(name string) bool {
	_, given := a[name]
	return given
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
	if faults = append(faults, unknownMembers(given, "argument")...); len(faults) > 0 {
		return nil, badArguments(inputs, faults)
	}
	return parsed, nil
}

func unknownMembers(left map[string]json.RawMessage, what string) []string {
	unknown := make([]string, 0, len(left))
	for name := range left {
		unknown = append(unknown, fmt.Sprintf("there is no %s %q", what, name))
	}
	slices.Sort(unknown)
	return unknown
}

func (in input) read(raw json.RawMessage) (any, error) {
	switch in.kind {
	case integer:
		return in.readInteger(raw)
	case array:
		list, err := in.readArray(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: write %s as %s", err, in.name, in.sample())
		}
		return list, nil
	case document:
		return in.readDocument(raw)
	default:
		return in.readText(raw)
	}
}

func (in input) readText(raw json.RawMessage) (string, error) {
	value, err := in.decode(raw)
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case string:
		if value = strings.TrimSpace(value); value == "" && in.required {
			return "", fmt.Errorf("%s is empty", in.name)
		}
		return in.choose(value)
	case float64, bool:
		return in.choose(string(raw))
	default:
		return "", fmt.Errorf("%s must be a string", in.name)
	}
}

// choose finds the option that is meant, in whatever case it is written.
func (in input) choose(value string) (string, error) {
	if len(in.options) == 0 || value == "" && !in.required {
		return value, nil
	}
	for _, option := range in.options {
		if strings.EqualFold(option, value) {
			return option, nil
		}
	}
	return "", fmt.Errorf("%s must be one of %s", in.name, strings.Join(in.options, ", "))
}

func (in input) readInteger(raw json.RawMessage) (int, error) {
	value, err := in.decode(raw)
	if err != nil {
		return 0, err
	}
	number, ok := value.(float64)
	if text, isText := value.(string); isText {
		parsed, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		number, ok = parsed, err == nil
	}
	if !ok || number != math.Trunc(number) || number < 0 || number > 1<<31 {
		return 0, fmt.Errorf("%s must be a whole number, 0 or more", in.name)
	}
	return int(number), nil
}

// readArray takes one item alone for an array of it, and an array that was
// written into a string.
func (in input) readArray(raw json.RawMessage) (any, error) {
	if inner, ok := written(raw, "[{"); ok && (inner[0] == '[' || len(in.fields) > 0) {
		raw = inner
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", in.name, err)
		}
	}
	if len(in.fields) > 0 {
		return readItems(items, in.readRecord)
	}
	item := input{name: "each of " + in.name, options: in.options, required: true}
	return readItems(items, item.readText)
}

func readItems[T any](items []json.RawMessage, read func(json.RawMessage) (T, error)) (any, error) {
	list := make([]T, 0, len(items))
	for _, item := range items {
		value, err := read(item)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

// readRecord leaves white space as it is: a field may hold the text of a file.
func (in input) readRecord(raw json.RawMessage) (record, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, fmt.Errorf("each of %s must be an object", in.name)
	}
	r := make(record, len(in.fields))
	for _, field := range in.fields {
		value, ok := given[field.name]
		delete(given, field.name)
		var text string
		if !ok || json.Unmarshal(value, &text) != nil || field.name == "name" && strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("each of %s must have a %s, a string", in.name, field.name)
		}
		r[field.name] = text
	}
	if unknown := unknownMembers(given, "member"); len(unknown) > 0 {
		return nil, fmt.Errorf("in %s %s", in.name, unknown[0])
	}
	return r, nil
}

func (in input) readDocument(raw json.RawMessage) (json.RawMessage, error) {
	if inner, ok := written(raw, "{"); ok {
		raw = inner
	}
	if raw[0] != '{' {
		return nil, fmt.Errorf("%s must be a JSON object", in.name)
	}
	return raw, nil
}

// written is the JSON that a string holds, where it begins with one of the
// characters and is whole.
func written(raw json.RawMessage, beginning string) (json.RawMessage, bool) {
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	text = strings.TrimSpace(text)
	if text == "" || !strings.ContainsRune(beginning, rune(text[0])) || !json.Valid([]byte(text)) {
		return nil, false
	}
	return json.RawMessage(text), true
}

func (in input) decode(raw json.RawMessage) (value any, err error) {
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", in.name, err)
	}
	return value, nil
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
