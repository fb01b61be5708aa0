package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/hosts"
)

// setup is one call of the command.
type setup struct {
	name    string
	profile string
	local   bool

	yes, dryRun, print, list, remove, force bool

	system hosts.System
	entry  hosts.Entry
	ask    asker
	out    io.Writer
	errOut io.Writer
}

func newSetupCommand(in io.Reader, out io.Writer) *cobra.Command {
	var s setup
	command := &cobra.Command{
		Use:   "setup [host...]",
		Short: "Put this program into the configuration of MCP hosts",
		Long: `Puts this program into the configuration of the hosts that are named, or of all that are found, and shows each change before it is made.
Comments and everything else in a file stay as they are, and what was there is kept in a backup. Nothing secret is written.

Hosts: ` + strings.Join(hostNames(), ", ") + `.`,
		Example: `  sema4-mcp-bridge setup --list
  sema4-mcp-bridge setup claude-code --local
  sema4-mcp-bridge setup --remove --yes`,
		ValidArgs: hostNames(),
		RunE: func(command *cobra.Command, args []string) error {
			flags := command.Flags()
			s.entry.KeepArgs = !flags.Changed("profile") && !flags.Changed("local")
			s.out, s.errOut = out, command.ErrOrStderr()
			s.ask = asker{in: in, out: out}
			return s.run(args)
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.BoolVar(&s.list, "list", false, "say which hosts are found and how the entry stands there")
	flags.BoolVarP(&s.yes, "yes", "y", false, "make the changes without asking")
	flags.BoolVar(&s.dryRun, "dry-run", false, "show the changes and make none")
	flags.BoolVar(&s.print, "print", false, "print what to put into a host's configuration by hand")
	flags.BoolVar(&s.remove, "remove", false, "take the entry out again")
	flags.StringVar(&s.profile, "profile", "", "have the host start this program with the `profile` of that name")
	flags.BoolVar(&s.local, "local", false, "have the host start this program with a local tenant; needs no account")
	flags.StringVar(&s.name, "name", defaultServerName, "`name` of the server in the host: another one for each further profile")
	flags.BoolVar(&s.force, "force", false, "replace or remove an entry of that name that starts another program")
	return command
}

func hostNames() []string {
	var names []string
	for _, h := range hosts.All() {
		names = append(names, h.Name)
	}
	return names
}

// defaultServerName is the server's name in a host that has no other.
const defaultServerName = "sema4"

// serverName keeps the names of tools, which hosts put it before, short enough;
// one host cannot have an underscore in it.
var serverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,9}$`)

func (s *setup) run(names []string) error {
	if err := s.check(names); err != nil {
		return err
	}
	var err error
	if s.system, err = hosts.ThisSystem(); err != nil {
		return err
	}
	if s.entry.Command, err = hosts.Executable(os.Args[0]); err != nil {
		return err
	}
	s.entry.Name = s.name
	if s.profile != "" {
		s.entry.Args = []string{"--profile", s.profile}
	} else if s.local {
		s.entry.Args = []string{"--local"}
	}
	if s.list {
		return s.listHosts()
	}
	files, err := s.files(names)
	if err != nil {
		return err
	}
	if s.print {
		return s.printSnippets(files)
	}
	return s.change(files)
}

func (s *setup) check(names []string) error {
	modes := 0
	for _, set := range []bool{s.list, s.print, s.remove} {
		if set {
			modes++
		}
	}
	switch {
	case modes > 1:
		return &cli.UsageError{Message: "--list, --print and --remove exclude each other"}
	case s.yes && s.dryRun:
		return &cli.UsageError{Message: "--yes and --dry-run exclude each other"}
	case s.local && s.profile != "":
		return &cli.UsageError{Message: "--local needs no --profile"}
	case !serverName.MatchString(s.name):
		return &cli.UsageError{Message: fmt.Sprintf("--name is up to ten of a-z, 0-9 and -, not %q", s.name)}
	}
	for _, name := range names {
		if _, ok := hosts.Named(name); !ok {
			return &cli.UsageError{Message: fmt.Sprintf("there is no host %q; the hosts are %s", name, strings.Join(hostNames(), ", "))}
		}
	}
	return nil
}

// files are those of the named hosts, or else of all that are found.
func (s *setup) files(names []string) ([]hosts.File, error) {
	var files []hosts.File
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		host, _ := hosts.Named(name) // has been checked
		files = append(files, host.Find(s.system))
	}
	if len(names) == 0 {
		files = hosts.Installed(s.system)
	}
	if len(files) == 0 && !s.remove {
		return nil, fmt.Errorf("no host is found; name one to set it up all the same: %s", strings.Join(hostNames(), ", "))
	}
	return files, nil
}

func (s *setup) listHosts() error {
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, h := range hosts.All() {
		f := h.Find(s.system)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", h.Name, s.standing(f), f.Path) // Flush has the error
	}
	return table.Flush()
}

func (s *setup) standing(f hosts.File) string {
	if !f.Installed {
		return "not found"
	}
	state, err := f.State(s.entry)
	switch {
	case err != nil:
		return "broken: " + err.Error()
	case state.Status == hosts.Current:
		return "set up"
	case state.Status == hosts.Stale:
		return "stale: starts " + state.Command
	case state.Status == hosts.Foreign:
		return "another program has the name " + s.name
	default:
		return "not set up"
	}
}

func (s *setup) printSnippets(files []hosts.File) error {
	for i, f := range files {
		if i > 0 {
			_, _ = fmt.Fprintln(s.out)
		}
		if _, err := fmt.Fprintf(s.out, "%s: put this into %s, beside what is there.\n%s\n\n%s\n",
			f.Host.Title, f.Path, f.Host.ByHand(s.entry), strings.TrimSpace(f.Host.Snippet(s.entry))); err != nil {
			return err
		}
	}
	return nil
}

// errNoTerminal is found out once there is something to ask.
var errNoTerminal = &cli.UsageError{Message: "nothing is written without consent, and there is no terminal to ask on: add --yes, or --dry-run to see the changes alone"}

func (s *setup) change(files []hosts.File) error {
	failed := 0
	for _, f := range files {
		err := s.changeFile(f)
		if errors.Is(err, errNoTerminal) {
			return err
		}
		if err != nil {
			failed++
			_, _ = fmt.Fprintf(s.errOut, "%s: %v\n", f.Host.Title, err) // nothing is left to tell it to
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d hosts failed", failed, len(files))
	}
	return nil
}

func (s *setup) changeFile(f hosts.File) error {
	plan := f.Setup
	if s.remove {
		plan = f.Remove
	}
	change, err := plan(s.entry, s.force)
	if err != nil {
		return err
	}
	if change.Action == hosts.Nothing {
		there := "is set up already in"
		if s.remove {
			there = "is not in"
		}
		return s.say("%s: nothing to change: %s %s %s\n", f.Host.Title, s.name, there, f.Path)
	}
	if err := s.say("%s", change.Diff()); err != nil {
		return err
	}
	if s.dryRun {
		return s.say("%s: would %s %s in %s\n", f.Host.Title, change.Action, s.name, f.Path)
	}
	if !s.yes {
		agreed, err := s.ask.yesNo(fmt.Sprintf("%s: %s %s in %s? [y/N] ", f.Host.Title, change.Action, s.name, f.Path))
		if err != nil {
			return err
		}
		if !agreed {
			return s.say("%s: left as it was\n", f.Host.Title)
		}
	}
	backup, err := change.Apply(time.Now())
	if err != nil {
		return err
	}
	return s.say("%s: %s\n", f.Host.Title, s.done(change, backup))
}

// done tells in one line what has happened.
func (s *setup) done(change *hosts.Change, backup string) string {
	verb := map[hosts.Action]string{hosts.Add: "added to", hosts.Update: "updated in", hosts.Replace: "replaced in", hosts.Remove: "removed from"}[change.Action]
	line := fmt.Sprintf("%s %s %s", s.name, verb, change.File.Path)
	if backup != "" {
		line += " (backup: " + backup + ")"
	}
	if change.Action != hosts.Remove {
		line += ". " + change.File.Host.Next
	}
	return line
}

func (s *setup) say(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format, args...)
	return err
}
