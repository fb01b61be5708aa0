package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

// host is a desktop host and the bridge that it has started.
type host struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Scanner
	ended chan error
}

func startBridge(t *testing.T, flags ...string) *host {
	t.Helper()
	stdin, in := io.Pipe()
	frames, out := io.Pipe()
	h := &host{t, in, bufio.NewScanner(frames), make(chan error, 1)}
	h.lines.Buffer(nil, 1<<20)
	go func() {
		command := newCommand(stdin, out)
		command.SetArgs(append(flags, "--log-level", "error"))
		h.ended <- command.ExecuteContext(t.Context())
		_ = out.Close()
	}()
	t.Cleanup(func() { _ = in.Close() })
	return h
}

func (h *host) send(line string) {
	h.t.Helper()
	if _, err := io.WriteString(h.in, line+"\n"); err != nil {
		h.t.Fatal(err)
	}
}

// until reads lines until each of these is in one of them, in any order.
func (h *host) until(wanted ...string) {
	h.t.Helper()
	var lines []string
	for len(wanted) > 0 {
		if !h.lines.Scan() {
			h.t.Fatalf("the bridge has ended before it wrote %q: %q, %v", wanted, lines, h.lines.Err())
		}
		line := h.lines.Text()
		lines = append(lines, line)
		for i, part := range wanted {
			if strings.Contains(line, part) {
				wanted = append(wanted[:i:i], wanted[i+1:]...)
				break
			}
		}
	}
}

func TestAHostIsToldOfChanges(t *testing.T) {
	h := startBridge(t, "--local", "--toolsets", "admin")
	h.send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"host","version":"1"}}}`)
	h.until(`"id":0,`)
	h.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	h.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	h.until(`"id":1,`)
	const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	h.send(`{"jsonrpc":"2.0","id":"L","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modern + `}}`)
	h.until(`"notifications":{"toolsListChanged":true}`)
	h.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"create_agent","arguments":{"name":"Helper"}}}`)
	h.until(`"id":2,`, `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`, `{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`,
		`{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"L"}}}`)
	h.send(`{"jsonrpc":"2.0","id":3,"method":"tools/list"}`)
	h.until(`message_helper_agent`)
	_ = h.in.Close()
	h.until(`{"jsonrpc":"2.0","id":"L","result":`)
	if h.lines.Scan() {
		t.Errorf("after the end: %s", h.lines.Text())
	}
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
}

// TestWithoutATenantNothingIsAnnounced: its tools stay as they are.
func TestWithoutATenantNothingIsAnnounced(t *testing.T) {
	t.Setenv("SEMA4_BASE_URL", "")
	h := startBridge(t)
	h.send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"host","version":"1"}}}`)
	h.until(`"id":0,`)
	h.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	h.until(`"id":1,`)
	h.send(`{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	h.until(`not connected`)
	_ = h.in.Close()
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
}
