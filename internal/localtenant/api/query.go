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
	number, err := strconv.Atoi(text)
	if err != nil || number < least {
		return 0, invalid("query -> "+name, fmt.Sprintf("must be a whole number from %d on", least))
	}
	return number, nil
}
