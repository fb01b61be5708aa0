package bridge

import (
	"encoding/json"
	"strings"
	"testing"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

func TestATableOfUnknownLengthGoesOnWhileItIsFull(t *testing.T) {
	t.Parallel()
	row := restclient.Row{json.Number("1"), "x"}
	for name, test := range map[string]struct {
		rows  int
		next  int // 0 for none
		total bool
	}{"full": {5, 15, false}, "the last": {4, 0, false}, "nothing more": {0, 0, false}} {
		read := &restclient.DataFrameRows{Columns: []string{"a", "b"}}
		for range test.rows {
			read.Rows = append(read.Rows, row)
		}
		got, err := newTable(restclient.DataFrame{}, restclient.DataFrameReadOptions{Offset: 10, Limit: 5}, read)
		if err != nil || len(got.Rows) != test.rows || (got.Next == nil) != (test.next == 0) || got.Next != nil && *got.Next != test.next || (got.Total != nil) != test.total {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestColumnsAreNamedWhereNoRowDoes(t *testing.T) {
	t.Parallel()
	frame := restclient.DataFrame{Columns: []string{"a", "b"}}
	for want, asked := range map[string][]string{"b": {"b"}, "a,b": nil} {
		got, err := newTable(frame, restclient.DataFrameReadOptions{Columns: asked}, &restclient.DataFrameRows{})
		if err != nil || strings.Join(got.Columns, ",") != want || got.Total == nil || *got.Total != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestLongRowsAreCutAndSaySo(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", maxText)
	read := &restclient.DataFrameRows{Columns: []string{"n", "text"}}
	for range 3 {
		read.Rows = append(read.Rows, restclient.Row{json.Number("9007199254740993"), long})
	}
	frame := restclient.DataFrame{NumRows: 3}
	got, err := newTable(frame, restclient.DataFrameReadOptions{Limit: 3}, read)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := exchange.Encode(got)
	if err != nil || len(encoded) > maxText+1000 || !strings.Contains(string(encoded), "[9007199254740993,") || !strings.Contains(string(encoded), "[cut: 60000 bytes in all]") {
		t.Errorf("got %d bytes, %v", len(encoded), err)
	}
	if !strings.Contains(got.Note, "with fewer columns more of them is shown") {
		t.Errorf("got the note %q", got.Note)
	}
	alone := &restclient.DataFrameRows{Columns: []string{"text"}, Rows: []restclient.Row{{long}}}
	one, err := newTable(frame, restclient.DataFrameReadOptions{Limit: 3}, alone)
	if err != nil || len(one.Rows[0][0].(string)) <= len(got.Rows[0][1].(string)) || !strings.Contains(one.Note, "more of them cannot be shown") {
		t.Errorf("a column alone shows %d bytes, with another %d; %v", len(one.Rows[0][0].(string)), len(got.Rows[0][1].(string)), err)
	}
	medium := strings.Repeat("x", maxText/2)
	for i := range read.Rows {
		read.Rows[i] = restclient.Row{json.Number("1"), medium}
	}
	if got, err = newTable(frame, restclient.DataFrameReadOptions{Limit: 3}, read); err != nil || len(got.Rows) != 1 || *got.Next != 1 || got.Note != "" {
		t.Errorf("got %d rows, %v", len(got.Rows), err)
	}
}

func TestARowIsCutAsAWhole(t *testing.T) {
	t.Parallel()
	nested := make([]any, 50_000)
	for i := range nested {
		nested[i] = json.Number("1234567")
	}
	many := make(restclient.Row, 100)
	for i := range many {
		many[i] = strings.Repeat("x", 3_900)
	}
	tiny := make(restclient.Row, 3_000)
	for i := range tiny {
		tiny[i] = strings.Repeat("y", 30)
	}
	for name, row := range map[string]restclient.Row{
		"many": many, "nested": {nested, json.Number("7")}, "escaped": {strings.Repeat("\x01", maxText)}, "tiny": tiny,
	} {
		read := &restclient.DataFrameRows{Columns: make([]string, len(row)), Rows: []restclient.Row{row}}
		got, err := newTable(restclient.DataFrame{NumRows: 1}, restclient.DataFrameReadOptions{Limit: 1}, read)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := exchange.Encode(got)
		if err != nil || len(encoded) > maxText || len(got.Rows) != 1 || len(got.Rows[0]) != len(row) || name != "tiny" && !strings.Contains(string(encoded), "[cut: ") {
			t.Errorf("%s: got %d bytes in %d rows, %v", name, len(encoded), len(got.Rows), err)
		}
	}
}

func TestTooManyColumnsAreCounted(t *testing.T) {
	t.Parallel()
	names := make([]string, 5_000)
	for i := range names {
		names[i] = strings.Repeat("n", 20)
	}
	shown := firstNames(names, maxColumnNames)
	encoded, err := exchange.Encode(shown)
	if err != nil || len(shown) == 0 || len(encoded) > maxColumnNames+2 {
		t.Errorf("got %d names in %d bytes, %v", len(shown), len(encoded), err)
	}
	_, err = newTable(restclient.DataFrame{Name: "wide"}, restclient.DataFrameReadOptions{}, &restclient.DataFrameRows{Columns: names})
	if err == nil || !strings.Contains(err.Error(), "has 5000 columns") || !strings.Contains(err.Error(), "with columns") {
		t.Errorf("got %v", err)
	}
}
