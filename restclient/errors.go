package restclient

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxErrorBytes   = 64 << 10 // read of an error's body
	maxMessageBytes = 1 << 10  // kept of its message
)

// APIError is an answer without a 2xx status. Decide on StatusCode: the vendor
// documents no list of codes.
type APIError struct {
	StatusCode int
	Code       string // the vendor's word, such as "not_found"; may be empty
	Message    string // plain text, shortened; never empty
	Details    json.RawMessage
	ErrorID    string // the vendor's id of this failure, for its support
	RequestID  string
	Method     string
	Path       string        // below the base URL
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
}

func (e *APIError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: %d %s", e.Method, e.Path, e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		fmt.Fprintf(&text, " (%s)", e.Code)
	}
	if e.Message != http.StatusText(e.StatusCode) {
		text.WriteString(": " + e.Message)
	}
	if id := cmp.Or(e.ErrorID, e.RequestID); id != "" {
		fmt.Fprintf(&text, " [%s]", id)
	}
	if advice := e.advice(); advice != "" {
		text.WriteString("; " + advice)
	}
	return text.String()
}

func (e *APIError) advice() string {
	switch {
	case e.StatusCode/100 == 3:
		return "the server is elsewhere: check the scheme and the host in the base URL"
	case e.StatusCode == http.StatusUnauthorized:
		return "check the API key"
	case e.StatusCode == http.StatusForbidden:
		return "the API key does not allow this"
	case e.StatusCode == http.StatusNotFound && e.Code == "":
		return "check the base URL"
	case e.RetryAfter > 0:
		return fmt.Sprintf("try again in %v", e.RetryAfter.Round(time.Second))
	}
	return ""
}

// apiError reads the error out of an answer. A body cut short still says
// something, so a failure to read it is no failure here.
func (c *Client) apiError(req request, response *http.Response) *APIError {
	body, _ := readAll(response.Body, maxErrorBytes)
	e := decodeError(c.redact.bytes(body))
	e.Message = clip(c.redact.text(e.Message), maxMessageBytes)
	e.Code = clip(e.Code, maxExcerptBytes)
	e.ErrorID = clip(e.ErrorID, maxExcerptBytes)
	if e.Message == "" {
		e.Message = cmp.Or(http.StatusText(response.StatusCode), "unknown status")
	}
	e.StatusCode = response.StatusCode
	e.Method, e.Path = req.method, req.path
	e.RetryAfter = retryAfter(response.Header)
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "Request-Id"} {
		e.RequestID = cmp.Or(e.RequestID, clip(response.Header.Get(name), maxExcerptBytes))
	}
	return e
}

// decodeError reads the shapes an error's body is known to have: the documented
// envelope {"error":{code,message,details}}, the same with error_id and data,
// {"error":"text"}, {"detail":…} as web frameworks send it, a bare
// {code,message}, and text or HTML from a gateway on the way.
func decodeError(body []byte) *APIError {
	document, err := parseDocument(body)
	if err != nil {
		return &APIError{Message: plainText(body)}
	}
	switch document := document.(type) {
	case map[string]any:
		return decodeErrorObject(document)
	case string:
		return &APIError{Message: document}
	}
	return &APIError{Message: string(encodeDocument(document))}
}

func decodeErrorObject(o object) *APIError {
	inner := o.object("error")
	if inner == nil {
		inner = o
	}
	e := &APIError{Code: inner.text("code"), Message: inner.text("message"), ErrorID: inner.text("error_id")}
	for _, key := range []string{"details", "data", "detail"} {
		if value := inner[key]; value != nil && e.Details == nil {
			e.Details = encodeDocument(value)
		}
	}
	e.Message = cmp.Or(e.Message, o.text("message"), inner.text("error"), detailText(inner["detail"]))
	return e
}

// detailText reads "detail": a text, a list of {loc, msg}, or anything else.
func detailText(detail any) string {
	switch detail := detail.(type) {
	case nil:
		return ""
	case string:
		return detail
	case []any:
		var faults []string
		for _, item := range detail {
			faults = append(faults, faultText(item))
		}
		return strings.Join(faults, "; ")
	case map[string]any:
		if message := object(detail).text("message"); message != "" {
			return message
		}
	}
	return string(encodeDocument(detail))
}

// faultText reads one fault of a validation, {loc: [body, name], msg}.
func faultText(item any) string {
	fault := objectOf(item)
	message := fault.text("msg")
	if message == "" {
		return string(encodeDocument(item))
	}
	location := fault.list("loc")
	if len(location) == 0 {
		return message
	}
	steps := make([]string, len(location))
	for i, step := range location {
		steps[i] = textOf(step)
	}
	return strings.Join(steps, " -> ") + ": " + message
}

var (
	htmlTitle  = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	htmlMarkup = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>|<!--.*?-->|<[^>]*>`)
)

// plainText returns the text of a page: its title if it has one.
func plainText(body []byte) string {
	text := strings.TrimSpace(string(body))
	if !strings.HasPrefix(text, "<") {
		return text
	}
	if title := htmlTitle.FindStringSubmatch(text); title != nil && strings.TrimSpace(title[1]) != "" {
		return html.UnescapeString(title[1])
	}
	return html.UnescapeString(htmlMarkup.ReplaceAllString(text, " "))
}

// clip makes one clean line of text, of at most limit bytes.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
