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
		description: "Get a piece of work, waiting for it while the agent is at it: its status, its payload, what the agent wrote, and what to do next. " +
			"Agents may work for minutes: when the outcome is not there in time, call it again.",
		inputs: []input{workItemIDInput,
			{name: waitInput.name, kind: integer, description: "Longest to wait for the outcome, in seconds. Left out, the call waits as long as hosts usually bear; 0 returns at once. The server has a limit of its own, mostly 50."},
			{name: "cursor", description: "Where to go on in what the agent wrote, as the last part said."}},
		hints: reads,
		call:  s.getWorkItem,
	}
}

func (s scope) getWorkItem(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	start, err := cursorOf(args)
	if err != nil {
		return nil, err
	}
	id := args.text(workItemIDInput.name)
	item, err := s.workItem(ctx, id, false)
	if err != nil {
		return nil, err
	}
	if err := s.awaitWorkItem(ctx, item, s.budget(args)); err != nil {
		return nil, err
	}
	if item, err = s.workItem(ctx, id, true); err != nil {
		return nil, err
	}
	result := mcp.NewToolResultText(workItemText(item, start))
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

// awaitWorkItem looks at an item until the agent is done with it or the budget
// is used up, and tells a caller who asked for progress how it stands.
func (s scope) awaitWorkItem(ctx context.Context, item *restclient.WorkItem, budget time.Duration) error {
	x, began := exchange.FromContext(ctx), time.Now()
	deadline := time.NewTimer(budget)
	defer deadline.Stop()
	beat := time.NewTicker(s.tenant.config.ProgressInterval)
	defer beat.Stop()
	told := restclient.WorkItemStatus("")
	for pause := firstLook; !item.Status.Settled(); pause = min(pause*3/2, longestLook) {
		if item.Status != told {
			told = item.Status
			if err := x.Progress(ctx, fmt.Sprintf("The work item is %s", told)); err != nil {
				return err
			}
		}
		select {
		case <-time.After(pause):
		case <-beat.C:
			if err := x.Progress(ctx, fmt.Sprintf("The work item is still %s, %s so far", told, time.Since(began).Round(time.Second))); err != nil {
				return err
			}
		case <-deadline.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		next, err := s.tenant.client.WorkItems.Get(ctx, item.ID, nil)
		if err != nil {
			return err
		}
		item = next
	}
	return nil
}

// workItemText is all there is to say of a work item, from the byte of what the
// agent wrote that start names.
func workItemText(item *restclient.WorkItem, start int) string {
	call := fmt.Sprintf("get_work_item with work_item_id %q and", item.ID)
	written := answerText(item.Messages)
	if start > len(written) {
		return fmt.Sprintf("What the agent wrote ends before the cursor %d: it has %d bytes so far.", start, len(written))
	}
	if start > 0 {
		return part(written, start, maxText, call)
	}
	facts := []string{fmt.Sprintf("Work item %s: %s.", strings.TrimSpace(quotedName(item.Name)+" "+item.ID), item.Status), "Agent: " + item.AgentID}
	if item.ThreadID != "" {
		facts = append(facts, "Thread: "+item.ThreadID)
	}
	if item.CompletedBy != "" {
		facts = append(facts, "Completed by: "+item.CompletedBy)
	}
	payload := ""
	if given := string(item.Payload); given != "" && given != "null" {
		payload = "Payload:\n" + *shortened(&given)
	}
	if written == "" {
		return paragraphs(strings.Join(facts, "\n"), payload, "The agent has written nothing yet.", nextStep(item))
	}
	return paragraphs(strings.Join(facts, "\n"), payload, nextStep(item), "The agent wrote:", part(written, 0, maxText-2*maxToolResult, call))
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
