package checks

import (
	"context"
	"database/sql"
	"fmt"
)

// Pools are [Databases] that are open, by the ids of their data connections.
type Pools map[string]*sql.DB

var _ Databases = Pools{}

// Query runs SQL on the pool of a data connection.
func (p Pools) Query(ctx context.Context, connectionID, query string, named map[string]any) (columns []string, rows [][]any, err error) {
	db, ok := p[connectionID]
	if !ok {
		return nil, nil, fmt.Errorf("the data connection %q does not exist", connectionID)
	}
	var arguments []any
	for name, value := range named {
		arguments = append(arguments, sql.Named(name, value))
	}
	result, err := db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, nil, err
	}
	defer result.Close()
	if columns, err = result.Columns(); err != nil {
		return nil, nil, err
	}
	for result.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := result.Scan(into...); err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return columns, rows, result.Err()
}
