package datasource_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/testpostgres"
)

const postgresTables = `
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE regions (id serial PRIMARY KEY, name text NOT NULL);
INSERT INTO regions (name) VALUES ('EU'), ('US');
CREATE TABLE orders (
	id bigint, line int, region_id int REFERENCES regions, ordered_on date, at timestamptz, local timestamp, clock time,
	amount numeric(12,2), weight float8, paid boolean, feeling mood, key uuid, extra jsonb, raw bytea, note text,
	"Odd ""Name" text, tags text[],
	PRIMARY KEY (id, line)
);
INSERT INTO orders VALUES
	(9007199254740993, 1, 1, '2026-07-02', '2026-07-02 12:00:00.5+02', '2026-07-02 12:00', '12:00', 12345678.90, 1.5, true, 'good',
		'7b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11', '{"a": 1}', '\x00ff', 'é', 'x', '{a,b}'),
	(2, 1, 2, NULL, NULL, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE returns (order_id bigint, order_line int, FOREIGN KEY (order_id, order_line) REFERENCES orders (id, line));
CREATE SCHEMA other;
CREATE TABLE other.things (n int);
INSERT INTO other.things VALUES (7);
CREATE MATERIALIZED VIEW totals AS SELECT region_id, SUM(id) AS sum FROM orders GROUP BY region_id;
`

func TestPostgres(t *testing.T) {
	server := testpostgres.Start(t)
	server.Exec(t, postgresTables)
	registry, known := open(t, "")
	settings := configured(t, "postgres", server.Configuration())
	if err := registry.Check(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	known.set("d", settings)
	query := func(t *testing.T, text string, parameters map[string]any) datasource.Result {
		t.Helper()
		result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: text, Parameters: parameters})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return result
	}
	t.Run("values", func(t *testing.T) {
		got := query(t, `SELECT * FROM orders ORDER BY id DESC`, nil)
		want := [][]any{
			{int64(9007199254740993), int64(1), int64(1), "2026-07-02", "2026-07-02T10:00:00.5+00:00", "2026-07-02T12:00:00", "12:00:00",
				json.Number("12345678.90"), 1.5, true, "good", "7b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11", `{"a": 1}`, "AP8=", "é", "x", "{a,b}"},
			{int64(2), int64(1), int64(2), nil, nil, nil, nil, "NaN", "+Inf", nil, nil, nil, nil, nil, nil, nil, nil},
		}
		if !reflect.DeepEqual(got.Rows, want) || got.Dialect != "postgres" {
			t.Errorf("%#v\nwant %#v", got, want)
		}
	})
	t.Run("parameters", func(t *testing.T) {
		for _, test := range []struct {
			where      string
			parameters map[string]any
			count      int64
		}{
			{`:id IS NULL OR id = :id`, map[string]any{"id": nil}, 2},
			{`:id IS NULL OR id = :id`, map[string]any{"id": int64(2)}, 1},
			{`ordered_on >= :day`, map[string]any{"day": "2026-01-01"}, 1},
			{`note = :note AND note <> ':note'`, map[string]any{"note": "é"}, 1},
			{`weight < :weight::float8`, map[string]any{"weight": 1.75}, 1},
			{`paid = :paid`, map[string]any{"paid": true}, 1},
			{`note = :note`, map[string]any{"note": "'; DROP TABLE orders; --"}, 0},
		} {
			got := query(t, `SELECT COUNT(*) FROM orders WHERE `+test.where, test.parameters)
			if got.Rows[0][0] != test.count {
				t.Errorf("%s %v: %v", test.where, test.parameters, got.Rows)
			}
		}
		if got := query(t, `SELECT id FROM orders ORDER BY id LIMIT :n`, map[string]any{"n": int64(1)}); len(got.Rows) != 1 {
			t.Errorf("limit: %v", got.Rows)
		}
	})
	t.Run("read only", func(t *testing.T) {
		for _, text := range []string{
			`WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone`, `SELECT set_config('transaction_read_only', 'off', false)`,
			`SELECT nextval('regions_id_seq')`, `SELECT 1; DROP TABLE orders`, `SELECT * FROM nowhere`, `SELECT 1 / 0`,
		} {
			var failure *datasource.Failure
			if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: text}); !errors.As(err, &failure) {
				t.Errorf("%s: %v", text, err)
			}
		}
		query(t, `SELECT set_config('default_transaction_read_only', 'off', false)`, nil)
		if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT nextval('regions_id_seq')`}); err == nil {
			t.Error("written after the session was told that it may")
		}
	})
	t.Run("one statement", func(t *testing.T) {
		// What a reader of the text may take for quoted, and the server does not.
		for _, text := range []string{
			`SELECT 1 AS a$$$; COMMIT; BEGIN READ WRITE; DELETE FROM orders; COMMIT; SELECT 1 AS b$$$`,
			"SELECT E'a'\n'b\\' || '; COMMIT; BEGIN READ WRITE; DELETE FROM orders; COMMIT; -- '",
			`SELECT 1 AS 😀$$; COMMIT; BEGIN READ WRITE; DELETE FROM orders; COMMIT; SELECT 1 AS 😀$$`,
		} {
			// The second is one text to those who read it as the server does.
			_, _ = registry.Query(t.Context(), "d", datasource.Query{SQL: text})
			if got := query(t, `SELECT COUNT(*) FROM orders`, nil); got.Rows[0][0] == int64(0) {
				t.Fatalf("rows were deleted by %s", text)
			}
		}
	})
	t.Run("texts", func(t *testing.T) {
		for _, value := range []any{`'; DROP TABLE orders; --`, `\' OR 1=1 --`, `E'\n'`, "é 😀\n", "", true, nil} {
			if got := query(t, `SELECT :v`, map[string]any{"v": value}); fmt.Sprint(got.Rows[0][0]) != fmt.Sprint(value) {
				t.Errorf("%v came back as %v", value, got.Rows[0][0])
			}
		}
		for _, value := range []any{"\x00", "\xff", struct{}{}} {
			if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT :v`, Parameters: map[string]any{"v": value}}); err == nil {
				t.Errorf("%v was taken", value)
			}
		}
	})
	t.Run("tables", func(t *testing.T) { testPostgresTables(t, registry) })
	t.Run("schema", func(t *testing.T) {
		configuration := server.Configuration()
		configuration["schema"] = "other"
		known.set("other", configured(t, "timescaledb", configuration))
		result, err := registry.Query(t.Context(), "other", datasource.Query{SQL: `SELECT n FROM things`})
		if err != nil || result.Rows[0][0] != int64(7) {
			t.Errorf("%v, %v", result, err)
		}
	})
	t.Run("at once", func(t *testing.T) {
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT COUNT(*) FROM orders`}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	t.Run("refused", func(t *testing.T) { testPostgresRefusals(t, server, registry) })
}

func testPostgresTables(t *testing.T, registry *datasource.Registry) {
	tables, err := registry.Tables(t.Context(), "d", []string{"orders", "other.things", "returns", "totals"})
	if err != nil || len(tables) != 4 {
		t.Fatalf("%+v, %v", tables, err)
	}
	orders := tables[0]
	if orders.Schema != "public" || orders.Database != "postgres" || !reflect.DeepEqual(orders.PrimaryKey, []string{"id", "line"}) ||
		!reflect.DeepEqual(orders.ForeignKeys, []datasource.ForeignKey{{Table: "regions", Columns: []string{"region_id"}, To: []string{"id"}}}) {
		t.Errorf("%+v", orders)
	}
	if keys := tables[2].ForeignKeys; len(keys) != 1 || !reflect.DeepEqual(keys[0].Columns, []string{"order_id", "order_line"}) || !reflect.DeepEqual(keys[0].To, []string{"id", "line"}) {
		t.Errorf("keys of two columns: %+v", keys)
	}
	if tables[1].Schema != "other" || tables[1].Name != "things" || tables[3].Columns[1].DataType != datasource.Number {
		t.Errorf("%+v", tables[1:])
	}
	types := map[string]string{}
	for _, c := range orders.Columns {
		types[c.Name] = fmt.Sprint(c.DataType, " ", c.Nullable, " ", c.Enumeration, " ", strings.Join(c.Samples, ","))
	}
	want := map[string]string{
		"id": "INTEGER false false 2,9007199254740993", "line": "INTEGER false false 1", "region_id": "INTEGER true false 1,2",
		"ordered_on": "DATE true false 2026-07-02", "at": "TIMESTAMP true false 2026-07-02T10:00:00.5+00:00",
		"local": "TIMESTAMP true false 2026-07-02T12:00:00", "clock": "TIME true false 12:00:00",
		"amount": "NUMBER true false 12345678.90,NaN", "weight": "FLOAT true false +Inf,1.5", "paid": "BOOLEAN true false true",
		"feeling": "TEXT true true good", "key": "TEXT true true 7b0e5c7e-0a54-4a0e-9a3e-1d8f6f5f2c11",
		"extra": `OTHER true false {"a": 1}`, "raw": "OTHER true false AP8=", "note": "TEXT true true é", `Odd "Name`: "TEXT true true x",
		"tags": "OTHER true false {a,b}",
	}
	for name := range maps.Keys(want) {
		if types[name] != want[name] {
			t.Errorf("%s: %s, want %s", name, types[name], want[name])
		}
	}
	var unknown *datasource.UnknownTableError
	if _, err := registry.Tables(t.Context(), "d", []string{"no.where"}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "orders, regions, returns, totals") {
		t.Errorf("unknown table: %v", err)
	}
}

func testPostgresRefusals(t *testing.T, server *testpostgres.Server, registry *datasource.Registry) {
	const planted = "pl4nted'secret\\with%odd characters"
	for key, test := range map[string]struct {
		value any
		says  string
	}{
		"password": {planted, "password authentication failed"},
		"database": {"nowhere", `database "nowhere" does not exist`},
		"port":     {1, "failed to connect"},
		"host":     {"host.invalid", "failed to connect"},
		"user":     {"o'hara \\ sslmode=require", "password authentication failed"},
		"sslmode":  {"require", "server refused TLS"},
	} {
		configuration := server.Configuration()
		configuration[key] = test.value
		err := registry.Check(t.Context(), configured(t, "postgres", configuration))
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), planted) || strings.Contains(err.Error(), server.Password) {
			t.Errorf("%s %v: %v; want %q", key, test.value, err, test.says)
		}
	}
}

// wayOut ends the transaction of a query, if the server runs it.
const wayOut = `; COMMIT; BEGIN READ WRITE; DELETE FROM kept; COMMIT; `

// Whatever a query is made of, nothing is written, and the server never finds a
// second statement in what was taken for one.
func TestPostgresIsNeverWritten(t *testing.T) {
	server := testpostgres.Start(t)
	server.Exec(t, `CREATE TABLE kept (i int); INSERT INTO kept VALUES (1)`)
	registry, known := open(t, "")
	known.set("d", configured(t, "postgres", server.Configuration()))
	queries := []string{
		`SELECT 1 AS a$$$` + wayOut + `SELECT 1 AS b$$$`,
		"SELECT E'a'\n'b\\' || '" + wayOut + "-- '",
		`SELECT 1 AS 😀$$` + wayOut + `SELECT 1 AS 😀$$`,
		`SELECT E'a''b\' || '` + wayOut + `-- '`,
		"SELECT 1 -- \r" + wayOut,
		`SELECT 1$$ ' $$` + wayOut + `-- '`,
	}
	fragments := []string{
		"'", "''", `"`, "E'", "e'", "U&'", "x'", "$$", "$a$", "$1", "a$", "1", "1E", "😀", "é", "\\", `\'`, "--", "/*", "*/", "\n", "\r", "\v", " ",
		" || ", " AS ", "a", "e", ",", "::text", ":p", ":p ", ";", wayOut,
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		text := "SELECT 1 "
		for range 3 + random.IntN(10) {
			text += fragments[random.IntN(len(fragments))]
		}
		queries = append(queries, text)
	}
	answered := 0
	for _, text := range queries {
		_, err := registry.Query(t.Context(), "d", datasource.Query{SQL: text, Parameters: map[string]any{"p": `\'` + wayOut + `--`}})
		if err == nil {
			answered++
		} else if strings.Contains(err.Error(), "multiple commands") {
			t.Errorf("taken for one statement: %q", text)
		}
	}
	if answered < 50 {
		t.Errorf("only %d queries were answered", answered)
	}
	result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT COUNT(*) FROM kept`})
	if err != nil || result.Rows[0][0] != int64(1) {
		t.Errorf("%v, %v: written", result.Rows, err)
	}
}

// A text stays one, whatever is in it and before it.
func TestTextsAsParametersOfPostgres(t *testing.T) {
	server := testpostgres.Start(t)
	registry, known := open(t, "")
	known.set("d", configured(t, "postgres", server.Configuration()))
	for _, value := range []string{``, `it's`, `\`, `\' || 'x`, `\\'; --`, "\n", "é😀", `$1 :a ?`, `\0041`} {
		for query, want := range map[string]string{`SELECT :v`: value, "SELECT (:v)::text || E'\\\\'": value + `\`} {
			result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: query, Parameters: map[string]any{"v": value}})
			if err != nil || result.Rows[0][0] != want {
				t.Errorf("%s %q: %v, %v", query, value, result.Rows, err)
			}
		}
		// It cannot go on with a text that reads backslashes.
		result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: "SELECT E'a'\n:v", Parameters: map[string]any{"v": value}})
		if strings.Contains(value, `\`) && err == nil || err == nil && result.Rows[0][0] != "a"+value {
			t.Errorf("%q went on: %v", value, result.Rows)
		}
	}
}
