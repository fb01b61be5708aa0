// Command sema4-mcp-server serves every agent of a Sema4.ai tenant over MCP's
// Streamable HTTP transport.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/mcpserver"
)

func main() { os.Exit(cli.Main(newCommand(), os.Args[1:])) }

// options are the command's own flags beside the shared ones.
type options struct {
	cli.Settings
	oauth        oauthSettings
	listen       string
	drain        time.Duration
	maxStreams   int
	allowHosts   []string
	allowOrigins []string
}

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "sema4-mcp-server",
		Short: "Serve the agents of a Sema4.ai tenant over MCP",
		Long: `Serves every agent of a Sema4.ai tenant as an MCP server, over Streamable HTTP at the vendor's own path:

  /tenants/TENANT/api/v1/agent-mcp/AGENT_ID/mcp/   one agent
  /tenants/TENANT/api/v1/mcp/                      all agents of the tenant

Callers send their own API key as a bearer token; the server passes it on and keeps none. With --auth oauth they
sign in with an authorization server instead, and the server holds the key: SEMA4_API_KEY is the key or a reference to
it (env:NAME, file:PATH, cmd:COMMAND), which a SIGHUP has it look up again.`,
		Example: `  sema4-mcp-server --local
  SEMA4_BASE_URL=https://HOST/tenants/TENANT/api/v2 sema4-mcp-server --listen :8080
  sema4-mcp-server --auth oauth --oauth-issuer https://ISSUER --public-url https://HOST --api-key-file key`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command.Context(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to serve on")
	o.TenantFlags(flags)
	flags.DurationVar(&o.drain, "drain", mcpserver.DefaultDrain, "how long agents at work may finish at shutdown")
	flags.IntVar(&o.maxStreams, "max-streams", mcpserver.DefaultMaxStreams, "how many `streams` clients may listen on at once")
	flags.StringSliceVar(&o.allowHosts, "allow-host", nil, "accept this Host `name` on a loopback address, for a proxy in front")
	flags.StringSliceVar(&o.allowOrigins, "allow-origin", nil, "accept requests of web pages of this `origin`")
	o.oauth.flags(flags)
	o.KeyFlag(flags)
	o.LogFlags(flags)
	return command
}

func (o *options) run(ctx context.Context, stderr io.Writer) error {
	if err := o.Complete(); err != nil {
		return err
	}
	if o.maxStreams < 1 {
		return &cli.UsageError{Message: "--max-streams must be at least 1"}
	}
	if err := o.oauth.complete(&o.Settings, o.listen); err != nil {
		return err
	}
	log, closeLog, err := o.Logger(stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	upstream, err := o.oauth.upstream(ctx, &o.Settings, log)
	if err != nil {
		return err
	}
	defer upstream.Close()
	oauth, err := o.oauth.server(ctx, &o.Settings, upstream)
	if err != nil {
		return err
	}
	server, err := mcpserver.New(mcpserver.Config{
		BaseURL:        upstream.BaseURL,
		OAuth:          oauth,
		Transport:      upstream.Transport,
		Bridge:         o.Bridge(log),
		AllowedHosts:   o.allowHosts,
		AllowedOrigins: o.allowOrigins,
		Drain:          max(o.drain, 1), // 0 means no time at all
		MaxStreams:     o.maxStreams,
		Logger:         log,
	})
	if err != nil {
		return &cli.UsageError{Message: err.Error()}
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		server.Close()
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err)
	}
	if err := greet(ctx, stderr, listener.Addr(), upstream, o.oauth, o.Bridge(log)); err != nil {
		log.Warn().Err(err).Msg("the agents cannot be listed")
	}
	if oauth != nil {
		stop := renewAtHangUp(ctx, server, log)
		defer stop()
	}
	return server.Serve(ctx, listener)
}

// renewAtHangUp has the server look up anew the keys that it holds, whenever the
// process is sent a hang-up, until stop is called.
func renewAtHangUp(ctx context.Context, server *mcpserver.Server, log zerolog.Logger) (stop func()) {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for {
			select {
			case <-hangUp:
			case <-ctx.Done():
				return
			}
			if err := server.RenewKeys(ctx); err != nil {
				log.Error().Err(err).Msg("the keys cannot be looked up anew; those there are stay")
				continue
			}
			log.Info().Msg("looked up the keys anew")
		}
	})
	return func() {
		signal.Stop(hangUp)
		cancel()
		renewing.Wait()
	}
}
