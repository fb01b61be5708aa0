package checks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxTries bounds how many braces of a text are looked at for a JSON object.
const maxTries = 100

// findObject is the first JSON object in a text; nil when there is none. Its
// numbers are json.Number.
func findObject(text string) map[string]any {
	for range maxTries {
		at := strings.IndexByte(text, '{')
		if at < 0 {
			return nil
		}
		decoder := json.NewDecoder(strings.NewReader(text[at:]))
		decoder.UseNumber()
		var object map[string]any
		if decoder.Decode(&object) == nil {
			return object
		}
		text = text[at+1:]
	}
	return nil
}

// readers read the kinds of fields; the text is what the field must be.
var readers = map[string]struct {
	read func(text string) (any, bool)
	must string
}{
	"text":    {func(text string) (any, bool) { return text, true }, "must be a text"},
	"integer": {readInteger, "must be a whole number"},
	"date":    {readDate, "must be a date such as 2026-03-31"},
	"money":   {readMoney, "must be an amount such as 1250.00, with at most two decimals"},
}

// bind gives the parameters of the queries, or what is wrong with the payload.
func (b Runbook) bind(payload map[string]any) (map[string]any, []string) {
	values := map[string]any{}
	var faults []string
	for _, field := range b.Fields {
		reader := readers[field.Kind]
		text, given := scalar(payload[field.Name])
		value, ok := reader.read(text)
		switch {
		case payload[field.Name] == nil || given && text == "":
			faults = append(faults, fmt.Sprintf("`%s` is missing: %s", field.Name, field.Description))
		case !given || !ok:
			faults = append(faults, fmt.Sprintf("`%s` %s", field.Name, reader.must))
		default:
			values[field.Name] = value
		}
	}
	return values, faults
}

// scalar is a string without the blanks around it, or a number as it was written.
func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return strings.TrimSpace(value), true
	case json.Number:
		return value.String(), true
	}
	return "", false
}

func readInteger(text string) (any, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func readDate(text string) (any, bool) {
	_, err := time.Parse(time.DateOnly, text)
	return text, err == nil
}

var amount = regexp.MustCompile(`^(-?)(\d{1,15})(?:\.(\d{1,2})0*)?$`)

// readMoney gives whole cents, without going through a float.
func readMoney(text string) (any, bool) {
	parts := amount.FindStringSubmatch(text)
	if parts == nil {
		return nil, false
	}
	decimals := (parts[3] + "00")[:2]
	cents, err := strconv.ParseInt(parts[1]+parts[2]+decimals, 10, 64)
	return cents, err == nil
}
