package bridge

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
)

// taskForm is in which form a call may be answered with a task.
type taskForm uint8

const (
	noTask        taskForm = iota
	extensionTask          // where the answer is not there at once
	coreTask               // in any case: the caller asked for one
)

// atOnce is how long a call waits for an answer before it becomes a task. Most
// questions that need no work are answered by then, and save the client polling.
const atOnce = 2 * time.Second

// patience is how long a call waits that may wait for budget.
func (f taskForm) patience(budget time.Duration) time.Duration {
	switch f {
	case extensionTask:
		return min(budget, atOnce)
	case coreTask:
		return 0
	}
	return budget
}

type taskFormKey struct{}

func taskFormOf(ctx context.Context) taskForm {
	form, _ := ctx.Value(taskFormKey{}).(taskForm)
	return form
}

// withTaskForm notes in the context how a call may be answered. The params of
// the experiment mean nothing to clients of versions without it.
func withTaskForm(ctx context.Context, request mcp.CallToolRequest) context.Context {
	form := noTask
	switch {
	case exchange.FromContext(ctx) == nil:
	case knowsTasks(ctx):
		form = extensionTask
	case request.Params.Task != nil && !server.IsModernRequest(ctx) && hasCoreTasks(server.RequestProtocolVersion(ctx)):
		form = coreTask
	}
	return context.WithValue(ctx, taskFormKey{}, form)
}

// hasCoreTasks tells whether a legacy version has tasks. A client over HTTP that
// names no version may have settled on any of them.
func hasCoreTasks(version string) bool {
	return version == mcp.ProtocolVersion20251125 || version == ""
}

// offerTasks lists the tools whose answers may be tasks as such, to clients of
// the only version that has a word for it.
func (t *Tenant) offerTasks(tools []tool) server.ToolFilterFunc {
	asTask := make(map[string]bool, len(tools))
	for _, tool := range tools {
		asTask[tool.name] = tool.asTask && t.offersTasks()
	}
	return func(ctx context.Context, listed []mcp.Tool) []mcp.Tool {
		if server.RequestProtocolVersion(ctx) != mcp.ProtocolVersion20251125 {
			return listed
		}
		for i := range listed {
			if asTask[listed[i].Name] {
				listed[i].Execution = &mcp.ToolExecution{TaskSupport: mcp.TaskSupportOptional}
			}
		}
		return listed
	}
}

// handOver answers the call with the run as a task, unless the caller knows none
// or is better served with the answer itself.
func (s scope) handOver(ctx context.Context, form taskForm, r *run.Run) bool {
	if form == noTask {
		return false
	}
	made := s.taskOf(ctx, r.ID, r)
	if form == extensionTask && made.terminal() {
		return false
	}
	s.tenant.config.Logger.Debug().Str("run_id", r.ID.String()).Msg("answered with a task")
	if form == coreTask {
		exchange.FromContext(ctx).Answer(made.coreCreated())
	} else {
		exchange.FromContext(ctx).Answer(made.extension("task"))
	}
	return true
}

// refuseTask tells a caller that asked for a task why there is none: a result of
// a tool is not what it waits for.
func refuseTask(ctx context.Context, err error, untouched string) {
	if taskFormOf(ctx) == coreTask {
		exchange.FromContext(ctx).Refuse(faultOf(err, untouched))
	}
}

// notATask refuses to run a tool as a task that is none, with the code that the
// experiment has for it.
func (t tool) notATask() *jsonrpc2.Error {
	return &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "the tool " + t.name + " cannot be run as a task: call it without params.task"}
}
