package verified

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entity is a value named in a question.
type entity struct {
	kind  string // kindYear, kindDate, kindNumber or the name of an enumeration
	value any    // int64 or string; a date is YYYY-MM-DD
	used  bool
}

const (
	kindYear   = "year"
	kindDate   = "date"
	kindNumber = "number"
)

// placeholder stands for an entity among the tokens. Years and dates share one:
// "since 2025" asks the same as "since 2025-03-01".
func placeholder(kind string) string {
	if kind == kindYear || kind == kindDate {
		return "<time>"
	}
	return "<" + kind + ">"
}

// finder takes the entities it finds out of a folded text.
type finder struct {
	text     string
	entities []*entity
}

func (f *finder) take(pattern *regexp.Regexp, read func(match []string) (*entity, bool)) {
	f.text = pattern.ReplaceAllStringFunc(f.text, func(found string) string {
		match := pattern.FindStringSubmatch(found)
		if match == nil { // a word boundary that is none without the text around it
			return found
		}
		e, ok := read(match)
		if !ok {
			return found
		}
		f.entities = append(f.entities, e)
		return " " + placeholder(e.kind) + " "
	})
}

var (
	isoDate   = regexp.MustCompile(`\b(\d{4}-\d{2}-\d{2})\b`)
	monthYear = regexp.MustCompile(`\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)` +
		`(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.? ((?:19|20)\d\d)\b`)
	year     = regexp.MustCompile(`\b((?:19|20)\d\d)\b`)
	nearYear = regexp.MustCompile(`\b(this|last|previous|current) year\b`)
	number   = regexp.MustCompile(`\b(\d{1,9}|two|three|four|five|six|seven|eight|nine|ten|twenty)\b`)
)

var numberWords = map[string]int64{
	"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twenty": 20,
}

// analysis is a question taken apart.
type analysis struct {
	tokens   []string
	entities []*entity
}

// analyse finds the entities of a text, then the words around them.
func (k *knowledge) analyse(text string, now time.Time) analysis {
	f := &finder{text: fold(text)}
	for _, e := range k.enumerations {
		f.take(e.pattern, func(match []string) (*entity, bool) {
			return &entity{kind: e.name, value: e.values[match[1]]}, true
		})
	}
	f.take(isoDate, func(match []string) (*entity, bool) {
		_, err := time.Parse(time.DateOnly, match[1])
		return &entity{kind: kindDate, value: match[1]}, err == nil
	})
	f.take(monthYear, func(match []string) (*entity, bool) {
		first, err := time.Parse("Jan 2006", strings.ToUpper(match[1][:1])+match[1][1:]+" "+match[2])
		return &entity{kind: kindDate, value: first.Format(time.DateOnly)}, err == nil
	})
	f.take(nearYear, func(match []string) (*entity, bool) {
		y := int64(now.Year())
		if match[1] == "last" || match[1] == "previous" {
			y--
		}
		return &entity{kind: kindYear, value: y}, true
	})
	f.take(year, func(match []string) (*entity, bool) {
		return &entity{kind: kindYear, value: wholeNumber(match[1])}, true
	})
	f.take(number, func(match []string) (*entity, bool) {
		return &entity{kind: kindNumber, value: wholeNumber(match[1])}, true
	})
	return analysis{tokens: k.vocabulary.tokens(f.text), entities: f.entities}
}

func wholeNumber(text string) int64 {
	if n, ok := numberWords[text]; ok {
		return n
	}
	n, _ := strconv.ParseInt(text, 10, 64) // digits by the pattern
	return n
}

// enumeration recognises the values of an enumerated dimension.
type enumeration struct {
	name    string
	pattern *regexp.Regexp
	values  map[string]string // as the database has them, by their folded form
}

// newEnumeration has something to recognise, or ok is false.
func newEnumeration(d Dimension) (_ enumeration, ok bool) {
	e := enumeration{name: d.Name, values: map[string]string{}}
	var folded []string
	for _, value := range d.SampleValues {
		form := fold(value)
		if strings.TrimSpace(form) == "" {
			continue // it would be found everywhere
		}
		e.values[form] = value
		folded = append(folded, regexp.QuoteMeta(form))
	}
	// Longer values first: "North America" is not "America".
	slices.SortFunc(folded, func(a, b string) int { return len(b) - len(a) })
	e.pattern = regexp.MustCompile(`\b(` + strings.Join(folded, "|") + `)\b`)
	return e, len(folded) > 0
}

// fit gives the value an entity has for a parameter, if it fits.
func (e *entity) fit(p Parameter) (any, bool) {
	switch {
	case e.kind == p.Name:
		return e.value, true
	case p.DataType == "DATE" && e.kind == kindDate:
		return e.value, true
	case p.DataType == "DATE" && e.kind == kindYear:
		return fmt.Sprintf("%04d-01-01", e.value), true
	case p.DataType == "INTEGER" && p.Name != kindYear && e.kind == kindNumber:
		return e.value, true
	}
	return nil, false
}
