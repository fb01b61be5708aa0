package verified

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxTableRows is how much of a result is shown as text; the data frame has all.
const maxTableRows = 50

// Columns say by their names how their values read: amounts of money end in
// _cents and are whole numbers of cents, shares end in _percent.
const (
	centsSuffix   = "_cents"
	percentSuffix = "_percent"
)

// heading is a column's name for people.
func heading(column string) string {
	name, money := strings.CutSuffix(column, centsSuffix)
	name, share := strings.CutSuffix(name, percentSuffix)
	name = strings.ReplaceAll(name, "_", " ")
	if name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	switch {
	case money:
		return name + " (USD)"
	case share:
		return name + " (%)"
	}
	return name
}

// cell is a value as a table shows it.
func cell(column string, value any) string {
	switch value := value.(type) {
	case nil:
		return "–"
	case int64:
		switch {
		case strings.HasSuffix(column, centsSuffix):
			return dollars(value)
		case column == "year":
			return strconv.FormatInt(value, 10)
		}
		return grouped(value)
	case float64:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case json.Number:
		if n, ok := whole(value); ok {
			return cell(column, n)
		}
		return value.String()
	}
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(fmt.Sprint(value))
}

// whole is the value of a whole number, which databases also give as an exact
// decimal: the sum of large integers is one.
func whole(value any) (int64, bool) {
	switch value := value.(type) {
	case int64:
		return value, true
	case json.Number:
		n, err := value.Int64()
		return n, err == nil
	}
	return 0, false
}

// dollars writes cents as 1,234.56, without going through a float.
func dollars(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%s.%02d", sign, grouped(cents/100), cents%100)
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	first := len(digits) % 3
	if strings.HasPrefix(digits, "-") {
		first = (len(digits)-1)%3 + 1
	}
	var groups []string
	if head := digits[:first]; head != "" && head != "-" {
		groups = append(groups, head)
	}
	for rest := digits[first:]; rest != ""; rest = rest[3:] {
		groups = append(groups, rest[:3])
	}
	text := strings.Join(groups, ",")
	if n < 0 && !strings.HasPrefix(text, "-") {
		text = "-" + text
	}
	return text
}

// table writes a result as a Markdown table.
func table(r Result) string {
	var out strings.Builder
	writeRow := func(cells []string) {
		out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	headings, rules := make([]string, len(r.Columns)), make([]string, len(r.Columns))
	for i, column := range r.Columns {
		headings[i], rules[i] = heading(column), "---"
		if r.numeric(i) {
			rules[i] = "---:"
		}
	}
	writeRow(headings)
	writeRow(rules)
	for _, row := range r.Rows[:min(len(r.Rows), maxTableRows)] {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = cell(r.Columns[i], value)
		}
		writeRow(cells)
	}
	if r.More {
		fmt.Fprintf(&out, "\nThe result was cut after %d rows.\n", len(r.Rows))
	}
	if more := len(r.Rows) - maxTableRows; more > 0 {
		fmt.Fprintf(&out, "\n%d more rows are in the data frame.\n", more)
	}
	return out.String()
}

// numeric says whether a column holds numbers and nothing else.
func (r Result) numeric(column int) bool {
	for _, row := range r.Rows {
		switch row[column].(type) {
		case int64, float64, json.Number:
		default:
			return false
		}
	}
	return len(r.Rows) > 0
}

// summary says in a sentence what the result shows first.
func summary(m match, r Result) string {
	facts := make([]string, len(r.Columns))
	for i, column := range r.Columns {
		value := cell(column, r.Rows[0][i])
		if strings.HasSuffix(column, centsSuffix) {
			value = "$" + value
		}
		if strings.HasSuffix(column, percentSuffix) {
			value += "%"
		}
		name := strings.TrimSuffix(strings.TrimSuffix(column, centsSuffix), percentSuffix)
		facts[i] = strings.ReplaceAll(name, "_", " ") + " **" + value + "**"
	}
	if len(r.Rows) == 1 {
		return "The answer: " + strings.Join(facts, ", ") + "."
	}
	return fmt.Sprintf("%d rows answer this. First comes %s.", len(r.Rows), strings.Join(facts, ", "))
}
