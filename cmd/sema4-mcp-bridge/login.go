package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/account"
	"sema4mcp/cmd/internal/cli"
)

// newLoginCommand asks at in, which is no host's while a subcommand runs.
func newLoginCommand(in io.Reader) *cobra.Command {
	var settings cli.Settings
	var noKeyring bool
	command := &cobra.Command{
		Use:   "login",
		Short: "Ask for the base URL and API key of a tenant, try both, and keep them",
		Long: `Asks for the base URL and the API key of a tenant, tries both, and keeps them as a profile: the key in the keyring of the
operating system, or where there is none in a file that only you can read; the rest in the configuration file.

Any address of the application will do for the base URL. The key is never a flag: it is asked for, or read from the
standard input where that is no terminal.`,
		Example: `  sema4-mcp-bridge login
  sema4-mcp-bridge login --profile work --base-url https://HOST/tenants/TENANT <key`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			flagged := settings.BaseURL
			if err := settings.CompleteForAccount(); err != nil {
				return err
			}
			transport, err := settings.Transport()
			if err != nil {
				return err
			}
			defer transport.CloseIdleConnections()
			login := account.Login{
				Account:   accountOf(&settings),
				BaseURL:   flagged,
				NoKeyring: noKeyring,
				Transport: transport,
				UserAgent: userAgent(),
				Terminal:  &account.Terminal{In: in, Out: command.ErrOrStderr()},
			}
			err = login.Run(command.Context())
			if errors.Is(err, account.ErrNoTerminal) {
				return &cli.UsageError{Message: err.Error()}
			}
			return err
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	settings.AccountFlags(flags)
	flags.StringVar(&settings.BaseURL, "base-url", "", "the tenant's `URL`: its REST API's or any page of the application; asked for if not given")
	flags.BoolVar(&noKeyring, "no-keyring", false, "keep the key in a file even where there is a keyring: for hosts that cannot reach that")
	settings.NetworkFlags(flags)
	return command
}

func newLogoutCommand() *cobra.Command {
	var settings cli.Settings
	command := &cobra.Command{
		Use:   "logout",
		Short: "Forget the API key and the agents of a profile",
		Args:  cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := settings.CompleteForAccount(); err != nil {
				return err
			}
			a := accountOf(&settings)
			if err := a.Logout(command.Context(), command.OutOrStdout()); err != nil {
				return err
			}
			return forgetAgents(settings.Profile)
		},
	}
	settings.AccountFlags(command.Flags())
	return command
}

func newProfilesCommand() *cobra.Command {
	var settings cli.Settings
	var asJSON bool
	command := &cobra.Command{
		Use:   "profiles",
		Short: "List the profiles: their tenants, and where the keys are",
		Args:  cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := settings.CompleteForAccount(); err != nil {
				return err
			}
			return showProfiles(command.OutOrStdout(), command.ErrOrStderr(), settings.Profiles(), asJSON)
		},
	}
	settings.ConfigFlag(command.Flags())
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func showProfiles(out, stderr io.Writer, profiles []cli.ProfileInfo, asJSON bool) error {
	if asJSON {
		return cli.PrintJSON(out, profiles)
	}
	if len(profiles) == 0 {
		_, err := fmt.Fprintln(stderr, "There are no profiles; sema4-mcp-bridge login makes one.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range profiles {
		name, key := p.Name, p.Key
		if p.Default {
			name += " (default)"
		}
		if key == "" {
			key = "no key: log in"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, p.BaseURL, key)
	}
	return table.Flush()
}

func accountOf(settings *cli.Settings) account.Account {
	return account.Account{Profile: settings.Profile, ConfigPath: settings.ConfigFile, File: settings.File}
}

func userAgent() string { return "sema4-mcp-bridge/" + cli.Version() }
