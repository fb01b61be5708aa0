package restclient

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
)

const (
	// maxDepth bounds how deep a message may be nested; real ones need ten.
	maxDepth = 128
	// maxTranscriptBytes bounds all messages of one stream together.
	maxTranscriptBytes = 64 << 20
	// nodeBytes is about what a JSON value costs in memory beside its text.
	nodeBytes = 64
	// draftBytes is about what a message costs before anything stands in it.
	draftBytes = 1 << 10
)

var (
	errTooDeep = errors.New("it is nested too deep")
	errTooMuch = errors.New("the messages of this stream are too large")
)

// budget keeps a stream, which may come from anywhere, from filling the memory.
type budget struct{ used int }

// cost is what value would take at a depth, or why it does not fit there.
func (b *budget) cost(value any, depth int) (int, error) {
	bytes, fits := measure(value, maxDepth-depth)
	switch {
	case !fits:
		return 0, errTooDeep
	case b.used+bytes > maxTranscriptBytes:
		return 0, errTooMuch
	}
	return bytes, nil
}

func (b *budget) take(value any, depth int) error {
	bytes, err := b.cost(value, depth)
	b.used += bytes
	return err
}

func (b *budget) release(value any) {
	bytes, _ := measure(value, maxDepth)
	b.used -= bytes
}

// measure returns about how many bytes a document takes, and whether it is
// nested at most depth deep.
func measure(document any, depth int) (bytes int, fits bool) {
	if depth < 0 {
		return 0, false
	}
	bytes = nodeBytes
	switch document := document.(type) {
	case string:
		bytes += len(document)
	case *growingText:
		bytes += document.Len()
	case json.Number:
		bytes += len(document)
	case []any:
		for _, item := range document {
			inner, fits := measure(item, depth-1)
			if !fits {
				return 0, false
			}
			bytes += inner
		}
	case map[string]any:
		for key, item := range document {
			inner, fits := measure(item, depth-1)
			if !fits {
				return 0, false
			}
			bytes += nodeBytes + len(key) + inner
		}
	}
	return bytes, true
}

func cloneDocument(document any) any {
	switch document := document.(type) {
	case *growingText:
		return document.String()
	case []any:
		clone := make([]any, len(document))
		for i, item := range document {
			clone[i] = cloneDocument(item)
		}
		return clone
	case map[string]any:
		clone := make(map[string]any, len(document))
		for key, item := range document {
			clone[key] = cloneDocument(item)
		}
		return clone
	}
	return document
}

// sameDocument compares as RFC 6902 section 4.6 says: numbers by their value.
func sameDocument(a, b any) bool {
	switch a := a.(type) {
	case string, *growingText:
		switch b.(type) {
		case string, *growingText:
			return textOf(a) == textOf(b)
		}
		return false
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameDocument)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, item := range a {
			other, ok := b[key]
			if !ok || !sameDocument(item, other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b json.Number) bool {
	x, notX := a.Int64()
	y, notY := b.Int64()
	if notX == nil && notY == nil {
		return x == y
	}
	f, notF := a.Float64()
	g, notG := b.Float64()
	return a == b || notF == nil && notG == nil && f == g
}

// addNumbers keeps whole numbers whole and exact.
func addNumbers(a, b any) (json.Number, error) {
	first, isFirst := a.(json.Number)
	second, isSecond := b.(json.Number)
	if !isFirst || !isSecond {
		return "", errors.New("only numbers can be added")
	}
	x, notX := first.Int64()
	y, notY := second.Int64()
	if notX == nil && notY == nil && (x+y > x) == (y > 0) {
		return json.Number(strconv.FormatInt(x+y, 10)), nil
	}
	f, notF := first.Float64()
	g, notG := second.Float64()
	sum := f + g
	if notF != nil || notG != nil || math.IsInf(sum, 0) {
		return "", errors.New("the sum is out of range")
	}
	return json.Number(strconv.FormatFloat(sum, 'g', -1, 64)), nil
}
