package edit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// splice replaces a range of a text. An empty range inserts.
type splice struct {
	start, end int
	text       string
}

// apply makes changes that do not overlap. Insertions at one place keep their
// order.
func apply(text []byte, splices ...splice) []byte {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, s := range splices {
		out = append(out, text[at:s.start]...)
		out = append(out, s.text...)
		at = s.end
	}
	return append(out, text[at:]...)
}

// newline is how the text ends its lines, to go by the first.
func newline(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// lineStart is where the line begins in which an offset is.
func lineStart(text []byte, offset int) int {
	return bytes.LastIndexByte(text[:offset], '\n') + 1
}

// lineEnd is where the line ends in which an offset is, without its newline.
func lineEnd(text []byte, offset int) int {
	end := len(text)
	if i := bytes.IndexByte(text[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	if end > offset && text[end-1] == '\r' {
		end--
	}
	return end
}

// nextLine is where the line after the one with an offset begins, or the end.
func nextLine(text []byte, offset int) int {
	if i := bytes.IndexByte(text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(text)
}

// insertLines puts whole lines, each ending in a newline, at the start of a line
// or at the end of the text. A text without a last newline stays one.
func insertLines(text []byte, at int, lines string) splice {
	nl := newline(text)
	if at == len(text) && at > 0 && text[at-1] != '\n' {
		return splice{at, at, nl + strings.TrimSuffix(lines, nl)}
	}
	return splice{at, at, lines}
}

// removeLines is the reverse of insertLines for the lines of a range.
func removeLines(text []byte, start, end int) splice {
	if end == len(text) && start > 0 && text[end-1] != '\n' {
		start--
		if start > 0 && text[start-1] == '\r' {
			start--
		}
	}
	return splice{start, end, ""}
}

// indentation is the white space that a line begins with.
func indentation(line []byte) string {
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// isBlank tells whether nothing but white space is there.
func isBlank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

func syntaxError(text []byte, offset int, reason string) *SyntaxError {
	return &SyntaxError{
		Line:   1 + bytes.Count(text[:offset], []byte("\n")),
		Column: 1 + offset - lineStart(text, offset),
		Reason: reason,
	}
}

// quoted is a string as all three formats read it.
func quoted(s string) string {
	return strings.ReplaceAll(string(hujson.String(s)), "\x7f", `\u007f`)
}

// flow is a value on one line as all three formats read it.
func flow(value any) string {
	switch value := value.(type) {
	case string:
		return quoted(value)
	case []string:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = quoted(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	default:
		return fmt.Sprint(value)
	}
}
