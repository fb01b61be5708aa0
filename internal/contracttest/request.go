package contracttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// checkRequest says what is wrong with the request, if anything, and whether that
// could be told: a body that was not sent to its end is not known.
func (e *exchange) checkRequest() (wrong string, known bool) {
	if e.wrong != "" {
		return e.wrong, true
	}
	if err := openapi3filter.ValidateRequest(context.Background(), e.requestInput()); err != nil {
		return explain(err), true
	}
	if e.route.Operation.RequestBody == nil {
		return "", true
	}
	return e.checkRequestBody(e.route.Operation.RequestBody.Value, e.sent.body(e.length))
}

// requestInput is the request without its body, which is checked apart.
func (e *exchange) requestInput() *openapi3filter.RequestValidationInput {
	return &openapi3filter.RequestValidationInput{
		Request:    &http.Request{Method: e.method, URL: e.url, Header: e.header},
		PathParams: e.values,
		Route:      e.route,
		Options: &openapi3filter.Options{
			ExcludeRequestBody:      true,
			SkipSettingDefaults:     true,
			AuthenticationFunc:      hasKey,
			SchemaValidationOptions: schemaOptions,
		},
	}
}

var errNoKey = errors.New("no API key in Authorization")

// hasKey knows a key by its scheme; whether it is the right one, the tenant says.
func hasKey(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	scheme := "Bearer"
	if input.SecurityScheme.Type == "apiKey" {
		scheme = "Snowflake"
	}
	given, key, _ := strings.Cut(input.RequestValidationInput.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(given, scheme) || strings.TrimSpace(key) == "" {
		return errNoKey
	}
	return nil
}

func (e *exchange) checkRequestBody(want *openapi3.RequestBody, sent body) (wrong string, known bool) {
	if sent.whole && len(sent.kept) == 0 {
		if want.Required {
			return "body is required", true
		}
		return "", true
	}
	given := e.header.Get("Content-Type")
	if given == "" && !e.checker.insistsOnRequests() {
		given = only(want.Content) // a server may look at the body instead (RFC 9110, 8.3)
	}
	content := want.Content.Get(given)
	switch {
	case content == nil:
		return "content type " + given + " is not listed", true
	case content.Schema == nil || !sent.whole && mediaTypeOf(given) != multipartForm:
		return "", sent.whole
	case mediaTypeOf(given) == multipartForm:
		return checkForm(given, content.Schema.Value, sent)
	case mediaTypeOf(given) == jsonType && !sent.cut():
		return checkJSON(sent.kept, content.Schema.Value, openapi3.VisitAsRequest()), true
	}
	return "", true
}

// only gives the media type of a body that has but one.
func only(content openapi3.Content) string {
	for name := range content {
		if len(content) == 1 {
			return name
		}
	}
	return ""
}

func checkJSON(data []byte, schema *openapi3.Schema, direction openapi3.SchemaValidationOption) string {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return "body is not JSON"
	}
	return visit(schema, value, direction)
}

// checkForm looks at the parts of a form as far as they were kept.
func checkForm(contentType string, schema *openapi3.Schema, sent body) (wrong string, known bool) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || parameters["boundary"] == "" {
		return "the form has no boundary", true
	}
	form, err := readForm(multipart.NewReader(bytes.NewReader(sent.kept), parameters["boundary"]), schema)
	if !sent.whole || sent.cut() {
		return "", sent.whole // what is missing may be in the rest
	}
	if err != nil {
		return "body is not a form", true
	}
	return visit(schema, form, openapi3.VisitAsRequest()), true
}

// readForm gives the fields of a form as JSON has them; a field whose schema is an
// array may come more than once. The contents of files are left out.
func readForm(reader *multipart.Reader, schema *openapi3.Schema) (map[string]any, error) {
	form := map[string]any{}
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return form, err
		}
		var value strings.Builder
		into := io.Writer(&value)
		if part.FileName() != "" {
			into = io.Discard
		}
		if _, err := io.Copy(into, part); err != nil {
			return form, err
		}
		name := part.FormName()
		if property := schema.Properties[name]; property != nil && property.Value.Type.Is("array") {
			list, _ := form[name].([]any)
			form[name] = append(list, value.String())
		} else {
			form[name] = value.String()
		}
	}
}
