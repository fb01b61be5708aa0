package contracttest

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

const (
	jsonType      = "application/json"
	yamlType      = "application/x-yaml"
	eventStream   = "text/event-stream"
	multipartForm = "multipart/form-data"
)

func mediaType(header http.Header) string { return mediaTypeOf(header.Get("Content-Type")) }

func mediaTypeOf(contentType string) string {
	name, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return name
}

// keeps tells which bodies are kept to be checked.
func keeps(mediaType string) bool { return mediaType == jsonType || mediaType == yamlType }

// checkRefusal checks the answer to a request that does not fit the contract.
func (e *exchange) checkRefusal(wrong string) {
	status := e.answer.status
	if (status < 400 || status > 499) && status != http.StatusServiceUnavailable {
		e.report(fmt.Sprintf("answer %d to a request that does not fit (%s); want a 4xx", status, wrong))
		return
	}
	if problem := e.checkEnvelope(); problem != "" {
		e.report(fmt.Sprintf("answer %d to a request that does not fit (%s): %s", status, wrong, problem))
	}
}

func (e *exchange) checkEnvelope() string {
	got := e.answer.got.body(e.answer.length)
	switch {
	case mediaType(e.answer.header) != jsonType:
		return "content type " + e.answer.header.Get("Content-Type") + ", want the error envelope in " + jsonType
	case e.method == http.MethodHead || !got.whole || got.cut():
		return ""
	}
	return checkJSON(got.kept, e.checker.doc.errors, openapi3.VisitAsResponse())
}

// checkAnswer checks the answer to a request that fits the contract, or may fit.
func (e *exchange) checkAnswer(complete bool) string {
	response := e.listed()
	if response == nil {
		return fmt.Sprintf("answer: status %d is not listed", e.answer.status)
	}
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: e.requestInput(), Status: e.answer.status, Header: e.answer.header,
		Options: &openapi3filter.Options{ExcludeResponseBody: true, SchemaValidationOptions: schemaOptions},
	})
	if err != nil {
		return fmt.Sprintf("answer %d: %s", e.answer.status, explain(err))
	}
	if problem := e.checkAnswerBody(response, complete); problem != "" {
		return fmt.Sprintf("answer %d: %s", e.answer.status, problem)
	}
	return ""
}

// listed gives the description of the answer's status. The default stands for what
// any operation may answer, and for nothing else.
func (e *exchange) listed() *openapi3.Response {
	status := e.answer.status
	if ref := e.route.Operation.Responses.Status(status); ref != nil {
		return ref.Value
	}
	byDefault := status == http.StatusForbidden || status == http.StatusTooManyRequests || status >= 500
	if ref := e.route.Operation.Responses.Default(); ref != nil && byDefault {
		return ref.Value
	}
	return nil
}

func (e *exchange) checkAnswerBody(response *openapi3.Response, complete bool) string {
	if e.answer.events != nil && complete {
		e.answer.events.end()
	}
	got := e.answer.got.body(e.answer.length)
	contentType := e.answer.header.Get("Content-Type")
	content := response.Content.Get(contentType)
	switch {
	case len(response.Content) == 0 && got.seen > 0:
		return "a body where there is none"
	case len(response.Content) == 0:
		return ""
	case content == nil:
		return "content type " + contentType + " is not listed"
	case e.method == http.MethodHead || !got.whole || got.cut() || content.Schema == nil:
		return ""
	case content.Schema.Value.Format == "binary": // bytes, whatever they say they are
		return ""
	}
	switch mediaTypeOf(contentType) {
	case jsonType:
		return checkJSON(got.kept, content.Schema.Value, openapi3.VisitAsResponse())
	case yamlType:
		decode := openapi3filter.RegisteredBodyDecoder(yamlType)
		value, err := decode(bytes.NewReader(got.kept), e.answer.header, content.Schema, nil)
		if err != nil {
			return "body is not YAML"
		}
		return visit(content.Schema.Value, value, openapi3.VisitAsResponse())
	}
	return ""
}
