package stdio

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sema4mcp/bridge/exchange"
	"sema4mcp/internal/fixtureagent"
)

// serveFixtures in the environment makes this test binary the fixture agent on
// stdio, for clients that test from outside: only tests may hold it.
const serveFixtures = "SERVE_FIXTURE_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(serveFixtures) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	agent := fixtureagent.New()
	choose := func(context.Context, exchange.Message) *server.MCPServer { return agent }
	err := Serve(ctx, os.Stdin, os.Stdout, choose, func() {}, zerolog.New(os.Stderr).Level(zerolog.WarnLevel), EndWithParent())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
