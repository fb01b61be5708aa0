// Package mcpserver serves the agents of a Sema4.ai tenant over MCP's
// Streamable HTTP transport, at the vendor's own paths.
//
// A request's way in: [Server.Handler] routes it; guard.go checks Host and
// Origin; principal.go says who calls, by a key (bykey.go) or by an access token
// (bytoken.go), and keys.go finds what the caller can see; endpoint.go reads the body, era.go decides which of MCP's two eras it belongs
// to, and package exchange carries each request in it. reply.go is the way out,
// as JSON or as a stream of server-sent events.
//
// The server keeps no caller's key or token, and no state that a client depends on:
// any replica answers any request, and accepts the sessions that another began
// (session.go).
// What refers to a call in flight, a cancellation or the answer to a question,
// has to reach the process that answers the call (inflight.go). Both eras are
// served on the same URL, decided request by request.
package mcpserver
