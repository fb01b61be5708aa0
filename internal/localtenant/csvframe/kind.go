package csvframe

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// kind is what the values of a column are, as far as it was read.
type kind int

const (
	nothing kind = iota // no value yet
	integer
	float
	boolean
	text
)

// Leading zeros and plus signs make a text: they belong to postal codes and
// telephone numbers, and a number would lose them.
var (
	integerForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	floatForm   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
)

// kindOf is the kind of one value; an empty field is none.
func kindOf(field string) kind {
	trimmed := strings.TrimSpace(field)
	if trimmed == "" {
		return nothing
	}
	if c := trimmed[0]; c == '-' || c >= '0' && c <= '9' {
		switch {
		case integerForm.MatchString(trimmed):
			// A longer one is an identifier, and few readers would keep its digits.
			if _, err := strconv.ParseInt(trimmed, 10, 64); err == nil {
				return integer
			}
		case floatForm.MatchString(trimmed):
			if _, err := strconv.ParseFloat(trimmed, 64); err == nil {
				return float
			}
		}
		return text
	}
	if strings.EqualFold(trimmed, "true") || strings.EqualFold(trimmed, "false") {
		return boolean
	}
	return text
}

// with is the kind of a column with one more value.
func (k kind) with(field string) kind {
	if k == text {
		return text
	}
	other := kindOf(field)
	switch {
	case other == nothing || other == k:
		return k
	case k == nothing:
		return other
	case k+other == integer+float:
		return float
	}
	return text
}

// value reads a field of a column of this kind. Numbers stay as they are written.
func (k kind) value(field string) any {
	trimmed := strings.TrimSpace(field)
	switch {
	case field == "" || trimmed == "" && k != text:
		return nil
	case k == integer || k == float:
		return json.Number(trimmed)
	case k == boolean:
		return strings.EqualFold(trimmed, "true")
	}
	return strings.Clone(field)
}
