package restclient

import (
	"cmp"
	"html"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeError reads the shapes an error's body is known to have: the documented
// envelope {"error":{code,message,details}}, the same with error_id and data,
// {"error":"text"}, {"detail":…} as web frameworks send it, a bare
// {code,message}, and text or HTML from a gateway on the way.
func decodeError(body []byte, redact redactor) *APIError {
	e := &APIError{}
	switch document, err := parseDocument(body); {
	case err != nil:
		e.Message, e.Foreign = plainText(body), true
	case objectOf(document) != nil:
		e = decodeErrorObject(objectOf(document))
	default:
		e.Message, e.Foreign = textOf(document), true
	}
	e.Code = clip(redact.text(e.Code), maxExcerptBytes)
	e.Message = clip(redact.said(e.Message), maxMessageBytes)
	e.ErrorID = clip(redact.text(e.ErrorID), maxExcerptBytes)
	e.Details = redact.json(e.Details)
	return e
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
	// The last is what web frameworks say of a path that they do not know.
	e.Foreign = o["error"] == nil && e.Code == "" && (o["detail"] == nil || o.text("detail") == http.StatusText(http.StatusNotFound))
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
