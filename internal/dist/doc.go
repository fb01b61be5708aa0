// Command dist builds what a release consists of, into the directory dist:
//
//	bin/PLATFORM/…                       the commands, static, for the container image
//	sema4-mcp-VERSION-PLATFORM.tar.gz    the commands with licence and README; .zip for Windows
//	sema4-mcp-bridge-VERSION-PLATFORM.mcpb  the bridge, for a desktop host to install
//	sbom/COMMAND-PLATFORM.cdx.json       what each binary is linked from, as CycloneDX
//	server.json                          the entry of the MCP registry
//	sema4-mcp.rb, sema4-mcp.json         a Homebrew formula, a Scoop manifest
//	SHA256SUMS                           of all the above
//
// Two builds of the same commit with the same Go give the same bytes, wherever and
// whenever they run; dist -check fails where they do not.
package main
