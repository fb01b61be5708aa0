// Package schedule reads cron expressions of five fields and says when they come
// due: start from [Next].
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a machine may have no time zones of its own

	"github.com/robfig/cron/v3"
)

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// CheckExpression says what is wrong with a cron expression.
func CheckExpression(expression string) error {
	due, err := parse(expression)
	if err != nil {
		return err
	}
	// Which days there are does not depend on the zone.
	if due.Next(time.Unix(0, 0).UTC()).IsZero() {
		return errors.New("never comes due: there is no such day")
	}
	return nil
}

func parse(expression string) (cron.Schedule, error) {
	// The parser would take a time zone for the first field.
	if len(strings.Fields(expression)) != 5 || strings.Contains(expression, "TZ=") {
		return nil, errors.New("must have five fields: minute, hour, day of month, month, day of week")
	}
	due, err := parser.Parse(expression)
	if err != nil {
		return nil, fmt.Errorf("is no cron expression: %w", err)
	}
	return due, nil
}

// CheckTimezone says what is wrong with the name of a time zone.
func CheckTimezone(name string) error {
	_, err := zone(name)
	return err
}

func zone(name string) (*time.Location, error) {
	// LoadLocation takes these two for other names than the IANA's.
	if name == "" || name == "Local" {
		return nil, errors.New("must be the IANA name of a time zone, such as Europe/Berlin")
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New("is no time zone; give its IANA name, such as Europe/Berlin")
	}
	return location, nil
}

// Next is the first time after now at which the expression comes due in the zone.
func Next(expression, timezone string, now time.Time) (time.Time, error) {
	due, err := parse(expression)
	if err != nil {
		return time.Time{}, err
	}
	location, err := zone(timezone)
	if err != nil {
		return time.Time{}, err
	}
	next := due.Next(now.In(location))
	if next.IsZero() {
		return time.Time{}, errors.New("never comes due")
	}
	return next, nil
}
