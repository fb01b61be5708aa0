package sdm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sema4mcp/internal/localtenant/datasource"
)

// model is a semantic model as Scaffold makes it.
type model struct {
	Name            string         `json:"name"`
	Description     string         `json:"description"`
	Tables          []table        `json:"tables"`
	Relationships   []relationship `json:"relationships"`
	VerifiedQueries []struct{}     `json:"verified_queries"`
}

type table struct {
	Name           string      `json:"name"`
	Description    string      `json:"description"`
	Synonyms       []string    `json:"synonyms"`
	BaseTable      baseTable   `json:"base_table"`
	PrimaryKey     *primaryKey `json:"primary_key,omitempty"`
	Dimensions     []field     `json:"dimensions"`
	TimeDimensions []field     `json:"time_dimensions"`
	Facts          []field     `json:"facts"`
	Metrics        []struct{}  `json:"metrics"`
}

type baseTable struct {
	DataConnectionID string `json:"data_connection_id"`
	Database         string `json:"database"`
	Schema           string `json:"schema"`
	Table            string `json:"table"`
}

type primaryKey struct {
	Columns []string `json:"columns"`
}

type field struct {
	Name         string              `json:"name"`
	Expr         string              `json:"expr"`
	DataType     datasource.DataType `json:"data_type"`
	Description  string              `json:"description"`
	Synonyms     []string            `json:"synonyms"`
	IsEnum       *bool               `json:"is_enum,omitempty"`
	SampleValues []string            `json:"sample_values"`
}

type relationship struct {
	Name       string         `json:"name"`
	LeftTable  string         `json:"left_table"`
	RightTable string         `json:"right_table"`
	Columns    []columnOfBoth `json:"relationship_columns"`
}

type columnOfBoth struct {
	Left  string `json:"left_column"`
	Right string `json:"right_column"`
}

// Scaffold drafts a model over tables: texts and keys become dimensions, times
// become time dimensions, other numbers facts, and foreign keys relationships.
func Scaffold(name, description, connectionID string, tables []datasource.Table) (json.RawMessage, error) {
	m := model{
		Name: name, Description: description, Tables: []table{},
		Relationships: []relationship{}, VerifiedQueries: []struct{}{},
	}
	names := tableNames(tables)
	for i, t := range tables {
		m.Tables = append(m.Tables, scaffoldTable(names[i], connectionID, t))
		for _, key := range t.ForeignKeys {
			if r, ok := relate(names, tables, i, key); ok {
				m.Relationships = append(m.Relationships, r)
			}
		}
	}
	return json.Marshal(m)
}

// tableNames tells tables of several schemas apart.
func tableNames(tables []datasource.Table) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
		if slices.Contains(names[:i], t.Name) {
			names[i] = t.Schema + "_" + t.Name
		}
	}
	return names
}

func scaffoldTable(name, connectionID string, t datasource.Table) table {
	scaffolded := table{
		Name: name, Description: "The table " + t.Name, Synonyms: []string{},
		BaseTable:  baseTable{DataConnectionID: connectionID, Database: t.Database, Schema: t.Schema, Table: t.Name},
		Dimensions: []field{}, TimeDimensions: []field{}, Facts: []field{}, Metrics: []struct{}{},
	}
	if len(t.PrimaryKey) > 0 {
		scaffolded.PrimaryKey = &primaryKey{t.PrimaryKey}
	}
	for _, column := range t.Columns {
		f := field{
			Name: column.Name, Expr: expression(column.Name), DataType: column.DataType,
			Description: strings.ReplaceAll(column.Name, "_", " "), Synonyms: []string{},
			SampleValues: append([]string{}, column.Samples...),
		}
		switch {
		case isTime(column.DataType):
			scaffolded.TimeDimensions = append(scaffolded.TimeDimensions, f)
		case isNumber(column.DataType) && !isKey(t, column.Name):
			scaffolded.Facts = append(scaffolded.Facts, f)
		default:
			f.IsEnum = &column.Enumeration
			scaffolded.Dimensions = append(scaffolded.Dimensions, f)
		}
	}
	return scaffolded
}

func isTime(t datasource.DataType) bool {
	return t == datasource.Date || t == datasource.Timestamp || t == datasource.Time
}

func isNumber(t datasource.DataType) bool {
	return t == datasource.Integer || t == datasource.Float || t == datasource.Number
}

// isKey tells whether a column identifies rows, here or elsewhere: such numbers
// are not for sums.
func isKey(t datasource.Table, column string) bool {
	return slices.Contains(t.PrimaryKey, column) ||
		slices.ContainsFunc(t.ForeignKeys, func(key datasource.ForeignKey) bool { return slices.Contains(key.Columns, column) })
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// expression is the SQL for a column.
func expression(column string) string {
	if plainName.MatchString(column) {
		return column
	}
	return `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
}

// relate makes a relationship of a foreign key, when the other table is one of
// the model, too.
func relate(names []string, tables []datasource.Table, from int, key datasource.ForeignKey) (relationship, bool) {
	to := slices.IndexFunc(tables, func(t datasource.Table) bool {
		return t.Schema == tables[from].Schema && strings.EqualFold(t.Name, key.Table)
	})
	if to < 0 || slices.Contains(key.To, "") {
		return relationship{}, false
	}
	r := relationship{
		Name:      fmt.Sprintf("%s_%s_to_%s", names[from], strings.Join(key.Columns, "_"), names[to]),
		LeftTable: names[from], RightTable: names[to],
	}
	for i, column := range key.Columns {
		r.Columns = append(r.Columns, columnOfBoth{column, key.To[i]})
	}
	return r, true
}
