package datasource_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"sema4mcp/internal/localtenant/datasource"
)

func TestParametersOfPostgres(t *testing.T) {
	values := map[string]any{"a": int64(-1), "b": `it's \`, "größe": 2.5, "none": nil, "yes": true}
	for query, want := range map[string]string{
		`SELECT :a`:                               `SELECT  (-1) `,
		`SELECT :b, :a, :b`:                       `SELECT  U&'it''s \\' ,  (-1) ,  U&'it''s \\' `,
		`SELECT :größe, :none, :yes`:              `SELECT  (2.5) ,  NULL ,  true `,
		`SELECT ':a', ':a'':a', ":a" FROM t`:      `SELECT ':a', ':a'':a', ":a" FROM t`,
		`SELECT E'it\':a', 'it\', :a`:             `SELECT E'it\':a', 'it\',  (-1) `,
		`SELECT name':a'`:                         `SELECT name':a'`,
		`SELECT '5'::int, x::text, (1)::int8, :a`: `SELECT '5'::int, x::text, (1)::int8,  (-1) `,
		`SELECT :a::int`:                          `SELECT  (-1) ::int`,
		`SELECT x[1:2], x[i:j], x[(1):a]`:         `SELECT x[1:2], x[i:j], x[(1):a]`,
		"SELECT 1 -- :a\n + :a":                   "SELECT 1 -- :a\n +  (-1) ",
		`SELECT 1 /* :a /* :a */ :a */ + :a`:      `SELECT 1 /* :a /* :a */ :a */ +  (-1) `,
		`SELECT $$ :a $$, $t$ $$ :a $t$, :a`:      `SELECT $$ :a $$, $t$ $$ :a $t$,  (-1) `,
		`SELECT a$b$ FROM t WHERE x = :a`:         `SELECT a$b$ FROM t WHERE x =  (-1) `,
		`SELECT 'open :a`:                         `SELECT 'open :a`,
		`SELECT E'open \`:                         `SELECT E'open \`,
		`SELECT :a;`:                              `SELECT  (-1) `,
		"SELECT :a ; -- done\n ; /* so */ ":       `SELECT  (-1)  `,
		`with x as (select 1) select :a`:          `with x as (select 1) select  (-1) `,
		`(VALUES (:a))`:                           `(VALUES ( (-1) ))`,
		`SELECT $t$ $1 $t$, :a`:                   `SELECT $t$ $1 $t$,  (-1) `,
		`SELECT '$1', :a`:                         `SELECT '$1',  (-1) `,
		"SELECT E'a'\n'b\\' :a', :a":              "SELECT E'a'\n'b\\' :a',  (-1) ",
		`SELECT e'a''\':a', :a`:                   `SELECT e'a''\':a',  (-1) `,
		"SELECT E'a' -- b\n '\\':a', :a":          "SELECT E'a' -- b\n '\\':a',  (-1) ",
		"SELECT E'a' /*\n*/ '\\', :a":             "SELECT E'a' /*\n*/ '\\',  (-1) ",
		"SELECT 1 -- :a\r + :a":                   "SELECT 1 -- :a\r +  (-1) ",
		`SELECT a$E'\', :a`:                       `SELECT a$E'\',  (-1) `,
		`SELECT $٣$ :a $٣$, :a`:                   `SELECT $٣$ :a $٣$,  (-1) `,
		`SELECT $1`:                               "",
		`SELECT 1$$ ' $$`:                         "",
		`SELECT 1.5E'\''`:                         "",
		"SELECT \x00":                             "",
		`SELECT E'a' 'b\', :a`:                    `SELECT E'a' 'b\',  (-1) `,
		`SELECT 1 AS a$$$, :a, 2 AS b$$$`:         `SELECT 1 AS a$$$,  (-1) , 2 AS b$$$`,
		`SELECT 1 AS 😀$$, :a, 2 AS 😀$$`:           `SELECT 1 AS 😀$$,  (-1) , 2 AS 😀$$`,
		"SELECT 1; \u00a0":                        "",
	} {
		text, arguments, err := datasource.Translate(query, values, true)
		if want == "" {
			if err == nil {
				t.Errorf("%s: no error", query)
			}
			continue
		}
		if err != nil || text != want || len(arguments) != 1 || arguments[0] != pgx.QueryExecModeExec {
			t.Errorf("%s: %s %v, %v; want %s", query, text, arguments, err, want)
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
