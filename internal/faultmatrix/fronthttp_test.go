package faultmatrix_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sema4mcp/internal/localtenant"
)

// httpFront is sema4-mcp-server.
type httpFront struct {
	*process
	client *http.Client

	reviving sync.Mutex
}

func newHTTPFront(t testing.TB, flags []string) *httpFront {
	t.Helper()
	f := &httpFront{process: &process{t: t, name: serverCommand, arguments: flags, listens: true}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	if err := f.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.stop(syscall.SIGKILL)
		f.client.CloseIdleConnections()
		f.checkLog()
	})
	return f
}

func (f *httpFront) asking(a agentSpec) (string, map[string]any) {
	return "message_" + a.tool(), map[string]any{}
}

func (f *httpFront) starts() int { return f.started() }

// hangUp is nothing more than the end of the call's context: each call has a
// request of its own.
func (f *httpFront) hangUp() {}

// revive starts a server that has ended again.
func (f *httpFront) revive() error {
	f.reviving.Lock()
	defer f.reviving.Unlock()
	if !f.hasEnded() {
		return nil
	}
	f.client.CloseIdleConnections()
	return f.start()
}

type agentKey struct{}

// withAgent names the agent at whose address a request is made; without one it is
// the whole tenant's.
func withAgent(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, agentKey{}, id)
}

func (f *httpFront) exchange(ctx context.Context, era, method string, params map[string]any) (json.RawMessage, error) {
	dress(era, params)
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	path := "/tenants/local/api/v1/mcp/"
	if id, ok := ctx.Value(agentKey{}).(string); ok {
		path = "/tenants/local/api/v1/agent-mcp/" + id + "/mcp/"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Mcp-Protocol-Version", era)
	if era == modern {
		request.Header.Set("Mcp-Method", method)
		if name, ok := params["name"].(string); ok {
			request.Header.Set("Mcp-Name", name)
		}
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoResult, err)
	}
	defer response.Body.Close()
	return readResult(response)
}

// readResult is the result in a response, as JSON or the last of its events.
func readResult(response *http.Response) (json.RawMessage, error) {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoResult, err)
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil || m.Result == nil && m.Error == nil {
			return nil, fmt.Errorf("%w: %s %.300s", errNoResult, response.Status, body)
		}
		return m.outcome()
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var m message
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			return nil, fmt.Errorf("event %s: %w", data, err)
		}
		if m.Method == "" {
			return m.outcome()
		}
	}
	return nil, fmt.Errorf("%w: the stream ended: %w", errNoResult, cmp.Or[error](lines.Err(), io.ErrUnexpectedEOF))
}
