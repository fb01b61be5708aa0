// Package exchange carries one MCP request, on whichever transport it came.
//
// [Parse] takes the bytes of an HTTP body or of a stdio line apart into
// [Message] values; [Carry] takes one request through an MCP server and hands
// what comes of it to a [Writer]: first every notification and every question to
// the client, then the one [Reply], whose id is the request's id byte for byte.
// HTTP and stdio differ in how they write, in nothing else. What a client answers
// to a question finds its way back through [Questions].
//
// An [Exchange] is mcp-go's session for exactly one request. It has a session
// id of its own, so that no client can cancel, observe or slow another's
// request, even where ids, keys and agents are the same.
package exchange
