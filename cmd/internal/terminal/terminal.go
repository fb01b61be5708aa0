// Package terminal is the commands that people use themselves: they ask agents,
// look after runs and work items, and carry agents from one workspace to another.
//
// What a tool does is done by the tool: a command calls it in this process, the way
// a host would, and shows what comes. So results, errors and limits are the same.
package terminal

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/bridge"
	"sema4mcp/cmd/internal/account"
	"sema4mcp/cmd/internal/cli"
	"sema4mcp/restclient"
)

// Tenant is the tenant that a command works with, and the client it reaches it by.
type Tenant struct {
	*bridge.Tenant
	Client *restclient.Client
}

// Connect opens the tenant that the settings name. The function closes it, which ends
// all runs.
type Connect func(context.Context, *cli.Settings, zerolog.Logger) (Tenant, func(), error)

// Commands are those of this package. They ask the user at in, and connect once
// their settings are complete.
func Commands(in io.Reader, connect Connect) []*cobra.Command {
	d := doorway{in, connect}
	return []*cobra.Command{d.agents(), d.ask(), d.runs(), d.workItems(), d.exportAgent(), d.importAgent()}
}

// doorway makes the commands.
type doorway struct {
	in      io.Reader
	connect Connect
}

// session is one command at work.
type session struct {
	tenant   Tenant
	settings *cli.Settings
	asJSON   bool
	out      io.Writer
	user     *account.Terminal
	screen   *screen

	onDisconnect string // what becomes of an agent at work where nobody can be asked
}

// prepare is what a command does to the settings before it connects.
type prepare func(*cli.Settings) error

// tenantCommand gives a command the flags and the connection that all have.
func (d doorway) tenantCommand(command *cobra.Command, before prepare, do func(context.Context, *session, []string) error) *cobra.Command {
	var settings cli.Settings
	var asJSON bool
	flags := command.Flags()
	flags.SortFlags = false
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	settings.TenantFlags(flags)
	settings.KeyFlag(flags)
	settings.LogFlags(flags)
	if strings.Contains(command.Use, " AGENT") {
		command.ValidArgsFunction = d.completeAgent(&settings)
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := settings.Complete(); err != nil {
			return err
		}
		if before != nil {
			if err := before(&settings); err != nil {
				return err
			}
		}
		onDisconnect := settings.OnDisconnect
		settings.OnDisconnect = string(bridge.DisconnectKeep) // an interrupted wait decides itself
		log, closeLog, err := logger(&settings, command.ErrOrStderr())
		if err != nil {
			return err
		}
		defer closeLog()
		// An interrupt ends the wait for an agent, not what is under way with it.
		tenant, closeTenant, err := d.connect(context.WithoutCancel(command.Context()), &settings, log)
		if err != nil {
			return err
		}
		defer closeTenant()
		s := &session{tenant: tenant, settings: &settings, asJSON: asJSON, out: command.OutOrStdout(),
			user: &account.Terminal{In: d.in, Out: command.ErrOrStderr()}, screen: newScreen(command.OutOrStdout(), command.ErrOrStderr()), onDisconnect: onDisconnect}
		return do(command.Context(), s, args)
	}
	return command
}

// logger is silent unless the user wants a log: stderr is for the user here.
func logger(settings *cli.Settings, stderr io.Writer) (zerolog.Logger, func(), error) {
	if settings.LogLevel == "" && settings.LogFile == "" {
		return zerolog.Nop(), func() {}, nil
	}
	return settings.Logger(stderr)
}

// mayAsk tells whether there is a user at a terminal, to be asked.
func (s *session) mayAsk() bool { return isTerminal(s.user.In) }

// arguments wants certain arguments and no others, as a usage error.
func arguments(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return misused(command, fmt.Sprintf("there are %d arguments, and %d are wanted", len(args), len(names)))
	}
}

func misused(command *cobra.Command, why string) error {
	return &cli.UsageError{Message: fmt.Sprintf("%s: %s\nRun '%s --help' for more.", why, command.UseLine(), command.CommandPath())}
}

// group is a command that has others below it and does nothing itself.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short, Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() }}
	command.AddCommand(below...)
	return command
}
