package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/cmd/internal/account"
	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// ptmx opens a terminal: what is typed into user is read from tty, and user reads what
// is written there.
func ptmx(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	connection, err := user.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = connection.Control(func(fd uintptr) {
		err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		if err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = tty.Close()
		_ = user.Close()
	})
	return user, tty
}

// desk is a user before a terminal, with one bridge for all commands.
type desk struct {
	t      *testing.T
	user   *os.File
	tty    *os.File
	in     io.Reader // tty, or what is no terminal
	tenant Tenant

	mu     sync.Mutex // guards all below
	screen bytes.Buffer
	until  map[string]func() // what the user does when they see this
}

func newDesk(t *testing.T, agents ...localtenant.AgentSpec) *desk {
	t.Helper()
	tenant := testtenant.Start(t, agents...)
	client := tenant.Client()
	shared := bridge.NewTenant(client, bridge.Config{Logger: zerolog.Nop()})
	t.Cleanup(shared.Close)
	user, tty := ptmx(t)
	return &desk{t: t, user: user, tty: tty, in: tty, tenant: Tenant{shared, client}, until: make(map[string]func())}
}

// sees has the user do something as soon as the terminal shows this.
func (d *desk) sees(text string, do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[text] = do
}

func (d *desk) types(line string) func() {
	return func() { _, _ = io.WriteString(d.user, line+"\n") }
}

// read follows the terminal until mark is written to it.
func (d *desk) read(mark string, done chan<- string) {
	buffer := make([]byte, 4096)
	for {
		n, err := d.user.Read(buffer)
		d.mu.Lock()
		d.screen.Write(buffer[:n])
		seen := d.screen.String()
		var acts []func()
		for text, act := range d.until {
			if strings.Contains(seen, text) {
				acts = append(acts, act)
				delete(d.until, text)
			}
		}
		d.mu.Unlock()
		for _, act := range acts {
			act()
		}
		if err != nil || strings.Contains(seen, mark) {
			done <- seen
			return
		}
	}
}

// runs does a command at the terminal and returns what that shows.
func (d *desk) runs(ctx context.Context, args ...string) (string, error) {
	d.t.Helper()
	root := &cobra.Command{Use: "sema4-mcp-bridge", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Commands(d.in, func(context.Context, *cli.Settings, zerolog.Logger) (Tenant, func(), error) {
		return d.tenant, func() {}, nil
	})...)
	root.SetOut(d.tty)
	root.SetErr(d.tty)
	root.SetArgs(args)
	d.t.Setenv("HOME", d.t.TempDir())
	d.t.Setenv("TERM", "xterm")
	const mark = "[the end]"
	d.screen.Reset()
	seen := make(chan string, 1)
	go d.read(mark, seen)
	err := root.ExecuteContext(ctx)
	_, _ = io.WriteString(d.tty, mark)
	return <-seen, err
}

func TestTheAgentsQuestionIsPutToTheUser(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Asker", "- ask: Which year, {{message}}?\n"))
	d.sees("Which year, go?", d.types("2025"))
	d.sees("Which year, 2025?", d.types("")) // declines
	seen, err := d.runs(t.Context(), "ask", "Asker", "go", "--thread", "t-1")
	if !errors.Is(err, errNoAnswer) || !strings.Contains(seen, "Asker asks: Which year, 2025?") || !strings.Contains(seen, "--thread t-1 'YOUR REPLY'") {
		t.Errorf("got %v, and saw %s", err, seen)
	}
}

func TestACancelledAgentIsStopped(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Slow", "- say: Once upon a time\n- wait: 1h\n"))
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.sees("Once upon", interrupt)
	d.sees("[keep/cancel]", d.types("what?"))
	d.sees("what?", d.types("cancel"))
	seen, err := d.runs(ctx, "ask", "Slow", "go")
	if !errors.Is(err, errNoAnswer) || !strings.Contains(seen, "the agent has stopped") || strings.Count(seen, "[keep/cancel]") != 2 {
		t.Errorf("got %v, and saw %s", err, seen)
	}
	if live := d.tenant.LiveRuns(); live != 0 {
		t.Errorf("%d agents are at work", live)
	}
}

func TestAKeptAgentIsWaitedForWhereItWouldStop(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Slow", "- say: Once upon a time\n- wait: 1s\n- say: \" there was an end.\"\n"))
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.sees("Once upon", interrupt)
	d.sees("[keep/cancel]", d.types("k"))
	seen, err := d.runs(ctx, "ask", "Slow", "go")
	if err != nil || !strings.Contains(seen, "stops when this program ends") || !strings.Contains(seen, "there was an end.") {
		t.Errorf("got %v, and saw %s", err, seen)
	}
}

func TestAPostedMessageIsLeftAtWork(t *testing.T) {
	tenant := testtenant.Start(t, testtenant.Scripted("Slow", "- say: Once upon a time\n- wait: 1h\n"))
	client := tenant.Client()
	d := newDesk(t)
	d.tenant = Tenant{bridge.NewTenant(client, bridge.Config{Run: run.Config{Send: run.SendPost}, Logger: zerolog.Nop()}), client}
	defer d.tenant.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.sees("Once upon", interrupt)
	d.sees("[keep/cancel]", d.types("keep"))
	seen, err := d.runs(ctx, "ask", "Slow", "go")
	if _, left := errors.AsType[*cli.LeftError](err); !left || !strings.Contains(err.Error(), "runs wait run2_") {
		t.Errorf("got %v, and saw %s", err, seen)
	}
}

func TestWithoutATerminalTheSettingsDecide(t *testing.T) {
	for setting, want := range map[string]string{"keep": "the agent has stopped", "cancel": "the agent has stopped"} {
		d := newDesk(t, testtenant.Scripted("Slow", "- say: Once upon a time\n- wait: 1h\n"))
		d.in = strings.NewReader("")
		ctx, interrupt := context.WithCancel(t.Context())
		d.sees("Once upon", interrupt)
		seen, err := d.runs(ctx, "ask", "Slow", "go", "--on-disconnect", setting)
		if !errors.Is(err, errNoAnswer) || !strings.Contains(seen, want) {
			t.Errorf("%s: got %v, and saw %s", setting, err, seen)
		}
		interrupt()
	}
}

func TestWhatAnAgentWritesDoesNotSteerTheTerminal(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Painter", `- say: "red \u001b]0;title\u0007 and \u009b31m blue"`))
	seen, err := d.runs(t.Context(), "ask", "Painter", "go")
	if err != nil || !strings.Contains(seen, "red ]0;title and 31m blue") {
		t.Errorf("got %v, and saw %q", err, seen)
	}
}

func TestNoColourWhereNoneIsWanted(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Painter", "- say: done"))
	seen, err := d.runs(t.Context(), "agents")
	if err != nil || !strings.Contains(seen, "\x1b[1mPainter\x1b[0m") {
		t.Errorf("got %v, and saw %q", err, seen)
	}
	t.Setenv("NO_COLOR", "1")
	seen, err = d.runs(t.Context(), "agents")
	if err != nil || !strings.Contains(seen, "Painter") || strings.Contains(seen, "\x1b") {
		t.Errorf("got %v, and saw %q", err, seen)
	}
}

func TestAWaitLeavesTheAgentAtWork(t *testing.T) {
	d := newDesk(t, testtenant.Scripted("Slow", "- say: Once upon a time\n- wait: 1h\n"))
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	s := &session{tenant: d.tenant, settings: new(cli.Settings), asJSON: true, user: &account.Terminal{}, screen: newScreen(io.Discard, io.Discard)}
	started, err := s.call(t.Context(), "ask_agent", map[string]any{"agent": "Slow", "message": "go", "thread_identifier": "t-1", "wait_seconds": 0}, false)
	if err != nil {
		t.Fatal(err)
	}
	id := started.Meta.Run.RunID
	d.sees("Once upon", interrupt)
	seen, err := d.runs(ctx, "runs", "wait", id)
	if _, left := errors.AsType[*cli.LeftError](err); !left || !strings.Contains(err.Error(), "runs wait "+id) || d.tenant.LiveRuns() != 1 {
		t.Errorf("got %v with %d agents at work, and saw %s", err, d.tenant.LiveRuns(), seen)
	}
	seen, err = d.runs(t.Context(), "runs", "show", id)
	if err != nil || !strings.Contains(seen, "Wait for it: sema4-mcp-bridge runs wait "+id) {
		t.Errorf("got %v, and saw %s", err, seen)
	}
	seen, err = d.runs(t.Context(), "runs", "cancel", id)
	if err != nil || !strings.Contains(seen, "The run is cancelled.") {
		t.Errorf("got %v, and saw %s", err, seen)
	}
}
