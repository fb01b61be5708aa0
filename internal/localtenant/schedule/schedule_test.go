package schedule_test

import (
	"testing"
	"time"

	"sema4mcp/internal/localtenant/schedule"
)

func TestNext(t *testing.T) {
	for _, test := range []struct{ expression, zone, now, want string }{
		{"0 9 * * *", "UTC", "2026-07-01T08:59:59Z", "2026-07-01T09:00:00Z"},
		{"0 9 * * *", "UTC", "2026-07-01T09:00:00Z", "2026-07-02T09:00:00Z"},
		{"0 9 * * *", "Europe/Berlin", "2026-07-01T08:00:00Z", "2026-07-02T07:00:00Z"},
		{"0 9 * * *", "Europe/Berlin", "2026-12-01T08:30:00Z", "2026-12-02T08:00:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", "2026-03-30T00:30:00Z"}, // there is no half past two on the 29th
		{"*/15 0-6 1,15 jan-mar sun", "UTC", "2026-01-01T06:45:00Z", "2026-01-04T00:00:00Z"},
		{"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		next, err := schedule.Next(test.expression, test.zone, now)
		if got := next.UTC().Format(time.RFC3339); err != nil || got != test.want {
			t.Errorf("%q in %s after %s: %s, %v; want %s", test.expression, test.zone, test.now, got, err, test.want)
		}
	}
}

func TestNoNext(t *testing.T) {
	for _, test := range []struct{ expression, zone string }{
		{"* * * *", "UTC"}, {"61 * * * *", "UTC"}, {"* * * * *", "Nowhere"}, {"0 0 31 4 *", "UTC"},
	} {
		if next, err := schedule.Next(test.expression, test.zone, time.Now()); err == nil {
			t.Errorf("%q in %s: %v", test.expression, test.zone, next)
		}
	}
}

// Whatever passes the check has a next time, and none panics.
func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{"* * * * *", "*/5 1-2 L ? MON#1", "0 0 29 2 *", "TZ= * * * *", "CRON_TZ=UTC 0 0 * *", "1-5/2 , - / *"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		if schedule.CheckExpression(expression) != nil {
			return
		}
		if next, err := schedule.Next(expression, "UTC", now); err != nil || !next.After(now) {
			t.Errorf("%q: %v, %v", expression, next, err)
		}
	})
}
