package verified

import "time"

// MatchName gives the name of the query a question asks for, its values, and
// whether there is one.
func MatchName(m Model, question string, now time.Time) (string, map[string]any, bool) {
	k := newKnowledge(m, now)
	found, ok := k.find(k.analyse(question, now))
	return found.query.Name, found.values, ok
}

// Dollars and Cell are how values are written.
var (
	Dollars = dollars
	Cell    = cell
)
