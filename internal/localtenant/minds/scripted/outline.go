package scripted

import (
	"regexp"
	"strings"
)

// item is a list item of a Markdown text.
type item struct {
	line     int // from 1
	indent   int // columns before the marker
	text     string
	children []*item
}

var listItem = regexp.MustCompile(`^(\s*)(?:[-*+]|\d{1,9}[.)])(?:\s(.*))?$`)

// outline finds the list items of a Markdown text and how they nest. Headings,
// paragraphs and fenced code are passed over.
func outline(markdown string) []*item {
	var (
		root  item
		open  []*item // the item read last and those it is nested in
		blank int     // blank lines since then
		fence string
	)
	number := 0
	for line := range strings.SplitSeq(markdown, "\n") {
		number++
		line = strings.TrimSuffix(line, "\r")
		trimmed := strings.TrimSpace(line)
		if fence != "" || isFence(trimmed) {
			fence = nextFence(fence, trimmed)
			open = nil
			continue
		}
		if trimmed == "" {
			blank++
			continue
		}
		indent := columns(line)
		if match := listItem.FindStringSubmatch(line); match != nil {
			next := &item{line: number, indent: indent, text: match[2]}
			open = enclosing(open, indent)
			parent := &root
			if len(open) > 0 {
				parent = open[len(open)-1]
			}
			parent.children = append(parent.children, next)
			open = append(open, next)
		} else if open = enclosing(open, indent); len(open) > 0 {
			last := open[len(open)-1]
			last.text += strings.Repeat("\n", blank+1) + trimmed
		}
		blank = 0
	}
	return root.children
}

// enclosing gives the items that something at that indent belongs to.
func enclosing(open []*item, indent int) []*item {
	for len(open) > 0 && open[len(open)-1].indent >= indent {
		open = open[:len(open)-1]
	}
	return open
}

func columns(line string) int {
	n := 0
	for _, r := range line {
		switch r {
		case ' ':
			n++
		case '\t':
			n += 4
		default:
			return n
		}
	}
	return n
}

func isFence(line string) bool {
	return strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~")
}

// nextFence gives the fence that is open after a line.
func nextFence(open, line string) string {
	switch {
	case open == "":
		return line[:3]
	case strings.HasPrefix(line, open) && strings.Trim(line, open[:1]) == "":
		return ""
	}
	return open
}
