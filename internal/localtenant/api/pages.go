package api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"sema4mcp/internal/localtenant/store"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// page is a list as the vendor's API v2 sends it.
type page[T any] struct {
	Next    *string `json:"next"`
	HasMore bool    `json:"has_more"`
	Data    []T     `json:"data"`
}

// window reads `limit` and `next`. A limit beyond the maximum is cut to it.
func window(r *http.Request, list string) (store.Window, error) {
	w := store.Window{Limit: defaultLimit}
	query := r.URL.Query()
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit <= 0 {
			return w, invalid("query -> limit", "must be a whole number from 1 to "+strconv.Itoa(maxLimit))
		}
		w.Limit = min(limit, maxLimit)
	}
	if token := query.Get("next"); token != "" {
		after, ok := decodeCursor(list, token)
		if !ok {
			return w, invalid("query -> next", "is no cursor of this list; leave it out to begin anew")
		}
		w.After = after
	}
	return w, nil
}

func pageOf[T any](list string, p store.Page[T]) page[T] {
	answer := page[T]{Data: p.Items}
	if p.Next != 0 {
		token := encodeCursor(list, p.Next)
		answer.Next, answer.HasMore = &token, true
	}
	return answer
}

// A cursor names its list, so that it is not taken for one of another list.
func encodeCursor(list string, position int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + strconv.FormatInt(position, 10)))
}

func decodeCursor(list, token string) (int64, bool) {
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	number, ok := strings.CutPrefix(string(plain), list+":")
	if !ok {
		return 0, false
	}
	position, err := strconv.ParseInt(number, 10, 64)
	return position, err == nil && position > 0
}
