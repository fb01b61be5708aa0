package bridge

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// workItemMeta is the key under which a result's _meta says which work item it
// tells of.
const workItemMeta = "ai.sema4/work_item"

func (s scope) getWorkItemTool() tool {
	return tool{
		name:  "get_work_item",
		title: "Wait for a work item",
		description: "Get a piece of work, waiting for it while the agent is at it: its status, its payload, its files, its messages, and what to do next. " +
			"Agents may work for minutes: when the outcome is not there in time, call it again.",
		inputs: []input{workItemIDInput,
			{name: waitInput.name, kind: integer, description: "Longest to wait for the outcome, in seconds. Left out, the call waits as long as hosts usually bear; 0 returns at once. The server has a limit of its own, mostly 50."},
			{name: "cursor", description: "Where to go on in the messages, as the last part said."}},
		hints: reads,
		call:  s.getWorkItem,
	}
}

func (s scope) getWorkItem(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	began := time.Now()
	start, err := cursorOf(args)
	if err != nil {
		return nil, err
	}
	id := args.text(workItemIDInput.name)
	item, err := s.workItem(ctx, id, false)
	if err != nil {
		return nil, err
	}
	// The reading at the end takes as long as this one did, of the same budget.
	deadline := began.Add(s.budget(args) - time.Since(began))
	if item, err = s.awaitWorkItem(ctx, item, deadline); err != nil {
		return nil, err
	}
	text := ""
	switch whole, err := s.workItem(ctx, id, true); {
	case err == nil:
		item, text = whole, s.workItemText(ctx, whole, start)
	case context.Cause(ctx) == errOverBudget:
		text = unreadText(item)
	default:
		return nil, err
	}
	result := mcp.NewToolResultText(text)
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{workItemMeta: map[string]any{
		"work_item_id": item.ID, "agent_id": item.AgentID, "thread_id": item.ThreadID, "status": item.Status,
	}}}
	return result, nil
}

// Pauses between two looks at a work item, which grow.
const (
	firstLook   = 250 * time.Millisecond
	longestLook = 5 * time.Second
)

// awaitWorkItem looks at an item until the agent is done with it or the time is
// up, and tells a caller who asked for progress how it stands. It returns the
// item as it was seen last.
func (s scope) awaitWorkItem(ctx context.Context, item *restclient.WorkItem, deadline time.Time) (*restclient.WorkItem, error) {
	x, began := exchange.FromContext(ctx), time.Now()
	inTime, stop := context.WithDeadline(ctx, deadline)
	defer stop()
	beat := time.NewTicker(s.tenant.config.ProgressInterval)
	defer beat.Stop()
	told := restclient.WorkItemStatus("")
	for pause := firstLook; !item.Status.Settled(); pause = min(pause*3/2, longestLook) {
		if item.Status != told {
			told = item.Status
			if err := x.Progress(ctx, fmt.Sprintf("The work item is %s", told)); err != nil {
				return nil, err
			}
		}
		select {
		case <-time.After(pause):
		case <-beat.C:
			if err := x.Progress(ctx, fmt.Sprintf("The work item is still %s, %s so far", told, time.Since(began).Round(time.Second))); err != nil {
				return nil, err
			}
		case <-inTime.Done():
			return item, cancelled(ctx)
		}
		next, err := s.tenant.client.WorkItems.Get(inTime, item.ID, nil)
		if err != nil && inTime.Err() != nil {
			return item, cancelled(ctx)
		}
		if err != nil {
			return nil, err
		}
		item = next
	}
	return item, nil
}

// cancelled is the error of a call that was given up by its caller. That its
// time is up is none: what was seen until then can be told.
func cancelled(ctx context.Context) error {
	if context.Cause(ctx) == errOverBudget {
		return nil
	}
	return ctx.Err()
}

// unreadText is what there is to say of a work item when the tenant took too
// long to tell its messages.
func unreadText(item *restclient.WorkItem) string {
	return paragraphs(workItemFacts(item), "The tenant took too long to tell what was written: call get_work_item with work_item_id "+strconv.Quote(item.ID)+" again to read that.", nextStep(item))
}

// workItemText is all there is to say of a work item, from the byte of its
// messages that start names.
func (s scope) workItemText(ctx context.Context, item *restclient.WorkItem, start int) string {
	call := fmt.Sprintf("get_work_item with work_item_id %q and", item.ID)
	messages := item.Messages
	if len(messages) == 0 { // nothing has come of it yet
		messages = item.InitialMessages
	}
	transcript := transcriptText(messages)
	if start > len(transcript) {
		return fmt.Sprintf("The messages end before the cursor %d: they have %d bytes so far.", start, len(transcript))
	}
	if start > 0 {
		return part(transcript, start, maxText, call)
	}
	payload, unwritten := "", ""
	if given := string(item.Payload); given != "" && given != "null" {
		payload = "Payload:\n" + *shortened(&given)
	}
	if answerText(item.Messages) == "" {
		unwritten = "The agent has written nothing yet."
	}
	head := paragraphs(workItemFacts(item), payload, s.workItemFiles(ctx, item), unwritten, nextStep(item))
	if transcript == "" {
		return head
	}
	return paragraphs(head, "The messages, oldest first:", part(transcript, 0, max(maxText-len(head)-maxPartNote, maxItemText/2), call))
}

// maxPartNote bounds what stands around a part of a text: its title and the note
// on how to get the rest.
const maxPartNote = 300

// workItemFiles lists the files of a work item, which are those in its thread,
// and says how to read one. The item is worth telling without them, so that they
// cannot be listed is told and no error.
func (s scope) workItemFiles(ctx context.Context, item *restclient.WorkItem) string {
	switch {
	case item.ThreadID == "" && item.Status.Settled():
		return ""
	case item.ThreadID == "" || item.AgentID == "":
		return "Files that were given with it can be seen when the agent is at work on it."
	}
	where := fmt.Sprintf("thread_id %q", item.ThreadID)
	if s.agent == nil {
		where = fmt.Sprintf("agent %q, thread_id %q", item.AgentID, item.ThreadID)
	}
	files, err := s.files(ctx, item.AgentID, item.ThreadID)
	switch {
	case isNotFound(err):
		return "Its thread is gone, and with it the files."
	case err != nil:
		return "Its files could not be listed: call list_files with " + where + "."
	case len(files) == 0:
		return ""
	}
	lines := make([]string, 0, len(files)+2)
	size := 0
	for i, file := range files {
		line := fmt.Sprintf("- %s%s, %d bytes", file.Name(), inParentheses(file.MIMEType), file.Size)
		if size += len(line); size > maxToolResult && i > 0 {
			lines = append(lines, fmt.Sprintf("- and %d more: see list_files.", len(files)-i))
			break
		}
		lines = append(lines, line)
	}
	return "Files:\n" + strings.Join(lines, "\n") + "\nRead one with read_file: " + where + " and the name as file."
}

func workItemFacts(item *restclient.WorkItem) string {
	facts := []string{fmt.Sprintf("Work item %s: %s.", strings.TrimSpace(quotedName(item.Name)+" "+item.ID), item.Status), "Agent: " + item.AgentID}
	if item.ThreadID != "" {
		facts = append(facts, "Thread: "+item.ThreadID)
	}
	if item.CompletedBy != "" {
		facts = append(facts, "Completed by: "+item.CompletedBy)
	}
	return strings.Join(facts, "\n")
}

func quotedName(name string) string {
	if name == "" {
		return ""
	}
	return quoted(name)
}

// nextStep says what can be done with a work item where it stands.
func nextStep(item *restclient.WorkItem) string {
	id := strconv.Quote(item.ID)
	switch item.Status {
	case restclient.WorkItemDraft:
		return "It is a draft: no agent works on it. It can be cancelled with act_on_work_item."
	case restclient.WorkItemPending, restclient.WorkItemExecuting:
		return "The agent is not done with it. To wait for the outcome, call get_work_item with work_item_id " + id + "."
	case restclient.WorkItemNeedsReview:
		return "It waits for a decision. Read what the agent wrote, then call act_on_work_item with work_item_id " + id +
			": continue lets the agent go on, best with the decision as message; complete ends it as done by a person; restart begins it anew."
	case restclient.WorkItemCompleted:
		return "It is done. With act_on_work_item it can be continued or restarted."
	}
	return "With act_on_work_item it can be: " + strings.Join(possibleActions(item.Status), ", ") + "."
}

// possibleActions are the actions that the vendor's rules allow in a status.
// What older releases refuse is among them.
func possibleActions(status restclient.WorkItemStatus) []string {
	switch status {
	case restclient.WorkItemDraft, "PRECREATED":
		return []string{actionCancel} // the others need an agent
	case restclient.WorkItemPending:
		return []string{actionCancel}
	case restclient.WorkItemExecuting:
		return []string{actionCancel, actionComplete}
	case restclient.WorkItemCompleted:
		return []string{actionContinue, actionRestart}
	}
	return []string{actionContinue, actionRestart, actionComplete}
}
