package api

import (
	"fmt"
	"net/url"
	"strconv"
)

// wholeNumber reads a number of the query that is at least the least.
func wholeNumber(query url.Values, name string, fallback, least int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return fallback, nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(number) < least {
		return 0, invalid("query -> "+name, fmt.Sprintf("must be a whole number from %d on", least))
	}
	return int(number), nil
}
