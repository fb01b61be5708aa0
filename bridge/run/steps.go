package run

import (
	"fmt"
	"strings"

	"sema4mcp/restclient"
)

// item is a content item of one of the agent's messages.
type item struct {
	message string
	index   int
}

// stage is how far an item has been noticed.
type stage uint8

const (
	begun stage = iota + 1
	ended
)

// notice adds a step for each content item that began or ended since the last
// look. It wants r.mu held.
func (r *Run) notice(messages []restclient.Message) {
	for _, message := range messages {
		for i, content := range message.Content {
			r.noticeItem(item{message.ID, i}, content)
		}
	}
}

func (r *Run) noticeItem(which item, content restclient.Content) {
	seen := r.noticed[which]
	if seen == ended {
		return
	}
	if content.Kind == restclient.KindToolCall && content.ToolCall != nil {
		r.noticeToolCall(which, seen, *content.ToolCall)
		return
	}
	if step := stepOf(content); step != "" {
		r.noticed[which] = ended
		r.steps = append(r.steps, r.Agent.Name+" "+step)
	}
}

func (r *Run) noticeToolCall(which item, seen stage, call restclient.ToolCall) {
	if call.Name == "" { // its name is still on the way
		return
	}
	if seen == 0 {
		r.noticed[which] = begun
		r.steps = append(r.steps, fmt.Sprintf("%s calls %s", r.Agent.Name, call.Name))
	}
	switch call.Status {
	case "finished":
		r.noticed[which] = ended
		r.steps = append(r.steps, fmt.Sprintf("%s has the result of %s", r.Agent.Name, call.Name))
	case "failed":
		r.noticed[which] = ended
		r.steps = append(r.steps, fmt.Sprintf("%s: %s failed", r.Agent.Name, call.Name))
	}
}

func stepOf(content restclient.Content) string {
	switch content.Kind {
	case restclient.KindThought:
		if line, _, _ := strings.Cut(strings.TrimSpace(content.Thought), "\n"); line != "" {
			return "thinks: " + line
		}
	case restclient.KindText, restclient.KindFormattedText:
		return "writes the answer"
	case restclient.KindVegaChart:
		return "draws a chart"
	case restclient.KindAttachment:
		if content.Attachment != nil && content.Attachment.Name != "" {
			return "attaches " + content.Attachment.Name
		}
	}
	return ""
}
