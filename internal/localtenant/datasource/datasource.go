// Package datasource reads the databases that data connections lead to: SQLite
// files and PostgreSQL servers. Start from a [Registry].
//
// It reads and never writes. What it cannot do is told by a [Failure], whose text
// is for users and holds no secret of the connection.
package datasource

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Settings say where a data connection leads: an engine and its configuration,
// an object of the vendor's keys.
type Settings struct {
	Engine        string
	Configuration json.RawMessage
}

func (s Settings) equal(other Settings) bool {
	return s.Engine == other.Engine && string(s.Configuration) == string(other.Configuration)
}

// Failure says what a data connection cannot do, in words for its user.
type Failure struct{ Message string }

func (f *Failure) Error() string { return f.Message }

func failure(format string, arguments ...any) error {
	return &Failure{fmt.Sprintf(format, arguments...)}
}

// UnknownTableError says that a database has no such table.
type UnknownTableError struct {
	Table string
	Known []string // what it has instead
}

// maxKnown is how many tables an error names.
const maxKnown = 20

func (e *UnknownTableError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no table %q: the database has none", e.Table)
	}
	known, more := e.Known, ""
	if len(known) > maxKnown {
		known, more = known[:maxKnown], fmt.Sprintf(" and %d more", len(known)-maxKnown)
	}
	return fmt.Sprintf("there is no table %q; there are %s%s", e.Table, strings.Join(known, ", "), more)
}

// engines that can be connected to. TimescaleDB and pgvector are PostgreSQL
// servers with an extension.
var engines = map[string]opener{
	"sqlite":      openSQLite,
	"postgres":    openPostgres,
	"timescaledb": openPostgres,
	"pgvector":    openPostgres,
}

// Engines are the names of the engines that can be connected to.
func Engines() []string { return []string{"postgres", "sqlite", "timescaledb", "pgvector"} }

// elsewhere are engines the vendor has and this tenant has no driver for.
var elsewhere = []string{
	"redshift", "mysql", "snowflake", "bigquery", "databricks", "mssql", "oracle",
	"confluence", "slack", "salesforce", "sema4_knowledge_base",
}

func openerOf(engine string) (opener, error) {
	if open, ok := engines[engine]; ok {
		return open, nil
	}
	supported := strings.Join(Engines(), ", ")
	if slices.Contains(elsewhere, engine) {
		return nil, failure("data connections to %s are not supported by this tenant; use one of %s", engine, supported)
	}
	return nil, failure("no engine is called %q; use one of %s", engine, supported)
}
