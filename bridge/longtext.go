package bridge

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longText is a text in pieces. An answer may have several megabytes and is asked
// for part by part: what is copied is the part, not the text.
type longText []string

// newLongText is the pieces that are not empty, as paragraphs of their own.
func newLongText(pieces ...string) longText {
	var text longText
	for _, piece := range pieces {
		if piece == "" {
			continue
		}
		if len(text) > 0 {
			text = append(text, "\n\n")
		}
		text = append(text, piece)
	}
	return text
}

// size is in bytes.
func (t longText) size() int {
	size := 0
	for _, piece := range t {
		size += len(piece)
	}
	return size
}

func (t longText) String() string { return strings.Join(t, "") }

// between is the bytes from start to end, as far as there are any.
func (t longText) between(start, end int) string {
	var cutOut []string
	for _, piece := range t {
		if from, to := max(start, 0), min(end, len(piece)); from < to {
			cutOut = append(cutOut, piece[from:to])
		}
		start, end = start-len(piece), end-len(piece)
	}
	return strings.Join(cutOut, "")
}

// part is what begins at start and fits into limit, with a note on the call that
// gets the rest; whole tells that it is all of the text. A start inside a
// character moves to its beginning.
func (t longText) part(start, limit int, call string) (text string, whole bool) {
	start = t.character(start)
	shown := cut(t.between(start, start+limit+utf8.UTFMax), limit)
	end, size := start+len(shown), t.size()
	if end >= size {
		return shown, start == 0
	}
	return shown + fmt.Sprintf("\n\n[Bytes %d to %d of %d. For the rest, call %s cursor %q.]", start, end, size, call, strconv.Itoa(end)), false
}

// character is where the character begins that has a byte at the offset.
func (t longText) character(offset int) int {
	for at := offset; at >= 0 && at > offset-utf8.UTFMax; at-- {
		if first := t.between(at, at+1); first == "" || utf8.RuneStart(first[0]) {
			return at
		}
	}
	return offset
}
