package datasource

import "time"

// SetTimeouts says how long databases may take. Call it before the first use.
func (r *Registry) SetTimeouts(connect, query time.Duration) {
	r.timeouts = timeouts{connect: connect, query: query}
}

// Translate makes a query a driver's.
func Translate(query string, values map[string]any, postgres bool) (string, []any, error) {
	if postgres {
		return postgresDialect{}.translate(Query{SQL: query, Parameters: values})
	}
	return sqliteDialect{}.translate(Query{SQL: query, Parameters: values})
}

// Redacted is what an error of a driver says without secrets.
var Redacted = redacted
