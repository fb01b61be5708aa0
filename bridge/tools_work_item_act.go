package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

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

		resume: s.resumeAction,
	}
}

func (s scope) actOnWorkItem(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	until := deadline(ctx)
	item, err := s.workItem(ctx, args.text(workItemIDInput.name), false)
	if err != nil {
		return nil, err
	}
	d := decision{action: args.text("action"), message: args.text("message")}
	return statusOr(s.act(ctx, item, d, until))
}

// decision is what is to become of a work item.
type decision struct {
	action, message string
	asked           bool // the user was asked for it: the caller does not know it
}

// statusOr is the result of an action: how the work item stands after it, or
// what stands in its way.
func statusOr(acted *workItemStatus, pending *mcp.CallToolResult, err error) (*mcp.CallToolResult, error) {
	if acted == nil {
		return pending, err
	}
	return statusResult(acted)
}

// act tells the agent what there is to tell, and then takes the action. Without
// a status it has not been taken, or nothing is known of what came of it.
func (s scope) act(ctx context.Context, item *restclient.WorkItem, d decision, deadline time.Time) (*workItemStatus, *mcp.CallToolResult, error) {
	var told *telling
	if d.message != "" {
		var pending *mcp.CallToolResult
		var err error
		if told, pending, err = s.tellFirst(ctx, item, d, deadline); pending != nil || err != nil {
			return nil, pending, err
		}
	}
	return s.take(ctx, item, d.action, told)
}

// take takes the action, after the agent was told.
func (s scope) take(ctx context.Context, item *restclient.WorkItem, action string, told *telling) (*workItemStatus, *mcp.CallToolResult, error) {
	items := s.tenant.client.WorkItems
	acts := map[string]func(context.Context, string) (*restclient.WorkItem, error){
		actionContinue: items.Continue, actionRestart: items.Restart, actionCancel: items.Cancel, actionComplete: items.Complete,
	}
	done, err := acts[action](ctx, item.ID)
	if isStatus(err, http.StatusPreconditionFailed) {
		return nil, nil, told.amend(s.refusedAction(ctx, item, action))
	}
	if onlyUnread(err) {
		text := fmt.Sprintf("It is done (%s), but how the work item stands now could not be read: call get_work_item with work_item_id %q.", action, item.ID)
		return nil, mcp.NewToolResultText(paragraphs(text, told.said())), nil
	}
	if err != nil {
		return nil, nil, told.amend(unchanged(err))
	}
	status := statusOf(done)
	if told != nil {
		status.Reply = *shortened(&told.reply)
	}
	return &status, nil, nil
}

// telling is a message that stands in a work item's thread, and the agent's
// reply to it. A nil telling is that nothing was told.
type telling struct{ reply string }

// said is the reply, for the text of a result.
func (t *telling) said() string {
	if t == nil || t.reply == "" {
		return ""
	}
	return "The agent replied:\n\n" + *shortened(&t.reply)
}

// amend has an error of the action say what was done before it.
func (t *telling) amend(err error) error {
	known, ok := errors.AsType[*failure](err)
	if t == nil || !ok {
		return err
	}
	f := *known
	ran := strings.Replace(f.ran, nothingChanged, "The work item itself was not changed.", 1)
	f.ran = strings.TrimSpace("The message stands in the work item's thread. " + ran)
	f.next = paragraphs(strings.TrimSpace(f.next+" Do not send the message again."), t.said())
	return &f
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
	return &failure{what: fmt.Sprintf("The work item is %s, and %s is not possible then.", item.Status, action), ran: nothingChanged,
		next: fmt.Sprintf("Possible in this status: %s.", strings.Join(possible, ", "))}
}

// tellFirst writes a message into the item's thread and waits for the agent's
// reply. A result means that there is no whole reply, and that the action is not
// to be taken. The same message for an item that has not moved since is never
// sent again, whichever process sent it.
func (s scope) tellFirst(ctx context.Context, item *restclient.WorkItem, d decision, deadline time.Time) (*telling, *mcp.CallToolResult, error) {
	const untaken = "Nothing was sent or changed."
	action, message := d.action, d.message
	switch {
	case action == actionRestart || action == actionCancel:
		return nil, nil, &failure{what: fmt.Sprintf("A message is of no use with %s: the agent does not read on in this thread.", action), ran: untaken,
			next: "Leave the message out, or use continue."}
	case !slices.Contains(possibleActions(item.Status), action):
		return nil, nil, impossible(item, action)
	case item.Status == restclient.WorkItemExecuting:
		return nil, nil, &failure{what: "The agent is at work on it in this thread, and a message would come in between.", ran: untaken,
			next: "Leave the message out, or wait for the agent with get_work_item first."}
	case item.ThreadID == "" || item.AgentID == "":
		return nil, nil, &failure{what: "The work item has no thread yet that a message could be written into.", ran: untaken, next: "Leave the message out."}
	}
	agent, err := s.tenant.catalogue.agent(ctx, item.AgentID)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.tenant.runs.Start(ctx, run.Question{
		Agent: run.Agent{ID: agent.ID, Name: agent.Name}, ThreadID: item.ThreadID, Message: message,
		NewerThan:      item.StatusUpdatedAt.Time,
		Listening:      listens(ctx),
		IdempotencyKey: strings.Join([]string{item.ID, item.StatusUpdatedAt.String(), message}, "\x00"),
	})
	if err != nil {
		return nil, nil, err
	}
	return s.hear(ctx, item, d, r, deadline)
}

// hear waits for the agent's reply to what it was told.
func (s scope) hear(ctx context.Context, item *restclient.WorkItem, d decision, r *run.Run, deadline time.Time) (*telling, *mcp.CallToolResult, error) {
	if err := s.tenant.await(ctx, r, time.Until(deadline)); err != nil {
		return nil, nil, err
	}
	report, action := r.Report(), d.action
	if report.State == run.Working {
		again := "again with the same arguments"
		if d.asked {
			again = fmt.Sprintf("with work_item_id %q, action %s and message %q", item.ID, action, d.message)
		}
		stands := "The message stands in the work item's thread, and the agent is still answering it."
		if report.Arrival != run.Arrived {
			stands = "The message is on its way to the work item's thread."
		}
		return nil, mcp.NewToolResultText(fmt.Sprintf("%s The work item is %s as before. "+
			"Call act_on_work_item %s to wait for that and then %s it; the message is not sent again.", stands, item.Status, again, action)), nil
	}
	if question := s.askFor(ctx, r, pointOf(item, action)); question != nil {
		return nil, question, nil
	}
	told := &telling{answerText(report.Messages)}
	if report.State == run.Completed {
		return told, nil, nil
	}
	return nil, stoppedBefore(item, action, report, told), nil
}

// stoppedBefore says why the action was not taken after the message.
func stoppedBefore(item *restclient.WorkItem, action string, report run.Report, told *telling) *mcp.CallToolResult {
	stands := fmt.Sprintf("The work item is %s as before.", item.Status)
	if report.State == run.NeedsInput {
		return mcp.NewToolResultText(paragraphs("The message stands in the work item's thread, and the agent asks back: "+report.Question, told.said(),
			stands+fmt.Sprintf(" Answer by calling act_on_work_item with action %s and the answer as message, in other words than the last one.", action)))
	}
	if report.Arrival != run.Arrived {
		return mcp.NewToolResultError(paragraphs(report.Failure+" "+stands+" Read the thread's messages before you call again.", told.said()))
	}
	why := report.Failure
	if report.State == run.Cancelled {
		why = "The agent was stopped while it answered the message."
	}
	return mcp.NewToolResultError(paragraphs(why+" The message stands in the work item's thread. "+stands+
		fmt.Sprintf(" Read the thread's messages; then call act_on_work_item with another message, or without one to %s it all the same.", action), told.said()))
}
