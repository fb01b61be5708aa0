package localtenant_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
)

func (c *client) frames(conversation, query string) []object {
	c.t.Helper()
	return get[[]object](c, http.MethodGet, conversation+"/data-frames"+query, "")
}

func (c *client) rows(conversation, name, query string) []object {
	c.t.Helper()
	return get[[]object](c, http.MethodGet, conversation+"/data-frames/"+url.PathEscape(name)+query, "")
}

func TestDataFramesOfQueries(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.SalesAnalystID)
	if got := c.frames(conversation, ""); got == nil || len(got) != 0 {
		t.Errorf("a new conversation has data frames: %v", got)
	}
	c.post(conversation, "What were total sales by region?")
	frames := c.frames(conversation, "?num_samples=2")
	if len(frames) != 1 {
		t.Fatalf("frames %v", frames)
	}
	frame := frames[0]
	if frame["name"] != "sales_by_region" || frame["num_rows"] != 5.0 || frame["num_columns"] != 2.0 || frame["input_id_type"] != "sql_computation" ||
		frame["sql_dialect"] != "sqlite" || !strings.HasPrefix(frame["sql_query"].(string), "SELECT region") || frame["file_id"] != nil ||
		fmt.Sprint(frame["column_headers"]) != "[region sales_cents]" || len(frame["sample_rows"].([]any)) != 2 || frame["created_at"] == "" {
		t.Errorf("frame %v", frame)
	}
	for _, key := range []string{"data_frame_id", "thread_id", "sheet_name", "description", "parent_data_frame_ids", "file_ref"} {
		if _, ok := frame[key]; !ok {
			t.Errorf("the frame has no %s", key)
		}
	}
	rows := c.rows(conversation, "sales_by_region", "?order_by=-sales_cents&limit=1")
	if len(rows) != 1 || fmt.Sprint(rows[0]["region"]) != fmt.Sprint(frame["sample_rows"].([]any)[0].([]any)[0]) {
		t.Errorf("the best region: %v, frame %v", rows, frame)
	}
	// Asked again, the frame is replaced.
	c.post(conversation, "What were total sales by region in 2025?")
	again := c.frames(conversation, "")
	if len(again) != 1 || again[0]["data_frame_id"] == frame["data_frame_id"] || len(again[0]["sample_rows"].([]any)) != 0 {
		t.Errorf("frames %v", again)
	}
}

const people = "\ufeffname;born;city;height;member;zip;name\r\n" +
	"Ada;1815;\"Lon\ndon\";1,65;true;00501;a\r\n" +
	"Grace;1906;;1.7;FALSE;12345;b\r\n" +
	"Émilie;1706;\"Pa\"\"ris\";;True;;c\r\n"

func TestDataFramesOfFiles(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	uploaded := c.upload(conversation, file("2026 People & more.csv", people), file("other.tsv", "a\tb\n1\t2.50\n"), file("notes.txt", "a,b\n1,2"))
	frames := c.frames(conversation, "?num_samples=-1")
	if len(frames) != 2 {
		t.Fatalf("frames %v", frames)
	}
	frame := frames[0]
	if frame["name"] != "data_2026_people_more" || frame["input_id_type"] != "file" || frame["file_ref"] != "2026 People & more.csv" ||
		frame["file_id"] != uploaded[0]["file_id"] || frame["sql_query"] != nil || frame["num_rows"] != 3.0 ||
		fmt.Sprint(frame["column_headers"]) != "[name born city height member zip name_2]" {
		t.Errorf("frame %v", frame)
	}
	want := "[[Ada 1815 Lon\ndon 1,65 true 00501 a] [Grace 1906 <nil> 1.7 false 12345 b] [Émilie 1706 Pa\"ris <nil> true <nil> c]]"
	if got := fmt.Sprint(frame["sample_rows"]); got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	for query, want := range map[string]string{
		"":                            "[map[a:1 b:2.5]]",
		"?column_names=b":             "[map[b:2.5]]",
		"?offset=1":                   "[]",
		"?offset=9223372036854775807": "[]",
		"?limit=99999":                "[map[a:1 b:2.5]]",
		"?output_format=json&limit=1": "[map[a:1 b:2.5]]",
		"?column_names=b,%20a":        "[map[a:1 b:2.5]]",
	} {
		if got := fmt.Sprint(c.rows(conversation, "other", query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	// The digits of a number and the order of columns are those of the file.
	_, body, _ := c.do(http.MethodGet, conversation+"/data-frames/other?column_names=b,a", "")
	if string(body) != `[{"b":2.50,"a":1}]` {
		t.Errorf("body %s", body)
	}
}

func TestOrderOfRows(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	c.upload(conversation, file("n.csv", "n,-n,\"a,b\"\n10,x,1\n9,y,2\n,z,3\n-1,y,4\n10.5,,5\n"))
	for query, want := range map[string]string{
		"?order_by=n":                    "[-1 9 10 10.5 <nil>]",
		"?order_by=-n":                   "[10 9 -1 <nil> 10.5]", // the column of that name
		"?order_by=--n":                  "[<nil> 9 -1 10 10.5]",
		"?order_by=n&offset=1&limit=2":   "[9 10]",
		"?order_by=a,b&offset=4":         "[10.5]",
		"?order_by=-a%2Cb&limit=1":       "[10.5]",
		"?column_names=n,%22a,b%22":      "[10 9 <nil> -1 10.5]",
		"?order_by=n&offset=100&limit=5": "[]",
	} {
		var got []any
		for _, row := range c.rows(conversation, "n", query) {
			got = append(got, row["n"])
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

func TestNamesOfDataFrames(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	c.upload(conversation, file("Sales Q1.csv", "n\n1"), file("sales-q1.CSV", "n\n2"), file("sales_q1.tsv", "n\n3"),
		file("🚀.csv", "n\n4"), file("Größe/..csv", "n\n5"), file("größe.csv", "n\n6"), file(strings.Repeat("x", 200)+".csv", "n\n7"))
	for i, name := range []string{"sales_q1", "sales_q1_2", "sales_q1_3", "data", "data_2", "größe", strings.Repeat("x", 100)} {
		if got := fmt.Sprint(c.rows(conversation, name, "")); got != fmt.Sprintf("[map[n:%d]]", i+1) {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A query may have left a frame of any name.
	dir := t.TempDir()
	c = start(t, localtenant.Config{DataDir: dir})
	conversation = c.converse(localtenant.EchoID)
	c.upload(conversation, file("a.csv", "n\n1"))
	for _, name := range []string{"a/b", "..", "a%2fb", "🚀 x", "?#", "'; DROP TABLE agents --"} {
		if err := changeStored(t, dir, `UPDATE data_frames SET name = ?`, name); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(c.rows(conversation, name, "")); got != "[map[n:1]]" {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestDataFramesThatAreRefused(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	foreign := strings.Replace(conversation, localtenant.EchoID, localtenant.UnicodeID, 1)
	c.upload(conversation, file("n.csv", "n,m\n1,2"))
	for _, test := range []struct {
		path   string
		status int
		says   string
	}{
		{conversation + "/data-frames?num_samples=x", 422, "query -> num_samples: must be a whole number"},
		{conversation + "/data-frames?num_samples=-2", 422, "from -1 on"},
		{conversation + "/data-frames/none", 404, `data frame "none"`},
		{conversation + "/data-frames/N", 404, "not found"},
		{conversation + "/data-frames/%2e%2e%2fn", 404, "not found"},
		{conversation + "/data-frames/n?offset=-1", 422, "query -> offset"},
		{conversation + "/data-frames/n?offset=1.5", 422, "query -> offset"},
		{conversation + "/data-frames/n?offset=99999999999999999999", 422, "query -> offset"},
		{conversation + "/data-frames/n?limit=0", 422, "query -> limit: must be a whole number from 1 on"},
		{conversation + "/data-frames/n?limit=many", 422, "query -> limit"},
		{conversation + "/data-frames/n?order_by=x", 422, `no column "x"; the columns are n, m`},
		{conversation + "/data-frames/n?order_by=-", 422, `no column ""`},
		{conversation + "/data-frames/n?column_names=n,x", 422, `no column "x"; the columns are n, m`},
		{conversation + "/data-frames/n?column_names=n,m,%20n", 422, `column_names: names the column "n" twice`},
		{conversation + "/data-frames/n?column_names=n,%22", 422, "comma-separated list"},
		{conversation + "/data-frames/n?column_names=%0A", 422, "comma-separated list"},
		{conversation + "/data-frames/n?column_names=" + strings.Repeat("n,", 40000), 422, "too long"},
		{conversation + "/data-frames/n?output_format=parquet", 400, "does not write parquet; use output_format=json"},
		{conversation + "/data-frames/n?output_format=xml", 422, "must be one of json, parquet"},
		{foreign + "/data-frames", 404, "not found"},
		{foreign + "/data-frames/n", 404, "not found"},
		{"/agents/x/conversations/y/data-frames", 404, "not found"},
	} {
		if got := c.refuse(test.status, http.MethodGet, test.path, ""); !strings.Contains(got, test.says) {
			t.Errorf("%.100s: %q does not say %q", test.path, got, test.says)
		}
	}
	c.refuse(http.StatusMethodNotAllowed, http.MethodPost, conversation+"/data-frames", "{}")
}

// What is no table is kept as a file and nothing else.
func TestFilesThatAreNoTables(t *testing.T) {
	c := start(t, localtenant.Config{Logger: quiet})
	conversation := c.converse(localtenant.EchoID)
	for name, content := range map[string]string{
		"empty.csv": "", "blank.csv": "\n\n", "binary.csv": "a,b\n\xff\xfe,1", "nul.csv": "a\n\x00", "wide.csv": strings.Repeat(",", 1000),
		"open.csv": "a,b\n\"" + strings.Repeat("x", 2<<20),
	} {
		c.upload(conversation, file(name, content))
		if _, body, _ := c.download(conversation, name); body != content {
			t.Errorf("%s: downloaded %.50q", name, body)
		}
	}
	if got := c.frames(conversation, ""); len(got) != 0 {
		t.Errorf("frames %v", got)
	}
}

// While a large frame is written, nobody waits for the whole of it.
func TestWritingALargeDataFrame(t *testing.T) {
	c := start(t, localtenant.Config{DataDir: t.TempDir()})
	conversation := c.converse(localtenant.EchoID)
	const count = 60_000
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.upload(conversation, file("large.csv", manyRows(count)))
	}()
	posts := 0
	for done := false; !done; posts++ {
		c.post(c.converse(localtenant.EchoID), "meanwhile")
		select {
		case <-written:
			done = true
		default:
		}
	}
	if posts < 3 {
		t.Errorf("only %d messages while the rows were written", posts)
	}
	got := c.rows(conversation, "large", fmt.Sprintf("?offset=%d&limit=100", count-2))
	if len(got) != 2 || got[1]["text"] != fmt.Sprint("row ", count-1) {
		t.Errorf("rows %v", got)
	}
	if got := c.rows(conversation, "large", "?limit=1000000"); len(got) != 10_000 {
		t.Errorf("%d rows at once", len(got))
	}
	if got := c.frames(conversation, "?num_samples=-1")[0]; got["num_rows"] != float64(count) || len(got["sample_rows"].([]any)) != 1000 {
		t.Errorf("%v rows, %d of them as samples", got["num_rows"], len(got["sample_rows"].([]any)))
	}
}

// manyRows is a CSV file of n rows.
func manyRows(n int) string {
	var rows strings.Builder
	rows.WriteString("n,text\n")
	for i := range n {
		fmt.Fprintf(&rows, "%d,row %d\n", i, i)
	}
	return rows.String()
}

// A hundred rows of a frame take the same time whatever its size.
func BenchmarkDataFrameRows(b *testing.B) {
	for _, count := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			c := start(b, localtenant.Config{DataDir: b.TempDir()})
			conversation := c.converse(localtenant.EchoID)
			c.upload(conversation, file("frame.csv", manyRows(count)))
			query := fmt.Sprintf("?limit=100&offset=%d", count/2)
			for b.Loop() {
				if got := c.rows(conversation, "frame", query); len(got) != 100 {
					b.Fatalf("%d rows", len(got))
				}
			}
		})
	}
}
