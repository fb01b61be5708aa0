package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sema4mcp/cmd/internal/clitest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sema4-local-tenant": main})
}

func TestScripts(t *testing.T) { clitest.Run(t) }
