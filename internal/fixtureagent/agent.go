package fixtureagent

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// agent is the state that the fixtures of one server share.
type agent struct {
	mcp     *server.MCPServer
	seal    seal
	changes changes
}

// New returns a server with all fixtures. It is served like any agent's: each
// request in an exchange, over whichever transport.
func New() *server.MCPServer {
	a := &agent{seal: newSeal()}
	hooks := new(server.Hooks)
	hooks.AddOnRequestInitialization(a.listen)
	hooks.AddOnError(sayWhichResource)
	a.mcp = server.NewMCPServer("fixture-agent", "1.0.0",
		server.WithTitle("Fixtures of the conformance suite"),
		server.WithInstructions("Each tool, prompt and resource shows one thing that the protocol has."),
		server.WithToolCapabilities(true),
		server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithLogging(),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer{}),
		server.WithHooks(hooks),
		server.WithCacheHints(0, mcp.CacheScopePrivate),
	)
	a.mcp.AddTools(contentTools()...)
	a.mcp.AddTools(notifyingTools()...)
	a.mcp.AddTools(a.askingTools()...)
	a.mcp.AddTools(a.changingTools()...)
	a.mcp.AddPrompts(prompts()...)
	a.mcp.AddPrompts(a.askingPrompt(), changingPrompt(0))
	a.mcp.AddResources(resources()...)
	a.mcp.AddResourceTemplates(template())
	return a.mcp
}

// sayWhichResource adds what mcp-go leaves out where a resource is not there: its
// URI.
func sayWhichResource(ctx context.Context, _ any, _ mcp.MCPMethod, message any, err error) {
	request, reads := message.(*mcp.ReadResourceRequest)
	if !reads || !errors.Is(err, server.ErrResourceNotFound) {
		return
	}
	code := mcp.RESOURCE_NOT_FOUND
	if server.IsModernRequest(ctx) {
		code = mcp.INVALID_PARAMS
	}
	fault := &jsonrpc2.Error{Code: int64(code), Message: "there is no such resource"}
	fault.SetError(map[string]string{"uri": request.Params.URI})
	exchange.FromContext(ctx).Refuse(fault)
}
