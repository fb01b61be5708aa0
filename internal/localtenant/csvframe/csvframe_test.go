package csvframe_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sema4mcp/internal/localtenant/csvframe"
)

// read gives a file as the JSON of its columns and rows.
func read(t *testing.T, content string) (string, error) {
	t.Helper()
	table, err := csvframe.Inspect(t.Context(), strings.NewReader(content))
	if err != nil {
		return "", err
	}
	all := []any{table.Columns}
	err = table.Read(t.Context(), strings.NewReader(content), func(row []any) error {
		all = append(all, append([]any{}, row...))
		return nil
	})
	if err != nil {
		t.Fatalf("%q was inspected, then: %v", content, err)
	}
	if int64(len(all)-1) != table.NumRows {
		t.Errorf("%q: %d rows, %d were counted", content, len(all)-1, table.NumRows)
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), nil
}

func TestTables(t *testing.T) {
	for content, want := range map[string]string{
		"a,b\n1,2":                         `[["a","b"],[1,2]]`,
		"a,b\r\n1,2\r\n":                   `[["a","b"],[1,2]]`,
		"\ufeffa;b\n1;2":                   `[["a","b"],[1,2]]`,
		"\ufeff\"a\"\n1":                   `[["a"],[1]]`,
		"a\tb\n1\t2,5":                     `[["a","b"],[1,"2,5"]]`,
		"a|b\n1|2":                         `[["a","b"],[1,2]]`,
		"a;b\n1,5;2,5\n3,5;4,5":            `[["a","b"],["1,5","2,5"],["3,5","4,5"]]`,
		"a,b\n\"1;1;1\",2":                 `[["a","b"],["1;1;1",2]]`,
		"only":                             `[["only"]]`,
		"one\nx\n\ny":                      `[["one"],["x"],["y"]]`,
		"a,b\n\"x\ny\",\"say \"\"hi\"\"\"": `[["a","b"],["x\ny","say \"hi\""]]`,
		"a,b\nx \"y\" z,1":                 `[["a","b"],["x \"y\" z",1]]`,
		"a,b,c\n1\n1,2,3,4":                `[["a","b","c","column_4"],[1,null,null,null],[1,2,3,4]]`,
		" a , ,a,a_2,\n1,2,3,4,5":          `[["a","column_2","a_3","a_2","column_5"],[1,2,3,4,5]]`,
		"column_2,\n1,2":                   `[["column_2","column_2_2"],[1,2]]`,
		"n\n1\n-2\n 3 \n":                  `[["n"],[1],[-2],[3]]`,
		"n\n1\n2.50\n1e3":                  `[["n"],[1],[2.50],[1e3]]`,
		"n\n1\n\n2\n\"\"":                  `[["n"],[1],[2],[null]]`,
		"n,m\n,1\n,2":                      `[["n","m"],[null,1],[null,2]]`,
		"zip\n00501\n12345":                `[["zip"],["00501"],["12345"]]`,
		"phone\n+49":                       `[["phone"],["+49"]]`,
		"id\n9223372036854775807":          `[["id"],[9223372036854775807]]`,
		"id\n9223372036854775808\n1":       `[["id"],["9223372036854775808"],["1"]]`,
		"f\n1e999":                         `[["f"],["1e999"]]`,
		"f\nNaN\n1.":                       `[["f"],["NaN"],["1."]]`,
		"f\n.5\n-":                         `[["f"],[".5"],["-"]]`,
		"b\ntrue\nFALSE\n":                 `[["b"],[true],[false]]`,
		"b\ntrue\n1":                       `[["b"],["true"],["1"]]`,
		"b\n1\ntrue":                       `[["b"],["1"],["true"]]`,
		"t\n x \n  ":                       `[["t"],[" x "],["  "]]`,
		"d\n2026-01-02":                    `[["d"],["2026-01-02"]]`,
		"e\n🚀\né":                          `[["e"],["🚀"],["é"]]`,
		strings.Repeat("é", 300) + "\n1":   `[["` + strings.Repeat("é", 255) + `"],[1]]`,
		"a,b\n\"never closed,2":            `[["a","b"],["never closed,2",null]]`,
		"a,b;c;d\n1,2;3;4\n5,6;7;8\n9,10;11;12\n": `[["a,b","c","d"],["1,2",3,4],["5,6",7,8],["9,10",11,12]]`,
	} {
		if got, err := read(t, content); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", content, got, err, want)
		}
	}
}

func TestFilesThatAreNoTables(t *testing.T) {
	for name, test := range map[string]struct{ content, says string }{
		"empty":         {"", "empty"},
		"blank":         {"\n\r\n\n", "empty"},
		"mark alone":    {"\ufeff", "empty"},
		"not UTF-8":     {"a,b\n1,2\n\xff,2", "line 3 is not UTF-8"},
		"header":        {"\xff\xfea\x00", "line 1 is not UTF-8"},
		"NUL":           {"a\n\x00", "line 2 is not UTF-8"},
		"columns":       {strings.Repeat(",", 1000), "more than 1000 columns"},
		"later columns": {"a,b\n" + strings.Repeat(",", 1000), "more than 1000 columns"},
		"record":        {"a,b\n\"" + strings.Repeat("x", 2<<20), "longer than 1048576 bytes"},
		"first record":  {"\"" + strings.Repeat("x\n", 2<<20), "longer than 1048576 bytes"},
		"rows":          {"n\n" + strings.Repeat("1\n", csvframe.MaxRows+1), "more than 1000000 rows"},
	} {
		var reason *csvframe.Error
		if _, err := read(t, test.content); !errors.As(err, &reason) || !strings.Contains(reason.Reason, test.says) {
			t.Errorf("%s: %v; want %q", name, err, test.says)
		}
	}
}

func TestReadersThatFail(t *testing.T) {
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	content := "a,b\n" + strings.Repeat("1,2\n", 50_000)
	table, err := csvframe.Inspect(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	take := func([]any) error { return nil }
	for name, test := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"at once": {t.Context(), iotest.ErrReader(broken), broken},
		"later":   {t.Context(), io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken)), broken},
		"ended":   {ended, strings.NewReader(content), context.Canceled},
	} {
		if _, err := csvframe.Inspect(test.ctx, test.r); !errors.Is(err, test.want) {
			t.Errorf("inspect, %s: %v", name, err)
		}
	}
	if err := table.Read(t.Context(), iotest.ErrReader(broken), take); !errors.Is(err, broken) {
		t.Errorf("read: %v", err)
	}
	if err := table.Read(t.Context(), io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken)), take); !errors.Is(err, broken) {
		t.Errorf("read, later: %v", err)
	}
	if err := table.Read(t.Context(), strings.NewReader(""), take); !errors.Is(err, io.EOF) {
		t.Errorf("read another file: %v", err)
	}
	if err := table.Read(t.Context(), strings.NewReader(content), func([]any) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("take: %v", err)
	}
}

func FuzzTables(f *testing.F) {
	for _, content := range []string{"a,b\n1,2", "\ufeffa;b\n\"x\ny\";2", "a\tb\n1", "\"", "a\n\xff", ",,\n1,2,3,4", "n\n1e999\n-0\n007"} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		got, err := read(t, content)
		var reason *csvframe.Error
		if err != nil && !errors.As(err, &reason) {
			t.Fatalf("%q: %v", content, err)
		}
		if err != nil {
			return
		}
		var rows [][]any
		if err := json.Unmarshal([]byte(got), &rows); err != nil {
			t.Fatalf("%q: %s: %v", content, got, err)
		}
		names := map[string]bool{}
		for _, name := range rows[0] {
			if names[fmt.Sprint(name)] {
				t.Errorf("%q: the name %v stands twice", content, name)
			}
			names[fmt.Sprint(name)] = true
		}
	})
}
