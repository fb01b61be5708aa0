package bridge

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sema4mcp/restclient"
)

// thing is a kind of what a tenant holds, in the words of the tools.
type thing struct {
	name   string
	lister string // the tool that shows which there are; a tenant may have a server without it
}

// listThreads is the tool that lists threads on a whole tenant's server; an
// agent's own is called list_<x>_threads.
const listThreads = "list_threads"

var (
	agentThing      = thing{"agent", "list_agents"}
	threadThing     = thing{"thread", listThreads}
	fileThing       = thing{"file", "list_files"}
	dataFrameThing  = thing{"data frame", "list_data_frames"}
	workItemThing   = thing{"work item", "list_work_items"}
	connectionThing = thing{"data connection", "list_data_connections"}
	modelThing      = thing{"semantic data model", "list_semantic_data_models"}
	mcpServerThing  = thing{"MCP server", "list_mcp_servers"}
)

// collections are the things by the first part of a path, or by what follows the
// agent in it.
var collections = map[string]thing{
	"agents": agentThing, "work-items": workItemThing, "data-connections": connectionThing,
	"semantic-data-models": modelThing, "mcp-servers": mcpServerThing,
}

// soughtBy is what a request did not find. Where a path names several things, it
// is the last: the others are looked up before, as a rule. It is false for a
// collection: that is there wherever the API is.
func soughtBy(answer *restclient.APIError) (thing, bool) {
	path := strings.Split(strings.Trim(answer.Path, "/"), "/")
	what, known := collections[path[0]]
	switch {
	case !known:
		return thing{}, false
	case len(path) == 1:
		return agentThing, answer.Method == http.MethodPost && path[0] == "work-items" // its body names the agent
	case path[1] == "scaffold-from-tables":
		return connectionThing, true
	case path[0] != "agents" || len(path) == 2:
		return what, true
	case path[2] == "conversations" && len(path) > 3:
		return inThreadOf(path[4:]), true
	}
	if attached, ok := collections[path[2]]; ok {
		return attached, true
	}
	return agentThing, true
}

// inThreadOf is what the rest of a path seeks in a thread, or the thread itself.
func inThreadOf(rest []string) thing {
	switch {
	case len(rest) < 2:
		return threadThing
	case rest[0] == "files":
		return fileThing
	case rest[0] == "data-frames":
		return dataFrameThing
	}
	return threadThing
}

// notFound explains a 404: what is not there in the words of the tools, or that
// it is not the tenant's API that answers. What the error says around the answer
// is kept.
func notFound(err error, answer *restclient.APIError, untouched string) *failure {
	sought, known := soughtBy(answer)
	f := &failure{ran: untouched, next: "It may have been deleted, or belong to another agent or workspace."}
	said := ""
	switch {
	case answer.Foreign || answer.Path == "/agents":
		said = "the base URL looks wrong: what answers there is not the API of a Sema4.ai tenant"
		f.next = "Copy the base URL from Configuration > API Keys in the Sema4.ai application and set it again (SEMA4_BASE_URL)."
	case known:
		said, f.lister = "there is no such "+sought.name, sought.lister
	default:
		said = "this Sema4.ai tenant does not offer that"
		f.next = "Its release may be an older one. If other tools fail too, check the base URL."
	}
	if answer.Message != http.StatusText(answer.StatusCode) {
		said += fmt.Sprintf(" (it says: %s)", strings.TrimSuffix(answer.Message, "."))
	}
	before, _, wrapped := strings.Cut(err.Error(), answer.Error())
	if !wrapped {
		before = ""
	}
	f.what = capitalized(before + said + ".")
	return f
}

func capitalized(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// pointing adds the tool that shows what there is, where the server has it.
func (f *failure) pointing(offered []string) *failure {
	i := slices.IndexFunc(offered, func(name string) bool {
		return name == f.lister || f.lister == listThreads && strings.HasPrefix(name, "list_") && strings.HasSuffix(name, "_threads")
	})
	if f.lister == "" || i < 0 {
		return f
	}
	pointed := *f
	pointed.next = strings.TrimSpace(fmt.Sprintf("%s See %s for those there are.", f.next, offered[i]))
	return &pointed
}
