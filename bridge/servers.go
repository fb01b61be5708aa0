package bridge

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
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
		return nil, err
	}
	name := agentName(agent)
	return t.server("agent/"+agent.ID, fingerprint(agent), func() *server.MCPServer {
		scope := t.agentScope(agent, name)
		return t.build(cmp.Or(strings.TrimSpace(cut(agent.Name, 200)), "Sema4.ai agent"), t.agentInstructions(agent, name), t.agentTools(agent, name), scope.read, scope.taskMethods())
	}), nil
}

// Server returns the whole tenant as one MCP server. The errors are the
// client's, for the list of agents.
func (t *Tenant) Server(ctx context.Context) (*server.MCPServer, error) {
	agents, err := t.catalogue.all(ctx)
	if err != nil {
		return nil, err
	}
	made := make([]string, len(agents))
	for i, agent := range agents {
		made[i] = fingerprint(agent)
	}
	return t.server("tenant", strings.Join(made, "\x01"), func() *server.MCPServer {
		return t.build("Sema4.ai agents", t.instructions(), t.tenantTools(agents), t.scope().read, t.scope().taskMethods())
	}), nil
}

// OfflineServer is the tenant's server as far as it can be without asking the
// tenant: every tool but those of single agents. Its tools ask when they are
// called, and say what stands in the way.
func (t *Tenant) OfflineServer() *server.MCPServer {
	return t.server("offline", "", func() *server.MCPServer {
		return t.build("Sema4.ai agents", t.instructions(), t.tenantTools(nil), t.scope().read, t.scope().taskMethods())
	})
}

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
	return t.build("Sema4.ai agents", t.instructions(), tools, func(context.Context, string) (mcp.ResourceContents, error) {
		return nil, &failure{what: missing.what, next: advice}
	}, unconnectedTasks(missing))
}

func (t *Tenant) server(key, made string, build func() *server.MCPServer) *server.MCPServer {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.servers[key]
	if !ok || known.made != made {
		known = builtServer{build(), made}
		t.servers[key] = known
	}
	return known.mcp
}

// budgetMargin lets a call that waits for an agent end by its own clock, with a
// result, rather than by the context's.
const budgetMargin = 500 * time.Millisecond

// fingerprint is all of an agent that its tools show.
func fingerprint(agent restclient.Agent) string {
	return strings.Join([]string{agent.ID, agent.Name, agent.Description, agent.Mode}, "\x00")
}

func (t *Tenant) build(title, instructions string, tools []tool, resources reader, tasks taskMethods) *server.MCPServer {
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
	mcpcore.OnUnread(hooks, refusedReading)
	built := server.NewMCPServer(serverName, t.config.Version,
		server.WithTitle(title),
		server.WithInstructions(instructions),
		server.WithToolCapabilities(false),
		server.WithToolFilter(mcpcore.InOrder(offered)),
		server.WithToolFilter(t.offerTasks(tools)),
		server.WithResourceCapabilities(false, false),
		server.WithHooks(hooks),
		server.WithCacheHints(t.config.CatalogueTTL.Milliseconds(), mcp.CacheScopePrivate),
		server.WithMethodCacheHints(mcp.MethodResourcesRead, 0, mcp.CacheScopePrivate), // agents go on writing
		server.WithLogger(slog.New(zerolog.NewSlogHandler(t.config.Logger.Level(zerolog.WarnLevel)))),
	)
	if err := mcpcore.SetTools(built, offered...); err != nil {
		t.config.Logger.Error().Err(err).Msg("tools are missing")
	}
	built.SetResourceTemplates(resources.serverTemplates(t.config.CallBudget + budgetMargin)...)
	return built
}

const runInstructions = `Agents may work for minutes. A call that is not finished in time returns a run_id: wait with get_run, and do not send the message again. ` +
	`Use a new thread_identifier for a new topic, and the same one to go on with a topic. ` +
	`What an agent asks back is put to the user where this client can do that; else the result says how to answer.`

const readOnlyInstructions = "This server only reads: what agents were asked, answered and left, not ask them."

func (t *Tenant) instructions() string {
	if t.config.ReadOnly {
		return "list_agents shows the Sema4.ai agents of this workspace, list_threads the conversations with one. " + readOnlyInstructions
	}
	return "Each Sema4.ai agent of this workspace can be asked: list_agents shows them, ask_agent sends a message to one. " + runInstructions +
		" Worker agents take work items besides: create_work_item, then get_work_item for the outcome."
}

func (t *Tenant) agentInstructions(agent restclient.Agent, name string) string {
	if t.config.ReadOnly {
		return fmt.Sprintf("list_%s_threads shows the conversations with the Sema4.ai agent %s. %s%s", name, quoted(agent.Name), about(agent), readOnlyInstructions)
	}
	return fmt.Sprintf("Send messages to the Sema4.ai agent %s with message_%s. %s%s", quoted(agent.Name), name, about(agent), runInstructions)
}

// about is an agent's own description as far as it fits into a tool's.
func about(agent restclient.Agent) string {
	description := strings.TrimSpace(agent.Description)
	if description == "" {
		return ""
	}
	if short := cut(description, maxDescription); short != description {
		description = strings.TrimSpace(short) + " …"
	}
	return "The agent says of itself: " + description + "\n\n"
}

// maxDescription leaves room for our own words under the 2 KB at which hosts
// cut a description.
const maxDescription = 1200

func quoted(name string) string { return "“" + cut(name, 200) + "”" }
