package restclient

import (
	"encoding/json"
	"testing"
)

func TestTimes(t *testing.T) {
	for wire, want := range map[string]string{
		`"2026-07-02T09:15:30.123456+00:00"`:       `"2026-07-02T09:15:30.123456Z"`,
		`"2026-07-02T09:15:30Z"`:                   `"2026-07-02T09:15:30Z"`,
		`"2026-07-02T09:15:30.1Z"`:                 `"2026-07-02T09:15:30.1Z"`,
		`"2026-07-02T09:15:30.123456789123+02:00"`: `"2026-07-02T09:15:30.123456789+02:00"`,
		`"2026-07-02T09:15:30+0200"`:               `"2026-07-02T09:15:30+02:00"`,
		`"2026-07-02T09:15:30.5"`:                  `"2026-07-02T09:15:30.5Z"`,
		`"2026-07-02 09:15:30.5"`:                  `"2026-07-02T09:15:30.5Z"`,
		`"2026-07-02 09:15:30+02:00"`:              `"2026-07-02T09:15:30+02:00"`,
		`""`:                                       `null`,
		`null`:                                     `null`,
		`"yesterday"`:                              `null`,
		`1751447730`:                               `null`,
	} {
		var at Time
		if err := json.Unmarshal([]byte(wire), &at); err != nil {
			t.Errorf("%s: %v", wire, err)
		}
		got, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, wire, string(got), want)
	}
}
