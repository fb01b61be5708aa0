package restclient

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ResponseError is an answer with a good status that is not what the API
// documents: often a page of a gateway or a login, because the base URL is wrong.
type ResponseError struct {
	Method      string
	Path        string // below the base URL
	StatusCode  int
	ContentType string
	Excerpt     string // what it said, shortened
	Err         error
}

func (e *ResponseError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: the answer (%d, %s) cannot be used: %v", e.Method, e.Path, e.StatusCode, e.ContentType, e.Err)
	if e.Excerpt != "" {
		fmt.Fprintf(&text, "; it reads %q", e.Excerpt)
	}
	text.WriteString("; check that the base URL is the one of the API")
	return text.String()
}

func (e *ResponseError) Unwrap() error { return e.Err }

const maxExcerptBytes = 200

func (c *Client) responseError(req request, response *http.Response, body []byte, err error) error {
	redact := c.redactor(req)
	contentType := clip(redact.text(response.Header.Get("Content-Type")), maxExcerptBytes)
	if contentType == "" {
		contentType = "no media type"
	}
	return &ResponseError{
		Method:      req.method,
		Path:        req.path,
		StatusCode:  response.StatusCode,
		ContentType: contentType,
		Excerpt:     excerpt(req, body, redact),
		Err:         redact.err(err),
	}
}

// excerpt leaves out JSON where it may hold secrets that this side never knew.
func excerpt(req request, body []byte, redact redactor) string {
	if trimmed := bytes.TrimSpace(body); req.confidential && len(trimmed) > 0 && strings.IndexByte(`{["`, trimmed[0]) >= 0 {
		return ""
	}
	return clip(redact.said(plainText(body[:min(len(body), maxErrorBytes)])), maxExcerptBytes)
}

// readError explains why the body of an answer could not be read to its end.
func (c *Client) readError(req request, response *http.Response, err error) error {
	if errors.Is(err, errTooLarge) {
		return c.responseError(req, response, nil, err)
	}
	return c.connectionError(req, err)
}
