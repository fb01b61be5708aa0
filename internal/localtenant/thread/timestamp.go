package thread

import (
	"encoding/json"
	"fmt"
	"time"
)

// timestampLayout has a fixed width, so that stored times sort as text.
const timestampLayout = "2006-01-02T15:04:05.000000-07:00"

// Timestamp is a time as the vendor's API v2 writes it: ISO 8601 in UTC, with
// microseconds and a numeric offset.
type Timestamp time.Time

func (t Timestamp) String() string {
	return time.Time(t).UTC().Format(timestampLayout)
}

// MarshalJSON writes the time as a JSON string.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.String())
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("thread: timestamp: %w", err)
	}
	var err error
	*t, err = ParseTimestamp(text)
	return err
}

// ParseTimestamp reads what String wrote.
func ParseTimestamp(text string) (Timestamp, error) {
	t, err := time.Parse(timestampLayout, text)
	if err != nil {
		return Timestamp{}, fmt.Errorf("thread: timestamp: %w", err)
	}
	return Timestamp(t), nil
}
