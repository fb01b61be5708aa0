package faultmatrix_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a command that is killed and started again.
type process struct {
	t         testing.TB
	name      string
	arguments []string
	env       []string
	listens   bool
	pipes     func(*exec.Cmd) (read <-chan struct{}, err error) // before each start: see stdioFront; nil: none

	url string // of one that listens; the same after each start

	mu      sync.Mutex // guards what follows
	command *exec.Cmd
	ended   chan struct{}
	starts  int
	said    bytes.Buffer
}

// startWithin bounds the wait for a process to listen, endWithin for its end.
const (
	startWithin = 30 * time.Second
	endWithin   = 15 * time.Second
)

func (p *process) start() error {
	arguments := p.arguments
	if p.listens {
		at := "127.0.0.1:0"
		if p.url != "" {
			at = strings.TrimPrefix(p.url, "http://")
		}
		arguments = append([]string{"--listen", at}, arguments...)
	}
	command := exec.Command(filepath.Join(binaries, p.name), arguments...)
	command.Env = append(os.Environ(), p.env...)
	stderr, err := command.StderrPipe()
	if err != nil {
		return err
	}
	read := closedChannel
	if p.pipes != nil {
		if read, err = p.pipes(command); err != nil {
			return err
		}
	}
	if err := command.Start(); err != nil {
		return err
	}
	ended, found := make(chan struct{}), make(chan string, 1)
	p.mu.Lock()
	p.command, p.ended = command, ended
	p.starts++
	p.mu.Unlock()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		p.drain(stderr, found)
	}()
	go func() {
		defer close(ended)
		<-drained
		<-read             // waiting closes the pipes
		_ = command.Wait() // how it ended is seen by what it did
	}()
	if !p.listens {
		return nil
	}
	select {
	case p.url = <-found:
		return nil
	case <-ended:
		return fmt.Errorf("%s ended:\n%s", p.name, p.log())
	case <-time.After(startWithin):
		return fmt.Errorf("%s names no address:\n%s", p.name, p.log())
	}
}

var closedChannel = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// drain keeps what the process says, and passes the first address on.
func (p *process) drain(stderr io.Reader, found chan<- string) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.said.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
		if url := address.FindString(lines.Text()); url != "" {
			select {
			case found <- url:
			default:
			}
		}
	}
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// checkLog is for what a process says of itself that no caller sees.
func (p *process) checkLog() {
	p.t.Helper()
	log := p.log()
	for _, trouble := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: "} {
		if at := strings.Index(log, trouble); at >= 0 {
			p.t.Errorf("%s: %.4000s", p.name, log[at:])
		}
	}
}

// signal sends a signal to the process that runs now, and returns what is closed
// at its end.
func (p *process) signal(signal syscall.Signal) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.command.Process.Signal(signal) // one that has ended already needs none
	return p.ended
}

// stop signals and waits for the end.
func (p *process) stop(signal syscall.Signal) {
	select {
	case <-p.signal(signal):
	case <-time.After(endWithin):
		p.t.Errorf("%s does not end at %v", p.name, signal)
		<-p.signal(syscall.SIGKILL)
	}
}

// end is closed when the process that runs now has ended.
func (p *process) end() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p *process) hasEnded() bool {
	select {
	case <-p.end():
		return true
	default:
		return false
	}
}

// started counts the starts: what began under another count has been cut off.
func (p *process) started() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}
