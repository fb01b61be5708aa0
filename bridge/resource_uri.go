package bridge

import (
	"net/url"
	"strings"
)

// The URIs of what agents answered, wrote and left. They hold ids and names, each
// with everything percent-encoded that RFC 3986 does not leave unreserved, so
// that a name with a slash, a space or an emoji comes back as it was.
const (
	uriScheme      = "sema4://"
	runPath        = uriScheme + "runs/{run_id}"
	agentPath      = uriScheme + "agents/{agent_id}"
	threadPath     = agentPath + "/threads/{thread_id}"
	runTemplate    = runPath + rangeQuery
	agentTemplate  = agentPath + rangeQuery
	threadTemplate = threadPath + rangeQuery
	fileTemplate   = threadPath + "/files/{name}" + rangeQuery
	frameTemplate  = threadPath + "/data-frames/{name}{?format,offset,limit}"
	rangeQuery     = "{?offset,limit}"
)

func runURI(runID string) string { return uriScheme + "runs/" + encoded(runID) }

func agentURI(agentID string) string { return uriScheme + "agents/" + encoded(agentID) }

func threadURI(agentID, threadID string) string {
	return agentURI(agentID) + "/threads/" + encoded(threadID)
}

func fileURI(agentID, threadID, name string) string {
	return threadURI(agentID, threadID) + "/files/" + encoded(name)
}

func frameURI(agentID, threadID, name string) string {
	return threadURI(agentID, threadID) + "/data-frames/" + encoded(name)
}

// encoded leaves letters, digits, -, _, . and ~ alone.
func encoded(segment string) string {
	return strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
}

// resourceURI is one of ours, taken apart.
type resourceURI struct {
	uri    string
	runID  string // of a run, and then neither agent nor thread
	agent  string // an id; or a name, from people
	thread string // likewise; "" for the agent itself
	file   string // it or frame, or neither for the thread
	frame  string
	format string // of a data frame, "" for the default
	extent
}

// parseResourceURI reads what matches one of the templates. The error is a
// noResource for any other URI, and for one with an empty part.
func parseResourceURI(uri string) (resourceURI, error) {
	parsed := resourceURI{uri: uri}
	rest, ours := strings.CutPrefix(uri, uriScheme)
	path, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if !ours || err != nil || !parsed.take(strings.Split(path, "/")) {
		return parsed, unfound(&failure{what: noSuchURI})
	}
	parsed.format = values.Get("format")
	parsed.extent, err = extentOf(values)
	return parsed, err
}

// take reads the segments of a path.
func (at *resourceURI) take(segments []string) (ok bool) {
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" {
			return false
		}
		segments[i] = decoded
	}
	count := len(segments)
	switch {
	case count == 2 && segments[0] == "runs":
		at.runID = segments[1]
		return true
	case count < 2 || segments[0] != "agents" || count > 2 && segments[2] != "threads":
		return false
	}
	at.agent = segments[1]
	if count >= 4 {
		at.thread = segments[3]
	}
	switch {
	case count == 2, count == 4:
		return true
	case count == 6 && segments[4] == "files":
		at.file = segments[5]
		return true
	case count == 6 && segments[4] == "data-frames":
		at.frame = segments[5]
		return true
	}
	return false
}
