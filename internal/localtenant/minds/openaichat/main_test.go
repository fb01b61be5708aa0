package openaichat_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"
)

// beServer is the variable under which the test binary is an MCP server on stdio.
const beServer = "BE_MCP_SERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(beServer) {
	case "tools":
		if err := server.ServeStdio(toolServer()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "end":
		os.Exit(1)
	default:
		goleak.VerifyTestMain(m)
	}
}
