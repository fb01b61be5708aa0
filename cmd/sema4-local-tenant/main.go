// Command sema4-local-tenant runs the local tenant alone: the Sema4.ai REST API
// v2 with working agents, for trying clients without an account.
package main

import "sema4mcp/cmd/internal/tenantcmd"

func main() { tenantcmd.Main() }
