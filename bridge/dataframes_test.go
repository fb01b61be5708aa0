package bridge

import (
	"encoding/json"
	"strings"
	"testing"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

func TestATableOfUnknownLengthGoesOnWhileItIsFull(t *testing.T) {
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
	frame := restclient.DataFrame{Columns: []string{"a", "b"}}
	for want, asked := range map[string][]string{"b": {"b"}, "a,b": nil} {
		got, err := newTable(frame, restclient.DataFrameReadOptions{Columns: asked}, &restclient.DataFrameRows{})
		if err != nil || strings.Join(got.Columns, ",") != want || got.Total == nil || *got.Total != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestLongRowsAreCutAndSaySo(t *testing.T) {
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
	medium := strings.Repeat("x", maxText/2)
	for i := range read.Rows {
		read.Rows[i] = restclient.Row{json.Number("1"), medium}
	}
	if got, err = newTable(frame, restclient.DataFrameReadOptions{Limit: 3}, read); err != nil || len(got.Rows) != 1 || *got.Next != 1 {
		t.Errorf("got %d rows, %v", len(got.Rows), err)
	}
}
