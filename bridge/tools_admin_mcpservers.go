package bridge

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

var mcpServerIDInput = input{name: "mcp_server_id", required: true, description: "The id that list_mcp_servers shows."}

// shownMCPServer is an MCP server without its secrets: of headers and
// environment the names, of the command its program alone, of the URL
// scheme and host.
type shownMCPServer struct {
	ID        string   `json:"mcp_server_id"`
	Name      string   `json:"name"`
	Type      string   `json:"type,omitempty"`
	Transport string   `json:"transport,omitempty"`
	URL       string   `json:"url,omitempty"`
	Command   string   `json:"command,omitempty"`
	Arguments int      `json:"argument_count,omitempty"`
	Headers   []string `json:"header_names,omitempty"`
	Env       []string `json:"env_names,omitempty"`
	CreatedAt string   `json:"created_at,omitempty"`
	UpdatedAt string   `json:"updated_at,omitempty"`
}

func mcpServerShown(m restclient.MCPServer) shownMCPServer {
	return shownMCPServer{m.ID, m.Name, m.Type, m.Transport, address(m.URL), program(m.Command), len(m.Args),
		slices.Sorted(maps.Keys(m.Headers)), slices.Sorted(maps.Keys(m.Env)), timestamp(m.CreatedAt), timestamp(m.UpdatedAt)}
}

// program is the first word of a command: options in it may hold secrets.
func program(command string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(command), " ")
	if rest != "" {
		return first + " …"
	}
	return first
}

func (t *Tenant) listMCPServersTool() tool {
	return tool{
		name:        "list_mcp_servers",
		title:       "List MCP servers",
		description: "List the MCP servers whose tools agents of this workspace can be given. Secrets are never shown: of headers and environment only the names.",
		inputs:      []input{cursorInput},
		hints:       reads,
		call:        t.listMCPServers,
	}
}

func (t *Tenant) listMCPServers(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	all := t.client.MCPServers.All(ctx, &restclient.ListOptions{Limit: 200})
	part, next, err := partOf(all, args.text(cursorInput.name), mcpServerShown)
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Servers []shownMCPServer `json:"mcp_servers"`
		Next    string           `json:"next_cursor,omitempty"`
	}{part, next})
}

func (t *Tenant) getMCPServerTool() tool {
	return tool{
		name:        "get_mcp_server",
		title:       "Look at an MCP server",
		description: "Get one MCP server. Secrets are never shown: of headers and environment only the names, of arguments only how many.",
		inputs:      []input{mcpServerIDInput},
		hints:       reads,
		call:        t.getMCPServer,
	}
}

func (t *Tenant) getMCPServer(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(mcpServerIDInput.name)
	server, err := t.client.MCPServers.Get(ctx, id)
	if err != nil {
		return nil, unknownID(err, mcpServerThing, id)
	}
	return statusResult(mcpServerShown(*server))
}

func variablesInput(name, what string) input {
	return input{name: name, kind: array, description: what + " The values are secrets: they pass through the model and the host, and are never shown again.", fields: []input{
		{name: "name", required: true, description: "Its name."},
		{name: "value", required: true, description: "Its value, kept as a secret."},
	}}
}

func (t *Tenant) createMCPServerTool() tool {
	return tool{
		name:        "create_mcp_server",
		title:       "Add an MCP server",
		description: "Make the tools of an MCP server available to this workspace's agents: by its url, or by the command that starts it. Then give them to an agent with attach_to_agent.",
		inputs:      mcpServerInputs,
		hints:       hints{openWorld: true},
		call:        changing(t.createMCPServer),
	}
}

// mcpServerInputs are all of an MCP server that a tool can set.
var mcpServerInputs = []input{
	{name: "name", required: true, description: "What to call it."},
	{name: "url", description: "Its URL; leave command out then."},
	{name: "command", description: "The program to start; leave url out then."},
	{name: "arguments", kind: array, description: "The program's arguments."},
	{name: "transport", options: []string{restclient.TransportAuto, restclient.TransportStreamableHTTP, restclient.TransportSSE, restclient.TransportStdio},
		description: "Optional. How to speak to it; left out, url and command tell."},
	variablesInput("headers", "HTTP headers to send with every request."),
	variablesInput("env", "Environment variables for the program."),
}

func (t *Tenant) createMCPServer(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	var server restclient.MCPServer
	if err := setMCPServer(&server, args); err != nil {
		return nil, err
	}
	created, err := t.client.MCPServers.Create(ctx, server)
	if err != nil {
		return nil, err
	}
	return statusResult(mcpServerShown(*created))
}

// setMCPServer sets what mcpServerInputs ask for; what is left out is empty.
func setMCPServer(server *restclient.MCPServer, args arguments) error {
	server.Name, server.URL, server.Command, server.Args = args.text("name"), args.text("url"), args.text("command"), args.list("arguments")
	server.Transport = cmp.Or(args.text("transport"), restclient.TransportAuto)
	server.Headers, server.Env = variables(args.records("headers")), variables(args.records("env"))
	if (server.URL == "") == (server.Command == "") {
		return &failure{what: "An MCP server has either a url or a command.", next: "Call again with exactly one of them."}
	}
	return nil
}

func (t *Tenant) replaceMCPServerTool() tool {
	return tool{
		name:  "replace_mcp_server",
		title: "Replace an MCP server",
		description: "Replace an MCP server of this workspace, for all agents that it is attached to: name, url or command, transport, arguments, headers and env become what the call gives. " +
			"Arguments, headers and env that the server has cannot be read again, so each must be given anew, or as an empty list to remove it.",
		inputs: append([]input{mcpServerIDInput}, mcpServerInputs...),
		hints:  hints{destructive: true, idempotent: true, openWorld: true},
		call:   changing(t.replaceMCPServer),
	}
}

func (t *Tenant) replaceMCPServer(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(mcpServerIDInput.name)
	server, err := t.client.MCPServers.Get(ctx, id)
	if err != nil {
		return nil, unknownID(err, mcpServerThing, id)
	}
	var lost []string
	for name, has := range map[string]int{"arguments": len(server.Args), "headers": len(server.Headers), "env": len(server.Env)} {
		if has > 0 && !args.given(name) {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		return nil, &failure{what: fmt.Sprintf("The MCP server %s has %s, which this would remove.", quoted(server.Name), strings.Join(lost, " and ")),
			next: "Call again with their values, or with an empty list where they are to be removed."}
	}
	if err := setMCPServer(server, args); err != nil {
		return nil, err
	}
	replaced, err := t.client.MCPServers.Replace(ctx, id, *server)
	if onlyUnread(err) {
		return mcp.NewToolResultText("It is done, but how the MCP server stands now could not be read: see get_mcp_server."), nil
	}
	if err != nil {
		return nil, unknownID(err, mcpServerThing, id)
	}
	return statusResult(mcpServerShown(*replaced))
}

func variables(given []record) map[string]restclient.MCPServerVariable {
	if len(given) == 0 {
		return nil
	}
	variables := make(map[string]restclient.MCPServerVariable, len(given))
	for _, variable := range given {
		variables[variable["name"]] = restclient.MCPServerVariable{Type: restclient.VariableSecret, Value: restclient.Secret(variable["value"])}
	}
	return variables
}

func (t *Tenant) deleteMCPServerTool() tool {
	return tool{
		name:        "delete_mcp_server",
		title:       "Delete an MCP server",
		description: "Delete an MCP server from this workspace for good. Agents that it is attached to lose its tools.",
		inputs:      []input{mcpServerIDInput},
		hints:       changes,
		call:        changing(t.deleteMCPServer),
	}
}

func (t *Tenant) deleteMCPServer(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(mcpServerIDInput.name)
	if err := t.client.MCPServers.Delete(ctx, id); err != nil {
		return nil, unknownID(err, mcpServerThing, id)
	}
	return statusResult(deleted{Deleted: "mcp_server", ID: id})
}
