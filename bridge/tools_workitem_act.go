package bridge

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// What can be done with a work item.
const (
	actionContinue = "continue"
	actionRestart  = "restart"
	actionCancel   = "cancel"
	actionComplete = "complete"
)

func (s scope) actOnWorkItemTool() tool {
	return tool{
		name:  "act_on_work_item",
		title: "Decide on a work item",
		description: "Decide how a piece of work goes on: continue lets the agent go on where it stopped; restart begins it anew, in a new thread; cancel ends it undone; " +
			"complete ends it as done by a person. With continue or complete a message can be given, such as the decision that a review asked for: it is written into the work item's thread first.",
		inputs: []input{workItemIDInput,
			{name: "action", required: true, options: []string{actionContinue, actionRestart, actionCancel, actionComplete}, description: "What to do."},
			{name: "message", description: "Optional. What to tell the agent first."}},
		hints: hints{destructive: true, openWorld: true},
		call:  s.actOnWorkItem,
	}
}

func (s scope) actOnWorkItem(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	item, err := s.workItem(ctx, args.text(workItemIDInput.name), false)
	if err != nil {
		return nil, err
	}
	action := args.text("action")
	if message := args.text("message"); message != "" {
		if result, err := s.tellFirst(ctx, item, action, message); result != nil || err != nil {
			return result, err
		}
	}
	items := s.tenant.client.WorkItems
	acts := map[string]func(context.Context, string) (*restclient.WorkItem, error){
		actionContinue: items.Continue, actionRestart: items.Restart, actionCancel: items.Cancel, actionComplete: items.Complete,
	}
	done, err := acts[action](ctx, item.ID)
	if isStatus(err, http.StatusPreconditionFailed) {
		return nil, s.refusedAction(ctx, item, action)
	}
	if onlyUnread(err) {
		return mcp.NewToolResultText(fmt.Sprintf("It is done (%s), but how the work item stands now could not be read: call get_work_item with work_item_id %q.", action, item.ID)), nil
	}
	if err != nil {
		return nil, unchanged(err)
	}
	return statusResult(statusOf(done))
}

// refusedAction says what the item's status allows instead. It may have changed
// since it was read.
func (s scope) refusedAction(ctx context.Context, item *restclient.WorkItem, action string) error {
	if now, err := s.tenant.client.WorkItems.Get(ctx, item.ID, nil); err == nil {
		item = now
	}
	return impossible(item, action)
}

func impossible(item *restclient.WorkItem, action string) error {
	possible := slices.DeleteFunc(possibleActions(item.Status), func(a string) bool { return a == action })
	return &failure{what: fmt.Sprintf("The work item is %s, and %s is not possible then.", item.Status, action), ran: "Nothing was changed.",
		next: fmt.Sprintf("Possible in this status: %s.", strings.Join(possible, ", "))}
}

// tellFirst writes a message into the item's thread and waits for the agent's
// reply. A result means that the reply is not there yet, and the action not
// taken. The same message for an item that has not moved since joins the run
// instead of being sent again.
func (s scope) tellFirst(ctx context.Context, item *restclient.WorkItem, action, message string) (*mcp.CallToolResult, error) {
	const untaken = "Nothing was sent or changed."
	switch {
	case action == actionRestart || action == actionCancel:
		return nil, &failure{what: fmt.Sprintf("A message is of no use with %s: the agent does not read on in this thread.", action), ran: untaken,
			next: "Leave the message out, or use continue."}
	case !slices.Contains(possibleActions(item.Status), action):
		return nil, impossible(item, action)
	case item.ThreadID == "" || item.AgentID == "":
		return nil, &failure{what: "The work item has no thread yet that a message could be written into.", ran: untaken, next: "Leave the message out."}
	}
	agent, err := s.tenant.catalogue.agent(ctx, item.AgentID)
	if err != nil {
		return nil, err
	}
	r, err := s.tenant.runs.Start(ctx, run.Question{
		Agent: run.Agent{ID: agent.ID, Name: agent.Name}, ThreadID: item.ThreadID, Message: message,
		IdempotencyKey: strings.Join([]string{item.ID, item.StatusUpdatedAt.String(), message}, "\x00"),
	})
	if err != nil {
		return nil, err
	}
	if err := s.tenant.await(ctx, r, s.tenant.config.CallBudget); err != nil {
		return nil, err
	}
	switch report := r.Report(); {
	case !report.Ended && report.State == run.Working:
		return mcp.NewToolResultText(fmt.Sprintf("The message stands in the work item's thread, and the agent is still answering it. The work item is %s as before. "+
			"Call act_on_work_item again with the same arguments to wait for that and then %s it; the message is not sent again.", item.Status, action)), nil
	case report.Arrival != run.Arrived:
		return nil, &failure{what: report.Failure, ran: fmt.Sprintf("The work item is %s as before.", item.Status), next: "Read the thread's messages before you call again."}
	}
	return nil, nil
}
