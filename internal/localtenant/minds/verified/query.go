package verified

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoConnection is a [QueryFunc]'s answer for a data connection that does not
// exist.
var ErrNoConnection = errors.New("no such data connection")

// QueryFunc runs a query with named parameters, written as :name, on the data
// connection with that id. A [minds.Failure] reaches the user.
type QueryFunc func(ctx context.Context, connectionID, sql string, parameters map[string]any) (Result, error)

// Result is what a query gave. Values are int64, float64, json.Number, string, bool
// or nil.
type Result struct {
	Dialect string // of the SQL, such as sqlite
	Columns []string
	Rows    [][]any
	More    bool // there were more rows than a result holds
}

func (mind *Mind) run(ctx context.Context, connection string, m match) (Result, error) {
	r, err := mind.query(ctx, connection, m.query.SQL, m.values)
	if err != nil {
		return Result{}, fmt.Errorf("run %s: %w", m.query.Name, err)
	}
	return r, nil
}
