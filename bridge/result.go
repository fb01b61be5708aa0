package bridge

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// maxText bounds the text of one result, in bytes: hosts cut, or refuse, what
// is longer than about 10,000 tokens.
const maxText = 30_000

// runMeta is the key under which a result's _meta says which run it tells of.
const runMeta = "ai.sema4/run"

// runResult tells how a run stands, from the byte of its answer that start
// names. The text is complete on its own; there is no structured content, which
// some hosts would show instead of it.
func runResult(r *run.Run, replyTool string, start int) *mcp.CallToolResult {
	report := r.Report()
	answer := answerText(report.Messages)
	var text string
	switch {
	case report.State == run.Completed:
		text = completedText(r, answer, start)
	case report.State == run.NeedsInput:
		text = paragraphs(page(r, answer, start), "The agent asks: "+report.Question,
			fmt.Sprintf("Answer by calling %s with the reply as message%s.", replyTool, inThread(r)))
	case report.State == run.Working:
		text = workingText(r, report, answer)
	default:
		text = paragraphs(endedText(report), partial(page(r, answer, start)))
	}
	result := mcp.NewToolResultText(text)
	result.IsError = report.State == run.Failed || report.State == run.Interrupted
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{runMeta: map[string]any{
		"run_id": r.ID.String(), "agent_id": r.ID.AgentID, "thread_id": r.ID.ConversationID, "state": report.State,
	}}}
	return result
}

func completedText(r *run.Run, answer string, start int) string {
	if answer == "" {
		return "The agent has finished without writing anything. Ask it again in other words, or read the thread's messages."
	}
	return page(r, answer, start)
}

func workingText(r *run.Run, report run.Report, answer string) string {
	steps, _ := r.Steps(0)
	doing := ""
	if len(steps) > 0 {
		doing = "Last seen: " + steps[len(steps)-1] + "."
	}
	outlook := "It goes on after this call, and its answer is kept."
	switch {
	case report.Left():
		outlook = "This server is shutting down; the agent goes on without it, and its answer is kept."
	case !report.Outlives:
		outlook = "It goes on after this call, for as long as this server runs, and its answer is kept."
	}
	return paragraphs(
		fmt.Sprintf("The agent is still working, %s so far. %s", report.Elapsed.Round(time.Second), outlook),
		doing, partial(lastLines(answer)),
		fmt.Sprintf("To wait for the answer, call get_run with run_id %q. Do not send the message again.", r.ID.String()))
}

// maxPartial bounds how much of an unfinished answer is shown: all of it comes
// with the finished one, and a caller may look often.
const maxPartial = 3000

// lastLines is the end of a text, from the beginning of a line.
func lastLines(text string) string {
	if len(text) <= maxPartial {
		return text
	}
	text = text[len(text)-maxPartial:]
	if line := strings.IndexByte(text, '\n'); line >= 0 && line < maxPartial/2 {
		return "…\n" + text[line+1:]
	}
	return "…" + strings.ToValidUTF8(text, "")
}

// endedText says why there is no whole answer, and what to do about it.
func endedText(report run.Report) string {
	if report.State == run.Cancelled {
		return "The run was cancelled: the agent has stopped working on the message."
	}
	next := "Read the thread's messages before you send it again."
	switch {
	case report.Arrival == run.NotArrived:
		next = "Call again if the failure may pass; else change the message."
	case report.Arrival == run.Arrived && report.State == run.Interrupted:
		next = "Do not send it again blindly: ask the agent in the same thread to go on."
	case report.Arrival == run.Arrived:
		next = "Ask again in other words, or have the agent looked at in Sema4.ai."
	}
	return report.Failure + " " + next
}

func partial(text string) string {
	if text == "" {
		return ""
	}
	return "Written so far:\n\n" + text
}

func inThread(r *run.Run) string {
	if r.Thread == "" {
		return " and the same thread_identifier"
	}
	return fmt.Sprintf(" and thread_identifier %q", r.Thread)
}

// page is the part of the answer that begins at start and fits into a result,
// with a note on how to get the rest.
func page(r *run.Run, answer string, start int) string {
	if start > len(answer) {
		return fmt.Sprintf("The answer ends before the cursor %d: it has %d bytes so far.", start, len(answer))
	}
	return part(answer, start, maxText, fmt.Sprintf("get_run with run_id %q and", r.ID.String()))
}

// part is what of a text begins at start and fits into limit, with a note on the
// call that gets the rest.
func part(text string, start, limit int, call string) string {
	shown := cut(text[start:], limit)
	end := start + len(shown)
	if end == len(text) {
		return shown
	}
	return shown + fmt.Sprintf("\n\n[Bytes %d to %d of %d. For the rest, call %s cursor %q.]", start, end, len(text), call, strconv.Itoa(end))
}

// cut shortens text to limit bytes, at the end of a line where there is one in
// its second half, never inside a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	if line := strings.LastIndexByte(text[:limit], '\n'); line > limit/2 {
		return text[:line+1]
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// answerText is what the agent wrote, and after it a line for each chart and
// file that a text cannot hold.
func answerText(messages []restclient.Message) string {
	var texts, notes []string
	for _, message := range messages {
		if message.Role == restclient.RoleUser {
			continue
		}
		for _, content := range message.Content {
			switch content.Kind {
			case restclient.KindText, restclient.KindFormattedText:
				texts = append(texts, strings.TrimSpace(content.Text))
			case restclient.KindVegaChart:
				notes = append(notes, "[The agent drew a chart; it is shown in the Sema4.ai application.]")
			case restclient.KindAttachment:
				if a := content.Attachment; a != nil {
					notes = append(notes, fmt.Sprintf("[The agent attached the file %s%s.]", a.Name, inParentheses(a.MIMEType)))
				}
			}
		}
	}
	return paragraphs(append(texts, notes...)...)
}

func inParentheses(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func paragraphs(parts ...string) string {
	kept := parts[:0:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n\n")
}

// statusResult is for small facts: as structured content, and as the same JSON
// in text for the hosts that read only that.
func statusResult(status any) (*mcp.CallToolResult, error) {
	text, err := exchange.Encode(status)
	if err != nil {
		return nil, err
	}
	return mcp.NewToolResultStructured(status, string(text)), nil
}
