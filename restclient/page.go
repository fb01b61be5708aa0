package restclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// defaultLimit is asked for when the caller names no limit: the vendor's own
// default is not documented, and old servers cut a list short without one.
const defaultLimit = 100

// ListOptions choose one page of a list.
type ListOptions struct {
	Limit  int    // items a page; 0 means 100
	Cursor string // [Page.Next] of the page before; empty for the first
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string // the cursor of the next page; empty on the last one
}

// ErrRepeatedCursor ends a list whose server sends a page's cursor twice:
// following it would never end.
var ErrRepeatedCursor = errors.New("the server named the same next page twice")

// The two ways of the API to say where a page begins.
const (
	cursorParameter = "next"
	offsetParameter = "offset"
)

// list is one paginated collection of the API.
type list[T any] struct {
	client    *Client
	path      string // below the base URL, escaped
	query     url.Values
	parameter string // the query parameter that takes the cursor
	invalid   error  // why no page of it can be asked for

	confidential bool // its items may hold secrets
}

func newList[T any](c *Client, parameter string, limit int, segments ...string) list[T] {
	path, err := resourcePath(segments...)
	if limit < 0 {
		err = fmt.Errorf("the limit of a list cannot be negative (%d); use 0 for the default", limit)
	}
	if limit == 0 {
		limit = defaultLimit
	}
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	return list[T]{client: c, path: path, query: query, parameter: parameter, invalid: err}
}

// filter narrows the list; no value and an empty one are no filter.
func (l list[T]) filter(name string, values ...string) list[T] {
	if len(values) > 0 && values[0] != "" {
		l.query[name] = slices.Clone(values)
	}
	return l
}

// whole is for lists that are documented to come in one piece: without a limit
// of the caller's own none is sent, lest it be taken for a bound of the list.
func (l list[T]) whole(limit int) list[T] {
	if limit == 0 {
		l.query.Del("limit")
	}
	return l
}

// private marks a list whose items may hold secrets.
func (l list[T]) private() list[T] {
	l.confidential = true
	return l
}

// page fetches the page that begins at cursor.
func (l list[T]) page(ctx context.Context, cursor string) (*Page[T], error) {
	if l.invalid != nil {
		return nil, l.invalid
	}
	query, err := l.pageQuery(cursor)
	if err != nil {
		return nil, err
	}
	req := request{method: http.MethodGet, path: l.path, query: query, accept: jsonMediaType, confidential: l.confidential}
	response, body, err := l.client.fetch(ctx, req)
	if refused, ok := errors.AsType[*APIError](err); ok && refused.StatusCode == http.StatusNotFound {
		response, body, err = l.fetchWithSlash(ctx, req, refused)
	}
	if err != nil {
		return nil, err
	}
	page, err := decodePage[T](body)
	if err != nil {
		return nil, l.client.responseError(req, response, body, err)
	}
	return page, nil
}

// fetchWithSlash asks again with a slash at the end of the path, where some old
// servers keep their collections.
func (l list[T]) fetchWithSlash(ctx context.Context, req request, refused *APIError) (*http.Response, []byte, error) {
	req.path += "/"
	response, body, err := l.client.fetch(ctx, req)
	if err != nil && ctx.Err() == nil {
		err = refused
	}
	return response, body, err
}

// all walks the pages from cursor on, anew for each range over it.
func (l list[T]) all(ctx context.Context, first string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		path := circle{mark: first, length: 1}
		for cursor := first; ; {
			page, err := l.page(ctx, cursor)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if path.closes(page.Next) {
				yield(none, fmt.Errorf("GET %s: %w", l.path, ErrRepeatedCursor))
				return
			}
			cursor = page.Next
		}
	}
}

// circle finds a cursor that comes back, after Brent: it keeps one cursor at a
// time, so that a list of any length costs no memory, and may let a long circle
// pass nearly twice.
type circle struct {
	mark   string
	steps  int
	length int // how many steps the mark stands for
}

func (c *circle) closes(next string) bool {
	if next == c.mark {
		return true
	}
	if c.steps++; c.steps == c.length {
		c.mark, c.steps, c.length = next, 0, 2*c.length
	}
	return false
}

// pageQuery turns a cursor into the query of its page. Servers hand out tokens,
// paths or whole URLs; a link is followed only to this very list, so that a
// cursor from outside can neither carry the key away nor read something else.
func (l list[T]) pageQuery(cursor string) (url.Values, error) {
	whole := strings.HasPrefix(cursor, "http://") || strings.HasPrefix(cursor, "https://")
	if whole || strings.HasPrefix(cursor, "/") {
		link, err := url.Parse(cursor)
		if err == nil && l.leadsHere(link, whole) {
			return link.Query(), nil
		}
		if whole {
			return nil, fmt.Errorf("GET %s: the next page is said to be outside this list; its link is not followed", l.path)
		}
	}
	query := url.Values{}
	for name, values := range l.query {
		query[name] = values
	}
	if cursor != "" {
		query.Set(l.parameter, cursor)
	}
	return query, nil
}

func (l list[T]) leadsHere(link *url.URL, whole bool) bool {
	base := l.client.base
	if whole && originOf(link) != originOf(base) || !whole && link.Host != "" {
		return false
	}
	path := strings.TrimSuffix(link.EscapedPath(), "/")
	return path == base.EscapedPath()+l.path || !whole && path == l.path
}

// cursor is a token or an offset; null and absent are "".
type cursor string

func (c *cursor) UnmarshalJSON(data []byte) error {
	var token *string
	if json.Unmarshal(data, &token) == nil {
		if token != nil {
			*c = cursor(*token)
		}
		return nil
	}
	var offset json.Number
	if err := json.Unmarshal(data, &offset); err != nil {
		return errors.New("the cursor of the next page is neither a string nor a number")
	}
	*c = cursor(offset)
	return nil
}

// items tells an empty or null list from none at all.
type items[T any] struct {
	present bool
	list    []T
}

func (i *items[T]) UnmarshalJSON(data []byte) error {
	i.present = true
	return json.Unmarshal(data, &i.list)
}

// decodePage reads {data, next, has_more}, {records, next_offset}, and a bare
// array as the only page.
func decodePage[T any](body []byte) (*Page[T], error) {
	page := &Page[T]{}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		err := json.Unmarshal(body, &page.Items)
		return page, err
	}
	var wire struct {
		Data       items[T] `json:"data"`
		Records    items[T] `json:"records"`
		Next       cursor   `json:"next"`
		NextOffset cursor   `json:"next_offset"`
		HasMore    *bool    `json:"has_more"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	switch {
	case wire.Data.present:
		page.Items, page.Next = wire.Data.list, string(wire.Next)
	case wire.Records.present:
		page.Items, page.Next = wire.Records.list, string(wire.NextOffset)
	default:
		return nil, errors.New("it is not a list")
	}
	if wire.HasMore != nil && !*wire.HasMore {
		page.Next = ""
	}
	return page, nil
}
