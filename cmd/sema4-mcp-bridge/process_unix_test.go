//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"sema4mcp/internal/localtenant"
)

// endWithin is what hosts leave a bridge to end by itself, and a busy machine's
// share; answerWithin bounds the wait for a line.
const (
	endWithin    = 2*time.Second + 2*time.Second
	answerWithin = 30 * time.Second
)

// process is a bridge as hosts start it, in a process group of its own.
type process struct {
	t       *testing.T
	command *exec.Cmd
	in      io.WriteCloser
	out     io.Closer
	frames  chan string   // the lines of its output; closed at its end
	ended   chan struct{} // closed when status and stderr can be read
	status  error
	stderr  bytes.Buffer
}

func launch(t *testing.T, directory string, env []string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath("sema4-mcp-bridge")
	if err != nil {
		t.Fatal(err)
	}
	return launchCommand(t, exec.Command(path, args...), directory, env)
}

func launchCommand(t *testing.T, command *exec.Cmd, directory string, env []string) *process {
	t.Helper()
	p := &process{t: t, command: command, frames: make(chan string, 1000), ended: make(chan struct{})}
	p.command.Dir, p.command.Env, p.command.Stderr = directory, env, &p.stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := p.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, out
	t.Cleanup(func() {
		p.signalGroup(syscall.SIGKILL)
		<-p.ended
		p.checkLog()
	})
	go p.read(out)
	return p
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if line != "" {
				p.t.Errorf("the output ends within a line: %.500s", line)
			}
			break
		}
		if !json.Valid([]byte(line)) {
			p.t.Errorf("the output is not JSON: %.500s", line)
		}
		if strings.Contains(line, `/list_changed"}`) {
			continue // comes at any time, as with the conversation that a call begins; see TestAHostIsToldOfChanges
		}
		p.frames <- strings.TrimSuffix(line, "\n")
	}
	p.status = p.command.Wait()
	close(p.frames)
	close(p.ended)
}

func (p *process) send(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// receive returns the next line of the output.
func (p *process) receive(within time.Duration) string {
	p.t.Helper()
	select {
	case line, ok := <-p.frames:
		if !ok {
			<-p.ended
			p.t.Fatalf("the bridge has ended: %v\n%s", p.status, &p.stderr)
		}
		return line
	case <-time.After(within):
		p.t.Fatalf("no answer within %v", within)
	}
	return ""
}

// until returns the first line that holds the part.
func (p *process) until(part string) string {
	p.t.Helper()
	for {
		if line := p.receive(answerWithin); strings.Contains(line, part) {
			return line
		}
	}
}

func (p *process) signalGroup(signal syscall.Signal) {
	if err := syscall.Kill(-p.command.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Error(err)
	}
}

// end waits for the process to end by itself, as hosts want it to: in time, with
// status 0, and nothing of it left. It returns what was still written.
func (p *process) end() []string {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(endWithin):
		p.t.Fatalf("the bridge still runs after %v", endWithin)
	}
	if p.status != nil {
		p.t.Errorf("the bridge ended with %v\n%s", p.status, &p.stderr)
	}
	return p.remains()
}

// remains checks that no process of the group is left, and returns the rest.
func (p *process) remains() []string {
	p.t.Helper()
	lines := p.rest()
	if err := syscall.Kill(-p.command.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		p.t.Errorf("the bridge left a process behind: %v", err)
	}
	return lines
}

// rest waits for the end of the output, which is that of all processes that
// could write to it, and returns the lines that nobody has read.
func (p *process) rest() []string {
	<-p.ended
	var lines []string
	for line := range p.frames {
		lines = append(lines, line)
	}
	return lines
}

// checkLog is for what the host's user would find in its log.
func (p *process) checkLog() {
	p.t.Helper()
	for _, trouble := range []string{"panic:", "broken pipe", "DATA RACE", localtenant.APIKey} {
		if strings.Contains(p.stderr.String(), trouble) {
			p.t.Errorf("the log has %q:\n%s", trouble, &p.stderr)
		}
	}
}
