//go:build race

package endtoend_test

// The race detector makes SQLite ten times slower, and numbers of rows show it no
// races.
func init() { large = size{agents: 1000, conversations: 10_000, workItems: 10_000, messages: 1000} }
