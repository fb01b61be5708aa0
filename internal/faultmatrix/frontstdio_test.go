package faultmatrix_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"sema4mcp/internal/localtenant"
)

// stdioFront is sema4-mcp-bridge and the two ends of its pipes.
type stdioFront struct {
	*process
	reviving sync.Mutex

	lines sync.Mutex // guards writing
	mu    sync.Mutex // guards what follows
	pipe  *connection
	next  int
}

// connection is one process's pipes.
type connection struct {
	in      io.WriteCloser
	waiting map[string]chan message // guarded by the front's mu
	closed  chan struct{}           // nothing more comes
}

func newStdioFront(t testing.TB, flags []string) *stdioFront {
	t.Helper()
	f := &stdioFront{}
	f.process = &process{t: t, name: bridgeCommand, arguments: flags, env: []string{"SEMA4_API_KEY=" + localtenant.APIKey, "GOTRACEBACK=all"}, pipes: f.connect}
	if err := f.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.hangUp()
		f.stop(syscall.SIGKILL)
		f.checkLog()
	})
	return f
}

func (f *stdioFront) asking(a agentSpec) (string, map[string]any) {
	return "ask_agent", map[string]any{"agent": a.id}
}

func (f *stdioFront) starts() int { return f.started() }

func (f *stdioFront) connect(command *exec.Cmd) (<-chan struct{}, error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &connection{in: in, waiting: make(map[string]chan message), closed: make(chan struct{})}
	f.mu.Lock()
	f.pipe = c
	f.mu.Unlock()
	go f.listen(c, out)
	return c.closed, nil
}

func (f *stdioFront) listen(c *connection, out io.Reader) {
	defer close(c.closed)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			f.t.Errorf("the bridge writes %s: %v", lines.Bytes(), err)
			continue
		}
		if m.Method != "" {
			continue
		}
		f.mu.Lock()
		reply := c.waiting[string(m.ID)]
		delete(c.waiting, string(m.ID))
		f.mu.Unlock()
		if reply != nil {
			reply <- m
		}
	}
}

func (f *stdioFront) exchange(ctx context.Context, era, method string, params map[string]any) (json.RawMessage, error) {
	dress(era, params)
	f.mu.Lock()
	c := f.pipe
	f.next++
	id := strconv.Itoa(f.next)
	reply := make(chan message, 1)
	c.waiting[id] = reply
	f.mu.Unlock()
	if meta, ok := params["_meta"].(map[string]any); ok && meta["progressToken"] != nil {
		meta["progressToken"] = id
	}
	if err := f.write(c, map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method, "params": params}); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoResult, err)
	}
	select {
	case m := <-reply:
		return m.outcome()
	case <-c.closed:
		select {
		case m := <-reply: // it was the last that came
			return m.outcome()
		default:
			return nil, fmt.Errorf("%w: the bridge has closed its output", errNoResult)
		}
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errCancelled) {
			_ = f.write(c, map[string]any{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": map[string]any{"requestId": json.RawMessage(id)}})
		}
		return nil, fmt.Errorf("%w: %w", errNoResult, ctx.Err())
	}
}

// errCancelled is the cause with which a host cancels a call instead of going away.
var errCancelled = errors.New("the host has cancelled the call")

func (f *stdioFront) write(c *connection, m map[string]any) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f.lines.Lock()
	defer f.lines.Unlock()
	_, err = c.in.Write(append(line, '\n'))
	return err
}

// hangUp closes the bridge's input, which tells it that its host has gone.
func (f *stdioFront) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.pipe.in.Close()
}

// revive starts a bridge that has ended again.
func (f *stdioFront) revive() error {
	f.reviving.Lock()
	defer f.reviving.Unlock()
	f.mu.Lock()
	c := f.pipe
	f.mu.Unlock()
	select {
	case <-c.closed:
	default:
		return nil
	}
	<-f.end()
	return f.start()
}
