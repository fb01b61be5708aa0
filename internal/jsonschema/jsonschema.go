// Package jsonschema stands in the place of the one that mcp-go and kin-openapi
// validate with, where they are told to, which nothing here does. The real one
// compiles every draft of JSON Schema when a process starts: that is half of what
// starting a bridge would take. This one knows no schema, and says so.
package jsonschema

import (
	"encoding/json"
	"errors"
	"io"
)

// ErrNoSchemas is the error of all that is done with a schema.
var ErrNoSchemas = errors.New("no schema can be compiled: JSON Schema is not linked")

// Schema is one that was compiled: there is none.
type Schema struct{}

// Validate always fails.
func (*Schema) Validate(any) error { return ErrNoSchemas }

// Compiler compiles nothing.
type Compiler struct{}

// NewCompiler returns a Compiler.
func NewCompiler() *Compiler { return new(Compiler) }

// AddResource always fails.
func (*Compiler) AddResource(string, any) error { return ErrNoSchemas }

// Compile always fails.
func (*Compiler) Compile(string) (*Schema, error) { return nil, ErrNoSchemas }

// Draft is a version of JSON Schema.
type Draft struct{}

// Draft2020 is that of OpenAPI 3.1.
var Draft2020 = new(Draft)

// DefaultDraft does nothing.
func (*Compiler) DefaultDraft(*Draft) {}

// AssertFormat does nothing.
func (*Compiler) AssertFormat() {}

// Format checks strings.
type Format struct {
	Name     string
	Validate func(any) error
}

// RegisterFormat does nothing.
func (*Compiler) RegisterFormat(*Format) {}

// ErrorKind is what an error is.
type ErrorKind interface {
	KeywordPath() []string
}

// ValidationError is never returned.
type ValidationError struct {
	SchemaURL        string
	InstanceLocation []string
	ErrorKind        ErrorKind
	Causes           []*ValidationError
}

func (*ValidationError) Error() string { return ErrNoSchemas.Error() }

// UnmarshalJSON keeps the digits of numbers.
func UnmarshalJSON(r io.Reader) (any, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}
