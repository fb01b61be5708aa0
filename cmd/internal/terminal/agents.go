package terminal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
)

// agent is one as list_agents shows it.
type agent struct {
	ID          string `json:"agent_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Mode        string `json:"mode"`
}

func (d doorway) agents() *cobra.Command {
	command := &cobra.Command{Use: "agents", Short: "List the agents", Args: cli.NoArguments}
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, _ []string) error {
		items, err := s.listAgents(ctx)
		if err != nil {
			return err
		}
		if s.asJSON {
			return cli.PrintJSON(s.out, items)
		}
		agents, err := decoded[agent](items)
		if err != nil {
			return err
		}
		bold, plain := "", ""
		if coloured(s.out) {
			bold, plain = "\x1b[1m", "\x1b[0m"
		}
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		for _, a := range agents {
			fmt.Fprintf(table, "%s%s%s\t%s\t%s\t%s\n", bold, oneLine(a.Name), plain, a.ID, a.Mode, shortened(oneLine(a.Description)))
		}
		return table.Flush()
	})
}

func (s *session) listAgents(ctx context.Context) ([]json.RawMessage, error) {
	return s.list(ctx, "list_agents", map[string]any{}, "agents", "next_cursor", "cursor")
}

// maxColumn bounds a description in a table, in characters.
const maxColumn = 70

func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxColumn {
		return string(runes[:maxColumn]) + "…"
	}
	return text
}

// completeWithin bounds what a shell waits for the names of agents.
const completeWithin = 5 * time.Second

// completeAgent gives a shell the names of the agents. Where they cannot be had, it
// gives none: there is nobody to tell.
func (d doorway) completeAgent(settings *cli.Settings) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 || settings.Complete() != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(command.Context(), completeWithin)
		defer cancel()
		tenant, closeTenant, err := d.connect(ctx, settings, zerolog.Nop())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer closeTenant()
		s := &session{tenant: tenant, settings: settings, screen: newScreen(io.Discard, io.Discard)}
		items, _ := s.listAgents(ctx)
		agents, _ := decoded[agent](items)
		names := make([]cobra.Completion, len(agents))
		for i, a := range agents {
			names[i] = cobra.CompletionWithDesc(oneLine(a.Name), shortened(oneLine(a.Description)))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
