package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
)

func (d doorway) workItems() *cobra.Command {
	return group("work-items", "Give worker agents work, and decide on it",
		d.listWorkItems(), d.showWorkItem(), d.createWorkItem(),
		d.actOnWorkItem("continue", "Let the agent go on where it stopped", true),
		d.actOnWorkItem("restart", "Begin a work item anew, in a new thread", false),
		d.actOnWorkItem("cancel", "End a work item undone", false),
		d.actOnWorkItem("complete", "End a work item as done by a person", true))
}

// workItem is one as the tools show it.
type workItem struct {
	ID        string `json:"work_item_id"`
	AgentID   string `json:"agent_id"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	UpdatedAt string `json:"updated_at"`
	Reply     string `json:"agent_reply"`
}

func (d doorway) listWorkItems() *cobra.Command {
	var agent, name string
	var statuses []string
	command := &cobra.Command{Use: "list", Short: "List work items, the one that changed last first", Args: cli.NoArguments}
	flags := command.Flags()
	flags.StringVar(&agent, "agent", "", "only those of this `agent`")
	flags.StringSliceVar(&statuses, "status", nil, "only those with one of these `statuses`, such as NEEDS_REVIEW, with commas between them")
	flags.StringVar(&name, "name", "", "only those with this `text` in their name")
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, _ []string) error {
		arguments := given("agent", agent, "name", name)
		if len(statuses) > 0 {
			arguments["status"] = statuses
		}
		items, err := s.list(ctx, "list_work_items", arguments, "work_items", "next_offset", "offset")
		if err != nil {
			return err
		}
		if s.asJSON {
			return cli.PrintJSON(s.out, items)
		}
		listed, err := decoded[workItem](items)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		for _, item := range listed {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", item.ID, item.Status, item.UpdatedAt, shortened(oneLine(item.Name)))
		}
		return table.Flush()
	})
}

// given are the arguments, by pairs of name and value, that are not empty.
func given(pairs ...string) map[string]any {
	arguments := make(map[string]any, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			arguments[pair[0]] = pair[1]
		}
	}
	return arguments
}

func (d doorway) showWorkItem() *cobra.Command {
	var wait bool
	command := &cobra.Command{Use: "show WORK_ITEM_ID", Short: "Show a work item: how it stands, its payload, files and messages", Args: arguments("WORK_ITEM_ID")}
	command.Flags().BoolVar(&wait, "wait", false, "wait until the agent is done with it")
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, args []string) error {
		s.screen.start()
		defer s.screen.pause()
		r, err := s.workItem(ctx, args[0], wait)
		if ctx.Err() != nil {
			return &cli.LeftError{Message: "the agent is at work as before. To see what came of it: " + s.command("work-items", "show", args[0])}
		}
		if err != nil {
			return err
		}
		s.screen.pause()
		if s.asJSON {
			return cli.PrintJSON(s.out, struct {
				workItemInfo
				Text string `json:"text"`
			}{r.Meta.WorkItem, r.text()})
		}
		_, err = fmt.Fprintln(s.out, shown(r.text()))
		return err
	})
}

// workItem reads a work item, and waits for it as long as its agent is at work.
func (s *session) workItem(ctx context.Context, id string, wait bool) (*result, error) {
	arguments := given("work_item_id", id)
	if !wait {
		arguments["wait_seconds"] = 0
	}
	for {
		r, err := s.call(ctx, "get_work_item", arguments, false)
		if err != nil {
			return nil, err
		}
		if status := r.Meta.WorkItem.Status; !wait || status != "PENDING" && status != "EXECUTING" {
			return r, nil
		}
	}
}

func (d doorway) createWorkItem() *cobra.Command {
	var name, payload string
	var files []string
	command := &cobra.Command{
		Use:   "create AGENT [MESSAGE...|-]",
		Short: "Give a worker agent work",
		Long:  "Gives a worker agent a piece of work: a message, a payload, files, or several of them; with -, the message is read from the standard input.",
		Example: `  sema4-mcp-bridge work-items create "Invoice Clerk" --payload '{"invoice_number": "INV-7"}'
  sema4-mcp-bridge work-items create "Invoice Clerk" --file invoice.pdf Check this invoice`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(command, "there is no agent to give it to")
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&name, "name", "", "a `name` to find it by")
	flags.StringVar(&payload, "payload", "", "the data of the work: a `JSON` object")
	flags.StringArrayVar(&files, "file", nil, "attach this `file`; may be repeated")
	return d.tenantCommand(command, filesFrom(&files), func(ctx context.Context, s *session, args []string) error {
		if payload != "" {
			var object map[string]json.RawMessage
			if err := json.Unmarshal([]byte(payload), &object); err != nil {
				return misused(command, "--payload is no JSON object")
			}
		}
		message := ""
		if len(args) > 1 {
			var err error
			if message, err = s.message(command, args[1:]); err != nil {
				return err
			}
		}
		arguments := given("agent", args[0], "message", message, "name", name, "payload", payload)
		if len(files) > 0 {
			arguments["files"] = files
		}
		r, err := s.call(context.WithoutCancel(ctx), "create_work_item", arguments, false)
		if err != nil {
			return err
		}
		return showStatus(s, r, workItemText)
	})
}

// actOnWorkItem is the command for one of the actions.
func (d doorway) actOnWorkItem(action, short string, tells bool) *cobra.Command {
	var message string
	command := &cobra.Command{Use: action + " WORK_ITEM_ID", Short: short, Args: arguments("WORK_ITEM_ID")}
	if tells {
		command.Flags().StringVar(&message, "message", "", "what to `tell` the agent first, such as a decision")
	}
	return d.tenantCommand(command, nil, func(ctx context.Context, s *session, args []string) error {
		s.screen.start()
		defer s.screen.pause()
		arguments := given("work_item_id", args[0], "action", action, "message", message)
		for {
			r, err := s.call(ctx, "act_on_work_item", arguments, true)
			switch {
			case ctx.Err() != nil:
				return errors.New("it is not known whether that was done: " + s.command("work-items", "show", args[0]) + " tells")
			case err != nil:
				return err
			case len(r.Structured) == 0 && r.report.State == "working":
				continue // the same call goes on with it
			case len(r.Structured) == 0 && r.report.State == "needs_input":
				return errors.New(shown(r.text()))
			}
			return showStatus(s, r, workItemText)
		}
	})
}

func workItemText(item workItem) string {
	text := fmt.Sprintf("Work item %s is %s.", item.ID, item.Status)
	if item.Reply != "" {
		text = item.Reply + "\n\n" + text
	}
	return text
}
