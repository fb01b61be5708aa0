package verified

import (
	"encoding/json"
	"fmt"
	"strings"
)

const vegaLiteSchema = "https://vega.github.io/schema/vega-lite/v5.json"

const maxBars = 60

// chart draws the first column of numbers over the first column, when there is
// something to compare.
func chart(m match, r Result) (spec string, ok bool) {
	if len(r.Rows) < 2 || len(r.Rows) > maxBars || len(r.Columns) < 2 {
		return "", false
	}
	measure := 1
	for !r.numeric(measure) {
		if measure++; measure == len(r.Columns) {
			return "", false
		}
	}
	label, quantity := heading(r.Columns[0]), heading(r.Columns[measure])
	points := make([]map[string]any, len(r.Rows))
	for i, row := range r.Rows {
		points[i] = map[string]any{label: row[0], quantity: plotted(r.Columns[measure], row[measure])}
	}
	mark, order := "bar", any("-y")
	if isTime(r.Columns[0]) {
		mark, order = "line", nil
	}
	data, err := json.Marshal(map[string]any{
		"$schema": vegaLiteSchema,
		"title":   m.query.NLQ,
		"data":    map[string]any{"values": points},
		"mark":    mark,
		"encoding": map[string]any{
			"x": map[string]any{"field": label, "type": "ordinal", "sort": order},
			"y": map[string]any{"field": quantity, "type": "quantitative"},
		},
	})
	return string(data), err == nil
}

func isTime(column string) bool { return column == "month" || column == "year" }

// plotted turns cents into an exact decimal number of dollars.
func plotted(column string, value any) any {
	cents, ok := whole(value)
	if !ok || !strings.HasSuffix(column, centsSuffix) {
		return value
	}
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return json.Number(fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100))
}
