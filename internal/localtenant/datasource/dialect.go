package datasource

import (
	"context"
	"database/sql"

	"strings"

	"github.com/jackc/pgx/v5"
)

// dialect is what differs between the engines.
type dialect interface {
	name() string
	// probe is a query for one number that touches the database.
	probe() string
	// translate makes a query the driver's.
	translate(Query) (text string, arguments []any, err error)
	// tables lists the tables and views, by name.
	tables(context.Context, *sql.Tx) ([]string, error)
	// describe gives a table's place, columns and keys. It is one of tables, or a
	// name that the engine has another way to write.
	describe(context.Context, *sql.Tx, string) (*Table, error)
}

// quoteName quotes a name as both engines do.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

type sqliteDialect struct{ database string }

func (sqliteDialect) name() string { return "sqlite" }

func (sqliteDialect) probe() string { return `SELECT COUNT(*) FROM sqlite_schema` }

func (sqliteDialect) translate(q Query) (string, []any, error) {
	s, err := parseStatement(q.SQL, false)
	if err != nil {
		return "", nil, err
	}
	return s.bind(q.Parameters)
}

func (sqliteDialect) tables(ctx context.Context, tx *sql.Tx) ([]string, error) {
	return texts(ctx, tx, `SELECT name FROM sqlite_schema
		WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
}

func (d sqliteDialect) describe(ctx context.Context, tx *sql.Tx, name string) (*Table, error) {
	name = strings.TrimPrefix(name, "main.")
	t := &Table{Database: d.database, Schema: "main", from: quoteName(name)}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var (
			c        Column
			declared string
			position int
		)
		if err := rows.Scan(&t.Name, &c.Name, &declared, &c.Nullable, &position); err != nil {
			return err
		}
		c.DataType = declaredType(declared)
		t.Columns = append(t.Columns, c)
		if position > 0 {
			t.PrimaryKey = append(t.PrimaryKey, c.Name)
		}
		return nil
	}, `SELECT s.name, c.name, c.type, NOT c."notnull" AND c.pk = 0, c.pk
		FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c
		WHERE s.name = ? COLLATE NOCASE AND s.type IN ('table', 'view') AND c.hidden <> 1 ORDER BY c.cid`, name)
	if err != nil || t.Columns == nil {
		return nil, err
	}
	// A key that names no columns means the primary key of its table.
	return t, t.addKeys(ctx, tx, `SELECT k.id, k."table", k."from", COALESCE(k."to", (
			SELECT c.name FROM pragma_table_info(k."table") c WHERE c.pk = k.seq + 1))
		FROM pragma_foreign_key_list(?) k ORDER BY k.id DESC, k.seq`, t.Name)
}

// declaredType reads a declared type as SQLite does, which goes by parts of the
// name.
func declaredType(declared string) DataType {
	name := strings.ToUpper(declared)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(name, part) {
				return true
			}
		}
		return false
	}
	switch {
	case name == "DATE":
		return Date
	case name == "TIME":
		return Time
	case has("DATETIME", "TIMESTAMP"):
		return Timestamp
	case has("BOOL"):
		return Boolean
	case has("INT"):
		return Integer
	case has("CHAR", "CLOB", "TEXT"):
		return Text
	case name == "":
		return untyped
	case has("BLOB"):
		return Other
	case has("REAL", "FLOA", "DOUB"):
		return Float
	}
	return Number
}

type postgresDialect struct{ database, schema string }

func (postgresDialect) name() string { return "postgres" }

func (postgresDialect) probe() string { return `SELECT COUNT(*) FROM pg_namespace` }

func (postgresDialect) translate(q Query) (string, []any, error) {
	s, err := parseStatement(q.SQL, true)
	if err != nil {
		return "", nil, err
	}
	// Values go into the text as literals: the server cannot tell the type of a
	// parameter in ":year IS NULL". The text then goes by the extended protocol,
	// where the server itself takes one statement and no more; poolers keep no
	// prepared statements, and this mode makes none.
	text, err := s.fill(q.Parameters, func(_ string, value any) (string, error) { return postgresLiteral(value) })
	return text, []any{pgx.QueryExecModeExec}, err
}

func (d postgresDialect) tables(ctx context.Context, tx *sql.Tx) ([]string, error) {
	return texts(ctx, tx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition ORDER BY c.relname`, d.schema)
}

// describe also takes schema.table.
func (d postgresDialect) describe(ctx context.Context, tx *sql.Tx, name string) (*Table, error) {
	t, err := d.columns(ctx, tx, d.schema, name)
	if schema, table, ok := strings.Cut(name, "."); t == nil && err == nil && ok {
		t, err = d.columns(ctx, tx, schema, table)
	}
	if err != nil || t == nil {
		return nil, err
	}
	return t, t.addKeys(ctx, tx, `SELECT k.oid, other.relname, a.attname, b.attname
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_class other ON other.oid = k.confrelid AND other.relnamespace = c.relnamespace
		CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair (here, there, place)
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here
		JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there
		WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 ORDER BY k.conname, k.oid, pair.place`, t.Schema, t.Name)
}

// addKeys reads foreign keys: each row has an id of the key, the other table, a
// column here and the one there.
func (t *Table) addKeys(ctx context.Context, tx *sql.Tx, query string, arguments ...any) error {
	last := int64(-1)
	return each(ctx, tx, func(rows *sql.Rows) error {
		var (
			id            int64
			table, column string
			to            sql.NullString // the other table may be missing
		)
		if err := rows.Scan(&id, &table, &column, &to); err != nil {
			return err
		}
		if id != last {
			t.ForeignKeys = append(t.ForeignKeys, ForeignKey{Table: table})
			last = id
		}
		key := &t.ForeignKeys[len(t.ForeignKeys)-1]
		key.Columns, key.To = append(key.Columns, column), append(key.To, to.String)
		return nil
	}, query, arguments...)
}

func (d postgresDialect) columns(ctx context.Context, tx *sql.Tx, schema, table string) (*Table, error) {
	t := &Table{Name: table, Database: d.database, Schema: schema, from: quoteName(schema) + "." + quoteName(table)}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var (
			c                  Column
			typeName, category string
			inKey              bool
		)
		if err := rows.Scan(&c.Name, &typeName, &category, &c.Nullable, &inKey); err != nil {
			return err
		}
		c.DataType = postgresType(typeName, category)
		t.Columns = append(t.Columns, c)
		if inKey {
			t.PrimaryKey = append(t.PrimaryKey, c.Name)
		}
		return nil
	}, `SELECT a.attname, y.typname, y.typcategory::text, NOT a.attnotnull, EXISTS (
			SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey))
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_type y ON y.oid = a.atttypid
		WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, schema, table)
	if err != nil || t.Columns == nil {
		return nil, err
	}
	return t, nil
}

// postgresType reads a type by its name, else by its category in pg_type.
func postgresType(name, category string) DataType {
	switch {
	case name == "int2" || name == "int4" || name == "int8":
		return Integer
	case name == "float4" || name == "float8":
		return Float
	case name == "numeric" || name == "money":
		return Number
	case name == "date":
		return Date
	case name == "time" || name == "timetz":
		return Time
	case name == "uuid" || category == "S" || category == "E":
		return Text
	case category == "D":
		return Timestamp
	case category == "B":
		return Boolean
	}
	return Other
}

// each calls take on every row of a query.
func each(ctx context.Context, tx *sql.Tx, take func(*sql.Rows) error, query string, arguments ...any) error {
	rows, err := tx.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// texts reads a column of texts.
func texts(ctx context.Context, tx *sql.Tx, query string, arguments ...any) ([]string, error) {
	all := []string{}
	return all, each(ctx, tx, func(rows *sql.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		all = append(all, text)
		return nil
	}, query, arguments...)
}
