// Package bridge turns the agents of a Sema4.ai tenant into MCP tools.
//
// A [Tenant] is what one API key can see of a tenant. [Tenant.AgentServer] is
// one of its agents as an MCP server, with the vendor's own three tools and
// those that make long answers safe; [Tenant.Server] is all of its agents as
// one. Both are entered with a single request through
// [sema4mcp/bridge/exchange.Carry], over HTTP or stdio alike.
//
// A tool call is mapped onto the REST client in one of the tools_*.go files;
// what an agent does about a message is a [sema4mcp/bridge/run.Run], which
// outlives the call. A Tenant is safe for concurrent use.
package bridge
