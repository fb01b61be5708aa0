package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// Tasks are runs under another name: a task's id is the run's, so any process
// can answer for it, which mcp-go's own tasks, kept in memory under ids of their
// own, do not give. There are two protocols of them. Clients of 2026-07-28 speak
// the extension, where the server decides when an answer becomes a task; those
// of 2025-11-25 the experiment of that version, where the client does.

// tasksExtension is the extension's name in the capabilities of both sides.
const tasksExtension = "io.modelcontextprotocol/tasks"

// The methods of both protocols. Only the experiment has the last.
const (
	methodTasksGet    = "tasks/get"
	methodTasksUpdate = "tasks/update" // of the extension alone
	methodTasksCancel = "tasks/cancel"
	methodTasksResult = "tasks/result"
)

// IsTaskMethod tells whether a method is about a task, and so about a run.
func IsTaskMethod(method string) bool { return strings.HasPrefix(method, "tasks/") }

// taskParams are the params of all of the methods.
type taskParams struct {
	Meta           *mcp.Meta                  `json:"_meta"`
	TaskID         string                     `json:"taskId"`
	InputResponses map[string]json.RawMessage `json:"inputResponses"`
	Notifications  struct {
		TaskIDs []string `json:"taskIds"`
	} `json:"notifications"`
}

// taskMethod answers one method. The result is encoded as it is.
type taskMethod func(context.Context, taskParams) (any, *jsonrpc2.Error)

// taskMethods are what a server has for the clients of each protocol.
type taskMethods struct {
	extension, core map[string]taskMethod
	listen          taskMethod // to the tasks of the extension
}

func (s scope) taskMethods() taskMethods {
	return taskMethods{
		extension: map[string]taskMethod{methodTasksGet: s.getTask, methodTasksUpdate: s.updateTask, methodTasksCancel: s.cancelTask},
		core:      map[string]taskMethod{methodTasksGet: s.getCoreTask, methodTasksResult: s.coreTaskResult, methodTasksCancel: s.cancelCoreTask},
		listen:    s.listenToTasks,
	}
}

// unconnectedTasks are those of a server that has no tenant.
func unconnectedTasks(why *failure) taskMethods {
	refuse := func(context.Context, taskParams) (any, *jsonrpc2.Error) {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: why.Error()}
	}
	return taskMethods{
		extension: map[string]taskMethod{methodTasksGet: refuse, methodTasksUpdate: refuse, methodTasksCancel: refuse},
		core:      map[string]taskMethod{methodTasksGet: refuse, methodTasksResult: refuse, methodTasksCancel: refuse},
		listen:    refuse,
	}
}

// offersTasks is false for servers that only read: nobody can ask an agent
// anything there.
func (t *Tenant) offersTasks() bool { return !t.config.ReadOnly }

// announceTasks has the server say that it has tasks, to each client in the
// form of its version, and answer their methods.
func (t *Tenant) announceTasks(methods taskMethods) *server.Hooks {
	hooks := new(server.Hooks)
	hooks.AddOnRequestInitialization(func(ctx context.Context, _ any, _ any) error {
		if x := exchange.FromContext(ctx); x != nil {
			return methods.answer(ctx, x, t.offersTasks())
		}
		return nil
	})
	if !t.offersTasks() {
		return hooks
	}
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		if result.ProtocolVersion == mcp.ProtocolVersion20251125 {
			result.Capabilities.Tasks = mcp.NewTasksCapabilityWithToolsOnly()
			result.Capabilities.Tasks.Cancel = &struct{}{}
		}
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.Capabilities.Extensions = map[string]any{tasksExtension: struct{}{}}
	})
	return hooks
}

// errTaskMethod ends mcp-go's part in a request that is answered here.
var errTaskMethod = errors.New("the request is answered")

// answer gives a request that is about tasks its answer. All else, malformed
// metadata too, is left to mcp-go, but for a subscription to other changes: no
// server here announces any, and mcp-go would acknowledge it under an id that is
// not the caller's, and end it at once.
func (m taskMethods) answer(ctx context.Context, x *exchange.Exchange, offered bool) error {
	request := x.Request()
	listens := request.Method == string(mcp.MethodSubscriptionsListen)
	if !listens && (!offered || !IsTaskMethod(request.Method)) {
		return nil
	}
	var params taskParams
	invalid := json.Unmarshal(request.Params, &params)
	methods := m.core
	if version := request.Meta.ProtocolVersion; mcp.IsModernProtocol(version) {
		declared := params.Meta.ClientCapabilities()
		if declared == nil || !mcp.IsValidProtocolVersion(version) {
			return nil
		}
		methods = m.extension
		x.SetClientCapabilities(*declared)
		ctx = server.WithRequestProtocolInfo(ctx, &server.RequestProtocolInfo{Modern: true, ProtocolVersion: version, ClientCapabilities: declared})
	}
	method, known := methods[request.Method]
	if listens {
		method, known = m.listen, true
	}
	switch {
	case listens && (!offered || !server.IsModernRequest(ctx) || len(params.Notifications.TaskIDs) == 0):
		x.Refuse(&jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: request.Method + ": this server announces no changes but those of tasks"})
	case !known:
		return nil
	case server.IsModernRequest(ctx) && !knowsTasks(ctx):
		x.Refuse(missingTasksCapability(request.Method))
	case invalid != nil || params.TaskID == "" && !listens:
		x.Refuse(&jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: request.Method + ": pass the task's id as the string taskId"})
	default:
		if result, fault := method(ctx, params); fault != nil {
			x.Refuse(fault)
		} else {
			x.Answer(result)
		}
	}
	return errTaskMethod
}

// knowsTasks tells whether the client declared the extension in this request.
// Earlier ones do not count, nor do the capabilities of the experiment.
func knowsTasks(ctx context.Context) bool {
	info := server.RequestProtocolInfoFromContext(ctx)
	if info == nil || !info.Modern || info.ClientCapabilities == nil {
		return false
	}
	_, declared := info.ClientCapabilities.Extensions[tasksExtension]
	return declared
}

// canBeAsked tells whether the client of a task can put a question to its user.
func canBeAsked(ctx context.Context) bool {
	x := exchange.FromContext(ctx)
	return x != nil && server.IsModernRequest(ctx) && x.CanElicit()
}

func missingTasksCapability(method string) *jsonrpc2.Error {
	fault := &jsonrpc2.Error{Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY,
		Message: method + " is for clients that declare the extension " + tasksExtension + " in the request's capabilities"}
	fault.SetError(map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{tasksExtension: struct{}{}}}})
	return fault
}

// noTaskFault is the JSON-RPC error for a task that cannot be had. What is not
// the caller's to see does not exist for it.
func noTaskFault(err error) *jsonrpc2.Error {
	var refused *restclient.APIError
	fault := taskFault(err, runUntouched)
	switch {
	case errors.Is(err, ErrNotOffered), errors.Is(err, errForeignRun), errors.Is(err, errOthersRun),
		errors.As(err, &refused) && (refused.StatusCode == http.StatusForbidden || refused.StatusCode == http.StatusNotFound):
		fault.Code, fault.Message = jsonrpc2.CodeInvalidParams, "Task not found: this server has no run of that id, or the key may not read it."
	case fault.Code == jsonrpc2.CodeInvalidParams:
		fault.Message = "Task not found: " + fault.Message
	}
	return fault
}

// taskFault is a failure as a JSON-RPC error: the caller's where it can pass
// something better.
func taskFault(err error, untouched string) *jsonrpc2.Error {
	var (
		known *failure
		badID *run.IDError
	)
	fault := &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: failureOf(err, untouched).Error()}
	if errors.As(err, &badID) || errors.As(err, &known) {
		fault.Code = jsonrpc2.CodeInvalidParams
	}
	return fault
}
