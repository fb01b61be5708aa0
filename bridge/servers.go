package bridge

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/mcpcore"
	"sema4mcp/restclient"
)

// serverName is short and without an underscore: hosts make it part of every
// tool's name.
const serverName = "sema4"

// manyAgents is the number of agents above which a tenant's server lists no
// tool for each: hosts and models bear only so many.
const manyAgents = 20

// AgentServer returns one agent as an MCP server. The errors are the client's:
// a [*restclient.APIError] of status 401, 403 or 404 where the key or the id is
// not right.
func (t *Tenant) AgentServer(ctx context.Context, agentID string) (*server.MCPServer, error) {
	agent, err := t.catalogue.agent(ctx, agentID)
	if err != nil {
		if isNotFound(err) {
			t.drop(agentKey(agentID))
		}
		return nil, err
	}
	name := agentName(agent)
	return t.server(agentKey(agent.ID), appearanceOf(agent), func() *server.MCPServer {
		scope := t.agentScope(agent, name)
		title := cmp.Or(strings.TrimSpace(cut(agent.Name, 200)), "Sema4.ai agent")
		return t.build(title, t.agentInstructions(agent, name), t.agentTools(agent, name), scope.extras(t.agentPrompts(scope, name)), scope.taskMethods())
	}), nil
}

// Server returns the whole tenant as one MCP server. The errors are the
// client's, for the list of agents.
func (t *Tenant) Server(ctx context.Context) (*server.MCPServer, error) {
	list, err := t.catalogue.listing(ctx)
	if err != nil {
		return nil, err
	}
	return t.serverFor(list), nil
}

func (t *Tenant) serverFor(list listing) *server.MCPServer {
	return t.server(tenantKey, list.appearance, func() *server.MCPServer {
		t.prune(list.agents)
		return t.buildForAll(list.agents)
	})
}

func (t *Tenant) buildForAll(agents []restclient.Agent) *server.MCPServer {
	scope := t.scope()
	return t.build(tenantTitle, t.instructions(agents), t.tenantTools(agents), scope.extras(t.tenantPrompts(agents)), scope.taskMethods())
}

const tenantTitle = "Sema4.ai agents"

// OfflineServer is the tenant's server as far as it can be without asking the
// tenant: with the tools of the agents that are remembered, else of none. Its
// tools ask when they are called, and say what stands in the way.
func (t *Tenant) OfflineServer() *server.MCPServer {
	if known, ok := t.catalogue.last.get(); ok {
		return t.serverFor(listingOf(t.catalogue.offered(known)))
	}
	t.Conceal()
	return t.server(offlineKey, appearance{}, func() *server.MCPServer { return t.buildForAll(nil) })
}

// Conceal says that a client was shown another server in place of the tenant's:
// who listens to that is told once it is there.
func (t *Tenant) Conceal() { t.audience.conceal(tenantKey) }

// Unconfigured is the server of a program that does not know its tenant: hosts
// show a program that fails to start as a mere red dot, so every tool is there
// and says what to do instead.
func Unconfigured(config Config, advice string) *server.MCPServer {
	t := NewTenant(nil, config)
	missing := &failure{what: "The bridge is not connected to a Sema4.ai tenant.", ran: notRun, next: advice}
	tools := t.tenantTools(nil)
	for i := range tools {
		tools[i].call = func(context.Context, arguments) (*mcp.CallToolResult, error) { return nil, missing }
	}
	return t.build(tenantTitle, t.instructions(nil), tools, unconnectedExtras(&failure{what: missing.what, next: advice}), unconnectedTasks(missing))
}

func (t *Tenant) server(key string, now appearance, build func() *server.MCPServer) *server.MCPServer {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.servers[key]
	if !ok || known.made != now.made {
		known = builtServer{build(), now.made}
		t.servers[key] = known
	}
	if key != offlineKey {
		t.audience.show(key, now)
	}
	return known.mcp
}

// drop forgets a server that is not there any more.
func (t *Tenant) drop(key string) {
	t.mu.Lock()
	delete(t.servers, key)
	t.mu.Unlock()
	t.audience.gone(key)
}

// prune forgets the servers of agents that are not listed. One that is there all
// the same is made anew when it is asked for. It wants t.mu held.
func (t *Tenant) prune(agents []restclient.Agent) {
	listed := map[string]bool{tenantKey: true, offlineKey: true}
	for _, agent := range agents {
		listed[agentKey(agent.ID)] = true
	}
	maps.DeleteFunc(t.servers, func(key string, _ builtServer) bool { return !listed[key] })
	t.audience.prune(func(key string) bool { return listed[key] })
}

// The keys of a tenant's servers.
const (
	tenantKey  = "tenant"
	offlineKey = "offline"
)

func agentKey(id string) string { return "agent/" + id }

// budgetMargin lets a call that waits for an agent end by its own clock, with a
// result, rather than by the context's.
const budgetMargin = 500 * time.Millisecond

// fingerprint is all of an agent that its tools show.
func fingerprint(agent restclient.Agent) string {
	return strings.Join([]string{agent.ID, agent.Name, agent.Description, agent.Mode}, "\x00")
}

// fingerprints is all of the agents that a tenant's tools show.
func fingerprints(agents []restclient.Agent) string {
	made := make([]string, len(agents))
	for i, agent := range agents {
		made[i] = fingerprint(agent)
	}
	return strings.Join(made, "\x01")
}

func appearanceOf(agent restclient.Agent) appearance {
	return appearance{made: fingerprint(agent), detail: strings.Join([]string{agent.State, agent.Version, timestamp(agent.UpdatedAt)}, "\x00")}
}

func appearanceOfAll(agents []restclient.Agent) appearance {
	details := make([]string, len(agents))
	for i, agent := range agents {
		details[i] = appearanceOf(agent).detail
	}
	return appearance{fingerprints(agents), strings.Join(details, "\x01")}
}

func (t *Tenant) build(title, instructions string, tools []tool, beside extras, tasks taskMethods) *server.MCPServer {
	tools = t.allowed(tools)
	names := make([]string, len(tools))
	offered := make([]server.ServerTool, len(tools))
	for i, tool := range tools {
		names[i] = tool.name
	}
	for i, tool := range tools {
		tool.beside = names
		offered[i] = tool.serverTool(t.config.CallBudget, t.offersTasks())
	}
	hooks := t.announceTasks(tasks) // mcp-go knows one set of them
	beside.fillLists(hooks, t.config.CallBudget+budgetMargin)
	t.showIcons(hooks, title)
	built := server.NewMCPServer(serverName, t.config.Version, append(beside.options(),
		server.WithTitle(title),
		server.WithInstructions(instructions),
		server.WithToolCapabilities(true),
		server.WithToolFilter(mcpcore.InOrder(offered)),
		server.WithToolFilter(t.offerTasks(tools)),
		server.WithHooks(hooks),
		server.WithCacheHints(t.config.CatalogueTTL.Milliseconds(), mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodResourcesRead, 0, mcp.CacheScopePrivate),                        // agents go on writing
		server.WithMethodCacheHints(mcp.MethodResourcesList, glanceTTL.Milliseconds(), mcp.CacheScopePrivate), // and begin threads
		server.WithLogger(slog.New(zerolog.NewSlogHandler(t.config.Logger.Level(zerolog.WarnLevel)))),
	)...)
	if err := mcpcore.SetTools(built, offered...); err != nil {
		t.config.Logger.Error().Err(err).Msg("tools are missing")
	}
	beside.addTo(built, t.config.CallBudget+budgetMargin)
	return built
}
