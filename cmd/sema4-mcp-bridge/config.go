package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/userdir"
)

func newConfigCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Show the settings and where each comes from",
		Args:  cli.NoArguments,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newConfigShowCommand(), newConfigPathCommand())
	return command
}

func newConfigShowCommand() *cobra.Command {
	var settings cli.Settings
	var asJSON bool
	command := &cobra.Command{
		Use:   "show",
		Short: "Show each setting with its origin; of the API key, where it is",
		Long: `Shows each setting as the bridge would have it, with its origin: a flag, a variable, a line of the configuration file, or the
default. Of the API key it shows where it is. Exit status 1 says that the configuration file or a variable is at fault.`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			broken := settings.Complete()
			if _, told := errors.AsType[*cli.ConfigError](broken); broken != nil && !told {
				return broken
			}
			if err := showConfig(command.OutOrStdout(), &settings, broken, asJSON); err != nil {
				return err
			}
			return broken
		},
	}
	bridgeFlags(command, &settings)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// bridgeFlags are those of the bridge itself, for the commands that look at what it
// would do.
func bridgeFlags(command *cobra.Command, settings *cli.Settings) {
	flags := command.Flags()
	flags.SortFlags = false
	settings.TenantFlags(flags)
	settings.KeyFlag(flags)
	settings.FilesFlags(flags)
	settings.LogFlags(flags)
}

func showConfig(out io.Writer, settings *cli.Settings, broken error, asJSON bool) error {
	path, _ := settings.ConfigPath()
	if asJSON {
		return cli.PrintJSON(out, struct {
			ConfigFile string      `json:"config_file"`
			Found      bool        `json:"found"`
			Profile    string      `json:"profile"`
			Settings   []cli.Shown `json:"settings"`
			Problems   []string    `json:"problems,omitzero"`
		}{path, settings.File != nil, settings.Profile, settings.Show(), cli.Problems(broken)})
	}
	if settings.File == nil && path != "" {
		path += " (not there)"
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "configuration file\t%s\t\nprofile\t%s\t\n\n", path, settings.Profile)
	for _, shown := range settings.Show() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", shown.Name, shown.Text(), shown.Where())
	}
	return table.Flush()
}

func newConfigPathCommand() *cobra.Command {
	var settings cli.Settings
	command := &cobra.Command{
		Use:   "path",
		Short: "Print where the configuration file is, or would be",
		Args:  cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			path, _ := settings.ConfigPath()
			if path == "" {
				return userdir.ErrNoHome
			}
			_, err := fmt.Fprintln(command.OutOrStdout(), path)
			return err
		},
	}
	settings.ConfigFlag(command.Flags())
	return command
}
