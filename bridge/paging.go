package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
)

// partOf reads a list to its end and returns what fits into one result, each item
// as it is to be shown; else as fitting does.
func partOf[T, S any](all iter.Seq2[T, error], cursor string, show func(T) S) (part []S, next string, err error) {
	shown := []S{}
	for item, err := range all {
		if err != nil {
			return nil, "", err
		}
		shown = append(shown, show(item))
	}
	return fitting(shown, cursor)
}

// fitting returns the items from the cursor on that fit into one result, and
// the cursor for the rest, "" where there is none. An item that fits into none is
// cut.
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
		if len(encoded) > maxText { // none is before it
			if item, err = shortItem[T](encoded); err != nil {
				return nil, "", err
			}
			if start++; start < uint64(len(items)) {
				next = strconv.FormatUint(start, 10)
			}
			return []T{item}, next, nil
		}
	}
	return items[start:], "", nil
}

// shortItem is an item that is too long for a result, given as JSON, with its
// long texts and lists of texts cut. No call shows what is cut off, and it says so.
func shortItem[T any](encoded []byte) (short T, err error) {
	for share := maxToolResult; ; share /= 2 {
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber()
		var document any
		if err := decoder.Decode(&document); err != nil {
			return short, err
		}
		fits, err := exchange.Encode(shortTexts(document, share))
		if err != nil {
			return short, err
		}
		if len(fits) <= maxText || share < shortestShare {
			return short, json.Unmarshal(fits, &short)
		}
	}
}

// shortestShare is more than an id has, which must not be cut.
const shortestShare = 100

// shortTexts cuts every text, and every list of texts, to share bytes.
func shortTexts(document any, share int) any {
	switch document := document.(type) {
	case string:
		if len(document) > share {
			return cut(document, share) + fmt.Sprintf("\n[cut: %d bytes in all; the rest cannot be shown]", len(document))
		}
	case []any:
		size := 0
		for i, element := range document {
			text, ok := element.(string)
			if size += len(text); ok && size > share && i > 0 {
				return append(document[:i:i], fmt.Sprintf("[cut: %d more, which cannot be shown]", len(document)-i))
			}
			document[i] = shortTexts(element, share)
		}
	case map[string]any:
		for name, value := range document {
			document[name] = shortTexts(value, share)
		}
	}
	return document
}

// longJSON is a document in as many parts as it needs, on lines so that they end
// well.
func longJSON(document any, args arguments, call string) (*mcp.CallToolResult, error) {
	start, err := cursorOf(args)
	if err != nil {
		return nil, err
	}
	text, err := indented(document)
	if err != nil {
		return nil, err
	}
	if start > len(text) {
		return nil, &failure{what: fmt.Sprintf("It ends before the cursor %d: it has %d bytes.", start, len(text)), next: "Leave the cursor out to begin at the start."}
	}
	return mcp.NewToolResultText(part(text, start, maxText, call)), nil
}
