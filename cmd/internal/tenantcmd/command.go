// Package tenantcmd is the command sema4-local-tenant, which runs the local tenant alone: the Sema4.ai REST API
// v2 with working agents, for trying clients without an account.
package tenantcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/loopback"
)

// Main runs the command and ends the process. The tests of other commands run it
// under its own name.
func Main() { os.Exit(cli.Main(newCommand(), os.Args[1:])) }

type options struct {
	cli.Settings
	listen     string
	allowHosts []string
	faults     string
}

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "sema4-local-tenant",
		Short: "Run a local Sema4.ai tenant with working agents",
		Long: `Runs a Sema4.ai tenant in one process: the REST API v2 over SQLite, with agents that do work.
It is for trying and testing clients without an account; it is not a place to keep anything secret.

Agents with the architecture openai-chat ask a language model, at any endpoint that is compatible with OpenAI's:
` + openaichat.EnvURL + ` is its base, such as http://127.0.0.1:11434/v1, ` + openaichat.EnvModel + ` the model,
` + openaichat.EnvKey + ` the key or where it is: env:NAME, file:PATH or cmd:COMMAND.
` + openaichat.EnvAllowCommands + `=1 lets these agents start MCP servers that are programs on this machine.`,
		Example: `  sema4-local-tenant
  sema4-local-tenant --local-data ./tenant --listen 127.0.0.1:9000`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command.Context(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8081", "`address` to serve on")
	flags.StringSliceVar(&o.allowHosts, "allow-host", nil, "accept this Host `name` on a loopback address, for a proxy in front")
	flags.StringVar(&o.LocalData, "local-data", "", "keep the database in this `directory`; else in memory")
	flags.StringVar(&o.faults, "faults", "", "misbehave in these `ways`, such as latency=200ms, status=503, status=503;store (after doing the work), html=502, cut=body, cut=headers, cut=event:3, stall=event:3;30s, garbage=event:3; limit them with match=POST …/stream and times=3; separate with commas")
	o.LogFlags(flags)
	return command
}

func (o *options) run(ctx context.Context, stderr io.Writer) error {
	o.Local = true
	if err := o.Complete(); err != nil {
		return err
	}
	log, closeLog, err := o.Logger(stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	llm, err := cli.LLM(ctx)
	if err != nil {
		return err
	}
	tenant, err := localtenant.New(ctx, localtenant.Config{DataDir: o.LocalData, Logger: log, Faults: o.faults, LLM: llm})
	if err != nil {
		return fmt.Errorf("the tenant cannot start: %w", err)
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err), tenant.Close())
	}
	greet(stderr, listener.Addr())
	return serve(ctx, listener, tenant, o.handler(tenant, listener.Addr()))
}

// handler is the tenant's at an address: where only this machine reaches it, it is
// guarded against web pages.
func (o *options) handler(tenant *localtenant.Tenant, at net.Addr) http.Handler {
	if loopback.Is(at.String()) {
		return tenant.LoopbackHandler(o.allowHosts...)
	}
	return tenant.Handler()
}

func greet(out io.Writer, address net.Addr) {
	base := "http://" + address.String() + "/tenants/" + localtenant.TenantID + "/api/v2"
	fmt.Fprintf(out, "Base URL  %s\nAPI key   %s\n\nTry:  curl -s %s/agents -H 'Authorization: Bearer %s'\n\n",
		base, localtenant.APIKey, base, localtenant.APIKey)
}

// serve answers with the tenant's handler until ctx ends, then stops the agents at
// work, which ends the requests that wait for them.
func serve(ctx context.Context, listener net.Listener, tenant *localtenant.Tenant, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Join(err, tenant.Close())
	case <-ctx.Done():
	}
	err := tenant.Close()
	closing, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(closing) != nil {
		_ = server.Close()
	}
	<-served
	return err
}
