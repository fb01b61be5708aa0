package restclient

import (
	"encoding/json"
	"errors"
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
