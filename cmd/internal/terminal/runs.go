package terminal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sema4mcp/bridge/run"
	"sema4mcp/cmd/internal/cli"
)

func (d doorway) runs() *cobra.Command {
	show := &cobra.Command{Use: "show RUN_ID", Short: "Show how a run stands, and what the agent has written", Args: arguments("RUN_ID")}
	wait := &cobra.Command{Use: "wait RUN_ID", Short: "Wait for the answer of a run and print it", Args: arguments("RUN_ID"),
		Long: `Waits for the answer of a run and prints it. Ctrl-C ends the wait, and leaves the agent at work.

The exit status is that of ask.`}
	cancel := &cobra.Command{Use: "cancel RUN_ID", Short: "Stop the agent of a run", Args: arguments("RUN_ID")}
	return group("runs", "Look after what agents were asked",
		d.tenantCommand(show, nil, func(ctx context.Context, s *session, args []string) error {
			r, err := s.call(ctx, "get_run", map[string]any{"run_id": args[0], "wait_seconds": 1}, false) // to look once
			if err != nil {
				return err
			}
			if err := s.tell(r, ""); !errors.Is(err, errNoAnswer) {
				return err
			}
			return nil
		}),
		d.tenantCommand(wait, nil, func(ctx context.Context, s *session, args []string) error {
			s.screen.start()
			defer s.screen.pause()
			r, err := s.call(context.WithoutCancel(ctx), "get_run", map[string]any{"run_id": args[0], "wait_seconds": 0}, false)
			if err != nil {
				return err
			}
			if r, err = s.follow(ctx, r, s.leave); err != nil {
				return err
			}
			return s.tell(r, "")
		}),
		d.tenantCommand(cancel, nil, func(ctx context.Context, s *session, args []string) error {
			r, err := s.call(ctx, "cancel_run", map[string]any{"run_id": args[0]}, false)
			if err != nil {
				return err
			}
			return showStatus(s, r, func(status runInfo) string { return fmt.Sprintf("The run is %s.", status.State) })
		}))
}

// leave ends a wait alone: the run is not this program's.
func (s *session) leave(_ context.Context, r *result) (*result, error) {
	s.screen.pause()
	return nil, &cli.LeftError{Message: "the agent is at work as before. Its answer: " + s.command("runs", "wait", r.Meta.Run.RunID)}
}

// runDocument is a run for programs.
type runDocument struct {
	RunID    string    `json:"run_id"`
	AgentID  string    `json:"agent_id"`
	ThreadID string    `json:"thread_id"`
	Thread   string    `json:"thread,omitzero"` // its name, where it was asked by that
	State    run.State `json:"state"`
	Answer   string    `json:"answer"`
	Question string    `json:"question,omitzero"` // what the agent asks
	Failure  string    `json:"failure,omitzero"`  // why there is no whole answer
	Left     []left    `json:"left,omitzero"`     // files and data frames that the run left
}

// left is a resource that a run left.
type left struct {
	Name     string `json:"name"`
	URI      string `json:"uri"`
	MIMEType string `json:"mime_type,omitzero"`
	Size     int64  `json:"size,omitzero"` // in bytes
}

func documentOf(r *result, thread string) runDocument {
	info := r.Meta.Run
	document := runDocument{RunID: info.RunID, AgentID: info.AgentID, ThreadID: info.ThreadID, Thread: thread, State: info.State,
		Answer: r.answer, Question: r.report.Question}
	if r.IsError {
		document.Failure, _, _ = strings.Cut(r.text(), "\n\n")
	}
	for _, c := range r.Content {
		if c.Type == "resource_link" && c.URI != "sema4://runs/"+info.RunID { // that is the answer
			document.Left = append(document.Left, left{c.Name, c.URI, c.MIMEType, c.Size})
		}
	}
	return document
}

// tell says how a run stands, below what has been shown of its answer. The error is
// errNoAnswer where that is not whole.
func (s *session) tell(r *result, thread string) error {
	s.screen.pause()
	document := documentOf(r, thread)
	if s.asJSON {
		if err := cli.PrintJSON(s.out, document); err != nil {
			return err
		}
	} else {
		s.screen.write(r.answer)
		if err := s.screen.finish(); err != nil {
			return err
		}
		for _, left := range document.Left {
			s.user.Say("left: %s\n", oneLine(left.Name))
		}
	}
	if standing := s.standing(document); standing != "" {
		s.user.Say("%s\n", standing)
	}
	s.user.Say("thread %s, run %s\n", cmp.Or(document.Thread, document.ThreadID), document.RunID)
	if document.State != run.Completed {
		return errNoAnswer
	}
	return nil
}

// standing says what there is to know beside the answer.
func (s *session) standing(document runDocument) string {
	switch document.State {
	case run.Completed:
		return ""
	case run.Working:
		return "The agent is at work. Wait for it: " + s.command("runs", "wait", document.RunID)
	case run.NeedsInput:
		if document.Thread == "" {
			return "The agent asks: " + printable(document.Question) + "\nAnswer with ask and --thread, in the same thread."
		}
		return "The agent asks: " + printable(document.Question) + "\nAnswer: " + s.command("ask", document.AgentID, "--thread", document.Thread, "YOUR REPLY")
	case run.Cancelled:
		return "The run was cancelled: the agent has stopped."
	default:
		return shown(document.Failure)
	}
}

// showStatus prints what a tool returned: as it is for programs, else as text has it.
func showStatus[T any](s *session, r *result, text func(T) string) error {
	s.screen.pause()
	var status T
	if len(r.Structured) == 0 { // it could not be read, which the text says
		_, err := fmt.Fprintln(s.out, shown(r.text()))
		return err
	}
	if err := json.Unmarshal(r.Structured, &status); err != nil {
		return err
	}
	if s.asJSON {
		return cli.PrintJSON(s.out, r.Structured)
	}
	_, err := fmt.Fprintln(s.out, printable(text(status)))
	return err
}
