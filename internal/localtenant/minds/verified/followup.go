package verified

import "strings"

// isFollowUp says that a question has values and no words of its own.
func (a analysis) isFollowUp() bool {
	for _, token := range a.tokens {
		if !strings.HasPrefix(token, "<") {
			return false
		}
	}
	return len(a.entities) > 0
}

// with puts newer values into a question, each in the place of an older one of
// its kind.
func (a analysis) with(newer []*entity) analysis {
	merged := analysis{tokens: a.tokens}
	replaced := map[string]bool{}
	for _, e := range newer {
		replaced[placeholder(e.kind)] = true
		merged.entities = append(merged.entities, e)
		merged.tokens = append(merged.tokens[:len(merged.tokens):len(merged.tokens)], placeholder(e.kind))
	}
	for _, e := range a.entities {
		if !replaced[placeholder(e.kind)] {
			merged.entities = append(merged.entities, e)
		}
	}
	return merged
}
