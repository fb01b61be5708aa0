// Package kind has the errors that nothing is ever found to be.
package kind

// What an error of validation may be.
type (
	Schema    struct{ unfound }
	Group     struct{ unfound }
	Reference struct{ unfound }
)

type unfound struct{}

// KeywordPath is empty.
func (unfound) KeywordPath() []string { return nil }
