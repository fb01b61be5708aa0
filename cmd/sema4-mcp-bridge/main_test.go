package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sema4mcp/cmd/internal/clitest"
	"sema4mcp/cmd/internal/tenantcmd"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sema4-mcp-bridge": main, "sema4-local-tenant": tenantcmd.Main})
}

func TestScripts(t *testing.T) { clitest.Run(t) }

func TestTheReadmeExplainsEveryFlag(t *testing.T) {
	clitest.FlagsAreDocumented(t, newCommand(nil, nil))
}
