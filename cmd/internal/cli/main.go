package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// UsageError is a mistake in how a command was called: exit status 2.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// LeftError ends a command that was interrupted and has left an agent at work:
// exit status 130. The message says how to come back to it.
type LeftError struct{ Message string }

func (e *LeftError) Error() string { return e.Message }

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2

	exitInterrupted = 130 // as shells have it
)

// passedOnWithin is how soon a wrapper passes a signal on that the whole process
// group has received already.
const passedOnWithin = 500 * time.Millisecond

// Main runs a command until it returns or the process is told to stop, and
// returns the exit status. A second signal ends the process at once, unless it comes
// along with the first.
func Main(command *cobra.Command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, exitAtNextSignal)
	command.SetArgs(args)
	command.Version = Version()
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &UsageError{fmt.Sprintf("%v\nRun '%s --help' for the flags.", err, c.CommandPath())}
	})
	return exitStatus(command.ExecuteContext(ctx), command.Name(), command.ErrOrStderr())
}

// exitAtNextSignal is for whoever does not want to wait for an orderly end. The
// default of a signal will not do: a shell starts jobs in the background with
// interrupts ignored.
func exitAtNextSignal() {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	first := time.Now()
	go func() {
		for range again {
			if time.Since(first) > passedOnWithin {
				os.Exit(exitInterrupted)
			}
		}
	}()
}

func exitStatus(err error, name string, stderr io.Writer) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return exitOK
	}
	withinFlush(func() { _, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err) }) // nothing is left to tell it to
	if _, configured := errors.AsType[*ConfigError](err); configured {
		return exitFailure
	}
	if _, left := errors.AsType[*LeftError](err); left {
		return exitInterrupted
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// NoArguments refuses positional arguments as a usage error.
func NoArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	if similar := command.SuggestionsFor(args[0]); len(similar) > 0 {
		meant = fmt.Sprintf("; is %s meant?", similar[0])
	}
	return &UsageError{fmt.Sprintf("there is no argument %q%s\nRun '%s --help' for the flags.", args[0], meant, command.CommandPath())}
}

// version is set by the linker for releases.
var version string

// Version is the program's, from the release or from the module it was built of.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
