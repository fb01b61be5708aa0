package openaichat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"sema4mcp/internal/localtenant/minds"
)

// maxQuoted is how much of what others say goes into a failure or a thought.
const maxQuoted = 300

func failure(code, format string, arguments ...any) *minds.Failure {
	return &minds.Failure{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// quoted is a foreign text as part of a sentence: one line, not too long.
func quoted(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return cut(text, maxQuoted, "…")
}

// cut shortens a text to so many characters and says so at its end.
func cut(text string, most int, mark string) string {
	count := 0
	for at := range text {
		if count == most {
			return text[:at] + mark
		}
		count++
	}
	return text
}

// refused says what an error status means to whoever set the endpoint up.
func (e *endpoint) refused(status int, body []byte) *minds.Failure {
	answered := fmt.Sprintf("status %d", status)
	if message := errorIn(body).Message; message != "" {
		answered += ": " + quoted(e.secrets.hide(message))
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		if e.key == "" {
			return failure("forbidden", "The model's endpoint %s wants a key (%s). Set %s.", e.host(), answered, EnvKey)
		}
		return failure("forbidden", "The model's endpoint %s refuses the key (%s). Check %s.", e.host(), answered, EnvKey)
	case status == http.StatusNotFound:
		return failure("not_found", "The model's endpoint %s does not know %s (%s). Check %s, and that %s is the base of the API, such as http://127.0.0.1:11434/v1.",
			e.host(), e.modelName(), answered, EnvModel, EnvURL)
	case status == http.StatusTooManyRequests:
		return failure("too_many_requests", "The model's endpoint %s takes no more requests now (%s). Wait a while and send the message again, or check the account's limits.", e.host(), answered)
	case status >= http.StatusInternalServerError:
		return failure("unexpected_error", "The model's endpoint %s failed (%s). Send the message again; if it goes on, look at the endpoint's log.", e.host(), answered)
	default:
		return failure("bad_request", "The model's endpoint %s refuses the request (%s). "+
			"Check that %s names a model for chat that can call tools; if the conversation has become too long for it, begin a new one.", e.host(), answered, EnvModel)
	}
}

// garbage is an answer that is no chat completion.
func (e *endpoint) garbage() *minds.Failure {
	return failure("unexpected_error", "The model's endpoint %s answered with something that is no chat completion. Check that %s is the base of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1.", e.host(), EnvURL)
}

// broken is an answer that ended too early; reason is for people.
func (e *endpoint) broken(reason string) *minds.Failure {
	return failure("unexpected_error", "The model's answer broke off: %s. What came of it stands above. Send the message again.", reason)
}

// endpointError is the error of an endpoint, in the forms there are: an object
// with a message, or the message alone.
type endpointError struct {
	Message string
	Code    string
}

// UnmarshalJSON never fails: an error in an unknown form is still one.
func (e *endpointError) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Message) == nil {
		return nil
	}
	var object struct {
		Message looseText `json:"message"`
		Code    looseText `json:"code"`
	}
	if json.Unmarshal(data, &object) == nil {
		e.Message, e.Code = string(object.Message), string(object.Code)
	}
	if e.Message == "" {
		e.Message = "no reason given"
	}
	return nil
}

// errorIn finds the error in the body of a refusal. A page for people, as proxies
// send it, says nothing worth quoting.
func errorIn(body []byte) endpointError {
	var envelope struct {
		Error   *endpointError `json:"error"`
		Message looseText      `json:"message"`
		Detail  looseText      `json:"detail"`
	}
	trimmed := bytes.TrimSpace(body)
	if json.Unmarshal(trimmed, &envelope) != nil {
		if bytes.HasPrefix(trimmed, []byte("<")) {
			return endpointError{}
		}
		return endpointError{Message: string(trimmed)}
	}
	switch {
	case envelope.Error != nil:
		return *envelope.Error
	case envelope.Message != "":
		return endpointError{Message: string(envelope.Message)}
	default:
		return endpointError{Message: string(envelope.Detail)}
	}
}
