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
		var ok bool
		if w.After, w.AfterName, ok = decodeCursor(list, token); !ok {
			return w, invalid("query -> next", "is no cursor of this list; leave it out to begin anew")
		}
	}
	return w, nil
}

func pageOf[T any](list string, p store.Page[T]) page[T] {
	answer := page[T]{Data: p.Items}
	if p.Next != 0 {
		token := encodeCursor(list, p.Next, p.NextName)
		answer.Next, answer.HasMore = &token, true
	}
	return answer
}

// A cursor names its list, so that it is not taken for one of another list, and
// the position of the last entry, with its name in a list ordered by names.
func encodeCursor(list string, position int64, name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + strconv.FormatInt(position, 10) + ":" + name))
}

func decodeCursor(list, token string) (position int64, name string, ok bool) {
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, "", false
	}
	place, ok := strings.CutPrefix(string(plain), list+":")
	if !ok {
		return 0, "", false
	}
	number, name, _ := strings.Cut(place, ":")
	position, err = strconv.ParseInt(number, 10, 64)
	return position, name, err == nil && position > 0
}
