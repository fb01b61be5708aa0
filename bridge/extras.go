package bridge

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/mcpcore"
)

// extras are what a server has beside tools. Nothing depends on them: what they
// give is to be had by tools as well.
type extras struct {
	read    reader
	list    lister
	suggest suggester
	prompts []prompt
}

func (s scope) extras(prompts []prompt) extras {
	return extras{read: s.read, list: s.list, suggest: s.suggest, prompts: prompts}
}

// unconnectedExtras are those of a server that has no tenant: there is nothing to
// list, and a read says why.
func unconnectedExtras(why *failure) extras {
	return extras{
		read:    func(context.Context, string) (mcp.ResourceContents, error) { return nil, why },
		list:    func(context.Context, string) ([]mcp.Resource, string, error) { return nil, "", nil },
		suggest: func(context.Context, blank) (suggestions, error) { return suggestions{}, nil },
	}
}

// options have the server say what it has.
func (e extras) options() []server.ServerOption {
	return []server.ServerOption{
		server.WithResourceCapabilities(false, true),
		server.WithPromptCapabilities(true),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(e),
		server.WithResourceCompletionProvider(e),
	}
}

// addTo has the server offer what mcp-go can hold.
func (e extras) addTo(built *server.MCPServer, budget time.Duration) {
	built.SetResourceTemplates(e.read.serverTemplates(budget)...)
	offered := make([]server.ServerPrompt, len(e.prompts))
	for i, prompt := range e.prompts {
		offered[i] = prompt.serverPrompt(budget)
	}
	built.SetPrompts(offered...)
}

// fillLists puts into the results of mcp-go what it cannot make itself: it has all
// resources in memory, and its pages are of one length for tools as well, of which
// hosts read but the first.
func (e extras) fillLists(hooks *server.Hooks, budget time.Duration) {
	hooks.AddAfterListResources(func(ctx context.Context, _ any, request *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
		ctx, cancel := context.WithTimeoutCause(ctx, budget, errOverBudget)
		defer cancel()
		page, next, err := e.list(ctx, string(request.Params.Cursor))
		if err != nil {
			refuseFor(ctx, overBudget(ctx, err))
			return
		}
		result.Resources, result.NextCursor = nonNil(page), mcp.Cursor(next)
	})
	hooks.AddAfterListPrompts(func(ctx context.Context, _ any, request *mcp.ListPromptsRequest, result *mcp.ListPromptsResult) {
		page, next, err := promptPage(e.prompts, string(request.Params.Cursor))
		if err != nil {
			refuseFor(ctx, err)
			return
		}
		result.Prompts, result.NextCursor = page, mcp.Cursor(next)
	})
	mcpcore.OnUnread(hooks, refusedReading)
	hooks.AddOnError(refuseExtra)
}

// overBudget is the error of a request, or that it took too long where that is
// the reason.
func overBudget(ctx context.Context, err error) error {
	if context.Cause(ctx) == errOverBudget && errors.Is(err, context.DeadlineExceeded) {
		return errOverBudget
	}
	return err
}

// refuseFor answers the request with an error.
func refuseFor(ctx context.Context, err error) {
	if x := exchange.FromContext(ctx); x != nil {
		x.Refuse(faultOf(err, ""))
	}
}

// refuseExtra answers what failed of a list, a prompt or a completion: mcp-go would
// call every failure an internal error, and what it cannot read an invalid request,
// where the specification has invalid params.
func refuseExtra(ctx context.Context, _ any, method mcp.MCPMethod, _ any, err error) {
	shape, ours := shapeOf[method]
	if !ours {
		return
	}
	unread, unreadable := errors.AsType[*server.UnparsableMessageError](err)
	_, corrupt := errors.AsType[base64.CorruptInputError](err)
	switch {
	case unreadable:
		err = &failure{what: fmt.Sprintf("The params of %s cannot be read: %v.", method, unread.Unwrap()), next: shape}
	case corrupt:
		err = errBadCursor
	case errors.Is(err, server.ErrPromptNotFound):
		err = errNoPrompt
	}
	refuseFor(ctx, err)
}

// shapeOf says what the params of a method are.
var shapeOf = map[mcp.MCPMethod]string{
	mcp.MethodResourcesList:      "Pass the cursor as a string, or none.",
	mcp.MethodPromptsList:        "Pass the cursor as a string, or none.",
	mcp.MethodPromptsGet:         "Pass the prompt's name, and its arguments as an object of strings.",
	mcp.MethodCompletionComplete: "Pass ref, a ref/prompt with its name or a ref/resource with its uri, and argument with name and value.",
}

// errBadCursor is for a cursor that no page of the list gave.
var errBadCursor = &failure{what: "The cursor is not one of this list.", next: "Pass the cursor as the last page gave it, or leave it out to begin at the start."}
