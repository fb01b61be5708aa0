package mcpserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sema4mcp/internal/localtenant"
	"sema4mcp/mcpserver"
)

// rotated is the way to the tenant, which takes one key alone that can change.
type rotated struct {
	next http.RoundTripper

	mu      sync.Mutex // guards all below
	taken   string     // by the tenant
	held    string     // by the operator
	refused int
}

func (r *rotated) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	taken := request.Header.Get("Authorization") == "Bearer "+r.taken
	if !taken {
		r.refused++
	}
	r.mu.Unlock()
	if !taken {
		if request.Body != nil {
			request.Body.Close()
		}
		answer := httptest.NewRecorder()
		answer.WriteHeader(http.StatusUnauthorized)
		return answer.Result(), nil
	}
	inner := request.Clone(request.Context())
	inner.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	return r.next.RoundTrip(inner)
}

func (r *rotated) change(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *rotated) refusals() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// over has a server go that way, with the key that its operator holds.
func (r *rotated) over(secret string) func(*mcpserver.Config) {
	return func(c *mcpserver.Config) {
		if r.next == nil {
			r.next = c.Transport
		}
		base := c.OAuth.Tenants[0].BaseURL
		c.Transport = r
		c.OAuth.Secret = secret
		c.OAuth.Renew = func(context.Context) ([]mcpserver.HeldTenant, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return []mcpserver.HeldTenant{{BaseURL: base, Key: r.held}}, nil
		}
		c.OAuth.Tenants, _ = c.OAuth.Renew(context.Background())
	}
}

// TestAChangeOfTheTenantsKeyTakesNothingFromUsers: neither when the operator has it
// looked up anew, nor when the tenant's refusal does.
func TestAChangeOfTheTenantsKeyTakesNothingFromUsers(t *testing.T) {
	for name, hangUp := range map[string]bool{"on a hang-up": true, "on a refusal": false} {
		t.Run(name, func(t *testing.T) {
			way := &rotated{taken: "first-key", held: "first-key"}
			f := newTokenFront(t, way.over(""), asker)
			id := f.tenant.AgentID("Asker")
			path := agentPath(id)
			ann := f.as("ann", "sema4")
			sessionID := ann.begin(path, elicits)
			runID := ann.call(echoPath, "message_echo_agent", ask("Hello", "t-run")).runID()
			call := ask("go", "t-ann")
			question := ann.elicit(path, "message_asker_agent", call, nil)
			if runID == "" || !question.asks("reply", "Which year?") {
				t.Fatalf("got %q, %+v", runID, question)
			}

			way.change(func() { way.taken, way.held = "second-key", "second-key" })
			if hangUp {
				if err := f.server.RenewKeys(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := ann.call(tenantPath, "get_run", map[string]any{"run_id": runID}); got.Result.IsError || !strings.Contains(got.text(), "Hello") {
				t.Errorf("run: got %s", got.text())
			}
			if got := ann.modernTask(echoPath, "tasks/get", taskID(runID), tasksDeclared); got.Result.Status != "completed" {
				t.Errorf("task: got %s", got.raw)
			}
			if status, body := ann.post(path, ping, session(sessionID)); status != http.StatusOK {
				t.Errorf("session: got %d %s", status, body)
			}
			if got := ann.elicit(path, "message_asker_agent", call, question.accepted(form{"reply": "2025"})); !got.asks("reply", "I was told 2025.") {
				t.Errorf("question: got %+v", got)
			}
			if got := ann.call(echoPath, "message_echo_agent", ask("again", "t-run")); got.Result.IsError || !strings.Contains(got.text(), "again") {
				t.Errorf("another message: got %s", got.text())
			}
			if n := way.refusals(); hangUp && n > 0 {
				t.Errorf("the key that was replaced was sent %d times", n)
			}
		})
	}
}

// TestAnAgentAtWorkOutlastsAChangeOfTheKey: it is found where it was, and not begun
// anew.
func TestAnAgentAtWorkOutlastsAChangeOfTheKey(t *testing.T) {
	way := &rotated{taken: "first-key", held: "first-key"}
	f := newTokenFront(t, way.over(""), twoParts)
	path := agentPath(f.tenant.AgentID("Slow"))
	ann := f.as("ann", "sema4")
	made := ann.modernTask(path, "tools/call", hurriedCall("message_slow_agent", "go", "t"), tasksDeclared)
	way.change(func() { way.taken, way.held = "second-key", "second-key" })
	if err := f.server.RenewKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ann.poll(path, made.Result.TaskID, "completed"); got.text() != "first and last" {
		t.Errorf("got %s", got.raw)
	}
}

// TestTheOperatorsSecretHoldsInEveryProcess: one that was begun after the key had
// changed knows what one before has given out. Without a secret it does not.
func TestTheOperatorsSecretHoldsInEveryProcess(t *testing.T) {
	for secret, status := range map[string]int{"": http.StatusNotFound, "0123456789abcdef0123456789abcdef": http.StatusOK} {
		way := &rotated{taken: "first-key", held: "first-key"}
		f := newTokenFront(t, way.over(secret))
		sessionID := f.as("ann", "sema4").begin(echoPath, elicits)
		runID := f.as("ann", "sema4").call(echoPath, "message_echo_agent", ask("Hello", "t")).runID()
		way.change(func() { way.taken, way.held = "second-key", "second-key" })
		later := &tokenFront{f.another(way.over(secret)), f.issuer}
		if got, body := later.as("ann", "sema4").post(echoPath, ping, session(sessionID)); got != status {
			t.Errorf("secret %q: got %d %s", secret, got, body)
		}
		if got := later.as("ann", "sema4").call(tenantPath, "get_run", map[string]any{"run_id": runID}); got.Result.IsError != (secret == "") {
			t.Errorf("secret %q: got %s", secret, got.text())
		}
		if got, body := later.as("bob", "sema4").post(echoPath, ping, session(sessionID)); got != http.StatusNotFound {
			t.Errorf("secret %q: another user got %d %s", secret, got, body)
		}
	}
}

// TestWhoWaitsForAKeyMayLeave: a reference to a key may be a command that asks
// somebody.
func TestWhoWaitsForAKeyMayLeave(t *testing.T) {
	asked, answered := make(chan struct{}, 1), make(chan struct{})
	f := newTokenFront(t, func(c *mcpserver.Config) {
		good := c.OAuth.Tenants[0]
		c.OAuth.Tenants = []mcpserver.HeldTenant{{BaseURL: good.BaseURL, Key: "old-key-7"}}
		c.OAuth.Renew = func(context.Context) ([]mcpserver.HeldTenant, error) {
			asked <- struct{}{}
			<-answered
			return []mcpserver.HeldTenant{good}, nil
		}
	})
	renewing := make(chan error)
	go func() { renewing <- f.server.RenewKeys(t.Context()) }()
	<-asked
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if err := f.server.RenewKeys(ctx); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	close(answered)
	if err := <-renewing; err != nil {
		t.Error(err)
	}
	if status, body := f.post(echoPath, ping, f.token("ann", "sema4")); status != http.StatusOK {
		t.Errorf("got %d %s", status, body)
	}
}
