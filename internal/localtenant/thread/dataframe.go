package thread

// DataFrame is a table an agent leaves in a conversation: each row has one value
// per column.
type DataFrame struct {
	Name       string
	SQLQuery   string
	SQLDialect string // such as sqlite
	Columns    []string
	Rows       [][]any
}
