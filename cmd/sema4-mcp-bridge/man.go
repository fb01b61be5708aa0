package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"sema4mcp/cmd/internal/cli"
)

// newManCommand is hidden: packages are made with it.
func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages into a directory",
		Hidden: true,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &cli.UsageError{Message: "man wants the directory that it is to write the pages into"}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("the man pages cannot be written: %w", err)
			}
			root := command.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Source: "sema4-mcp-bridge " + cli.Version()}, args[0]) // the date is $SOURCE_DATE_EPOCH's
		},
	}
}
