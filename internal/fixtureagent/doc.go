// Package fixtureagent is an MCP server made of the fixtures that the official
// conformance suite asks for: a tool, a prompt or a resource for each thing that
// the protocol has, in both of its eras. It stands where an agent would, behind
// the transport under test. Nothing but tests may import it.
package fixtureagent
