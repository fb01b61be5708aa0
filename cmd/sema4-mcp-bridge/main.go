// Command sema4-mcp-bridge offers the agents of a Sema4.ai tenant to a desktop
// host over MCP's stdio transport.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/bridge"
	"sema4mcp/bridge/stdio"
	"sema4mcp/cmd/internal/cli"
	"sema4mcp/cmd/internal/terminal"
	"sema4mcp/internal/localtenant"
)

func main() {
	frames := os.Stdout
	os.Stdout = os.Stderr          // whatever prints by mistake must not end up between frames
	signal.Ignore(syscall.SIGPIPE) // a host that has gone is found out by the write that fails
	command := newCommand(os.Stdin, frames)
	if completes(os.Args[1:]) {
		command.SetOut(frames) // a shell reads it there
	}
	os.Exit(cli.Main(command, os.Args[1:]))
}

// completes tells whether a shell asks for completions, or for the script that
// does.
func completes(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{"completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}, args[0])
}

func newCommand(in io.Reader, frames io.Writer) *cobra.Command {
	var settings cli.Settings
	command := &cobra.Command{
		Use:   "sema4-mcp-bridge",
		Short: "Offer the agents of a Sema4.ai tenant to a desktop host over MCP's stdio",
		Long: `Offers every agent of a Sema4.ai tenant as MCP tools over stdio, for Claude, VS Code, IDE assistants and any other MCP host.
The host starts it; the command setup puts it into the host's configuration.

The API key is never a flag: set SEMA4_API_KEY to the key, or to where it is: env:NAME, file:PATH, keyring:NAME or cmd:COMMAND.
"sema4-mcp-bridge login" asks for base URL and key, and keeps both for every host.`,
		Example: `  sema4-mcp-bridge --local
  SEMA4_BASE_URL=https://HOST/tenants/TENANT/api/v2 SEMA4_API_KEY=file:/path/to/key sema4-mcp-bridge`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), &settings, in, frames, command.ErrOrStderr())
		},
	}
	command.SetOut(os.Stderr)
	bridgeFlags(command, &settings)
	command.SuggestionsMinimumDistance = 2
	command.AddCommand(newSetupCommand(in, frames))
	below := []*cobra.Command{newLoginCommand(in), newLogoutCommand(), newProfilesCommand(), newConfigCommand(), newDoctorCommand(), newManCommand()}
	for _, sub := range append(below, terminal.Commands(in, open)...) {
		sub.SetOut(frames) // no frames go there now
		command.AddCommand(sub)
	}
	return command
}

func run(ctx context.Context, settings *cli.Settings, in io.Reader, frames, stderr io.Writer) error {
	broken := settings.Complete()
	if _, told := errors.AsType[*cli.ConfigError](broken); broken != nil && !told {
		return broken
	}
	log, closeLog, err := settings.Logger(stderr)
	if _, told := errors.AsType[*cli.ConfigError](err); told {
		broken, settings.LogFile = errors.Join(broken, err), ""
		log, closeLog, err = settings.Logger(stderr)
	}
	if err != nil {
		return err
	}
	defer closeLog()
	l := newLink(ctx, settings, broken, log)
	defer l.close()
	return stdio.Serve(ctx, in, frames, l.choose, l.close, log, stdio.EndWithParent(), stdio.Announcing(l.announce))
}

// advice is an error in whole sentences: a user reads it in a tool's result.
type advice string

func (a advice) Error() string { return string(a) }

const (
	noTenant advice = "Run sema4-mcp-bridge login in a terminal and restart this server. Or, in the host's configuration of this server, either add --local to the arguments, to try it without an account, or set the variables " +
		cli.EnvBaseURL + " and " + cli.EnvAPIKey + ". Both come from Configuration > API Keys in the Sema4.ai application."
	noKey advice = "There is a base URL but no API key: run sema4-mcp-bridge login in a terminal, or, in the host's configuration of this server, set " + cli.EnvAPIKey +
		" to a key made under Configuration > API Keys in the Sema4.ai application, or to where it is: env:NAME, file:PATH, keyring:NAME or cmd:COMMAND."
	settingsBroken = "\nPut that right and restart this server; sema4-mcp-bridge config show, in a terminal, tells whether it is."
)

// connect opens the tenant for a host. An error is something that the user has to
// see to. The function ends all runs and closes what was opened.
func connect(ctx context.Context, settings *cli.Settings, broken error, log zerolog.Logger) (*bridge.Tenant, func(), error) {
	if broken != nil {
		return nil, nil, advice("The settings cannot be used: " + broken.Error() + settingsBroken)
	}
	tenant, undo, err := open(ctx, settings, log)
	return tenant.Tenant, undo, err
}

// open opens the tenant and finds the key for it.
func open(ctx context.Context, settings *cli.Settings, log zerolog.Logger) (terminal.Tenant, func(), error) {
	var none terminal.Tenant
	if !settings.Local && settings.BaseURL == "" {
		return none, nil, noTenant
	}
	key := localtenant.APIKey
	if !settings.Local {
		var err error
		if key, err = settings.APIKey(ctx); err != nil {
			return none, nil, err
		}
		if key == "" {
			return none, nil, noKey
		}
	}
	upstream, err := settings.Upstream(ctx, log)
	if err != nil {
		return none, nil, err
	}
	config := settings.Bridge(log)
	if !settings.Local {
		config.RefreshKey = settings.APIKey
		if kept := keptAgents(settings.Profile, upstream.BaseURL, key, log); kept != nil {
			config.Remembered, config.RefreshKey = kept, kept.rekeyed(settings.APIKey)
		}
	}
	client, err := config.NewClient(upstream.BaseURL, key, userAgent(), upstream.Transport)
	if err != nil {
		_ = upstream.Close()
		return none, nil, err
	}
	config.Sealer = bridge.SealerFor(key)
	tenant := bridge.NewTenant(client, config)
	return terminal.Tenant{Tenant: tenant, Client: client}, func() {
		tenant.Close()
		_ = upstream.Close()
	}, nil
}
