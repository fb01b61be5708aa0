// Package bridge turns the agents of a Sema4.ai tenant into MCP tools.
//
// A [Tenant] is what one API key can see of a tenant. [Tenant.AgentServer] is
// one of its agents as an MCP server, with the vendor's own three tools and
// those for long answers, files, data frames and work items; [Tenant.Server] is
// all of its agents as one. Both are entered with a single request through
// [sema4mcp/bridge/exchange.Carry], over HTTP or stdio alike.
//
// [Config] says which tools there are: the toolsets of a whole tenant, all of
// them or only those that change nothing, for all agents or only some.
//
// A tool call is mapped onto the REST client in one of the tools_*.go files;
// what an agent does about a message is a [sema4mcp/bridge/run.Run], which
// outlives the call. Clients that know tasks are given the run as one, under its
// own id: see the tasks*.go files. A Tenant is safe for concurrent use.
//
// Beside tools there are resources (the resource*.go files), prompts and the
// completion of what either has to be told, see extras: what people attach and
// start by hand, and nothing that a tool does not give as well.
//
// Where the caller can ask its user, an agent's question and the decision that a
// work item waits for are put to the user. A call then has several rounds: what
// was asked travels with the caller, sealed by the [Sealer] of the API key, and
// the round that brings the answer goes on from there, in any process. An answer
// is sent to the agent once, however often its round is repeated.
package bridge
