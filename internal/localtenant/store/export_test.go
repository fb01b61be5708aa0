package store

// Migrations are for tests that begin with an older schema.
var Migrations = migrations

// Schema is what they come to.
var Schema = schema

// ListQueries are the lists that may be long, each in order and a page of it.
var ListQueries = map[string]string{
	"agents":               allAgents,
	"agents by name":       agentsByName,
	"conversations":        listConversations,
	"messages":             listMessages,
	"data connections":     listConnections,
	"semantic data models": listAllModels,
	"MCP servers":          `SELECT s.position, ` + serverColumns + allServers + serversInPage,
	"schedules":            listSchedules,
	"rows of a data frame": listFrameRows,
}

// WholeLists come in one piece, and are those of one thing: they are sorted, and
// must not read what others have.
var WholeLists = map[string]string{
	"files":                selectFiles + filesInOrder,
	"data frames":          selectFrames + framesInOrder,
	"files of a work item": listWorkItemFiles,
}

// Query is the page of a list of work items, without what is read of each.
func (f *WorkItemFilter) Query() string {
	query, _ := f.query()
	return query
}
