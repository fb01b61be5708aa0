// Package stdio is MCP's stdio transport: one JSON-RPC message a line, in on
// one side, out on the other.
//
// [Serve] reads until the input ends or its context does, or until the host has
// died without ending the input: see [EndWithParent]. The connection is
// sourcegraph/jsonrpc2's, over an ObjectStream that outlives what its own would
// die of: garbage, arrays, ids it cannot hold and lines without end get an error
// and the next line is read. Answers may overtake each other; what a call
// notifies of comes before its result.
package stdio
