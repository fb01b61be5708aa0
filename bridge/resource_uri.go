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
	runTemplate    = uriScheme + "runs/{run_id}"
	threadTemplate = uriScheme + "agents/{agent_id}/threads/{thread_id}"
	fileTemplate   = threadTemplate + "/files/{name}"
	frameTemplate  = threadTemplate + "/data-frames/{name}{?format}"
)

func runURI(runID string) string { return uriScheme + "runs/" + encoded(runID) }

func threadURI(agentID, threadID string) string {
	return uriScheme + "agents/" + encoded(agentID) + "/threads/" + encoded(threadID)
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
	runID             string // of a run, and then nothing else
	agentID, threadID string
	file, frame       string // one of them, or neither for the thread
	format            string // of a data frame, "" for the default
}

// parseResourceURI reads what matches one of the templates. Any other URI, and
// one with an empty part, is not ok.
func parseResourceURI(uri string) (parsed resourceURI, ok bool) {
	rest, ours := strings.CutPrefix(uri, uriScheme)
	if !ours {
		return parsed, false
	}
	path, query, _ := strings.Cut(rest, "?")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" {
			return parsed, false
		}
		segments[i] = decoded
	}
	switch {
	case len(segments) == 2 && segments[0] == "runs":
		parsed.runID = segments[1]
		return parsed, true
	case len(segments) < 4 || segments[0] != "agents" || segments[2] != "threads":
		return parsed, false
	}
	parsed.agentID, parsed.threadID = segments[1], segments[3]
	switch {
	case len(segments) == 4:
		return parsed, true
	case len(segments) == 6 && segments[4] == "files":
		parsed.file = segments[5]
		return parsed, true
	case len(segments) == 6 && segments[4] == "data-frames":
		parsed.frame = segments[5]
		values, err := url.ParseQuery(query)
		parsed.format = values.Get("format")
		return parsed, err == nil
	}
	return parsed, false
}
