package checks

import (
	"regexp"
	"strings"

	"sema4mcp/internal/localtenant/thread"
)

// decision is what a user has decided.
type decision struct {
	verdict string // approved or rejected
	reason  string // the user's words
}

// conversation is what this mind takes from the messages.
type conversation struct {
	payload  map[string]any // nil when there is none
	decision *decision
}

// read goes through what was said, and last the message to answer. What a user has
// decided holds until it is asked for again, or the payload changes.
func read(history []thread.Message, message string) conversation {
	var c conversation
	asked := false
	hear := func(text string) {
		if object := findObject(text); object != nil {
			c.payload, c.decision = object, nil
			asked = false
		} else if d := decide(text); asked && d != nil {
			c.decision = d
		}
	}
	for _, m := range history {
		switch text := m.Text(); {
		case m.Role == thread.RoleUser:
			hear(text)
		case strings.Contains(text, decisionQuestion):
			asked, c.decision = true, nil
		}
	}
	hear(message)
	return c
}

const (
	approved = "approved"
	rejected = "rejected"
)

var (
	sentences = regexp.MustCompile(`[^.!?\n]+[.!?]*`)
	decisions = regexp.MustCompile(`(?i)\b(?:(approv(?:e|es|ed|ing|al)|accept(?:s|ed|ing|ance)?)|reject(?:s|ed|ing|ion)?|declin(?:e|es|ed|ing))\b`)
	denial    = regexp.MustCompile(`(?i)\b(?:not|never|no|nobody|cannot|without|\w+n['’]t)\b`)
)

// decide reads a decision out of a message; nil when it holds none that is plain.
func decide(text string) *decision {
	verdict := ""
	for _, sentence := range sentences.FindAllString(text, -1) {
		if strings.Contains(sentence, "?") {
			continue
		}
		for _, found := range decisions.FindAllStringSubmatchIndex(sentence, -1) {
			if denial.MatchString(sentence[:found[0]]) {
				return nil
			}
			said := rejected
			if found[2] >= 0 { // a word of the first kind
				said = approved
			}
			if verdict != "" && verdict != said {
				return nil
			}
			verdict = said
		}
	}
	if verdict == "" {
		return nil
	}
	return &decision{verdict: verdict, reason: strings.TrimSpace(text)}
}
