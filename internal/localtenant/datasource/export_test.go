package datasource

// Translate makes a query a driver's.
func Translate(query string, values map[string]any, postgres bool) (string, []any, error) {
	if postgres {
		return postgresDialect{}.translate(Query{SQL: query, Parameters: values})
	}
	return sqliteDialect{}.translate(Query{SQL: query, Parameters: values})
}
