package restclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A document is JSON as encoding/json decodes it into an any, with numbers as
// they were written (json.Number) and, where deltas append to a string,
// *growingText in its place.

// growingText is a string that can be appended to without copying it. What
// String returned before stays as it was.
type growingText struct{ strings.Builder }

func (t *growingText) MarshalJSON() ([]byte, error) { return encodeDocument(t.String()), nil }

func parseDocument(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("there is something after the JSON value")
	}
	return document, nil
}

// encodeDocument cannot fail: a document holds nothing that JSON has not.
func encodeDocument(document any) json.RawMessage {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(document)
	return bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
}

// object reads the members of a JSON object. Members that are missing, null or
// of another type never fail: servers differ, and no field is worth an answer.
// A nil object has no members.
type object map[string]any

// objectOf is nil for what is no object.
func objectOf(document any) object {
	members, _ := document.(map[string]any)
	return members
}

func (o object) object(key string) object { return objectOf(o[key]) }

func (o object) list(key string) []any {
	items, _ := o[key].([]any)
	return items
}

// text is the string at key, or the JSON of what stands there instead.
func (o object) text(key string) string { return textOf(o[key]) }

func textOf(document any) string {
	switch document := document.(type) {
	case nil:
		return ""
	case string:
		return document
	case *growingText:
		return document.String()
	}
	return string(encodeDocument(document))
}

// optionalText tells a missing or null string from an empty one.
func (o object) optionalText(key string) *string {
	if o[key] == nil {
		return nil
	}
	text := o.text(key)
	return &text
}

func (o object) boolean(key string) *bool {
	if value, ok := o[key].(bool); ok {
		return &value
	}
	return nil
}

// integer is 0 for what is no whole number of a usual size. Some servers write
// 5 as 5.0.
func (o object) integer(key string) int {
	value := o.number(key)
	if value == nil || math.Abs(*value) > math.MaxInt32 {
		return 0
	}
	return int(*value)
}

func (o object) number(key string) *float64 {
	number, ok := o[key].(json.Number)
	value, err := number.Float64()
	if !ok || err != nil {
		return nil
	}
	return &value
}

func (o object) time(key string) Time { return parseTime(o.text(key)) }

func (o object) raw(key string) json.RawMessage {
	if o[key] == nil {
		return nil
	}
	return encodeDocument(o[key])
}

func cloneDocument(document any) any {
	switch document := document.(type) {
	case *growingText:
		return document.String()
	case []any:
		clone := make([]any, len(document))
		for i, item := range document {
			clone[i] = cloneDocument(item)
		}
		return clone
	case map[string]any:
		clone := make(map[string]any, len(document))
		for key, item := range document {
			clone[key] = cloneDocument(item)
		}
		return clone
	}
	return document
}

// sameDocument compares as RFC 6902 section 4.6 says: numbers by their value.
func sameDocument(a, b any) bool {
	switch a := a.(type) {
	case string, *growingText:
		switch b.(type) {
		case string, *growingText:
			return textOf(a) == textOf(b)
		}
		return false
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameDocument)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, item := range a {
			other, ok := b[key]
			if !ok || !sameDocument(item, other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	x, notX := a.Int64()
	y, notY := b.Int64()
	if notX == nil && notY == nil {
		return x == y
	}
	f, notF := a.Float64()
	g, notG := b.Float64()
	return a == b || notF == nil && notG == nil && f == g
}

// addNumbers keeps whole numbers whole and exact.
func addNumbers(a, b any) (json.Number, error) {
	first, isFirst := a.(json.Number)
	second, isSecond := b.(json.Number)
	if !isFirst || !isSecond {
		return "", errors.New("only numbers can be added")
	}
	x, notX := first.Int64()
	y, notY := second.Int64()
	if notX == nil && notY == nil && (x+y > x) == (y > 0) {
		return json.Number(strconv.FormatInt(x+y, 10)), nil
	}
	f, notF := first.Float64()
	g, notG := second.Float64()
	sum := f + g
	if notF != nil || notG != nil || math.IsInf(sum, 0) {
		return "", errors.New("the sum is out of range")
	}
	return json.Number(strconv.FormatFloat(sum, 'g', -1, 64)), nil
}
