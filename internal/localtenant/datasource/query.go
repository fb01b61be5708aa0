package datasource

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DefaultMaxRows bounds a result when the query does not.
const DefaultMaxRows = 10_000

// maxResultBytes bounds the texts of a result.
const maxResultBytes = 64 << 20

// Query is one SELECT with named parameters, written as :name in the SQL of
// every engine. Values are int64, float64, string, bool or nil.
type Query struct {
	SQL        string
	Parameters map[string]any
	MaxRows    int // 0 stands for DefaultMaxRows
}

// Result is what a query gave. Values are int64, float64, string, bool, nil, or
// json.Number for exact decimals; times are ISO 8601 text, bytes are base64.
type Result struct {
	Dialect string // of the SQL: sqlite or postgres
	Columns []string
	Rows    [][]any
	More    bool // there were more rows than MaxRows
}

// Query runs a query on the connection with this id. The error is find's, the
// context's, or a [Failure].
func (r *Registry) Query(ctx context.Context, id string, q Query) (Result, error) {
	var result Result
	err := r.use(ctx, id, func(s *source) error {
		text, arguments, err := s.dialect.translate(q)
		if err != nil {
			return err
		}
		err = s.read(ctx, s.timeouts.query, func(ctx context.Context, tx *sql.Tx) error {
			result, err = fetch(ctx, tx, cmp.Or(q.MaxRows, DefaultMaxRows), text, arguments)
			return err
		})
		result.Dialect = s.dialect.name()
		return s.explain(ctx, "the query failed", err)
	})
	return result, err
}

// fetch reads the rows of a query.
func fetch(ctx context.Context, tx *sql.Tx, maxRows int, text string, arguments []any) (Result, error) {
	rows, err := tx.QueryContext(ctx, text, arguments...)
	if err != nil {
		return Result{}, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return Result{}, err
	}
	result := Result{Rows: [][]any{}}
	for _, column := range types {
		result.Columns = append(result.Columns, column.Name())
	}
	size := 0
	for rows.Next() {
		if len(result.Rows) == maxRows {
			result.More = true
			break
		}
		row := make([]any, len(types))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return Result{}, err
		}
		for i, value := range row {
			row[i] = plain(value, types[i].DatabaseTypeName())
			if text, ok := row[i].(string); ok {
				size += len(text)
			}
		}
		if size > maxResultBytes {
			return Result{}, failure("the result is larger than %d MB; select less", maxResultBytes>>20)
		}
		result.Rows = append(result.Rows, row)
	}
	return result, rows.Err()
}

// jsonNumber is what JSON takes for a number.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// plain turns a driver's value into one of a Result.
func plain(value any, typeName string) any {
	switch value := value.(type) {
	case int64: // SQLite has no other booleans
		if strings.HasPrefix(typeName, "BOOL") && (value == 0 || value == 1) {
			return value == 1
		}
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return strconv.FormatFloat(value, 'g', -1, 64)
		}
	case []byte:
		if strings.HasPrefix(typeName, "JSON") {
			return string(value)
		}
		return base64.StdEncoding.EncodeToString(value)
	case time.Time:
		return timeText(value, typeName)
	case string:
		if typeName == "NUMERIC" && jsonNumber.MatchString(value) {
			return json.Number(value)
		}
	}
	return value
}

// timeText writes a time as its column's type has it: a date has no clock, and
// only a timestamptz has a zone.
func timeText(t time.Time, typeName string) string {
	hour, minute, second := t.Clock()
	switch {
	case typeName == "DATE" && hour+minute+second+t.Nanosecond() == 0:
		return t.Format(time.DateOnly)
	case typeName == "TIMESTAMPTZ":
		return t.UTC().Format("2006-01-02T15:04:05.999999-07:00")
	}
	return t.Format("2006-01-02T15:04:05.999999")
}
