package bridge

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// notificationTasks tells of a task of the extension what tasks/get would.
const notificationTasks = "notifications/tasks"

// tasksOf are those of the tasks that the server can tell of.
func (s scope) tasksOf(ctx context.Context, ids []string) (tasks []task, agreed []string) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.tenant.config.CallBudget, errOverBudget) // of all of them
	defer cancel()
	agreed = []string{} // written as a list, though it be empty
	for _, id := range ids[:min(len(ids), maxListened)] {
		if slices.Contains(agreed, id) {
			continue
		}
		if found, fault := s.findTask(ctx, id); fault == nil {
			tasks, agreed = append(tasks, found), append(agreed, id)
		}
	}
	return tasks, agreed
}

// seldomEvery is the longest pause between two looks at a task that is not at work
// here: each may have to read the conversation.
const seldomEvery = 30 * time.Second

// tellTask tells of one task as it stands, and again with each change, until it
// is over. What a reply of the user has set going is found by looking again, ever
// more seldom where nothing comes of it.
func (s subscription) tellTask(ctx context.Context, t task) {
	var told string
	pause := pollEvery
	for {
		if t.run.Live() {
			pause = pollEvery
		}
		if now := t.mark(); now != told {
			if s.notify(ctx, notificationTasks, t.fields()) != nil {
				return
			}
			told, pause = now, pollEvery
		}
		if t.terminal() {
			return
		}
		if s.awaitTask(ctx, t, pause) {
			pause = min(2*pause, seldomEvery)
		}
		var fault *jsonrpc2.Error
		if t, fault = s.scope.findTask(ctx, t.id.String()); fault != nil || ctx.Err() != nil {
			return
		}
	}
}

// awaitTask waits until there may be something new of a task, and tells whether
// nothing but the pause is over.
func (s subscription) awaitTask(ctx context.Context, t task, pause time.Duration) bool {
	_, turned := t.run.Settled()
	over := time.NewTimer(pause)
	defer over.Stop()
	replied := time.NewTicker(pollEvery)
	defer replied.Stop()
	for {
		select {
		case <-turned:
			return false
		case <-replied.C:
			if s.scope.tenant.tasks.last(t.id) != t.run.ID {
				return false
			}
		case <-over.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// mark is the same for as long as there is nothing new to tell of a task.
func (t task) mark() string {
	if t.question != nil {
		return string(t.status) + t.question.key
	}
	return string(t.status)
}

// fields are the task as the params of a notification, which are no result.
func (t task) fields() map[string]any {
	encoded, _ := exchange.Encode(t.extension(string(mcp.ResultTypeComplete))) // made of texts
	var members map[string]json.RawMessage
	_ = json.Unmarshal(encoded, &members)
	delete(members, "_meta")
	delete(members, "resultType")
	fields := make(map[string]any, len(members))
	for name, value := range members {
		fields[name] = value
	}
	return fields
}
