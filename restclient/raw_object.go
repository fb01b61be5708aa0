package restclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
)

// RawObject is the members of a JSON object as they are written on the wire,
// numbers with all their digits. Printed or logged it shows names alone, since
// any value may be a secret.
//
// As the Extra of an object it holds the members that the fields beside it
// cannot: those this package does not know, and null, empty and mistyped ones.
// They go back as they came when the object is sent, unless the field is set.
type RawObject map[string]json.RawMessage

// NewRawObject encodes a value that is an object in JSON: a map or a struct.
func NewRawObject(value any) (RawObject, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var members RawObject
	if err := json.Unmarshal(encoded, &members); err != nil || members == nil {
		return nil, errNoObject
	}
	return members, nil
}

// Decode decodes the object into out.
func (o RawObject) Decode(out any) error {
	encoded, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, out)
}

// Format writes the names of the members, whatever the verb.
func (o RawObject) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "{%s}", strings.Join(slices.Sorted(maps.Keys(o)), " "))
}

// LogValue logs the names of the members.
func (o RawObject) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// Secret is a text that is sent as it is, and never printed or logged.
type Secret string

// Format hides the text, whatever the verb.
func (s Secret) Format(state fmt.State, _ rune) {
	if s != "" {
		_, _ = fmt.Fprint(state, "[secret]")
	}
}

// LogValue hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// hidden is the log value of what holds a secret: encoding it would show it.
func hidden(value any) slog.Value { return slog.StringValue(fmt.Sprintf("%+v", value)) }

var errNoObject = errors.New("it is not a JSON object")

// decodeMembers sets the fields of a struct, all tagged omitzero, from the
// members of a JSON object. No member can make it fail: what its field cannot
// hold, and what it would leave out when encoded, stays in extra.
func decodeMembers(data []byte, object any, extra *RawObject) error {
	var members RawObject
	if json.Unmarshal(data, &members) != nil || members == nil {
		return errNoObject
	}
	fields := reflect.ValueOf(object).Elem()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		member, ok := members[name]
		if !ok || name == "" || name == "-" {
			continue
		}
		if setField(fields.Field(i), member); !fields.Field(i).IsZero() {
			delete(members, name)
		}
	}
	*extra = nil
	if len(members) > 0 {
		*extra = members
	}
	return nil
}

// setField leaves a field zero that cannot hold a member. Some servers write 5
// as 5.0.
func setField(field reflect.Value, member json.RawMessage) {
	field.SetZero()
	if json.Unmarshal(member, field.Addr().Interface()) == nil {
		return
	}
	field.SetZero()
	var number float64
	if field.CanInt() && json.Unmarshal(member, &number) == nil && number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		field.SetInt(int64(number))
	}
}

// encodeMembers is the way back: the fields of a struct that are set, and the
// members in extra that are not among them.
func encodeMembers(object any, extra RawObject) ([]byte, error) {
	encoded, err := json.Marshal(object)
	if err != nil || len(extra) == 0 {
		return encoded, err
	}
	members := maps.Clone(extra)
	_ = json.Unmarshal(encoded, &members) // what a struct is encoded to is an object
	return json.Marshal(members)
}

// writable is the body that creates or replaces an object: all of it but what
// the server alone sets.
func writable(object any, readOnly ...string) any {
	members, err := NewRawObject(object)
	if err != nil {
		return object // and the request says why it cannot be encoded
	}
	for _, name := range readOnly {
		delete(members, name)
	}
	return members
}
