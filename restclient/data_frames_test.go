package restclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestDataFrameRowsInEveryShape(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"row objects": {
			` [{"z":1.50,"a":"x","é":null},{"a":{"k":12345678901234567890},"z":true}]`,
			`{"Columns":["z","a","é"],"Rows":[[1.50,"x",null],[true,{"k":12345678901234567890},null]],"Name":"","Description":""}`},
		"rows that learn columns": {
			`[{"a":1},{"b":2},{},{"c":3,"a":4,"a":5}]`,
			`{"Columns":["a","b","c"],"Rows":[[1,null,null],[null,2,null],[null,null,null],[5,null,3]],"Name":"","Description":""}`},
		"columns and rows": {
			`{"columns":["z","a"],"rows":[[1.0,"x"],[2]],"name":"sales","description":"d"}`,
			`{"Columns":["z","a"],"Rows":[[1.0,"x"],[2,null]],"Name":"sales","Description":"d"}`},
		"columns that are objects": {
			`{"columns":[{"name":"z","type":"INT"},{"title":"t"}],"rows":[[1,2]]}`,
			`{"Columns":["z","{\"title\":\"t\"}"],"Rows":[[1,2]],"Name":"","Description":""}`},
		"columns and row objects": {
			`{"columns":["z","a"],"rows":[{"a":1,"z":2,"new":3}]}`,
			`{"Columns":["z","a","new"],"Rows":[[2,1,3]],"Name":"","Description":""}`},
		"a page":           {`{"data":[{"a":1}],"next":null}`, `{"Columns":["a"],"Rows":[[1]],"Name":"","Description":""}`},
		"no rows":          {`[]`, `{"Columns":null,"Rows":null,"Name":"","Description":""}`},
		"columns, no rows": {`{"columns":["a"],"rows":[]}`, `{"Columns":["a"],"Rows":null,"Name":"","Description":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(200, "application/json", c.body))
			rows, err := client.Conversations.ReadDataFrame(t.Context(), "a1", "t1", "sales", nil)
			if err != nil {
				t.Fatal(err)
			}
			checkResult(t, rows, endpoint{want: c.want})
		})
	}
}

func TestDataFrameRowsThatAreNone(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                          "it holds no rows",
		`7`:                           "cannot unmarshal",
		`[7]`:                         "row 1 is neither an object nor a list",
		`[{"a":1},"x"]`:               "row 2 is neither an object nor a list",
		`{"rows":{}}`:                 "the rows are not a list",
		`{"columns":["a"],"rows":7}`:  "the rows are not a list",
		`{"columns":[],"rows":[[1]]}`: "row 1 has more values than there are columns",
		`{"columns":7,"rows":[]}`:     "cannot unmarshal",
		`[{"a":1}`:                    "unexpected end of JSON",
	} {
		client := serve(t, answer(200, "application/json", body))
		_, err := client.Conversations.ReadDataFrame(t.Context(), "a1", "t1", "sales", nil)
		if err == nil || !isResponseError(err) {
			t.Errorf("%s: got %v, want a ResponseError", body, err)
			continue
		}
		contains(t, body, err.Error(), want)
	}
}

// The decoder sees valid JSON alone when encoding/json calls it; called by
// itself, it has to stand anything.
func TestDataFrameRowsOfBrokenJSON(t *testing.T) {
	for _, body := range []string{`[`, `[{`, `[{"a"`, `[{"a":`, `[{"a":1`, `[[`, `[[1,`, `[[1,}`, `[}`, `[,`, `[{,`, `[{"a":1,`, `{"rows":[[1`, ` `} {
		var rows DataFrameRows
		if err := rows.UnmarshalJSON([]byte(body)); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

func TestDataFrameThatWouldGrowWithItsSquare(t *testing.T) {
	var body strings.Builder
	body.WriteString("[")
	for i := range 2100 {
		if i > 0 {
			body.WriteString(",")
		}
		fmt.Fprintf(&body, `{"c%d":1}`, i)
	}
	body.WriteString("]")
	var rows DataFrameRows
	err := json.Unmarshal([]byte(body.String()), &rows)
	if !errors.Is(err, errTooLarge) {
		t.Fatalf("got %v, want that it is too large", err)
	}
	contains(t, "error", err.Error(), "ask for fewer rows with a limit")
}

func TestDataFrameOfAnotherServer(t *testing.T) {
	const wire = `{"data_frame_id":"d1","name":"sales","num_rows":2.0,"num_columns":"2","column_headers":["a",7],` +
		`"sample_rows":[[1.50,{"n":12345678901234567890}]],"parent_data_frame_ids":[],"sheet_name":null}`
	var frame DataFrame
	if err := json.Unmarshal([]byte(wire), &frame); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", frame.NumRows, 2)
	equal(t, "columns", frame.NumColumns, 0)
	equal(t, "what is no number", string(frame.Extra["num_columns"]), `"2"`)
	equal(t, "a sample", fmt.Sprint(frame.SampleRows[0]), "[1.50 map[n:12345678901234567890]]")
	encoded, err := json.Marshal(frame)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "encoded", string(encoded), `"num_rows":2,`, `"num_columns":"2"`, `"column_headers":["a",7]`, `"sheet_name":null`)
}
