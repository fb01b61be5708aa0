package faultmatrix_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// The two protocol eras.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// front is a product as one host reaches it: a server over HTTP, or a bridge over
// stdio. It may be shared by many hosts.
type front interface {
	// exchange sends one request and waits for its result or error. Era decides how
	// it is dressed.
	exchange(ctx context.Context, era, method string, params map[string]any) (json.RawMessage, error)
	// names the tool that sends a message to an agent, and its arguments beside.
	asking(a agentSpec) (tool string, arguments map[string]any)
	// hangUp is what a host does that goes away.
	hangUp()
	// signal and revive are for the process behind.
	signal(syscall.Signal) <-chan struct{}
	revive() error
	starts() int
	log() string
}

// agentSpec is an agent of the tenant, made for one row.
type agentSpec struct{ id, name, runbook string }

func (a agentSpec) tool() string {
	return strings.ReplaceAll(strings.ToLower(a.name), " ", "_") + "_agent"
}

// errNoResult is for a call that ended without any.
var errNoResult = errors.New("no result came")

// answer is the result of a tool as a host looks at it.
type answer struct {
	Content []struct{ Type, Text string }
	IsError bool
	Meta    map[string]struct {
		RunID    string `json:"run_id"`
		ThreadID string `json:"thread_id"`
		State    string
	} `json:"_meta"`
}

func (a answer) text() string {
	var all []string
	for _, content := range a.Content {
		all = append(all, content.Text)
	}
	return strings.Join(all, "\n")
}

func (a answer) state() string    { return a.Meta["ai.sema4/run"].State }
func (a answer) runID() string    { return a.Meta["ai.sema4/run"].RunID }
func (a answer) threadID() string { return a.Meta["ai.sema4/run"].ThreadID }

// callTool calls a tool. Listening asks for progress.
func callTool(ctx context.Context, f front, era, tool string, arguments map[string]any, listening bool) (answer, error) {
	params := map[string]any{"name": tool, "arguments": arguments}
	if listening {
		params["_meta"] = map[string]any{"progressToken": "p"}
	}
	raw, err := f.exchange(ctx, era, "tools/call", params)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return answer{}, fmt.Errorf("result %s: %w", raw, err)
	}
	return a, nil
}

// dress puts into a request's params what each one of the modern era carries.
func dress(era string, params map[string]any) {
	if era != modern {
		return
	}
	meta, ok := params["_meta"].(map[string]any)
	if !ok {
		meta = map[string]any{}
		params["_meta"] = meta
	}
	meta["io.modelcontextprotocol/protocolVersion"] = modern
	meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
	meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "matrix", "version": "1"}
}

// initialize opens a session of the legacy era.
func initialize(ctx context.Context, f front) error {
	_, err := f.exchange(ctx, legacy, "initialize", map[string]any{
		"protocolVersion": legacy, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "matrix", "version": "1"},
	})
	return err
}

// message is a JSON-RPC message that a front sends.
type message struct {
	ID     json.RawMessage
	Method string
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
}

func (m message) outcome() (json.RawMessage, error) {
	if m.Error != nil {
		return nil, fmt.Errorf("error %d: %s", m.Error.Code, m.Error.Message)
	}
	return m.Result, nil
}

// patience are the settings of a product under test: nobody waits for minutes.
var patience = []string{"--call-budget", "1500ms", "--progress-interval", "300ms", "--run-quiet", "3s", "--posted-quiet", "6s", "--stream-idle", "4s", "--log-level", "warn"}

func newFront(t testing.TB, kind, baseURL string, flags ...string) front {
	t.Helper()
	flags = append(append([]string{"--base-url", baseURL}, patience...), flags...)
	if kind == "http" {
		return newHTTPFront(t, flags)
	}
	return newStdioFront(t, flags)
}
