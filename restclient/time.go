package restclient

import (
	"encoding/json"
	"time"
)

// Time is a moment as the API sends it: ISO 8601 with an offset or Z and a
// fraction of any length. A missing, null or unreadable one is the zero Time, so
// that no odd timestamp costs an answer; mark fields omitzero and it stays
// absent when encoded again.
type Time struct{ time.Time }

// timeLayouts need no fractions: [time.Parse] accepts them anywhere. A time
// without an offset is taken as UTC.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime}

func parseTime(text string) Time {
	if text == "" { // failing to parse costs more than parsing
		return Time{}
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return Time{t}
		}
	}
	return Time{}
}

// UnmarshalJSON never fails.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text string
	_ = json.Unmarshal(data, &text)
	*t = parseTime(text)
	return nil
}

// MarshalJSON writes RFC 3339, and null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.Format(time.RFC3339Nano))
}
