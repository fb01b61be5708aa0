package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// fields are the members of a JSON body that is an object. What is wrong with
// those that are asked for is collected, so that one answer names it all; members
// that nobody asks for are ignored.
type fields struct {
	members map[string]json.RawMessage // a struct would also take a member in another case
	where   string                     // the object, such as "body"
	faults  []fault
}

// readFields reads the body of a request.
func readFields(r *http.Request) (*fields, error) {
	data, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, &problem{status: http.StatusBadRequest, message: "The body is not JSON; send an object, {} at least."}
	}
	f, ok := fieldsOf("body", data)
	if !ok {
		return nil, invalid("body", "must be an object")
	}
	return f, nil
}

// fieldsOf reads an object inside a body; where names it in errors.
func fieldsOf(where string, object json.RawMessage) (*fields, bool) {
	f := &fields{where: where}
	if json.Unmarshal(object, &f.members) != nil || f.members == nil {
		return nil, false
	}
	return f, true
}

// err is all that was found wrong as one 422, or nil.
func (f *fields) err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return faulty(http.StatusUnprocessableEntity, f.faults...)
}

func (f *fields) fault(name, reason string) {
	f.faults = append(f.faults, fault{f.at(name), reason})
}

func (f *fields) at(name string) string { return f.where + " -> " + name }

// given tells whether a member is there and not null.
func (f *fields) given(name string) bool {
	raw, ok := f.members[name]
	return ok && string(raw) != "null"
}

// Longest texts, in characters.
const (
	maxName        = 255
	maxDescription = 10_000
)

// textRule says what is wrong with a text, or "".
type textRule func(text string) string

func notBlank(text string) string {
	if strings.TrimSpace(text) == "" {
		return "must not be empty"
	}
	return ""
}

// atMost bounds a text in characters.
func atMost(limit int) textRule {
	return func(text string) string {
		if utf8.RuneCountInString(text) > limit {
			return fmt.Sprintf("must not be longer than %d characters", limit)
		}
		return ""
	}
}

func oneOf(values ...string) textRule {
	return func(text string) string {
		if !slices.Contains(values, text) {
			return "must be one of " + strings.Join(values, ", ")
		}
		return ""
	}
}

// requiredText is the text of a member that must be there.
func (f *fields) requiredText(name string, rules ...textRule) string {
	raw, ok := f.members[name]
	if !ok {
		f.fault(name, "is required")
		return ""
	}
	return f.text(name, raw, rules)
}

// optionalText is the text of a member, or nil when it is absent or null.
func (f *fields) optionalText(name string, rules ...textRule) *string {
	if !f.given(name) {
		return nil
	}
	text := f.text(name, f.members[name], rules)
	return &text
}

// textOr is optionalText with a default.
func (f *fields) textOr(name, fallback string, rules ...textRule) string {
	if text := f.optionalText(name, rules...); text != nil {
		return *text
	}
	return fallback
}

func (f *fields) text(name string, raw json.RawMessage, rules []textRule) string {
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		f.fault(name, "must be a string")
		return ""
	}
	for _, rule := range rules {
		if reason := rule(*text); reason != "" {
			f.fault(name, reason)
			break
		}
	}
	return *text
}

// optionalTexts are the texts of a member that is an array, or nil.
func (f *fields) optionalTexts(name string, rules ...textRule) []string {
	var texts []string
	for i, raw := range f.optionalArray(name) {
		texts = append(texts, f.text(fmt.Sprintf("%s -> %d", name, i), raw, rules))
	}
	return texts
}

func (f *fields) optionalBool(name string) *bool {
	if !f.given(name) {
		return nil
	}
	var value bool
	if json.Unmarshal(f.members[name], &value) != nil {
		f.fault(name, "must be true or false")
	}
	return &value
}

// requiredObject is a member that must be an object, as it was sent.
func (f *fields) requiredObject(name string) json.RawMessage {
	if _, ok := f.members[name]; !ok {
		f.fault(name, "is required")
		return nil
	}
	return f.object(name)
}

// optionalObject is a member that is an object, or nil when it is absent or null.
func (f *fields) optionalObject(name string) json.RawMessage {
	if !f.given(name) {
		return nil
	}
	return f.object(name)
}

func (f *fields) object(name string) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(f.members[name], &members) != nil || members == nil {
		f.fault(name, "must be an object")
		return nil
	}
	return f.members[name]
}

// optionalArray are the elements of a member, or nil when it is absent or null.
func (f *fields) optionalArray(name string) []json.RawMessage {
	if !f.given(name) {
		return nil
	}
	elements := []json.RawMessage{}
	if json.Unmarshal(f.members[name], &elements) != nil {
		f.fault(name, "must be an array")
	}
	return elements
}
