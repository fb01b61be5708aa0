package datasource

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// DataType is the type of a column, in the words of semantic data models.
type DataType string

// The types of columns. Other are all that there is no word for.
const (
	Text      DataType = "TEXT"
	Integer   DataType = "INTEGER"
	Float     DataType = "FLOAT"
	Number    DataType = "NUMBER" // an exact decimal
	Boolean   DataType = "BOOLEAN"
	Date      DataType = "DATE"
	Time      DataType = "TIME"
	Timestamp DataType = "TIMESTAMP"
	Other     DataType = "OTHER"

	untyped DataType = "" // the values tell
)

// Table is a table or view of a database.
type Table struct {
	Name, Schema, Database string
	Columns                []Column
	PrimaryKey             []string // columns
	ForeignKeys            []ForeignKey

	from string // as the SQL names it
}

// Column is a column of a Table.
type Column struct {
	Name     string
	DataType DataType
	Nullable bool
	// Samples are some of its values, as text. Those of an enumeration are all
	// there are.
	Samples     []string
	Enumeration bool
}

// ForeignKey says that columns hold keys of another table, each of the column of
// To in its place.
type ForeignKey struct {
	Table   string // in the same schema
	Columns []string
	To      []string
}

const (
	maxEnumeration = 20      // values
	maxSampledRows = 100_000 // what is in a larger table is not told from so many
	maxSamples     = 5       // of what is no enumeration
	maxSampleText  = 100     // characters
)

// Tables describes tables of the connection with this id, in the order of names.
// The error is find's, the context's, an [UnknownTableError] or a [Failure].
func (r *Registry) Tables(ctx context.Context, id string, names []string) ([]Table, error) {
	var tables []Table
	err := r.use(ctx, id, func(s *source) error {
		tables = nil
		err := s.read(ctx, s.timeouts.query, func(ctx context.Context, tx *sql.Tx) error {
			for _, name := range names {
				table, err := s.table(ctx, tx, name)
				if err != nil {
					return err
				}
				tables = append(tables, *table)
			}
			return nil
		})
		if unknown, ok := err.(*UnknownTableError); ok {
			return unknown
		}
		return s.explain(ctx, "the tables cannot be read", err)
	})
	return tables, err
}

func (s *source) table(ctx context.Context, tx *sql.Tx, name string) (*Table, error) {
	table, err := s.dialect.describe(ctx, tx, name)
	if err != nil {
		return nil, err
	}
	if table == nil {
		known, err := s.dialect.tables(ctx, tx)
		if err != nil {
			return nil, err
		}
		return nil, &UnknownTableError{Table: name, Known: known}
	}
	rows, err := fetch(ctx, tx, 1, fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT 1 FROM %s LIMIT %d) AS few`, table.from, maxSampledRows+1), nil)
	if err != nil {
		return nil, err
	}
	whole := rows.Rows[0][0].(int64) <= maxSampledRows
	for i := range table.Columns {
		if err := table.sample(ctx, tx, &table.Columns[i], whole); err != nil {
			return nil, err
		}
	}
	return table, nil
}

// sample looks at the values of a column; whole says that the table is small
// enough to see all of them.
func (t *Table) sample(ctx context.Context, tx *sql.Tx, c *Column, whole bool) error {
	name := quoteName(c.Name)
	query := fmt.Sprintf(`SELECT %[1]s FROM (SELECT %[1]s FROM %[2]s LIMIT %[3]d) AS few WHERE %[1]s IS NOT NULL`, name, t.from, maxSampledRows)
	limit := maxSamples
	if c.DataType == Text {
		query, limit = query+" GROUP BY "+name, maxEnumeration
	}
	found, err := fetch(ctx, tx, limit, fmt.Sprintf("%s LIMIT %d", query, limit+1), nil)
	if err != nil {
		return err
	}
	values := make([]any, len(found.Rows))
	for i, row := range found.Rows {
		values[i] = row[0]
	}
	if c.DataType == untyped {
		c.DataType = typeOf(values)
	}
	short := true
	for _, value := range values {
		text := sampleText(value)
		if utf8.RuneCountInString(text) > maxSampleText {
			short = false
			continue
		}
		if !slices.Contains(c.Samples, text) {
			c.Samples = append(c.Samples, text)
		}
	}
	if c.DataType == Text {
		c.DataType = dateOr(Text, c.Samples)
	}
	c.Enumeration = c.DataType == Text && whole && short && !found.More && len(c.Samples) > 0
	slices.Sort(c.Samples)
	if !c.Enumeration {
		c.Samples = c.Samples[:min(len(c.Samples), maxSamples)]
	}
	return nil
}

// typeOf is the type that all values have.
func typeOf(values []any) DataType {
	found := Other
	for i, value := range values {
		var is DataType
		switch value.(type) {
		case int64:
			is = Integer
		case float64:
			is = Float
		case bool:
			is = Boolean
		case string:
			is = Text
		default:
			is = Other
		}
		if i > 0 && is != found {
			return Other
		}
		found = is
	}
	return found
}

var (
	dateText      = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	timestampText = regexp.MustCompile(`^\d{4}-\d\d-\d\d[ T]\d\d:\d\d`)
)

// dateOr tells whether texts are dates or times: SQLite has no other type for
// them.
func dateOr(fallback DataType, samples []string) DataType {
	all := func(pattern *regexp.Regexp) bool {
		return len(samples) > 0 && !slices.ContainsFunc(samples, func(text string) bool { return !pattern.MatchString(text) })
	}
	switch {
	case all(dateText):
		return Date
	case all(timestampText):
		return Timestamp
	}
	return fallback
}

func sampleText(value any) string {
	switch value := value.(type) {
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	case json.Number:
		return value.String()
	}
	return fmt.Sprint(value)
}
