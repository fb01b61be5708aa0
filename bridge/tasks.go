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
	"sema4mcp/bridge/mcpcore"
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
}

// taskMethod answers one method. The result is encoded as it is.
type taskMethod func(context.Context, taskParams) (any, *jsonrpc2.Error)

// taskMethods are what a server has for the clients of each protocol.
type taskMethods struct {
	extension, core map[string]taskMethod
	listen          listenMethod // to them, and to all else that changes
}

func (s scope) taskMethods() taskMethods {
	return taskMethods{
		extension: map[string]taskMethod{methodTasksGet: s.getTask, methodTasksUpdate: s.updateTask, methodTasksCancel: s.cancelTask},
		core:      map[string]taskMethod{methodTasksGet: s.getCoreTask, methodTasksResult: s.coreTaskResult, methodTasksCancel: s.cancelCoreTask},
		listen:    s.listen,
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
		listen:    func(context.Context, wanted) (any, *jsonrpc2.Error) { return refuse(nil, taskParams{}) },
	}
}

// offersTasks is false for servers that only read: nobody can ask an agent
// anything there.
func (t *Tenant) offersTasks() bool { return !t.config.ReadOnly }

// announceTasks has the server say that it has tasks, to each client in the
// form of its version, and answer their methods.
func (t *Tenant) announceTasks(methods taskMethods) *server.Hooks {
	hooks := new(server.Hooks)
	mcpcore.OnRequest(hooks, func(ctx context.Context, x *exchange.Exchange) bool { return methods.answer(ctx, x, t.offersTasks()) })
	announceSubscriptions(hooks, methods.listen)
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

// answer gives a request that is about tasks its answer, and tells whether it
// has. All else, malformed metadata too, is left to mcp-go.
func (m taskMethods) answer(ctx context.Context, x *exchange.Exchange, offered bool) bool {
	request := x.Request()
	if !offered || !IsTaskMethod(request.Method) {
		return false
	}
	var params taskParams
	invalid := json.Unmarshal(request.Params, &params)
	methods := m.core
	if request.IsModern() {
		modern, ok := asModern(ctx, x, params.Meta)
		if !ok {
			return false
		}
		ctx, methods = modern, m.extension
	}
	method, known := methods[request.Method]
	switch {
	case !known:
		return false
	case server.IsModernRequest(ctx) && !knowsTasks(ctx):
		x.Refuse(missingTasksCapability(request.Method))
	case invalid != nil || params.TaskID == "":
		x.Refuse(&jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: request.Method + ": pass the task's id as the string taskId"})
	default:
		result, fault := method(ctx, params)
		settle(x, result, fault)
	}
	return true
}

// asModern is ctx with what a modern request says of its client, as mcp-go has
// it for handlers. It is not ok for a request that says too little.
func asModern(ctx context.Context, x *exchange.Exchange, meta *mcp.Meta) (modern context.Context, ok bool) {
	version, declared := x.Request().Meta.ProtocolVersion, meta.ClientCapabilities()
	if declared == nil || !mcp.IsValidProtocolVersion(version) {
		return ctx, false
	}
	x.SetClientCapabilities(*declared)
	return server.WithRequestProtocolInfo(ctx, &server.RequestProtocolInfo{Modern: true, ProtocolVersion: version, ClientCapabilities: declared}), true
}

// settle gives the exchange what a method returned.
func settle(x *exchange.Exchange, result any, fault *jsonrpc2.Error) {
	if fault != nil {
		x.Refuse(fault)
	} else {
		x.Answer(result)
	}
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
	fault := faultOf(err, runUntouched)
	switch {
	case errors.Is(err, ErrNotOffered), errors.Is(err, errForeignRun), errors.Is(err, errOthersRun),
		errors.As(err, &refused) && (refused.StatusCode == http.StatusForbidden || refused.StatusCode == http.StatusNotFound):
		fault.Code, fault.Message = jsonrpc2.CodeInvalidParams, "Task not found: this server has no run of that id, or the key may not read it."
	case fault.Code == jsonrpc2.CodeInvalidParams:
		fault.Message = "Task not found: " + fault.Message
	}
	return fault
}

// faultOf is a failure as a JSON-RPC error: the caller's where it can pass
// something better.
func faultOf(err error, untouched string) *jsonrpc2.Error {
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
