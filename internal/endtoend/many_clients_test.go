package endtoend_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/stdio"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// manyClients are at work at once, half of them in each era; each has as many
// calls in flight as it has ids.
const (
	manyClients   = 64
	callsOfClient = 2
)

// steps is an agent that is seen at five things: three calls of tools, of which
// only the beginning and the end of two count, and the writing.
var steps = testtenant.Scripted("Steps", "- call: one {} => 1\n- call: two {} => 2\n- say: \"{{message}}\"\n")

// message is what comes to a client.
type message struct {
	ID     *int
	Method string
	Params struct {
		ProgressToken string
		Progress      float64
		Message       string
	}
	Result struct {
		IsError bool
		Content []struct{ Text string }
	}
	Error json.RawMessage
}

// host is one client: it sends a request and has every message of it passed on to
// heard, in order, until the result.
type host interface {
	send(body, tool string, modern bool, heard func(message))
}

// TestManyClientsAtOnce: every client gets its own notifications, all of them, in
// order and before its own result; each message stands once; none is lost. All
// of them use the same ids, progress tokens and idempotency keys, and those of
// different tenants the same threads.
func TestManyClientsAtOnce(t *testing.T) {
	one, two := testtenant.Start(t, steps), testtenant.Start(t, steps)
	gateway := testtenant.Gateway{"one": {Tenant: one, Keys: []string{"first", "second"}}, "two": {Tenant: two, Keys: []string{"third", "fourth"}}}
	keys := []struct{ key, tenant string }{{"first", "one"}, {"second", "one"}, {"third", "two"}, {"fourth", "two"}}
	agentID := one.AgentID("Steps")
	config := bridge.Config{Version: "test", CallBudget: 5 * time.Minute, Logger: zerolog.Nop()} // a busy machine is no fault
	for transport, connect := range map[string]func(t *testing.T, key, tenant string) host{
		"http": overHTTP(t, gateway, config, agentID), "stdio": overStdio(gateway, config),
	} {
		t.Run(transport, func(t *testing.T) {
			var working sync.WaitGroup
			for n := range manyClients {
				at := keys[n%len(keys)]
				client, modern := connect(t, at.key, at.tenant), n/len(keys)%2 == 1
				for id := range callsOfClient {
					working.Go(func() {
						// No two of a tenant say the same; those of the other tenant do.
						said := fmt.Sprintf("%s %d %d", transport, n-n%4+n%2, id)
						call(t, client, id, said, modern)
					})
				}
			}
			working.Wait()
		})
	}
	for name, door := range gateway {
		stands := make(map[string]int)
		for _, m := range everyMessage(t, door.Tenant, agentID) {
			stands[string(m.Role)+" "+m.Text()]++
		}
		// Over each transport, the clients of one of two tenants and its agent.
		if want := 2 * manyClients / 2 * callsOfClient * 2; len(stands) != want {
			t.Errorf("tenant %s: %d messages stand in it, want %d", name, len(stands), want)
		}
		for said, times := range stands {
			if times != 1 {
				t.Errorf("tenant %s: %q stands %d times", name, said, times)
			}
		}
	}
}

// call makes one call and checks all that comes of it.
func call(t *testing.T, client host, id int, said string, modern bool) {
	meta := ""
	if modern {
		meta = `,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"message_steps_agent","arguments":{"message":%q,"thread_identifier":%[2]q,"idempotency_key":"key %[1]d"},"_meta":{"progressToken":"token %[1]d"%[3]s}}}`, id, said, meta)
	var told []string
	answered, numbered := 0, 0
	client.send(body, "message_steps_agent", modern, func(m message) {
		switch {
		case answered > 0:
			t.Errorf("%s: after the result came %+v", said, m)
		case m.ID == nil:
			numbered++
			if int(m.Params.Progress) != numbered || m.Params.ProgressToken != fmt.Sprint("token ", id) || m.Method != "notifications/progress" {
				t.Errorf("%s: notification %d is %+v", said, numbered, m)
			}
			// A busy machine has it told the text and the time besides.
			if text := m.Params.Message; !strings.HasPrefix(text, "… ") && !strings.Contains(text, "still at work") {
				told = append(told, text)
			}
		default:
			answered++
			if *m.ID != id || m.Error != nil || m.Result.IsError || len(m.Result.Content) != 1 {
				t.Errorf("%s: got %+v %s", said, m, m.Error)
				return
			}
			// What follows, where there is anything, is of files, not of the agent.
			if text, _, _ := strings.Cut(m.Result.Content[0].Text, "\n\n"); text != said {
				t.Errorf("%s: got the answer %q", said, m.Result.Content[0].Text)
			}
		}
	})
	if answered != 1 || len(told) != 5 {
		t.Errorf("%s: got %d results and %d notifications: %q", said, answered, len(told), told)
	}
}

// overHTTP has all clients use one server.
func overHTTP(t *testing.T, gateway testtenant.Gateway, config bridge.Config, agentID string) func(*testing.T, string, string) host {
	served, err := mcpserver.New(mcpserver.Config{BaseURL: gateway.BaseURL(), Transport: gateway, Bridge: config, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(served.Handler())
	t.Cleanup(func() {
		web.Close()
		served.Close()
	})
	return func(t *testing.T, key, tenant string) host {
		return httpHost{t, web, web.URL + "/tenants/" + tenant + "/api/v1/agent-mcp/" + agentID + "/mcp", key}
	}
}

type httpHost struct {
	t        *testing.T
	web      *httptest.Server
	url, key string
}

func (h httpHost) send(body, tool string, modern bool, heard func(message)) {
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url, strings.NewReader(body))
	if err != nil {
		h.t.Error(err)
		return
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + h.key, "Content-Type": "application/json", "Accept": "application/json, text/event-stream"} {
		request.Header.Set(name, value)
	}
	if modern {
		for name, value := range map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool} {
			request.Header.Set(name, value)
		}
	}
	response, err := h.web.Client().Do(request)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			heard(decoded(h.t, data))
		}
	}
	if err := lines.Err(); err != nil {
		h.t.Error(err)
	}
}

func decoded(t *testing.T, data string) (m message) {
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		t.Errorf("%v in %s", err, data)
	}
	return m
}

// overStdio gives each client a bridge of its own.
func overStdio(gateway testtenant.Gateway, config bridge.Config) func(*testing.T, string, string) host {
	return func(t *testing.T, key, tenant string) host {
		base := strings.Replace(gateway.BaseURL(), "{tenant}", tenant, 1)
		client, err := restclient.New(base, key, restclient.WithTransport(gateway))
		if err != nil {
			t.Fatal(err)
		}
		served := bridge.NewTenant(client, config)
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		h := &stdioHost{t: t, in: inW, waiting: make(map[int]chan<- message)}
		var ending sync.WaitGroup
		ending.Go(func() {
			choose := func(ctx context.Context, _ exchange.Message) *server.MCPServer {
				found, err := served.Server(ctx)
				if err != nil {
					t.Error(err)
					return served.OfflineServer()
				}
				return found
			}
			if err := stdio.Serve(context.Background(), inR, outW, choose, served.Close, zerolog.Nop()); err != nil {
				t.Errorf("the bridge ended with %v", err)
			}
			outW.Close()
		})
		ending.Go(func() { h.read(outR) })
		t.Cleanup(func() {
			inW.Close()
			ending.Wait()
			served.Close()
		})
		return h
	}
}

// stdioHost sorts what comes over one pipe by the calls that it belongs to.
type stdioHost struct {
	t  *testing.T
	in io.Writer

	mu      sync.Mutex // guards writing to in, and waiting
	waiting map[int]chan<- message
}

func (h *stdioHost) send(body, _ string, _ bool, heard func(message)) {
	id := *decoded(h.t, body).ID
	arrived := make(chan message, 1)
	h.mu.Lock()
	h.waiting[id] = arrived
	_, err := io.WriteString(h.in, body+"\n")
	h.mu.Unlock()
	if err != nil {
		h.t.Error(err)
		return
	}
	for m := range arrived {
		if heard(m); m.ID != nil {
			return
		}
	}
}

// read passes each message on to the call that it names, by id or token.
func (h *stdioHost) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		m := decoded(h.t, lines.Text())
		id := m.ID
		if id == nil {
			id = new(int)
			if _, err := fmt.Sscanf(m.Params.ProgressToken, "token %d", id); err != nil {
				h.t.Errorf("%v in %s", err, lines.Text())
			}
		}
		h.mu.Lock()
		arrived := h.waiting[*id]
		if m.ID != nil {
			delete(h.waiting, *id)
		}
		h.mu.Unlock()
		if arrived == nil {
			h.t.Errorf("nobody waits for %s", lines.Text())
			continue
		}
		arrived <- m
	}
	if err := lines.Err(); err != nil {
		h.t.Error(err)
	}
}

// everyMessage is each message of each conversation of an agent.
func everyMessage(t *testing.T, tenant *testtenant.Tenant, agentID string) (messages []restclient.Message) {
	t.Helper()
	client := tenant.Client(restclient.WithStreamIdleTimeout(time.Minute))
	for conversation, err := range client.Conversations.All(t.Context(), agentID, nil) {
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range client.Conversations.AllMessages(t.Context(), agentID, conversation.ID, nil) {
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, m)
		}
	}
	return messages
}
