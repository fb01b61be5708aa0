package mcpserver_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sema4mcp/bridge"
	"sema4mcp/internal/fixtureagent"
	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

// serveFixtures in the environment makes this test binary a server of the fixture
// agent, for suites that test from outside: only tests may hold it.
const serveFixtures = "SERVE_FIXTURE_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(serveFixtures) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serveFixtureAgent(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveFixtureAgent serves until ctx ends, at an address that it prints, as the
// product's own server does: the routes of a local tenant's agents, behind the
// guard of a server on loopback.
func serveFixtureAgent(ctx context.Context) error {
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	tenant, err := localtenant.New(ctx, localtenant.Config{Logger: log})
	if err != nil {
		return err
	}
	defer tenant.Close()
	server, err := mcpserver.New(mcpserver.Config{BaseURL: tenant.BaseURL(), Transport: tenant.Transport(), Bridge: bridge.Config{Logger: log}, Logger: log})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serving the fixture agent on http://%s\n", listener.Addr())
	return server.ServeInPlace(ctx, listener, fixtureagent.New())
}
