package bridge

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// drawing is what a chart's Vega specification says of it.
type drawing struct{ title, data string }

func drawingOf(chart *restclient.Chart) drawing {
	var spec struct {
		Title json.RawMessage `json:"title"`
		Data  json.RawMessage `json:"data"`
	}
	if chart == nil || json.Unmarshal([]byte(chart.SpecRaw), &spec) != nil {
		return drawing{}
	}
	return drawing{titleIn(spec.Title), dataNameIn(spec.Data)}
}

func (d drawing) String() string {
	if d.title == "" {
		return "a chart"
	}
	return "the chart " + quoted(d.title)
}

// titleIn reads a title: a text, several lines of it, or an object with either
// under "text".
func titleIn(raw json.RawMessage) string {
	var text string
	var lines []string
	var object struct {
		Text json.RawMessage `json:"text"`
	}
	switch {
	case json.Unmarshal(raw, &text) == nil:
	case json.Unmarshal(raw, &lines) == nil:
		text = strings.Join(lines, " ")
	case json.Unmarshal(raw, &object) == nil && object.Text != nil && object.Text[0] != '{':
		return titleIn(object.Text)
	}
	return strings.Join(strings.Fields(text), " ")
}

// dataNameIn reads the name of the data that is drawn: of an object in Vega-Lite,
// of the first of a list in Vega.
func dataNameIn(raw json.RawMessage) string {
	type data struct {
		Name string `json:"name"`
	}
	var one data
	var several []data
	if json.Unmarshal(raw, &several) == nil && len(several) > 0 {
		return several[0].Name
	}
	_ = json.Unmarshal(raw, &one) // what is no such object has no name
	return one.Name
}

// maxLeftText bounds, in bytes, the list of what a run left.
const maxLeftText = 4_000

// text names everything that was left and says how to read it; "" for nothing.
func (l leavings) text(s scope, id run.ID) string {
	lines := l.lines()
	if len(lines) == 0 && len(l.unread) == 0 {
		return ""
	}
	size := 0
	for i, line := range lines {
		if size += len(line); size > maxLeftText && i > 0 {
			lines = append(lines[:i:i], fmt.Sprintf("- and %d more: see list_files and list_data_frames", len(lines)-i))
			break
		}
	}
	var parts []string
	if len(lines) > 0 {
		parts = append(parts, "The agent left, beside the text:\n"+strings.Join(lines, "\n"))
	}
	where := s.threadArguments(id.AgentID, id.ConversationID)
	var how []string
	for _, file := range l.files {
		if file.readable {
			how = append(how, fmt.Sprintf("read_file with %s and file %q", where, file.name))
			break
		}
	}
	if len(l.frames) > 0 {
		how = append(how, fmt.Sprintf("read_data_frame with %s and name %q", where, l.frames[0].Name))
	}
	if len(how) > 0 {
		parts = append(parts, "To read one, call "+strings.Join(how, ", or ")+".")
	}
	if len(l.unread) > 0 {
		parts = append(parts, fmt.Sprintf("What else it may have left could not be listed in time: call %s with %s.", strings.Join(l.unread, " and "), where))
	}
	return strings.Join(parts, "\n")
}

func (l leavings) lines() []string {
	lines := make([]string, 0, len(l.files)+len(l.frames)+len(l.charts))
	for _, file := range l.files {
		line := fmt.Sprintf("- the file %q", file.name)
		switch {
		case !file.readable:
			line += inParentheses(file.mimeType) + ", which is shown in the Sema4.ai application"
		case file.size > 0:
			line += inParentheses(strings.TrimPrefix(fmt.Sprintf("%s, %d bytes", file.mimeType, file.size), ", "))
		default:
			line += inParentheses(file.mimeType)
		}
		lines = append(lines, line)
	}
	drawn := make(map[string]bool, len(l.frames))
	for _, frame := range l.frames {
		drawn[frame.Name] = true
		lines = append(lines, fmt.Sprintf("- the data frame %q (%d rows × %d columns)", frame.Name, frame.NumRows, columnsOf(frame)))
	}
	for _, chart := range l.charts {
		line := "- " + chart.String()
		if drawn[chart.data] {
			line += fmt.Sprintf(" of the data frame %q", chart.data)
		}
		lines = append(lines, line+", which is shown in the Sema4.ai application")
	}
	return lines
}

func columnsOf(frame restclient.DataFrame) int { return max(frame.NumColumns, len(frame.Columns)) }

// maxLinks bounds the links of one result.
const maxLinks = 20

// links are the same things as resources.
func (l leavings) links(id run.ID) []mcp.Content {
	var links []mcp.Content
	for _, file := range l.files {
		if file.readable && len(links) < maxLinks {
			uri := fileURI(id.AgentID, id.ConversationID, file.name)
			link := mcp.NewResourceLink(uri, file.name, "A file that the agent left in the thread.", orBinary(file.mimeType))
			if file.size > 0 {
				link.Size = &file.size
			}
			links = append(links, link)
		}
	}
	for _, frame := range l.frames {
		if len(links) < maxLinks {
			description := fmt.Sprintf("A data frame that the agent made, as CSV: %d rows, %d columns.", frame.NumRows, columnsOf(frame))
			links = append(links, mcp.NewResourceLink(frameURI(id.AgentID, id.ConversationID, frame.Name), frame.Name, description, csvType))
		}
	}
	return links
}

// threadArguments are the arguments by which a tool finds a thread.
func (s scope) threadArguments(agentID, threadID string) string {
	if !s.shared {
		return fmt.Sprintf("thread_id %q", threadID)
	}
	return fmt.Sprintf("agent %q, thread_id %q", agentID, threadID)
}
