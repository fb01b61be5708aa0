package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// execute lets the agent work on an item and stores the verdict. When the worker
// closes, the item stays as it is.
func (w *Worker) execute(ctx context.Context, item store.WorkItem) {
	outcome, conversationID, err := w.run(ctx, item)
	item.ConversationID = conversationID
	switch {
	case ctx.Err() != nil: // a person has decided, or the worker closes
	case err != nil:
		w.fail(item, w.reason(item, err))
	default:
		w.judge(item, verdict(outcome), store.ActorAgent)
	}
}

// verdict is what the outcome of a run makes of its work item.
func verdict(o runs.Outcome) store.WorkItemStatus {
	switch {
	case o.Asked:
		return store.NeedsReview
	case !o.Spoken:
		return store.Indeterminate
	}
	return store.Completed
}

// run lets the agent answer what stands in the item's thread, a new one if it has
// none. When ctx ends, the agent is stopped.
func (w *Worker) run(ctx context.Context, item store.WorkItem) (_ runs.Outcome, conversationID *string, _ error) {
	if item.AgentID == nil {
		return runs.Outcome{}, nil, errNoAgent
	}
	conversationID = item.ConversationID
	if conversationID == nil {
		conversation, err := w.beginThread(ctx, item)
		if err != nil {
			return runs.Outcome{}, nil, err
		}
		conversationID = &conversation.ID
	}
	run, err := w.runner.Resume(ctx, *item.AgentID, *conversationID)
	if err != nil {
		return runs.Outcome{}, conversationID, err
	}
	forget := context.AfterFunc(ctx, run.Cancel)
	defer forget()
	err = run.Wait(context.WithoutCancel(ctx))
	return run.Outcome(), conversationID, err
}

// errNoAgent is the end of a draft that was started without being filled.
var errNoAgent = errors.New("the work item has no agent")

// beginThread makes the item's thread: its messages, then the payload, and the
// files. A thread is begun whole or not at all.
func (w *Worker) beginThread(ctx context.Context, item store.WorkItem) (store.Conversation, error) {
	files, err := w.store.WorkItemFiles(ctx, item.ID)
	if err != nil {
		return store.Conversation{}, err
	}
	messages := item.Messages
	if text := payloadText(item.Payload, files); text != "" {
		messages = append(messages, thread.UserMessage(uuid.NewString(), uuid.NewString(), text, time.Now()))
	}
	name := item.Name
	if name == "" {
		name = "Work Item " + item.ID
	}
	conversation, err := w.store.BeginWorkItemThread(ctx, item, name, messages, func(conversationID string) error {
		return w.copyFiles(ctx, item, files, conversationID)
	})
	if err != nil && len(files) > 0 {
		w.files.Sweep(ctx) // of those that went with the thread
	}
	return conversation, err
}

// payloadText says to the agent what the item is about; it is empty when there is
// nothing to say.
func payloadText(payload json.RawMessage, files []store.WorkItemFile) string {
	var parts []string
	if string(payload) != "{}" {
		parts = append(parts, "Work item payload:\n\n"+string(payload))
	}
	if len(files) > 0 {
		names := make([]string, len(files))
		for i, file := range files {
			names[i] = "- " + file.Name
		}
		parts = append(parts, "Attached files:\n\n"+strings.Join(names, "\n"))
	}
	return strings.Join(parts, "\n\n")
}

// reason says in the thread why an execution failed; what only the operator should
// know is in the log.
func (w *Worker) reason(item store.WorkItem, err error) string {
	var failed *runs.Failed
	switch {
	case errors.As(err, &failed):
		return "The work item failed: " + failed.Message
	case errors.Is(err, store.ErrNotFound), errors.Is(err, errNoAgent):
		return "The work item failed: " + err.Error()
	}
	w.log.Error().Err(err).Str("work_item_id", item.ID).Msg("work item failed")
	return "The work item failed: something went wrong in the tenant."
}

// fail ends an execution as an error and says why in its thread, if there is one.
func (w *Worker) fail(item store.WorkItem, reason string) {
	if item.ConversationID != nil {
		message := thread.TextMessage(thread.RoleAgent, []string{reason}, uuid.NewString, time.Now())
		err := w.store.SaveMessage(w.root, *item.ConversationID, message)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			w.log.Error().Err(err).Str("work_item_id", item.ID).Msg("the reason of an error cannot be kept")
		}
	}
	w.judge(item, store.Errored, store.ActorSystem)
}

// judge stores a verdict, and drops it when the execution does not count any more.
func (w *Worker) judge(item store.WorkItem, verdict store.WorkItemStatus, by store.Actor) {
	judged, err := w.store.JudgeWorkItem(w.root, item, verdict, by, time.Now())
	switch {
	case err == nil:
		w.announce(judged)
	case w.root.Err() == nil && !errors.Is(err, store.ErrNotFound):
		w.log.Error().Err(err).Str("work_item_id", item.ID).Msg(fmt.Sprintf("the verdict %s cannot be kept", verdict))
	}
}
