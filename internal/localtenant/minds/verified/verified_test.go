package verified_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/verified"
	"sema4mcp/internal/localtenant/thread"
)

const shop = `{
	"name": "shop",
	"tables": [{
		"name": "sales", "synonyms": ["revenue"], "base_table": {"data_connection_id": "d1"},
		"dimensions": [
			{"name": "region", "is_enum": true, "sample_values": ["America", "North America", "Österreich"], "synonyms": ["area"]},
			{"name": "customer", "synonyms": ["client"]}
		]
	}],
	"verified_queries": [
		{"name": "by_region", "nlq": "What were total sales by region?", "sql": "SELECT region, SUM(cents) AS sales_cents FROM t WHERE :year IS NULL OR year = :year GROUP BY region",
			"parameters": [{"name": "year", "data_type": "INTEGER"}]},
		{"name": "in_region", "nlq": "What were total sales in America?", "sql": "SELECT SUM(cents) AS sales_cents FROM t WHERE region = :region",
			"parameters": [{"name": "region", "data_type": "TEXT", "example_value": "America"}]},
		{"name": "top_customers", "nlq": "Who were the top 10 customers?", "sql": "SELECT customer FROM t LIMIT :n",
			"parameters": [{"name": "n", "data_type": "INTEGER", "example_value": 10}]},
		{"name": "lost", "nlq": "Which customers have no orders since 2026-01-01?", "sql": "SELECT customer FROM t WHERE day < :since",
			"parameters": [{"name": "since", "data_type": "DATE", "example_value": "2026-01-01"}]},
		{"name": "broken", "nlq": "What is broken?", "sql": "SELECT nothing FROM nowhere", "parameters": []},
		{"name": "wide", "nlq": "List every quantity", "sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70) SELECT i AS quantity, -i AS change_cents, NULL AS missing, i / 2.0 AS half_percent FROM n", "parameters": []}
	]
}`

func shopModel(t testing.TB) verified.Model {
	t.Helper()
	m, err := verified.ParseModel([]byte(shop))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var now = time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)

func TestMatching(t *testing.T) {
	model := shopModel(t)
	for question, want := range map[string]string{
		"What were total sales by region?":          "by_region map[year:<nil>]",
		"show me the TOTAL revenue, per area!":      "by_region map[year:<nil>]",
		"total sales by region in 2025":             "by_region map[year:2025]",
		"total sales by region last year":           "by_region map[year:2025]",
		"total sales by region this year":           "by_region map[year:2026]",
		"total sales in north america":              "in_region map[region:North America]",
		"total sales in osterreich":                 "in_region map[region:Österreich]",
		"Total sales in America":                    "in_region map[region:America]",
		"best clients":                              "top_customers map[n:10]",
		"the 3 biggest customers":                   "top_customers map[n:3]",
		"top twenty customers":                      "top_customers map[n:20]",
		"customers without orders since 2025":       "lost map[since:2025-01-01]",
		"customers without orders since March 2025": "lost map[since:2025-03-01]",
		"customers without orders since sept. 2025": "lost",
		"clients with no orders since 2025-05-31":   "lost map[since:2025-05-31]",
		// What no query answers as it was asked is not answered.
		"total sales in America in 2025": "",
		"top 3 customers in America":     "",
		"weather by region":              "",
		"who are you?":                   "",
		"":                               "",
		"🚀":                              "",
	} {
		name, values, ok := verified.MatchName(model, question, now)
		got := fmt.Sprint(name, " ", values)
		if ok != (want != "") || ok && !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s (%v), want %s", question, got, ok, want)
		}
	}
}

// Every query is found by the question it was verified for.
func TestQueriesAreFoundByTheirOwnQuestions(t *testing.T) {
	model := shopModel(t)
	for _, query := range model.VerifiedQueries {
		if name, _, ok := verified.MatchName(model, query.NLQ, now); !ok || name != query.Name {
			t.Errorf("%q finds %q", query.NLQ, name)
		}
	}
}

func FuzzMatching(f *testing.F) {
	model := shopModel(f)
	for _, query := range model.VerifiedQueries {
		f.Add(query.NLQ)
	}
	f.Add("top 999999999 in <region> since 2025-99-99 ÖSTERREICH \xff")
	f.Fuzz(func(t *testing.T, question string) {
		name, values, ok := verified.MatchName(model, question, now)
		if !ok {
			return
		}
		place := slices.IndexFunc(model.VerifiedQueries, func(q verified.VerifiedQuery) bool { return q.Name == name })
		if place < 0 {
			t.Fatalf("%q finds %q, which does not exist", question, name)
		}
		var parameters []string
		for _, p := range model.VerifiedQueries[place].Parameters {
			parameters = append(parameters, p.Name)
		}
		if got := slices.Sorted(maps.Keys(values)); !slices.Equal(got, parameters) {
			t.Errorf("%q gives values for %q, want %q", question, got, parameters)
		}
	})
}

func TestValues(t *testing.T) {
	for cents, want := range map[int64]string{
		0: "0.00", 5: "0.05", 100: "1.00", -5: "-0.05", 99999: "999.99", 100000: "1,000.00", -123456789: "-1,234,567.89",
		9223372036854775807: "92,233,720,368,547,758.07",
	} {
		if got := verified.Dollars(cents); got != want {
			t.Errorf("%d cents are %s, want %s", cents, got, want)
		}
	}
	for _, test := range []struct {
		column string
		value  any
		want   string
	}{
		{"year", int64(2025), "2025"},
		{"orders", int64(2025), "2,025"},
		{"change", int64(-123456), "-123,456"},
		{"sales_cents", int64(2025), "20.25"},
		{"rate_percent", 2.5, "2.50"},
		{"name", "a|b\nc", `a\|b c`},
		{"name", nil, "–"},
	} {
		if got := verified.Cell(test.column, test.value); got != test.want {
			t.Errorf("%s %v: %q, want %q", test.column, test.value, got, test.want)
		}
	}
}

func TestParseModelErrors(t *testing.T) {
	for definition, says := range map[string]string{`[]`: "read model", `{}`: "no tables"} {
		if _, err := verified.ParseModel([]byte(definition)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", definition, err)
		}
	}
}

// Models are made by others, too: no value in them breaks the matching.
func TestOddSampleValues(t *testing.T) {
	m, err := verified.ParseModel([]byte(`{"name": "odd", "tables": [{"dimensions": [
		{"name": "empty", "is_enum": true, "sample_values": []},
		{"name": "blank", "is_enum": true, "sample_values": ["", " ", null, "–"]},
		{"name": "code", "is_enum": true, "sample_values": [7, true, null, "(x)", "a|b", "$&", "C++"]}
	]}], "verified_queries": [{"name": "q", "nlq": "How many are there of code 7?", "sql": "SELECT :code",
		"parameters": [{"name": "code", "data_type": "TEXT", "example_value": "7"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{
		"How many are there of code 7?":          "7",
		"How many are there of code true":        "true",
		"how many are there of code a(x) (x) – ": "7",
		"How many are there of code a|b $& C++":  "a|b",
	} {
		if _, values, _ := verified.MatchName(m, question, now); values["code"] != want {
			t.Errorf("%q: %v, want %s", question, values, want)
		}
	}
	if _, err := verified.ParseModel([]byte(`{"tables": [{"dimensions": [{"sample_values": "x"}]}]}`)); err == nil {
		t.Error("a text was taken for sample values")
	}
}

// answer lets a mind answer from the shop over an empty table.
func answer(t *testing.T, question string, history func(context.Context) ([]thread.Message, error)) (*notes, error) {
	var (
		out = &notes{}
		err error
	)
	synctest.Test(t, func(t *testing.T) {
		db, openErr := sql.Open("sqlite", ":memory:")
		if openErr != nil {
			t.Fatal(openErr)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(t.Context(), `CREATE TABLE t (region, customer, year, day, cents)`); err != nil {
			t.Fatal(err)
		}
		mind := verified.NewMind(func(context.Context, string) ([]verified.Model, error) {
			return []verified.Model{shopModel(t)}, nil
		}, queryOn(db))
		err = mind.Answer(t.Context(), minds.Turn{Message: question, History: history}, out)
	})
	return out, err
}

// queryOn runs the queries of the connection d1 on a database.
func queryOn(db *sql.DB) verified.QueryFunc {
	return func(ctx context.Context, connection, query string, parameters map[string]any) (verified.Result, error) {
		if connection != "d1" {
			return verified.Result{}, verified.ErrNoConnection
		}
		var arguments []any
		for name, value := range parameters {
			arguments = append(arguments, sql.Named(name, value))
		}
		rows, err := db.QueryContext(ctx, query, arguments...)
		if err != nil {
			return verified.Result{}, err
		}
		defer rows.Close()
		r := verified.Result{Dialect: "sqlite"}
		if r.Columns, err = rows.Columns(); err != nil {
			return verified.Result{}, err
		}
		for rows.Next() {
			row, into := make([]any, len(r.Columns)), make([]any, len(r.Columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return verified.Result{}, err
			}
			r.Rows = append(r.Rows, row)
		}
		return r, rows.Err()
	}
}

// notes is an emitter that remembers what matters here.
type notes struct {
	text, chart string
	frames      []thread.DataFrame
	failed      string
}

func (n *notes) Think(string)                      {}
func (n *notes) Text(piece string)                 { n.text += piece }
func (n *notes) Chart(spec string)                 { n.chart = spec }
func (n *notes) Attach(thread.Attachment)          {}
func (n *notes) Keep(f thread.DataFrame)           { n.frames = append(n.frames, f) }
func (n *notes) Ask(string, time.Duration)         {}
func (n *notes) NextMessage()                      {}
func (n *notes) Cut()                              {}
func (n *notes) Call(string, string) minds.Call    { return notedCall{n} }
func (n *notes) CallMCP(string, string) minds.Call { return notedCall{n} }

type notedCall struct{ *notes }

func (notedCall) Start()                {}
func (notedCall) Finish(string)         {}
func (c notedCall) Fail(message string) { c.failed = message }

func TestLongResultsAreCutInTheTextAlone(t *testing.T) {
	out, err := answer(t, "List every quantity", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.frames) != 1 || len(out.frames[0].Rows) != 70 || out.frames[0].Name != "wide" {
		t.Errorf("frames %+v", out.frames)
	}
	for _, part := range []string{
		"70 rows answer this", "| Quantity | Change (USD) | Missing | Half (%) |\n| ---: | ---: | --- | ---: |",
		"| 50 | -0.50 | – | 25.00 |\n\n20 more rows are in the data frame.",
	} {
		if !strings.Contains(out.text, part) {
			t.Errorf("%q is not in\n%s", part, out.text)
		}
	}
	if out.chart != "" {
		t.Errorf("a chart of 70 bars: %s", out.chart)
	}
}

func TestNothingFound(t *testing.T) {
	out, err := answer(t, "Total sales by region in 2025", nil)
	if err != nil || !strings.Contains(out.text, "found nothing") || !strings.Contains(out.text, "year = 2025") || len(out.frames) != 0 {
		t.Errorf("%q, %v", out.text, err)
	}
}

func TestErrorsOfAnAnswer(t *testing.T) {
	boom := errors.New("boom")
	if out, err := answer(t, "What is broken?", nil); err == nil || !strings.Contains(err.Error(), "run broken") || out.failed == "" {
		t.Errorf("a query that does not run: %v, call failed with %q", err, out.failed)
	}
	if _, err := answer(t, "and in 2024?", func(context.Context) ([]thread.Message, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Errorf("no history: %v", err)
	}
	mind := verified.NewMind(func(context.Context, string) ([]verified.Model, error) { return nil, boom }, nil)
	if err := mind.Answer(t.Context(), minds.Turn{}, &notes{}); !errors.Is(err, boom) {
		t.Errorf("no models: %v", err)
	}
	mind = verified.NewMind(func(context.Context, string) ([]verified.Model, error) {
		return []verified.Model{shopModel(t)}, nil
	}, func(context.Context, string, string, map[string]any) (verified.Result, error) {
		return verified.Result{}, verified.ErrNoConnection
	})
	var failure *minds.Failure
	if err := mind.Answer(t.Context(), minds.Turn{Message: "What is broken?"}, &notes{}); !errors.As(err, &failure) || !strings.Contains(failure.Message, `"d1", which does not exist`) {
		t.Errorf("no connection: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, question := range []string{"What is broken?", "no idea"} {
		mind := verified.NewMind(func(context.Context, string) ([]verified.Model, error) {
			return []verified.Model{shopModel(t)}, nil
		}, queryOn(nil))
		if err := mind.Answer(ended, minds.Turn{Message: question}, &notes{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, with a context that has ended: %v", question, err)
		}
	}
}

func TestFollowUps(t *testing.T) {
	ask := func(text string) thread.Message { return thread.UserMessage("m", "c", text, now) }
	for name, test := range map[string]struct {
		before []string
		says   string
	}{
		"another year":        {[]string{"Total sales by region in 2025"}, "year = 2024"},
		"a year at last":      {[]string{"Total sales by region"}, "year = 2024"},
		"over a follow-up":    {[]string{"Total sales by region", "and in 2023?"}, "year = 2024"},
		"of another question": {[]string{"Total sales by region", "who are you?"}, "I have no verified query"},
		"of nothing":          {nil, "I have no verified query"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := answer(t, "and in 2024?", func(context.Context) ([]thread.Message, error) {
				var messages []thread.Message
				for _, text := range test.before {
					reply := ask("reply")
					reply.Role = thread.RoleAgent
					messages = append(messages, ask(text), reply)
				}
				return messages, nil
			})
			if err != nil || !strings.Contains(out.text, test.says) {
				t.Errorf("%q, %v; want %q", out.text, err, test.says)
			}
		})
	}
}
