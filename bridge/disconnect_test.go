package bridge_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
)

// leaver is a host that hangs up as soon as it is told something.
type leaver struct {
	recorder
	hangUp context.CancelFunc
}

func (l *leaver) Notify(n mcp.JSONRPCNotification) error {
	l.hangUp()
	return l.recorder.Notify(n)
}

// TestARunOfAnotherProcessGoesOn: it cannot be stopped from here, and the log
// says so.
func TestARunOfAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, testtenant.Scripted("Slow", "- say: first\n- wait: 1s\n- say: \" and last\"\n"))
	id := d.tenant.AgentID("Slow")
	begun := d.call(id, "message_slow_agent", args{"message": "go", "thread_identifier": "t", "wait_seconds": 0})
	runID := begun.Meta["ai.sema4/run"].RunID

	var log bytes.Buffer
	other := bridge.NewTenant(d.tenant.Client(), bridge.Config{OnDisconnect: bridge.DisconnectCancel, ProgressInterval: 10 * time.Millisecond,
		Run: run.Config{PollFirst: 10 * time.Millisecond}, Logger: zerolog.New(zerolog.SyncWriter(&log))})
	server, err := other.AgentServer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	batch, _ := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_run","arguments":{"run_id":%q},"_meta":{"progressToken":1}}}`, runID))
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	if err := exchange.Carry(ctx, server, batch.Messages[0], new(exchange.Peer), &leaver{hangUp: hangUp}); err != nil {
		t.Fatal(err)
	}
	other.Close() // nothing writes to the log any more
	if !strings.Contains(log.String(), "its agent works on") || !strings.Contains(log.String(), runID) {
		t.Errorf("the log says %s", &log)
	}
	if got := d.call(id, "get_run", args{"run_id": runID}); got.text() != "first and last" {
		t.Errorf("got %+v, want the whole answer", got)
	}
}

// TestAQuestionThatNoStreamTellsOfCanBeAnswered: in a conversation it looks like
// an answer.
func TestAQuestionThatNoStreamTellsOfCanBeAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil, testtenant.Scripted("Asker", "- ask: Which year, {{message}}?\n"), testtenant.Scripted("Teller", "- say: It is 2025.\n"))
	for agent, asks := range map[string]bool{"Asker": true, "Teller": false} {
		id, tool := d.tenant.AgentID(agent), "message_"+strings.ToLower(agent)+"_agent"
		begun := d.call(id, tool, args{"message": "go", "thread_identifier": "t-9"})
		other := newDeskOf(t, d.tenant)
		got := other.call(id, "get_run", args{"run_id": begun.Meta["ai.sema4/run"].RunID})
		if says := strings.Contains(got.text(), "The last words read like a question. Answer by calling "+tool); says != asks || got.IsError {
			t.Errorf("%s: got %+v", agent, got)
		}
	}
}
