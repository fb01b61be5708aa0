package stdio

import (
	"context"
	"os"
	"testing"

	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"sema4mcp/bridge/exchange"
	"sema4mcp/internal/fixtureagent"
)

// TestMain makes this test binary the fixture agent on stdio where it is told to.
func TestMain(m *testing.M) {
	fixtureagent.Main(func() { goleak.VerifyTestMain(m) }, func(ctx context.Context) error {
		agent := fixtureagent.New()
		choose := func(context.Context, exchange.Message) *server.MCPServer { return agent }
		return Serve(ctx, os.Stdin, os.Stdout, choose, func() {}, zerolog.New(os.Stderr).Level(zerolog.WarnLevel), EndWithParent())
	})
}
