package verified

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sema4mcp/internal/localtenant/minds"
)

const (
	stepPause  = 50 * time.Millisecond
	wordPause  = 10 * time.Millisecond
	speechTime = 500 * time.Millisecond // at most, however long the text
)

var words = regexp.MustCompile(`\s*\S+\s*`)

// speak says a text word by word.
func speak(ctx context.Context, out minds.Emitter, text string) error {
	pieces := words.FindAllString(text, -1)
	pause := min(wordPause, speechTime/time.Duration(max(len(pieces), 1)))
	for _, piece := range pieces {
		out.Text(piece)
		if err := minds.Pause(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// assumptions says which values the question left open.
func assumptions(m match) string {
	var said []string
	for _, name := range m.defaulted {
		said = append(said, fmt.Sprintf("%s = %v", name, m.values[name]))
	}
	if len(said) == 0 {
		return ""
	}
	return " You did not say otherwise, so I took " + strings.Join(said, ", ") + "."
}

// valuesInWords says with which values a query ran.
func valuesInWords(m match) string {
	var said []string
	for _, p := range m.query.Parameters {
		if value := m.values[p.Name]; value != nil {
			said = append(said, fmt.Sprintf("%s = %v", p.Name, value))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return " with " + strings.Join(said, ", ")
}
