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
func chart(m match, r result) (spec string, ok bool) {
	if len(r.rows) < 2 || len(r.rows) > maxBars || len(r.columns) < 2 {
		return "", false
	}
	measure := 1
	for !r.numeric(measure) {
		if measure++; measure == len(r.columns) {
			return "", false
		}
	}
	label, quantity := heading(r.columns[0]), heading(r.columns[measure])
	points := make([]map[string]any, len(r.rows))
	for i, row := range r.rows {
		points[i] = map[string]any{label: row[0], quantity: plotted(r.columns[measure], row[measure])}
	}
	mark, order := "bar", any("-y")
	if isTime(r.columns[0]) {
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
	cents, ok := value.(int64)
	if !ok || !strings.HasSuffix(column, centsSuffix) {
		return value
	}
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return json.Number(fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100))
}
