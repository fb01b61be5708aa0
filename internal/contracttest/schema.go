package contracttest

import (
	"errors"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// schemaOptions hold for all checks. Reports leave values out, which may be secret.
var schemaOptions = []openapi3.SchemaValidationOption{
	openapi3.DisableSchemaErrorDetails(),
	openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(
		`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)),
}

// visit says what of a value does not fit its schema.
func visit(schema *openapi3.Schema, value any, direction openapi3.SchemaValidationOption) string {
	err := schema.VisitJSON(value, append([]openapi3.SchemaValidationOption{direction}, schemaOptions...)...)
	if err == nil {
		return ""
	}
	return "body: " + explain(err)
}

// explain words an error without the values that caused it.
func explain(err error) string {
	if errors.Is(err, errNoKey) {
		return errNoKey.Error()
	}
	where := ""
	if request, ok := errors.AsType[*openapi3filter.RequestError](err); ok && request.Parameter != nil {
		where = "parameter " + request.Parameter.Name + ": "
	}
	if schema, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return where + schema.Error()
	}
	if _, ok := errors.AsType[*openapi3filter.ParseError](err); ok { // it repeats the value
		return where + "cannot be read"
	}
	if cause := errors.Unwrap(err); cause != nil && where != "" {
		return where + cause.Error()
	}
	return err.Error()
}
