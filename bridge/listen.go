package bridge

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/mcpcore"
)

// wanted is what a subscription asks to be told of.
type wanted struct {
	ToolsListChanged      bool     `json:"toolsListChanged"`
	PromptsListChanged    bool     `json:"promptsListChanged"`
	ResourcesListChanged  bool     `json:"resourcesListChanged"`
	ResourceSubscriptions []string `json:"resourceSubscriptions"` // URIs
	TaskIDs               []string `json:"taskIds"`               // of the tasks extension
}

// lists are the notifications of the lists that are asked for and are here.
func (w wanted) lists() []string {
	asked := map[string]bool{
		mcp.MethodNotificationToolsListChanged:     w.ToolsListChanged,
		mcp.MethodNotificationPromptsListChanged:   w.PromptsListChanged,
		mcp.MethodNotificationResourcesListChanged: w.ResourcesListChanged,
	}
	var lists []string
	for _, method := range listChanges {
		if asked[method] {
			lists = append(lists, method)
		}
	}
	return lists
}

// listFields are the lists' names in a subscription.
var listFields = map[string]string{
	mcp.MethodNotificationToolsListChanged:     "toolsListChanged",
	mcp.MethodNotificationPromptsListChanged:   "promptsListChanged",
	mcp.MethodNotificationResourcesListChanged: "resourcesListChanged",
}

// maxListened bounds how many tasks, and how many resources, one subscription is
// about.
const maxListened = 100

// listenMethod is subscriptions/listen of a server.
type listenMethod func(context.Context, wanted) (any, *jsonrpc2.Error)

// announceSubscriptions has a server say what clients may listen to, and answer
// them. mcp-go would acknowledge them under an id that is not the caller's, and
// tell them of nothing. The method is of the modern era alone; so are
// subscriptions to resources, which clients of the legacy one make with another.
func announceSubscriptions(hooks *server.Hooks, listen listenMethod) {
	mcpcore.OnRequest(hooks, func(ctx context.Context, x *exchange.Exchange) bool {
		return x.Request().Method == string(mcp.MethodSubscriptionsListen) && x.Request().IsModern() && listen.answer(ctx, x)
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.Capabilities.Resources.Subscribe = true
	})
}

// answer leaves malformed metadata to mcp-go.
func (listen listenMethod) answer(ctx context.Context, x *exchange.Exchange) bool {
	var meta struct {
		Meta *mcp.Meta `json:"_meta"`
	}
	if json.Unmarshal(x.Request().Params, &meta) != nil {
		return false
	}
	ctx, ok := asModern(ctx, x, meta.Meta)
	if !ok {
		return false
	}
	var params struct {
		Notifications *wanted `json:"notifications"`
	}
	switch err := json.Unmarshal(x.Request().Params, &params); {
	case err != nil:
		x.Refuse(&jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: x.Request().Method + ": " + err.Error()})
	case params.Notifications == nil:
		x.Refuse(&jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: x.Request().Method + `: say what to listen to, as in "notifications": {"toolsListChanged": true}`})
	case len(params.Notifications.TaskIDs) > 0 && !knowsTasks(ctx):
		x.Refuse(missingTasksCapability(x.Request().Method))
	default:
		result, fault := listen(ctx, *params.Notifications)
		settle(x, result, fault)
	}
	return true
}

// subscription is one subscriptions/listen being answered.
type subscription struct {
	scope    scope
	exchange *exchange.Exchange
	meta     map[string]any // of every message
}

// listen acknowledges what the server can tell of, and tells of it: until all of
// that is over, the client goes away, or the server is gone or closed. What cannot
// be told of is left out of the acknowledgment.
func (s scope) listen(ctx context.Context, what wanted) (any, *jsonrpc2.Error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(s.tenant.listening, stop)()
	x := exchange.FromContext(ctx)
	of := subscription{scope: s, exchange: x, meta: map[string]any{mcp.MetaKeySubscriptionID: x.Request().ID}}
	listener := s.listener() // from before the acknowledgment on, so that nothing is missed
	defer listener.Close()
	agreed, tell := of.agree(ctx, what, listener)
	if of.notify(ctx, mcp.MethodNotificationSubscriptionsAcknowledged, map[string]any{"notifications": agreed}) == nil {
		tell(ctx)
	}
	return extensionAck{Meta: s.tenant.modernMeta(maps.Clone(of.meta)), ResultType: mcp.ResultTypeComplete}, nil
}

// listener is to the scope's own server.
func (s scope) listener() *Listener {
	if s.agent == nil {
		return s.tenant.Listen("")
	}
	return s.tenant.Listen(s.agent.ID)
}

// agree returns what the subscription will be told of, and what tells of it.
func (s subscription) agree(ctx context.Context, what wanted, listener *Listener) (agreed map[string]any, tell func(context.Context)) {
	agreed = make(map[string]any)
	lists := what.lists()
	for _, method := range lists {
		agreed[listFields[method]] = true
	}
	runs, uris := s.scope.runsOf(ctx, what.ResourceSubscriptions)
	if len(runs) > 0 {
		agreed["resourceSubscriptions"] = uris
	}
	var tasks []task
	if len(what.TaskIDs) > 0 && s.scope.tenant.offersTasks() {
		tasks, agreed["taskIds"] = s.scope.tasksOf(ctx, what.TaskIDs)
	}
	return agreed, func(ctx context.Context) {
		ctx, stop := context.WithCancel(ctx)
		var telling, watching sync.WaitGroup
		defer watching.Wait()
		defer stop()
		for _, r := range runs {
			telling.Go(func() { s.tellRun(ctx, r) })
		}
		for _, t := range tasks {
			telling.Go(func() { s.tellTask(ctx, t) })
		}
		watching.Go(func() {
			telling.Wait()
			if len(lists) == 0 && len(runs)+len(tasks) > 0 { // clients that are told of nothing would ask again at once
				stop()
			}
		})
		_ = listener.Tell(ctx, func(changes []mcp.JSONRPCNotification) error { return s.tellLists(ctx, lists, changes) })
	}
}

// tellLists tells of those of the changes that are asked for.
func (s subscription) tellLists(ctx context.Context, lists []string, changes []mcp.JSONRPCNotification) error {
	for _, change := range changes {
		if !slices.Contains(lists, change.Method) {
			continue
		}
		if err := s.notify(ctx, change.Method, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s subscription) notify(ctx context.Context, method string, fields map[string]any) error {
	return s.exchange.Notify(ctx, method, mcp.NotificationParams{Meta: s.meta, AdditionalFields: fields})
}
