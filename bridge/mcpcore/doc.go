// Package mcpcore is where mcp-go's server core is made to do what our servers
// need and mcp-go v1.2.1 does not. What is offered is package bridge's matter;
// whatever stands in the way of offering it is mended here: [InOrder],
// [SetTools], [OnRequest] and [OnUnread].
//
// The rest of it has to be done for each request, in package exchange, which
// alone calls mcp-go: ids go round it, a session is that of one exchange,
// notifications wait for room, responses never reach it, and every handler's
// panic is answered. Not used at all is its validation of arguments, for which no
// JSON Schema is linked, see internal/jsonschema: package bridge checks them.
//
// For each of these a test shows that mcp-go alone still gets it wrong. One that
// fails after mcp-go was updated names what can go.
package mcpcore
