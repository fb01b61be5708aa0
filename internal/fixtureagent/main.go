package fixtureagent

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Variable in the environment makes a test binary whose TestMain is [Main] serve
// the fixture agent, for suites that test from outside: only tests may hold it.
const Variable = "SERVE_FIXTURE_AGENT"

// Main runs the tests, or where [Variable] is set serve, until it returns or the
// process is told to end.
func Main(tests func(), serve func(context.Context) error) {
	if os.Getenv(Variable) == "" {
		tests()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
