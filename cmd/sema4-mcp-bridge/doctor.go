package main

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/cmd/internal/doctor"
)

func newDoctorCommand() *cobra.Command {
	var settings cli.Settings
	var ask string
	var asJSON bool
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything between this machine and the agents",
		Long: `Checks the configuration, the network, the key, the tenant and each agent, one line each: ok, or what is wrong and what to do
next. Exit status 0: all is well; 1: there are problems; 2: a mistake in the call.

It asks no agent, which would cost, but for the one that --ask names, or one of the local tenant's.`,
		Example: `  sema4-mcp-bridge doctor
  sema4-mcp-bridge doctor --profile work --ask "Sales Analyst" --json`,
		Args: cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			broken := settings.Complete()
			if _, told := errors.AsType[*cli.ConfigError](broken); broken != nil && !told {
				return broken
			}
			d := doctor.Doctor{Settings: &settings, Broken: broken, Ask: ask, UserAgent: userAgent(), More: []doctor.Check{{Name: "hosts", Run: hostEntries}}, Logger: zerolog.Nop()}
			out := command.OutOrStdout()
			tell := func(finding doctor.Finding) { doctor.Print(out, finding) }
			if asJSON {
				tell = nil
			}
			found := d.Run(command.Context(), tell)
			problems := doctor.Problems(found)
			if asJSON {
				report := struct {
					OK     bool             `json:"ok"`
					Checks []doctor.Finding `json:"checks"`
				}{problems == 0, found}
				if err := cli.PrintJSON(out, report); err != nil {
					return err
				}
			}
			return verdict(problems)
		},
	}
	bridgeFlags(command, &settings)
	command.Flags().StringVar(&ask, "ask", "", "ask this `agent`, by name or id, to time its stream")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func verdict(problems int) error {
	switch problems {
	case 0:
		return nil
	case 1:
		return errors.New("there is a problem")
	default:
		return fmt.Errorf("there are %d problems", problems)
	}
}
