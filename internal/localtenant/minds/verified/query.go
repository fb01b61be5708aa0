package verified

import (
	"context"
	"database/sql"
	"fmt"
)

// result is what a query gave.
type result struct {
	columns []string
	rows    [][]any // int64, float64, string or nil
}

func run(ctx context.Context, db *sql.DB, m match) (result, error) {
	var arguments []any
	for name, value := range m.values {
		arguments = append(arguments, sql.Named(name, value))
	}
	rows, err := db.QueryContext(ctx, m.query.SQL, arguments...)
	if err != nil {
		return result{}, fmt.Errorf("run %s: %w", m.query.Name, err)
	}
	defer rows.Close()
	var r result
	if r.columns, err = rows.Columns(); err != nil {
		return result{}, fmt.Errorf("run %s: %w", m.query.Name, err)
	}
	for rows.Next() {
		row := make([]any, len(r.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return result{}, fmt.Errorf("run %s: %w", m.query.Name, err)
		}
		r.rows = append(r.rows, row)
	}
	if err := rows.Err(); err != nil {
		return result{}, fmt.Errorf("run %s: %w", m.query.Name, err)
	}
	return r, nil
}
