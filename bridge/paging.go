package bridge

import (
	"strconv"

	"sema4mcp/bridge/exchange"
)

// fitting returns the items from the cursor on that fit into one result, and
// the cursor for the rest, "" where there is none.
func fitting[T any](items []T, cursor string) (part []T, next string, err error) {
	start := uint64(0)
	if cursor != "" {
		if start, err = strconv.ParseUint(cursor, 10, 31); err != nil || start > uint64(len(items)) {
			return nil, "", &failure{what: "The cursor is not one of this list.",
				next: "Pass the cursor as the last part gave it, or leave it out to begin at the start."}
		}
	}
	size := 0
	for i, item := range items[start:] {
		encoded, err := exchange.Encode(item)
		if err != nil {
			return nil, "", err
		}
		if size += len(encoded) + 1; size > maxText && i > 0 {
			return items[start : start+uint64(i)], strconv.FormatUint(start+uint64(i), 10), nil
		}
	}
	return items[start:], "", nil
}
