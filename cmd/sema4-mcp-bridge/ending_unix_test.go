//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// desk is a tenant with an agent that takes its time.
type desk struct {
	*testtenant.Tenant
	env []string // of bridges to it
}

func newDesk(t *testing.T, takes time.Duration) *desk {
	t.Helper()
	tenant := testtenant.Start(t, testtenant.Scripted("Slow", fmt.Sprintf("- say: first\n- wait: %s\n- say: \" and last\"\n", takes)))
	served := httptest.NewServer(tenant.Handler())
	t.Cleanup(served.Close)
	return &desk{tenant, []string{"SEMA4_BASE_URL=" + served.URL + "/tenants/local/api/v2", "SEMA4_API_KEY=" + localtenant.APIKey, "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}}
}

// longerThanAnEnd is more than an ending bridge waits for its agents.
const longerThanAnEnd = 3 * time.Second

func callLine(id int, tool, arguments, meta string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{%s},"_meta":{%s}}}`, id, tool, arguments, meta)
}

const initializeLine = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"host","version":"1"}}}`

// work is what a bridge may be about when it has to end.
type work struct {
	name string
	meta string // of the call: a progress token has the agent's work streamed
	// What another bridge finds of the run.
	state, text string
}

var works = []work{
	{name: "idle"},
	{name: "posted", state: "completed", text: `"text":"first and last"`},
	{name: "streamed", meta: `"progressToken":1`, state: "interrupted", text: "first"},
}

// begin has the agent set to work and a call wait for it. It returns the run's id.
func (w work) begin(p *process, d *desk, thread string) (runID string) {
	p.t.Helper()
	p.send(initializeLine)
	p.until(`"id":0,`)
	if w.state == "" {
		return ""
	}
	p.send(callLine(1, "message_slow_agent", fmt.Sprintf(`"message":"go","thread_identifier":%q,"wait_seconds":0`, thread), w.meta))
	_, rest, _ := strings.Cut(p.until(`"id":1,`), `"run_id":"`)
	runID, _, _ = strings.Cut(rest, `"`)
	for len(d.Conversation(d.AgentID("Slow"), thread)) == 0 { // the message is on its way
	}
	p.send(callLine(2, "get_run", fmt.Sprintf(`"run_id":%q`, runID), `"progressToken":2`))
	p.until("writes the answer")
	return runID
}

// find has another bridge look for the run, once its agent has ended.
func (d *desk) find(t *testing.T, w work, runID, thread string) {
	t.Helper()
	if runID == "" {
		return
	}
	next := launch(t, "/", d.env, "--run-quiet", "300ms")
	next.send(callLine(1, "get_run", fmt.Sprintf(`"run_id":%q`, runID), ""))
	if found := next.until(`"id":1,`); !strings.Contains(found, `"state":"`+w.state+`"`) || !strings.Contains(found, w.text) {
		t.Errorf("%s: another bridge finds %s, want %s with %s", w.name, found, w.state, w.text)
	}
	_ = next.in.Close()
	next.end()
	if sent := len(d.Conversation(d.AgentID("Slow"), thread)); sent > 2 {
		t.Errorf("%s: the conversation has %d messages", w.name, sent)
	}
}

// TestEndings ends a bridge in each way that hosts have, idle and while an agent
// is at work: it is gone in time, leaves nothing behind, and nothing is lost.
func TestEndings(t *testing.T) {
	d := newDesk(t, longerThanAnEnd)
	ways := map[string]func(*process){
		"stdout closed": func(p *process) {
			_ = p.out.Close()
			p.send(`{"jsonrpc":"2.0","id":3,"method":"ping"}`) // a pipe without a reader shows when it is written to
		},
		"the host is gone": func(p *process) {
			_ = p.in.Close()
			_ = p.out.Close()
		},
		"SIGTERM to the group, passed on by a wrapper": func(p *process) {
			p.signalGroup(syscall.SIGTERM)
			time.Sleep(100 * time.Millisecond) // a signal that comes with another is one
			p.signalGroup(syscall.SIGTERM)
		},
	}
	for way, end := range endings {
		ways[way] = end
	}
	deaf := map[string]bool{killed: true, "stdout closed": true, "the host is gone": true}
	for way, end := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			for _, w := range works {
				all.Go(func() {
					thread := way + " " + w.name
					p := launch(t, "/", d.env)
					runID := w.begin(p, d, thread)
					end(p)
					var late []string
					if way == killed {
						late = p.remains()
					} else {
						late = p.end()
					}
					if told := strings.Join(late, "\n"); !deaf[way] && runID != "" && (!strings.Contains(told, `"id":2,`) || !strings.Contains(told, "shut")) {
						t.Errorf("%s: the waiting call is told %q", w.name, told)
					}
					d.find(t, w, runID, thread)
				})
			}
			all.Wait()
		})
	}
}

// TestAKeyCommandEndsWithTheBridge, and what it has started: it may be waiting for
// its user.
func TestAKeyCommandEndsWithTheBridge(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "/", []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "SEMA4_BASE_URL=http://127.0.0.1:1/api/v2", "SEMA4_API_KEY=cmd:sleep 600 >" + pipe + "; echo key"})
	held, err := os.Open(pipe) // returns when the command runs
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	p.send(initializeLine)
	p.receive(answerWithin)
	_ = p.in.Close()
	p.end()
	if err := held.SetReadDeadline(time.Now().Add(endWithin)); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the key command still runs: %v", err)
	}
}

// launched is a bridge whose parent is a shell between it and the host. The shell
// runs the setup first, and exits when it is told to.
func launched(t *testing.T, d *desk, setup string) (p *process, exit func()) {
	t.Helper()
	bridge, err := exec.LookPath("sema4-mcp-bridge")
	if err != nil {
		t.Fatal(err)
	}
	told, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-c", setup+`; exec 4<&0; "$0" <&4 3<&- 4<&- & read line <&3`, bridge)
	shell.ExtraFiles = []*os.File{told}
	p = launchCommand(t, shell, "/", d.env)
	_ = told.Close()
	exit = func() { _ = tell.Close() }
	t.Cleanup(exit)
	return p, exit
}

// TestTheParentDies: the host is the process that started the bridge, and a
// third one, which this test plays, holds the pipes open.
func TestTheParentDies(t *testing.T) {
	t.Parallel()
	d := newDesk(t, time.Hour)
	p, _ := launched(t, d, ":")
	streamed := works[2]
	runID := streamed.begin(p, d, "t")
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.until(`"method":"ping"`)
	if told := strings.Join(p.rest(), "\n"); !strings.Contains(told, `"id":2,`) {
		t.Errorf("the waiting call is told %q", told)
	}
	d.find(t, streamed, runID, "t")
}

// TestALauncherExits: the host is at the other end of the pipes, and stays.
func TestALauncherExits(t *testing.T) {
	t.Parallel()
	d := newDesk(t, longerThanAnEnd)
	p, exit := launched(t, d, ":")
	p.send(initializeLine)
	p.until(`"id":0,`)
	exit()
	p.until(`"method":"ping"`)
	p.send(`{"jsonrpc":"2.0","id":"parent-gone","result":{}}`)
	p.send(callLine(1, "message_slow_agent", `"message":"go","thread_identifier":"t","wait_seconds":8`, ""))
	if answer := p.until(`"id":1,`); !strings.Contains(answer, "first and last") {
		t.Errorf("got %s", answer)
	}
	_ = p.in.Close()
	if late := p.rest(); len(late) > 0 {
		t.Errorf("unasked: %q", late)
	}
}

// TestANohupOutlivesItsStarter, though nobody answers.
func TestANohupOutlivesItsStarter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, longerThanAnEnd)
	p, exit := launched(t, d, "trap '' HUP")
	p.send(initializeLine)
	p.until(`"id":0,`)
	exit()
	p.send(callLine(1, "message_slow_agent", `"message":"go","thread_identifier":"t","wait_seconds":8`, ""))
	if answer := p.receive(answerWithin); !strings.Contains(answer, "first and last") {
		t.Errorf("got %s", answer)
	}
	_ = p.in.Close()
	p.rest()
}

// TestASecondSignalEndsAtOnce: whoever sends one does not want to wait.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, time.Hour)
	p := launch(t, "/", d.env)
	works[1].begin(p, d, "t")
	p.signalGroup(syscall.SIGTERM)
	time.Sleep(800 * time.Millisecond) // later than a wrapper passes the first one on
	p.signalGroup(syscall.SIGTERM)
	p.remains()
	if status := p.command.ProcessState.ExitCode(); status != 130 {
		t.Errorf("the status is %d, want 130, as shells have it", status)
	}
}
