package bridge

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

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
// some hosts would show instead of it. Where a part of the answer is left out, and
// for what else the run left, links to resources come after it, for callers that
// know what those are.
func (s scope) runResult(ctx context.Context, r *run.Run, start int) *mcp.CallToolResult {
	report := r.Report()
	found, notes := leavings{}, ""
	if start == 0 {
		found = s.tenant.shelf.left(ctx, r.ID, report)
		notes = found.text(s, r.ID)
	}
	size, whole := 0, true
	text := runText(r, report, s.replyTool, func(answer longText) (shown string) {
		size = answer.size()
		shown, whole = page(r, answer, start, maxText-len(notes))
		return shown
	})
	result := mcp.NewToolResultText(paragraphs(text, notes))
	if knowsLinks(ctx) {
		if !whole {
			result.Content = append(result.Content, answerLink(r.ID, size))
		}
		result.Content = append(result.Content, found.links(r.ID)...)
	}
	result.IsError = report.State == run.Failed || report.State == run.Interrupted
	result.Meta = runMetaOf(r.ID, report.State)
	return result
}

func runMetaOf(id run.ID, state run.State) *mcp.Meta {
	return &mcp.Meta{AdditionalFields: map[string]any{runMeta: map[string]any{
		"run_id": id.String(), "agent_id": id.AgentID, "thread_id": id.ConversationID, "state": state,
	}}}
}

// runText says how a run stands, with its answer as show gives it.
func runText(r *run.Run, report run.Report, replyTool string, show func(answer longText) string) string {
	answer := answerOf(report.Messages)
	switch {
	case report.State == run.Completed && answer.size() == 0:
		return emptyText(report)
	case report.State == run.Completed && report.Unmarked && endsAsking(answer):
		return paragraphs(show(answer), "The last words read like a question. "+answerWith(replyTool, r.Thread))
	case report.State == run.Completed:
		return show(answer)
	case report.State == run.NeedsInput:
		return paragraphs(show(answer), "The agent asks: "+question(report),
			answerWith(replyTool, r.Thread))
	case report.State == run.Working:
		return workingText(r, report, answer)
	default:
		return paragraphs(endedText(report), partial(show(answer)))
	}
}

func emptyText(report run.Report) string {
	if shown := shownIn(report.Messages); len(shown.charts)+len(shown.files) > 0 {
		return "The agent has finished without writing a text."
	}
	return "The agent has finished without writing anything. Ask it again in other words, or read the thread's messages."
}

// endsAsking tells whether the last sentence is a question. It may be a courtesy:
// only a stream tells whether the agent waits for a reply.
func endsAsking(answer longText) bool {
	const tail = 64 // bytes, for white space and marks of emphasis behind the sentence
	end := strings.TrimRight(answer.between(max(answer.size()-tail, 0), answer.size()), " \t\r\n*_`\"'”’»)")
	return strings.HasSuffix(end, "?") || strings.HasSuffix(end, "？") || strings.HasSuffix(end, "؟")
}

// question is what the agent asks, which stands in its messages as well.
func question(report run.Report) string {
	if short := cut(report.Question, maxPartial); short != report.Question {
		return short + " …"
	}
	return report.Question
}

func workingText(r *run.Run, report run.Report, answer longText) string {
	steps, _ := r.Steps(0)
	doing := ""
	if len(steps) > 0 {
		doing = "Last seen: " + steps[len(steps)-1] + "."
	}
	atWork, outlook := "The agent is still working", "It goes on after this call, and its answer is kept."
	switch {
	case report.Arrival != run.Arrived:
		atWork, outlook = "The message is on its way", "The tenant has not confirmed it yet."
	case report.Left():
		outlook = "This server is shutting down; the agent goes on without it, and its answer is kept."
	case !report.Outlives:
		outlook = "It goes on after this call, for as long as this server runs, and its answer is kept."
	}
	return paragraphs(
		fmt.Sprintf("%s, %s so far. %s", atWork, report.Elapsed.Round(time.Second), outlook),
		doing, partial(lastLines(answer.between(answer.size()-maxPartial-1, answer.size()))),
		fmt.Sprintf("To wait for the answer, call get_run with run_id %q. Do not send the message again.", r.ID.String()))
}

// maxPartial bounds how much of an unfinished answer is shown: all of it comes
// with the finished one, and a caller may look often.
const maxPartial = 3000

// lastLines is the end of an unfinished answer.
func lastLines(text string) string { return ending(text, maxPartial) }

// ending is the last bytes of a text, limit at most, from the beginning of a line.
func ending(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[len(text)-limit:]
	if line := strings.IndexByte(text, '\n'); line >= 0 && line < limit/2 {
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

// answerWith says how an agent's question is answered in a thread of that name.
func answerWith(replyTool, thread string) string {
	in := " and the same thread_identifier"
	if thread != "" {
		in = fmt.Sprintf(" and thread_identifier %q", thread)
	}
	return fmt.Sprintf("Answer by calling %s with the reply as message%s.", replyTool, in)
}

// page is the part of the answer that begins at start and fits into limit, with a
// note on how to get the rest; whole tells that it is all of it.
func page(r *run.Run, answer longText, start, limit int) (text string, whole bool) {
	if size := answer.size(); start > 0 && start >= size {
		return fmt.Sprintf("The answer ends before the cursor %d: it has %d bytes so far.", start, size), false
	}
	return answer.part(start, limit, fmt.Sprintf("get_run with run_id %q and", r.ID.String()))
}

// knowsLinks tells whether the caller's version of the protocol has links to
// resources in the results of tools. Whose version is not known gets none.
func knowsLinks(ctx context.Context) bool {
	return server.RequestProtocolVersion(ctx) >= "2025-06-18" // versions are dates
}

func answerLink(id run.ID, size int) mcp.Content {
	link := mcp.NewResourceLink(runURI(id.String()), "answer.md", "The whole answer.", markdownType)
	bytes := int64(size)
	link.Size = &bytes
	return link
}

// part is what of a text begins at start and fits into limit, with a note on the
// call that gets the rest.
func part(text string, start, limit int, call string) string {
	shown, _ := longText{text}.part(start, limit, call)
	return shown
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
	for at := limit; at > max(0, limit-utf8.UTFMax); at-- {
		if utf8.RuneStart(text[at]) {
			return text[:at]
		}
	}
	return text[:limit] // no text: there are no characters to keep whole
}

// answerOf is what the agent wrote.
func answerOf(messages []restclient.Message) longText {
	var texts []string
	for content := range contents(messages) {
		if content.Kind == restclient.KindText || content.Kind == restclient.KindFormattedText {
			texts = append(texts, strings.TrimSpace(content.Text))
		}
	}
	return newLongText(texts...)
}

// answerText is what the agent wrote, and after it a line for each chart and
// file that a text cannot hold.
func answerText(messages []restclient.Message) string {
	texts := []string{answerOf(messages).String()}
	for content := range contents(messages) {
		switch content.Kind {
		case restclient.KindVegaChart:
			texts = append(texts, "[The agent drew a chart; it is shown in the Sema4.ai application.]")
		case restclient.KindAttachment:
			if a := content.Attachment; a != nil {
				texts = append(texts, fmt.Sprintf("[The agent attached the file %s%s.]", a.Name, inParentheses(a.MIMEType)))
			}
		}
	}
	return paragraphs(texts...)
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
