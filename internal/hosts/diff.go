package hosts

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Diff is the change as a unified diff. Values of others, and comments, read …
// there: such files are full of keys.
func (c *Change) Diff() string {
	from, to := c.File.Path, c.File.Path
	if !c.there {
		from = "/dev/null"
	}
	if c.deletes {
		to = "/dev/null"
	}
	lines := strings.SplitAfter(udiff.Unified(from, to, c.masked(c.before), c.masked(c.after)), "\n")
	for i, line := range lines {
		next := i + 1
		if next < len(lines) && strings.HasPrefix(lines[next], `\`) { // says that the line before has no newline
			next++
		}
		if next < len(lines) && strings.HasPrefix(line, "-") && strings.HasPrefix(lines[next], "+") {
			lines[i], lines[next] = shortened(line, lines[next])
		} else if strings.HasPrefix(line, " ") {
			lines[i], _ = shortened(line, line)
		}
	}
	return strings.Join(lines, "")
}

// Some hosts write their file on one line.
const (
	longestLine = 200
	around      = 60
)

// shortened cuts from two versions of a long line what they have in common.
func shortened(old, changed string) (string, string) {
	a, b := []rune(strings.TrimSuffix(old[1:], "\n")), []rune(strings.TrimSuffix(changed[1:], "\n"))
	if len(a) <= longestLine && len(b) <= longestLine {
		return old, changed
	}
	shorter := min(len(a), len(b))
	start, end := 0, 0
	for start < shorter && a[start] == b[start] {
		start++
	}
	for end < shorter-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	start, end = max(start-around, 0), max(end-around, 0)
	cut := func(sign byte, line []rune) string {
		middle := string(line[start : len(line)-end])
		if start > 0 {
			middle = hidden + middle
		}
		if end > 0 {
			middle += hidden
		}
		return string(sign) + middle + "\n"
	}
	return cut(old[0], a), cut(changed[0], b)
}
