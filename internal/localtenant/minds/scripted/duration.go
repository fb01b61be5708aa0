package scripted

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// longest bounds what a message can make an agent do.
const longest = time.Hour

// parseDuration reads 90s, 1m30s, 500ms, or a bare number of seconds.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if seconds, numberErr := strconv.ParseFloat(text, 64); numberErr == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if math.IsNaN(seconds) || seconds > longest.Seconds() {
			d = longest + 1
		}
	}
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is no time from 0 to an hour; write 500ms, 90s or a number of seconds", text)
	}
	return d, nil
}

func formatSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

const (
	longUnits  = `milliseconds?|msecs?|seconds?|secs?|minutes?|mins?|hours?|hrs?`
	shortUnits = `ms|s|m|h`
)

var (
	timePhrase = regexp.MustCompile(`(?i)\b(?:` +
		`(\d{1,9}(?:\.\d{1,3})?)[\s-]*(` + longUnits + `|` + shortUnits + `)` +
		`|(half an?|an?|one|two|three|four|five|six|seven|eight|nine|ten)[\s-]+(` + longUnits + `)` +
		`)\b`)
	// joint is what may stand inside "1 minute and 30 seconds".
	joint = regexp.MustCompile(`(?i)^[\s,]*(?:and\s+)?$`)
)

var numberWords = map[string]float64{
	"half a": 0.5, "half an": 0.5, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
	"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}

var units = map[string]time.Duration{
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
}

// namedDuration is the first time a message names, as "a 90-second story", "for
// two minutes", "1 hour and 5 min" or "1m30s" do; fallback if it names none.
func namedDuration(message string, fallback time.Duration) time.Duration {
	for word := range strings.FieldsSeq(message) {
		if d, err := time.ParseDuration(strings.Trim(word, ".,;:!?()\"'")); err == nil && d > 0 {
			return min(d, longest)
		}
	}
	var total time.Duration
	end := 0
	for _, at := range timePhrase.FindAllStringSubmatchIndex(message, -1) {
		if total > 0 && !joint.MatchString(message[end:at[0]]) {
			break
		}
		total += phraseDuration(message, at)
		end = at[1]
	}
	if total == 0 {
		return fallback
	}
	return min(total, longest)
}

// phraseDuration reads one match of timePhrase.
func phraseDuration(message string, at []int) time.Duration {
	number, unit := 2, 4 // groups of the form in digits
	if at[number] < 0 {
		number, unit = 6, 8 // and of the form in words
	}
	text := strings.ToLower(message[at[number]:at[number+1]])
	count, inWords := numberWords[text]
	if !inWords {
		count, _ = strconv.ParseFloat(text, 64) // digits by the pattern
	}
	name := strings.ToLower(message[at[unit]:at[unit+1]])
	length, ok := units[name]
	if !ok {
		length = units[strings.TrimSuffix(name, "s")]
	}
	return time.Duration(min(count*float64(length), float64(longest)))
}
