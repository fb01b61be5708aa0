package datasource_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"sema4mcp/internal/localtenant/datasource"
)

var errUnknown = errors.New("no such connection")

// connections are the settings a registry finds.
type connections struct {
	mu   sync.Mutex
	byID map[string]datasource.Settings
}

func (c *connections) find(_ context.Context, id string) (datasource.Settings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	settings, ok := c.byID[id]
	if !ok {
		return datasource.Settings{}, errUnknown
	}
	return settings, nil
}

func (c *connections) set(id string, settings datasource.Settings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byID[id] = settings
}

func open(t *testing.T, dir string) (*datasource.Registry, *connections) {
	t.Helper()
	known := &connections{byID: map[string]datasource.Settings{}}
	registry := datasource.NewRegistry(dir, known.find)
	t.Cleanup(func() {
		if err := registry.Close(); err != nil {
			t.Error(err)
		}
	})
	return registry, known
}

func configured(t *testing.T, engine string, configuration any) datasource.Settings {
	t.Helper()
	text, err := json.Marshal(configuration)
	if err != nil {
		t.Fatal(err)
	}
	return datasource.Settings{Engine: engine, Configuration: text}
}

func sqliteFile(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	sqliteFile(t, filepath.Join(dir, "shop.db"), `CREATE TABLE t (n INTEGER, f REAL, s TEXT, b BLOB, d DATE, ok BOOLEAN);
		INSERT INTO t VALUES (9007199254740993, 1.5, 'é', x'00ff', '2026-07-02', 1), (2, 9e999, NULL, NULL, NULL, 0)`)
	registry, known := open(t, dir)
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": "shop.db"}))
	result, err := registry.Query(t.Context(), "d", datasource.Query{
		SQL: `SELECT * FROM t WHERE :least IS NULL OR n >= :least ORDER BY n DESC`, Parameters: map[string]any{"least": nil},
	})
	want := datasource.Result{
		Dialect: "sqlite", Columns: []string{"n", "f", "s", "b", "d", "ok"},
		Rows: [][]any{{int64(9007199254740993), 1.5, "é", "AP8=", "2026-07-02", true}, {int64(2), "+Inf", nil, nil, nil, false}},
	}
	if err != nil || !reflect.DeepEqual(result, want) {
		t.Errorf("%#v, %v; want %#v", result, err, want)
	}
	result, err = registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT n FROM t`, MaxRows: 1})
	if err != nil || len(result.Rows) != 1 || !result.More {
		t.Errorf("%+v, %v", result, err)
	}
	result, err = registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT n FROM t WHERE n < 0`})
	if err != nil || result.Rows == nil || result.More {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestNothingIsWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.db")
	sqliteFile(t, path, `CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)`)
	registry, known := open(t, dir)
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": path}))
	for _, query := range []string{
		`DELETE FROM t`, `SELECT 1; DELETE FROM t`, `WITH x AS (SELECT 1) DELETE FROM t`, `WITH x AS (SELECT 1) INSERT INTO t SELECT 2`,
		`ATTACH DATABASE 'other.db' AS o`, `SELECT load_extension('x')`, `SELECT * FROM nowhere`,
	} {
		var failure *datasource.Failure
		if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: query}); !errors.As(err, &failure) {
			t.Errorf("%s: %v", query, err)
		}
	}
	result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT COUNT(*) FROM t`})
	if err != nil || result.Rows[0][0] != int64(1) {
		t.Errorf("%v, %v", result, err)
	}
}

func TestLargeResults(t *testing.T) {
	dir := t.TempDir()
	sqliteFile(t, filepath.Join(dir, "x.db"), `CREATE TABLE t (n INTEGER)`)
	registry, known := open(t, dir)
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": "x.db"}))
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) `
	result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: numbers + `SELECT i FROM n`})
	if err != nil || len(result.Rows) != datasource.DefaultMaxRows || !result.More {
		t.Errorf("%d rows, %v", len(result.Rows), err)
	}
	_, err = registry.Query(t.Context(), "d", datasource.Query{SQL: numbers + `SELECT printf('%.*c', 10000000, 'x') FROM n`})
	if err == nil || !strings.Contains(err.Error(), "larger than 64 MB") {
		t.Errorf("%v", err)
	}
}

func TestSettingsThatDoNotWork(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tenant.sqlite", "good.db"} {
		sqliteFile(t, filepath.Join(dir, name), `CREATE TABLE t (n INTEGER)`)
	}
	if err := os.Symlink(filepath.Join(dir, "tenant.sqlite"), filepath.Join(dir, "link.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	registry, _ := open(t, dir)
	inMemory, _ := open(t, "")
	postgres := func(key string, value any) map[string]any {
		c := map[string]any{"host": "127.0.0.1", "port": 1.0, "database": "d", "user": "u", "password": "planted-secret", "sslmode": "disable"}
		if value == nil {
			delete(c, key)
		} else {
			c[key] = value
		}
		return c
	}
	for _, test := range []struct {
		registry      *datasource.Registry
		engine        string
		configuration any
		says          string
	}{
		{registry, "excel", map[string]any{}, `no engine is called "excel"; use one of postgres, sqlite`},
		{registry, "snowflake", map[string]any{}, "snowflake are not supported by this tenant; use one of postgres, sqlite"},
		{registry, "sqlite", []int{1}, "configuration: must be an object"},
		{registry, "sqlite", nil, "configuration: must be an object"},
		{registry, "sqlite", map[string]any{}, "configuration -> db_file: is required"},
		{registry, "sqlite", map[string]any{"db_file": 1}, "db_file: must be a string"},
		{registry, "sqlite", map[string]any{"db_file": " "}, "db_file: must not be empty"},
		{registry, "sqlite", map[string]any{"db_file": "a\x00b"}, "NUL"},
		{registry, "sqlite", map[string]any{"db_file": "missing.db"}, `there is no file "missing.db"`},
		{registry, "sqlite", map[string]any{"db_file": "../good.db"}, "leads out of"},
		{registry, "sqlite", map[string]any{"db_file": "."}, "is no file"},
		{registry, "sqlite", map[string]any{"db_file": "good.db/below"}, "cannot be read"},
		{registry, "sqlite", map[string]any{"db_file": "text.db"}, "not a database"},
		{registry, "sqlite", map[string]any{"db_file": "tenant.sqlite"}, "the tenant's own database"},
		{registry, "sqlite", map[string]any{"db_file": filepath.Join(dir, "link.db")}, "the tenant's own database"},
		{inMemory, "sqlite", map[string]any{"db_file": "good.db"}, "must be an absolute path"},
		{registry, "postgres", postgres("host", nil), "host: is required by the engine postgres"},
		{registry, "postgres", postgres("port", nil), "port: is required"},
		{registry, "postgres", postgres("password", nil), "password: is required"},
		{registry, "postgres", postgres("port", 1.5), "port: must be a whole number"},
		{registry, "postgres", postgres("port", "many"), "port: must be a whole number"},
		{registry, "postgres", postgres("port", true), "port: must be a whole number"},
		{registry, "postgres", postgres("port", 70000), "port: must be a whole number"},
		{registry, "postgres", postgres("password", 1.5), "password: must be a string"},
		{registry, "postgres", postgres("sslmode", "maybe"), "sslmode: must be one of require"},
		{registry, "postgres", postgres("sslmode", 1), "sslmode: must be a string"},
		{registry, "postgres", postgres("port", "1"), "cannot be opened: failed to connect"},
		{registry, "pgvector", postgres("host", "planted-secret host='x'"), "cannot be opened"},
		{registry, "postgres", map[string]any{}, "host: is required by the engine postgres; configuration -> port"},
	} {
		err := test.registry.Check(t.Context(), configured(t, test.engine, test.configuration))
		var failure *datasource.Failure
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "planted-secret") {
			t.Errorf("%s %v: %v; want %q", test.engine, test.configuration, err, test.says)
		}
	}
	for _, file := range []string{"good.db", filepath.Join(dir, "good.db")} {
		if err := registry.Check(t.Context(), configured(t, "sqlite", map[string]any{"db_file": file})); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestBuiltins(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE t AS SELECT 7 AS n`); err != nil {
		t.Fatal(err)
	}
	registry, known := open(t, "")
	registry.Builtin("sales.sqlite", db)
	settings := configured(t, "sqlite", map[string]any{"db_file": "sales.sqlite"})
	if err := registry.Check(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	known.set("d", settings)
	for range 2 {
		result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT n FROM t`})
		if err != nil || result.Rows[0][0] != int64(7) {
			t.Errorf("%v, %v", result, err)
		}
		if err := registry.Forget("d"); err != nil {
			t.Error(err)
		}
	}
}

// A connection that changes is used as it is now, also by those who are at it.
func TestChangingSettings(t *testing.T) {
	dir := t.TempDir()
	registry, known := open(t, dir)
	settings := make([]datasource.Settings, 2)
	for i := range settings {
		name := fmt.Sprintf("%d.db", i)
		sqliteFile(t, filepath.Join(dir, name), fmt.Sprintf(`CREATE TABLE t AS SELECT %d AS n`, i))
		settings[i] = configured(t, "sqlite", map[string]any{"db_file": name})
	}
	known.set("d", settings[0])
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				if i == 0 {
					known.set("d", settings[n%2])
				}
				if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT n FROM t`}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i := range settings {
		known.set("d", settings[i])
		result, err := registry.Query(t.Context(), "d", datasource.Query{SQL: `SELECT n FROM t`})
		if err != nil || result.Rows[0][0] != int64(i) {
			t.Errorf("%v, %v; want %d", result, err, i)
		}
	}
}

func TestUseThatEnds(t *testing.T) {
	dir := t.TempDir()
	sqliteFile(t, filepath.Join(dir, "x.db"), `CREATE TABLE t (n INTEGER)`)
	registry, known := open(t, dir)
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": "x.db"}))
	known.set("gone", configured(t, "sqlite", map[string]any{"db_file": "y.db"}))
	query := datasource.Query{SQL: `SELECT * FROM t`}
	if _, err := registry.Query(t.Context(), "other", query); !errors.Is(err, errUnknown) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := registry.Query(t.Context(), "gone", query); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("a file that is gone: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := registry.Query(ended, "d", query); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	if err := registry.Check(ended, configured(t, "sqlite", map[string]any{"db_file": "x.db"})); !errors.Is(err, context.Canceled) {
		t.Errorf("ended check: %v", err)
	}
	if err := registry.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Query(t.Context(), "d", query); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed: %v", err)
	}
}

// A server that says nothing, and a query that never ends, are given up.
func TestDatabasesThatTakeTooLong(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dir := t.TempDir()
	sqliteFile(t, filepath.Join(dir, "x.db"), `CREATE TABLE t (n INTEGER)`)
	registry, known := open(t, dir)
	registry.SetTimeouts(20*time.Millisecond, 30*time.Millisecond)
	err = registry.Check(t.Context(), configured(t, "postgres", map[string]any{
		"host": "127.0.0.1", "port": listener.Addr().(*net.TCPAddr).Port, "database": "d", "user": "u", "password": "p", "sslmode": "disable",
	}))
	if err == nil || !strings.Contains(err.Error(), "no answer within 20ms") {
		t.Errorf("a silent server: %v", err)
	}
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": "x.db"}))
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n`
	if _, err := registry.Query(t.Context(), "d", datasource.Query{SQL: endless}); err == nil || !strings.Contains(err.Error(), "no answer within 30ms") {
		t.Errorf("an endless query: %v", err)
	}
}

func TestTablesOfSQLite(t *testing.T) {
	dir := t.TempDir()
	sqliteFile(t, filepath.Join(dir, "shop.db"), `
		CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
		CREATE TABLE "Odd ""Orders" (
			number INTEGER PRIMARY KEY, region_id INTEGER NOT NULL REFERENCES regions, "ordered on" TEXT, at DATETIME, amount DECIMAL(10,2),
			weight REAL, paid BOOLEAN, note TEXT, anything, mixed, status VARCHAR(10), picture BLOB, clock TIME, day DATE
		);
		INSERT INTO regions VALUES (1, 'EU'), (2, 'US');
		INSERT INTO "Odd ""Orders" VALUES
			(1, 1, '2026-01-02', '2026-01-02 10:00:00', 1.5, 2.5, 1, '`+strings.Repeat("x", 200)+`', 5, 1, 'open', NULL, '10:00', '2026-01-01'),
			(2, 2, '2026-01-03', NULL, 3, 2.5, 0, 'b', 6, 'x', 'paid', NULL, NULL, NULL),
			(3, 2, NULL, NULL, 3, 2.5, 0, 'b', 6, NULL, 'paid', NULL, NULL, NULL);
		CREATE VIEW open_orders AS SELECT number, status FROM "Odd ""Orders" WHERE status = 'open';`)
	registry, known := open(t, dir)
	known.set("d", configured(t, "sqlite", map[string]any{"db_file": "shop.db"}))
	tables, err := registry.Tables(t.Context(), "d", []string{`Odd "Orders`, "REGIONS", "main.open_orders"})
	if err != nil || len(tables) != 3 {
		t.Fatalf("%+v, %v", tables, err)
	}
	orders := tables[0]
	if orders.Database != "shop" || orders.Schema != "main" || tables[1].Name != "regions" ||
		!reflect.DeepEqual(orders.PrimaryKey, []string{"number"}) ||
		!reflect.DeepEqual(orders.ForeignKeys, []datasource.ForeignKey{{Table: "regions", Columns: []string{"region_id"}, To: []string{"id"}}}) {
		t.Errorf("%+v", orders)
	}
	types := map[string]string{}
	for _, c := range orders.Columns {
		types[c.Name] = fmt.Sprint(c.DataType, " ", c.Nullable, " ", c.Enumeration, " ", strings.Join(c.Samples, ","))
	}
	want := map[string]string{
		"number": "INTEGER false false 1,2,3", "region_id": "INTEGER false false 1,2", "ordered on": "DATE true false 2026-01-02,2026-01-03",
		"at": "TIMESTAMP true false 2026-01-02T10:00:00", "amount": "NUMBER true false 1.5,3", "weight": "FLOAT true false 2.5",
		"paid": "BOOLEAN true false false,true", "note": "TEXT true false b", "anything": "INTEGER true false 5,6", "mixed": "OTHER true false 1,x",
		"status": "TEXT true true open,paid", "picture": "OTHER true false ", "clock": "TIME true false 10:00", "day": "DATE true false 2026-01-01",
	}
	if !reflect.DeepEqual(types, want) {
		t.Errorf("columns %q\nwant %q", types, want)
	}
	var unknown *datasource.UnknownTableError
	if _, err := registry.Tables(t.Context(), "d", []string{"regions", "nowhere"}); !errors.As(err, &unknown) ||
		!strings.Contains(err.Error(), `no table "nowhere"; there are Odd "Orders, open_orders, regions`) {
		t.Errorf("unknown table: %v", err)
	}
}

func TestUnknownTablesAreNamedInReason(t *testing.T) {
	many := make([]string, 25)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	for says, known := range map[string][]string{"the database has none": nil, "t19 and 5 more": many} {
		if err := (&datasource.UnknownTableError{Table: "x", Known: known}); !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q", err, says)
		}
	}
}

func TestSecretKeys(t *testing.T) {
	for _, key := range []string{
		"password", "PASSWD", "db_pwd", "pass", "credentials", "credentials_json", "credential", "access_key", "accessKey", "aws_secret", "account-key", "sas", "SAS_url", "sasurl", "azure_sas",
		"dsn", "odbc_dsn", "connection_string", "connectionString", "conn_str", "api_key", "apikey", "ssl_key", "private_key_path", "service_account_json", "token",
	} {
		if !datasource.IsSecret(key) {
			t.Errorf("%s is shown", key)
		}
	}
	for _, key := range []string{
		"host", "port", "database", "user", "schema", "sslmode", "db_file", "warehouse", "role", "account", "credential_type", "ssl_ca", "ssl_cert", "project_id",
		"dataset", "passive", "bypass", "key", "connection", "connect_timeout",
	} {
		if datasource.IsSecret(key) {
			t.Errorf("%s is hidden", key)
		}
	}
}

// What a driver says is told without secrets, or not at all.
func TestRedaction(t *testing.T) {
	driver := errors.New("dial hunter2-long: user abc failed")
	for _, test := range []struct {
		secrets []string
		want    string
	}{
		{nil, "cannot: dial hunter2-long: user abc failed"},
		{[]string{"hunter2", "hunter2-long"}, "cannot: dial ***: user abc failed"},
		{[]string{"hunter2-long", "hunter2"}, "cannot: dial ***: user abc failed"},
		{[]string{"a", "hunter2"}, "cannot; the reason is withheld, because a secret of the connection has fewer than 4 characters"},
		{[]string{"äöü"}, "cannot; the reason is withheld, because a secret of the connection has fewer than 4 characters"},
	} {
		if got := datasource.Redacted("cannot", driver, test.secrets); got.Error() != test.want {
			t.Errorf("%q: %v; want %q", test.secrets, got, test.want)
		}
	}
}
