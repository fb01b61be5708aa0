package mcpserver_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"sema4mcp/bridge"
	"sema4mcp/internal/testtenant"
	"sema4mcp/mcpserver"
)

// slow writes for long enough to be left while it does.
var slow = testtenant.Scripted("Slow", "- say: first\n- wait: 1s\n- say: \" and last\"\n")

// leaving is a call of an agent at work, and the ways its client leaves it.
type leaving struct {
	f       *front
	path    string
	headers []string // of the client
	stream  *http.Response
	hangUp  context.CancelFunc
}

// leave has a client ask and returns when the agent has begun to write.
func (f *front) leave(modern bool) *leaving {
	f.t.Helper()
	l := &leaving{f: f, path: agentPath(f.tenant.AgentID("Slow"))}
	body, headers := modernCall(7, "message_slow_agent", ask("go", "t"))
	if !modern {
		l.headers = []string{session(f.begin(l.path, "{}"))}
		body, headers = callBody(7, "message_slow_agent", ask("go", "t")), append(l.headers[:1:1], "Accept: "+accepting)
	}
	ctx, hangUp := context.WithCancel(f.t.Context())
	l.hangUp, l.stream = hangUp, f.request(ctx, l.path, body, headers...)
	f.writes(bufio.NewReader(l.stream.Body))
	return l
}

// writes reads a call's stream until the agent is seen writing.
func (f *front) writes(stream *bufio.Reader) {
	f.t.Helper()
	for line := ""; !strings.Contains(line, "writes the answer"); {
		var err error
		if line, err = stream.ReadString('\n'); err != nil {
			f.t.Fatalf("the agent did not begin: %v", err)
		}
	}
}

// outcome is what becomes of the run. It looks without waiting: a call that
// waits would be one more that the run goes on for.
func (f *front) outcome(runID string) string {
	f.t.Helper()
	path := agentPath(f.tenant.AgentID("Slow"))
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		got := f.call(path, "get_run", map[string]any{"run_id": runID, "wait_seconds": 0})
		if state := got.Result.Meta["ai.sema4/run"].State; state != "working" {
			return state
		}
	}
	f.t.Fatal("the run does not end")
	return ""
}

// runID is that of the run which the message began: the same message joins it.
func (l *leaving) runID() string {
	l.f.t.Helper()
	arguments := ask("go", "t")
	arguments["wait_seconds"] = 0
	return l.f.call(l.path, "message_slow_agent", arguments).runID()
}

func onDisconnect(setting bridge.OnDisconnect) func(*mcpserver.Config) {
	return func(c *mcpserver.Config) { c.Bridge.OnDisconnect = setting }
}

func TestWhatBecomesOfARunWhoseCallerLeaves(t *testing.T) {
	const cancelled = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
	for name, test := range map[string]struct {
		modern  bool
		setting bridge.OnDisconnect
		leave   func(*leaving)
		want    string
	}{
		"legacy, hangs up, unset":     {false, "", func(l *leaving) { l.hangUp() }, "completed"},
		"legacy, hangs up, keep":      {false, bridge.DisconnectKeep, func(l *leaving) { l.hangUp() }, "completed"},
		"legacy, hangs up, cancel":    {false, bridge.DisconnectCancel, func(l *leaving) { l.hangUp() }, "cancelled"},
		"legacy, cancels, keep":       {false, bridge.DisconnectKeep, func(l *leaving) { l.f.post(l.path, cancelled, l.headers...) }, "completed"},
		"legacy, cancels, cancel":     {false, bridge.DisconnectCancel, func(l *leaving) { l.f.post(l.path, cancelled, l.headers...) }, "cancelled"},
		"legacy, cancels, no session": {false, bridge.DisconnectCancel, func(l *leaving) { l.f.post(l.path, cancelled) }, "completed"},
		"modern, hangs up, keep":      {true, bridge.DisconnectKeep, func(l *leaving) { l.hangUp() }, "completed"},
		"modern, hangs up, cancel":    {true, bridge.DisconnectCancel, func(l *leaving) { l.hangUp() }, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, onDisconnect(test.setting), slow)
			l := f.leave(test.modern)
			defer l.stream.Body.Close()
			defer l.hangUp()
			id := l.runID()
			test.leave(l)
			if got := f.outcome(id); got != test.want {
				t.Errorf("the run is %s, want %s", got, test.want)
			}
		})
	}
}

func TestARunThatAnotherCallWaitsForGoesOn(t *testing.T) {
	t.Parallel()
	f := newFront(t, onDisconnect(bridge.DisconnectCancel), slow)
	l := f.leave(false)
	defer l.stream.Body.Close()
	id := l.runID()
	other := f.request(t.Context(), l.path, callBody(8, "get_run", map[string]any{"run_id": id}), "Accept: "+accepting)
	defer other.Body.Close()
	stream := bufio.NewReader(other.Body)
	f.writes(stream)
	l.hangUp()
	got := events(t, stream)
	if last := got[len(got)-1]; last.text() != "first and last" {
		t.Errorf("got %+v, want the whole answer", last)
	}
}

func TestTheEndOfABudgetIsNoDisconnect(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) {
		c.Bridge.OnDisconnect, c.Bridge.CallBudget = bridge.DisconnectCancel, 100*time.Millisecond
	}, slow)
	working := f.call(agentPath(f.tenant.AgentID("Slow")), "message_slow_agent", ask("go", "t"))
	if got := f.outcome(working.runID()); got != "completed" {
		t.Errorf("the run is %s", got)
	}
}
