package terminal

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/cmd/internal/cli"
)

func (d doorway) ask() *cobra.Command {
	var thread string
	var files []string
	command := &cobra.Command{
		Use:   "ask AGENT [MESSAGE...|-]",
		Short: "Ask an agent and print its answer",
		Long: `Sends a message to an agent and prints the answer as it is written. The message is in the arguments; with -, or without any, it
is read from the standard input.

Ctrl-C asks whether the agent is to go on; a second Ctrl-C ends at once. A question of the agent's is put to you at the terminal.

Exit status 0: the agent answered; 1: it did not, as it failed, was stopped or asks something; 2: a mistake in the call;
130: it is left at work, and "runs wait" has the answer.`,
		Example: `  sema4-mcp-bridge ask "Sales Analyst" What were total sales by region?
  sema4-mcp-bridge ask Echo --thread notes-k3x9qa --file report.csv - <question.txt`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused(command, "there is no agent to ask")
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&thread, "thread", "", "go on in the conversation of this `name`, or begin it; else a new one")
	flags.StringArrayVar(&files, "file", nil, "send this `file` along; may be repeated")
	return d.tenantCommand(command, filesFrom(&files), func(ctx context.Context, s *session, args []string) error {
		message, err := s.message(command, args[1:])
		if err != nil {
			return err
		}
		arguments := map[string]any{"agent": args[0], "message": message, "thread_identifier": cmp.Or(thread, newThread()), "wait_seconds": 0}
		if len(files) > 0 {
			arguments["files"] = files
		}
		return s.ask(ctx, arguments)
	})
}

// newThread is a name in the way that hosts choose them.
func newThread() string { return "terminal-" + strings.ToLower(rand.Text()[:6]) }

// filesFrom lets tools read the named files, and nothing else of this machine than
// what lies beside them. It makes the names absolute.
func filesFrom(files *[]string) prepare {
	return func(settings *cli.Settings) error {
		var dirs []string
		for i, name := range *files {
			path, err := filepath.Abs(name)
			if err == nil {
				path, err = filepath.EvalSymlinks(path)
			}
			if err != nil {
				return &cli.UsageError{Message: fmt.Sprintf("--file: %v", err)}
			}
			(*files)[i] = path
			dirs = append(dirs, filepath.Dir(path))
		}
		slices.Sort(dirs)
		settings.FilesDirs = slices.Compact(dirs)
		return nil
	}
}

// maxMessage bounds a message from the standard input: what is longer belongs into
// a file.
const maxMessage = 1 << 20

func (s *session) message(command *cobra.Command, words []string) (string, error) {
	if len(words) > 0 && !slices.Equal(words, []string{"-"}) {
		return strings.Join(words, " "), nil
	}
	if len(words) == 0 && isTerminal(s.user.In) {
		return "", misused(command, "there is no message")
	}
	text, err := io.ReadAll(io.LimitReader(s.user.In, maxMessage+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the message cannot be read: %w", err)
	case len(text) > maxMessage:
		return "", &cli.UsageError{Message: "the message is longer than 1 MB: send it along with --file"}
	case strings.TrimSpace(string(text)) == "":
		return "", misused(command, "the message is empty")
	}
	return string(text), nil
}

// ask sends a message and follows the run until there is nothing to wait for.
func (s *session) ask(ctx context.Context, arguments map[string]any) error {
	s.screen.start()
	defer s.screen.pause()
	s.screen.doing("The message is sent")
	r, err := s.call(context.WithoutCancel(ctx), "ask_agent", arguments, false)
	if err != nil {
		return err
	}
	if r, err = s.follow(ctx, r, s.decide); err != nil {
		return err
	}
	return s.tell(r, arguments["thread_identifier"].(string))
}

// follow waits for a run. Where that is interrupted while the agent is at work,
// decide says what becomes of it.
func (s *session) follow(ctx context.Context, r *result, decide func(context.Context, *result) (*result, error)) (*result, error) {
	for {
		if ctx.Err() != nil && r.Meta.Run.State == run.Working {
			return decide(context.WithoutCancel(ctx), r)
		}
		if r.Meta.Run.State != run.Working && (r.Meta.Run.State != run.NeedsInput || r.asked || !s.mayAsk()) {
			return r, nil
		}
		next, err := s.call(ctx, "get_run", map[string]any{"run_id": r.Meta.Run.RunID}, true)
		if ctx.Err() != nil { // what the call says is of itself
			next, err = s.look(context.WithoutCancel(ctx), r)
		}
		if err != nil {
			return nil, err
		}
		next.asked = true
		r = next
	}
}

// look tells how the run stands now.
func (s *session) look(ctx context.Context, r *result) (*result, error) {
	return s.call(ctx, "get_run", map[string]any{"run_id": r.Meta.Run.RunID, "wait_seconds": 0}, false)
}

// decide asks the user what becomes of an agent at work. Where nobody can be
// asked, the setting on_disconnect says it.
func (s *session) decide(ctx context.Context, r *result) (*result, error) {
	s.screen.pause()
	answer := s.onDisconnect
	if s.mayAsk() {
		answer = s.choice(ctx)
	}
	id, err := run.ParseID(r.Meta.Run.RunID)
	if err != nil {
		return nil, err
	}
	streamed := id.Way == run.Streamed
	switch {
	case answer == string(bridge.DisconnectKeep) && !streamed:
		return nil, &cli.LeftError{Message: "the agent is left at work. Its answer: " + s.command("runs", "wait", id.String())}
	case answer == string(bridge.DisconnectKeep) && s.mayAsk():
		s.user.Say("The agent stops when this program ends, so it stays until the answer is there; later the answer is at:\n  %s\n"+
			"Ctrl-C ends both. (With --send post an agent goes on by itself.)\n", s.command("runs", "show", id.String()))
		s.screen.start()
		return s.follow(ctx, r, nil)
	}
	if _, err := s.call(ctx, "cancel_run", map[string]any{"run_id": id.String()}, false); err != nil {
		return nil, err
	}
	return s.look(ctx, r)
}

// choice is keep or cancel. It asks until it is one of them.
func (s *session) choice(ctx context.Context) string {
	for {
		answer, err := s.user.Line(ctx, "The agent is at work. Keep it at work, or cancel it? [keep/cancel] ")
		if err != nil {
			return string(bridge.DisconnectCancel)
		}
		for _, choice := range []bridge.OnDisconnect{bridge.DisconnectKeep, bridge.DisconnectCancel} {
			if answer != "" && strings.HasPrefix(string(choice), strings.ToLower(answer)) {
				return string(choice)
			}
		}
	}
}

// command is how this program is called, to be pasted into a shell, for the tenant
// that it is working with.
func (s *session) command(words ...string) string {
	command := []string{"sema4-mcp-bridge"}
	for i, word := range words {
		if i < 2 && word != "" && strings.IndexFunc(word, special) < 0 {
			command = append(command, word)
			continue
		}
		command = append(command, quoted(word))
	}
	if s.settings.Profile != "" && s.settings.Profile != "default" {
		command = append(command, "--profile", quoted(s.settings.Profile))
	}
	return strings.Join(command, " ")
}

// quoted is a word as shells take it.
func quoted(word string) string {
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func special(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:", r)
}

// errNoAnswer ends a command whose agent gave none; what there is to say of it has
// been said.
var errNoAnswer = errors.New("there is no answer")
