package thread

import "strconv"

// Op is what a [Delta] does.
type Op string

// The operations the composer needs: two of JSON Patch (RFC 6902) and one of
// the vendor's own, which appends to a string.
const (
	OpAdd          Op = "add"
	OpReplace      Op = "replace"
	OpConcatString Op = "concat_string"
)

// Delta changes one place of a message; Path is a JSON Pointer (RFC 6901).
// Applied in order to an empty object, the deltas of a message give the message
// without its updated_at.
type Delta struct {
	Op    Op     `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func contentPath(index int, field string) string {
	return "/content/" + strconv.Itoa(index) + "/" + field
}
