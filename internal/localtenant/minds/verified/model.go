package verified

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Model is what this mind reads of a semantic data model of the vendor's API v2.
type Model struct {
	Name            string          `json:"name"`
	Tables          []Table         `json:"tables"`
	VerifiedQueries []VerifiedQuery `json:"verified_queries"`
}

// Table is a table of the model and the words people use for it.
type Table struct {
	Name       string      `json:"name"`
	Synonyms   []string    `json:"synonyms"`
	BaseTable  BaseTable   `json:"base_table"`
	Dimensions []Dimension `json:"dimensions"`
}

// BaseTable says where the rows of a Table are.
type BaseTable struct {
	DataConnectionID string `json:"data_connection_id"`
}

// Dimension is a column to group by. The sample values of an enumeration are all
// the values it has.
type Dimension struct {
	Name         string       `json:"name"`
	Synonyms     []string     `json:"synonyms"`
	IsEnum       bool         `json:"is_enum"`
	SampleValues sampleValues `json:"sample_values"`
}

// sampleValues are texts. Models from elsewhere also have numbers and booleans
// there, which are read as they are written.
type sampleValues []string

func (v *sampleValues) UnmarshalJSON(data []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	*v = nil
	for _, value := range values {
		var text *string
		switch {
		case json.Unmarshal(value, &text) != nil:
			*v = append(*v, string(value))
		case text != nil:
			*v = append(*v, *text)
		}
	}
	return nil
}

// VerifiedQuery is a question with the SQL that answers it.
type VerifiedQuery struct {
	Name       string      `json:"name"`
	NLQ        string      `json:"nlq"`
	SQL        string      `json:"sql"`
	Parameters []Parameter `json:"parameters"`
}

// Parameter is a named parameter of a query's SQL. Without an example value it
// may stay unset, which is NULL in the SQL.
type Parameter struct {
	Name         string `json:"name"`
	DataType     string `json:"data_type"` // INTEGER, TEXT or DATE
	Description  string `json:"description"`
	ExampleValue any    `json:"example_value"`
}

// ParseModel reads a `semantic_model` object.
func ParseModel(definition []byte) (Model, error) {
	var m Model
	if err := json.Unmarshal(definition, &m); err != nil {
		return Model{}, fmt.Errorf("read model: %w", err)
	}
	if len(m.Tables) == 0 {
		return Model{}, errors.New("the model has no tables")
	}
	return m, nil
}
