package mcpcore

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// errAnswered ends mcp-go's part in a request that is answered here.
var errAnswered = errors.New("the request is answered")

// OnRequest has answer see every request before mcp-go looks at its method, for
// those that mcp-go does not know or answers wrongly. It returns true for one
// that it has answered, with [exchange.Exchange.Answer] or Refuse; all others
// are mcp-go's.
func OnRequest(hooks *server.Hooks, answer func(context.Context, *exchange.Exchange) bool) {
	hooks.AddOnRequestInitialization(func(ctx context.Context, _, _ any) error {
		if x := exchange.FromContext(ctx); x != nil && answer(ctx, x) {
			return errAnswered
		}
		return nil
	})
}

// OnUnread has refusal say what a resources/read that failed is answered with:
// mcp-go would call every failure of a handler an internal error, and not say
// which URI it is about. The error is the handler's, or
// [server.ErrResourceNotFound] for a URI that none is for. Requests that cannot
// be read are mcp-go's to refuse.
func OnUnread(hooks *server.Hooks, refusal func(ctx context.Context, uri string, err error) *jsonrpc2.Error) {
	hooks.AddOnError(func(ctx context.Context, _ any, method mcp.MCPMethod, message any, err error) {
		request, ok := message.(*mcp.ReadResourceRequest)
		x := exchange.FromContext(ctx)
		if method != mcp.MethodResourcesRead || !ok || x == nil {
			return
		}
		if _, unread := errors.AsType[*server.UnparsableMessageError](err); unread {
			return
		}
		fault := refusal(ctx, request.Params.URI, err)
		fault.SetError(map[string]string{"uri": request.Params.URI})
		x.Refuse(fault)
	})
}
