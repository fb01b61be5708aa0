package bridge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// The fields of the form that asks for a decision.
const (
	actionField  = "action"
	commentField = "comment"
)

// actionTitles are the actions in the words of a form.
var actionTitles = map[string]string{
	actionContinue: "Let the agent go on",
	actionRestart:  "Begin it anew",
	actionCancel:   "End it undone",
	actionComplete: "End it as done",
}

// pointOf is where a work item stands while the user is asked about it.
func pointOf(item *restclient.WorkItem, action string) asked {
	return asked{WorkItem: item.ID, Status: item.Status, Since: item.StatusUpdatedAt.Time, Action: action}
}

// movedOn tells that the work item has gone on since, by the answer or by another
// hand.
func (a asked) movedOn(item *restclient.WorkItem) bool {
	return item.Status != a.Status || !item.StatusUpdatedAt.Equal(a.Since)
}

// askDecision asks the user what is to become of a work item: nil where it waits
// for no decision, or the user cannot be asked, or is reading on.
func (s scope) askDecision(ctx context.Context, item *restclient.WorkItem, start int) *mcp.CallToolResult {
	if item.Status != restclient.WorkItemNeedsReview || start > 0 || !s.tenant.mayAsk(ctx) {
		return nil
	}
	message := paragraphs(workItemFacts(item), ending(answerText(item.Messages), maxContext), "It waits for a decision: how is it to go on?")
	return ask(s.tenant.seal(ctx, pointOf(item, "")), message, actionField, fields{
		actionField:  choiceField(ctx, "Decision", possibleActions(item.Status), actionTitles),
		commentField: textField("Comment", "Optional. What to tell the agent first; not for beginning anew."),
	})
}

// resumeReview goes on with a call of get_work_item whose user was asked for a
// decision, or for what the agent wanted to know before it was taken.
func (s scope) resumeReview(ctx context.Context, args arguments, answers mcp.MultiRoundTripParams) (*mcp.CallToolResult, error) {
	until := deadline(ctx)
	a, item, err := s.reopened(ctx, answers)
	if err != nil {
		return nil, err
	}
	if a.movedOn(item) {
		return s.shown(ctx, args, changedNothing)
	}
	var acted *workItemStatus
	var pending *mcp.CallToolResult
	action := a.Action
	if action != "" {
		acted, pending, err = s.actAnswered(ctx, a, item, answers, until)
	} else {
		d, why := decisionIn(answers, item)
		if why != "" {
			return s.shown(withoutAsking(ctx), args, why+" Nothing was changed.")
		}
		action = d.action
		acted, pending, err = s.act(ctx, item, d, until)
	}
	if acted == nil {
		return pending, err
	}
	return s.shown(ctx, args, fmt.Sprintf("The decision was taken (%s).", action))
}

// changedNothing is said of an answer that comes a second time, or too late.
const changedNothing = "The work item has moved on since the user was asked, and this answer changed nothing."

// resumeAction goes on with a call of act_on_work_item whose user was asked what
// the agent wanted to know before the action was taken.
func (s scope) resumeAction(ctx context.Context, _ arguments, answers mcp.MultiRoundTripParams) (*mcp.CallToolResult, error) {
	until := deadline(ctx)
	a, item, err := s.reopened(ctx, answers)
	if err != nil {
		return nil, err
	}
	if a.movedOn(item) {
		return mcp.NewToolResultText(paragraphs(changedNothing, workItemFacts(item), nextStep(item))), nil
	}
	return statusOr(s.actAnswered(ctx, a, item, answers, until))
}

// reopened is what the user was asked about a work item, and how that stands now.
func (s scope) reopened(ctx context.Context, answers mcp.MultiRoundTripParams) (asked, *restclient.WorkItem, error) {
	a, err := s.tenant.open(ctx, answers)
	if err != nil {
		return asked{}, nil, err
	}
	item, err := s.workItem(ctx, a.WorkItem, false)
	return a, item, err
}

// decisionIn is what the user decided. Where it cannot be taken, why says so.
func decisionIn(answers mcp.MultiRoundTripParams, item *restclient.WorkItem) (d decision, why string) {
	form, why := filled(answers, actionField)
	d = decision{action: form[actionField], message: form[commentField], asked: true}
	switch {
	case why != "":
	case !slices.Contains(possibleActions(item.Status), d.action):
		why = fmt.Sprintf("The user was asked, but the answer cannot be used: the action %s is not possible.", quoted(d.action))
	case d.action == actionRestart && d.message != "":
		why = "The user was asked, but the answer cannot be used: a comment is of no use with restart, as the agent begins in a new thread."
	}
	return d, why
}

// actAnswered sends on the user's reply to what the agent asked, and then takes
// the action that was decided on.
func (s scope) actAnswered(ctx context.Context, a asked, item *restclient.WorkItem, answers mcp.MultiRoundTripParams, until time.Time) (*workItemStatus, *mcp.CallToolResult, error) {
	id, agent, err := s.runOf(ctx, a.Run)
	if err != nil {
		return nil, nil, s.unsent(err, a)
	}
	reply, why := replyIn(answers)
	if why != "" {
		return nil, mcp.NewToolResultText(paragraphs(why+" Nothing was sent to the agent.", fmt.Sprintf("The work item is %s as before. The agent asks: %s", item.Status, a.Question), s.answering(a))), nil
	}
	r, err := s.reply(ctx, a, id, agent, reply)
	if err != nil {
		return nil, nil, s.unsent(err, a)
	}
	told, pending, err := s.hear(ctx, item, decision{a.Action, reply, true}, r, until)
	if pending != nil || err != nil {
		return nil, pending, err
	}
	return s.take(ctx, item, a.Action, told)
}

// shown is get_work_item's result, with a note on what was done before.
func (s scope) shown(ctx context.Context, args arguments, note string) (*mcp.CallToolResult, error) {
	result, err := s.getWorkItem(ctx, args)
	if err != nil {
		f := *failureOf(err, "")
		f.ran = note
		return nil, &f
	}
	return noted(result, note), nil
}
