package datasource_test

import (
	"reflect"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/datasource"
)

func TestParametersOfPostgres(t *testing.T) {
	values := map[string]any{"a": int64(1), "b": "x", "größe": 2.5, "none": nil, "yes": true}
	for query, want := range map[string]struct {
		text      string
		arguments []any
	}{
		`SELECT :a`:                               {`SELECT $1`, []any{int64(1)}},
		`SELECT :b, :a, :b`:                       {`SELECT $1, $2, $1`, []any{"x", int64(1)}},
		`SELECT :größe, :none, :yes`:              {`SELECT $1, $2, $3`, []any{2.5, nil, true}},
		`SELECT ':a', ':a'':a', ":a" FROM t`:      {`SELECT ':a', ':a'':a', ":a" FROM t`, nil},
		`SELECT E'it\':a', 'it\', :a`:             {`SELECT E'it\':a', 'it\', $1`, []any{int64(1)}},
		`SELECT name':a'`:                         {`SELECT name':a'`, nil},
		`SELECT '5'::int, x::text, (1)::int8, :a`: {`SELECT '5'::int, x::text, (1)::int8, $1`, []any{int64(1)}},
		`SELECT :a::int`:                          {`SELECT $1::int`, []any{int64(1)}},
		`SELECT x[1:2], x[i:j], x[(1):a]`:         {`SELECT x[1:2], x[i:j], x[(1):a]`, nil},
		"SELECT 1 -- :a\n + :a":                   {"SELECT 1 -- :a\n + $1", []any{int64(1)}},
		`SELECT 1 /* :a /* :a */ :a */ + :a`:      {`SELECT 1 /* :a /* :a */ :a */ + $1`, []any{int64(1)}},
		`SELECT $$ :a $$, $t$ $$ :a $t$, :a`:      {`SELECT $$ :a $$, $t$ $$ :a $t$, $1`, []any{int64(1)}},
		`SELECT a$b$ FROM t WHERE x = :a`:         {`SELECT a$b$ FROM t WHERE x = $1`, []any{int64(1)}},
		`SELECT 'open :a`:                         {`SELECT 'open :a`, nil},
		`SELECT E'open \`:                         {`SELECT E'open \`, nil},
		`SELECT :a;`:                              {`SELECT $1`, []any{int64(1)}},
		"SELECT :a ; -- done\n ; /* so */ ":       {`SELECT $1 `, []any{int64(1)}},
		`with x as (select 1) select :a`:          {`with x as (select 1) select $1`, []any{int64(1)}},
		`(VALUES (:a))`:                           {`(VALUES ($1))`, []any{int64(1)}},
		`SELECT $t$ $1 $t$`:                       {`SELECT $t$ $1 $t$`, nil},
		`SELECT $t$ $1 $t$, :a`:                   {"", nil},
		`SELECT '$1', :a`:                         {`SELECT '$1', $1`, []any{int64(1)}},
		"SELECT 1; \u00a0":                        {"", nil},
	} {
		text, arguments, err := datasource.Translate(query, values, true)
		if want.text == "" {
			if err == nil {
				t.Errorf("%s: no error", query)
			}
			continue
		}
		if err != nil || text != want.text || !reflect.DeepEqual(arguments, want.arguments) {
			t.Errorf("%s: %s %v, %v; want %s %v", query, text, arguments, err, want.text, want.arguments)
		}
	}
}

func TestParametersOfSQLite(t *testing.T) {
	values := map[string]any{"a": int64(1), "b": "x"}
	for query, want := range map[string]string{
		`SELECT :b, :a, :b`:                  `SELECT ?1, ?2, ?1`,
		"SELECT [:a], `:a`, \":a\", ':a'":    "SELECT [:a], `:a`, \":a\", ':a'",
		`SELECT 'it\', :a`:                   `SELECT 'it\', ?1`,
		`SELECT 1 /* /* :a */ + :a`:          `SELECT 1 /* /* :a */ + ?1`,
		`SELECT $$ || :a`:                    `SELECT $$ || ?1`,
		`SELECT "never closed :a`:            `SELECT "never closed :a`,
		`SELECT 1 /* never closed :a`:        `SELECT 1 /* never closed :a`,
		`SELECT x FROM t WHERE y=:a LIMIT 3`: `SELECT x FROM t WHERE y=?1 LIMIT 3`,
	} {
		if text, _, err := datasource.Translate(query, values, false); err != nil || text != want {
			t.Errorf("%s: %s, %v; want %s", query, text, err, want)
		}
	}
}

func TestStatementsThatAreRefused(t *testing.T) {
	for query, says := range map[string]string{
		``:                              "must begin with SELECT",
		`-- nothing`:                    "must begin with SELECT",
		`DELETE FROM t`:                 "must begin with SELECT",
		`ATTACH 'x' AS y`:               "must begin with SELECT",
		`PRAGMA query_only = 0`:         "must begin with SELECT",
		`/* SELECT */ COMMIT`:           "must begin with SELECT",
		`SELECT 1; DELETE FROM t`:       "a single statement",
		`SELECT 1;;'x'`:                 "a single statement",
		`SELECT ';'; COMMIT`:            "a single statement",
		`SELECT :missing`:               ":missing",
		"SELECT 1; -- x\nDROP TABLE t;": "a single statement",
	} {
		for _, postgres := range []bool{true, false} {
			if _, _, err := datasource.Translate(query, nil, postgres); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, query := range []string{`SELECT :a`, `SELECT E'\`, `SELECT $a$ :a`, `SELECT /* /* */`, `SELECT "`, `SELECT 1;`, "SELECT \xff:\xff", `SELECT ::a`} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, postgres := range []bool{true, false} {
			text, arguments, err := datasource.Translate(query, map[string]any{"a": "value"}, postgres)
			if err == nil && (len(arguments) > 1 || len(arguments) == 0 && !strings.HasPrefix(query, text)) {
				t.Errorf("%q: %q %v", query, text, arguments)
			}
		}
	})
}
