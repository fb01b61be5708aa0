//go:build race

package endtoend_test

// The race detector makes SQLite ten times slower, and numbers of rows show it no
// races.
func init() { large = size{agents: 400, conversations: 2000, workItems: 2000, messages: 400} }
