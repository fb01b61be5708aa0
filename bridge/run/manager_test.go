package run_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

func TestMain(m *testing.M) { testtenant.Main(m) }

// quick is a configuration that finds out fast what became of a run.
var quick = run.Config{Send: run.SendStream, Quiet: 600 * time.Millisecond, PostedQuiet: 2 * time.Second,
	PollFirst: 10 * time.Millisecond, PollMax: 50 * time.Millisecond, SendPause: 20 * time.Millisecond}

// sending is quick in one way.
func sending(way run.Sending) run.Config {
	config := quick
	config.Send = way
	return config
}

// answering says three things with pauses, so that there is something to cut.
const answering = "- think: let me see\n- say: one\n- wait: 30ms\n- say: \" two\"\n- wait: 30ms\n- say: \" three\"\n"

type bench struct {
	t       *testing.T
	tenant  *testtenant.Tenant
	manager *run.Manager
	agent   run.Agent
}

func newBench(t *testing.T, runbook string, options ...restclient.Option) *bench {
	t.Helper()
	return newBenchWith(t, run.SendStream, runbook, options...)
}

func newBenchWith(t *testing.T, way run.Sending, runbook string, options ...restclient.Option) *bench {
	t.Helper()
	tenant := testtenant.Start(t, testtenant.Scripted("Subject", runbook))
	manager := run.NewManager(tenant.Client(options...), sending(way), zerolog.Nop())
	t.Cleanup(manager.Close)
	return &bench{t, tenant, manager, run.Agent{ID: tenant.AgentID("Subject"), Name: "Subject"}}
}

func (b *bench) start(thread, message string) *run.Run {
	b.t.Helper()
	r, err := b.manager.Start(b.t.Context(), run.Question{Agent: b.agent, Thread: thread, Message: message})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) ended(r *run.Run) run.Report {
	b.t.Helper()
	select {
	case <-r.Done():
	case <-time.After(time.Minute):
		b.t.Fatal("the run does not end")
	}
	r.Tell()
	return r.Report()
}

func text(report run.Report) string {
	var texts []string
	for _, message := range report.Messages {
		texts = append(texts, message.Text())
	}
	return strings.Join(texts, "|")
}

// sent counts how often the message stands in the conversation.
func (b *bench) sent(thread, message string) int {
	n := 0
	for _, m := range b.tenant.Conversation(b.agent.ID, thread) {
		if m.Role == restclient.RoleUser && m.Text() == message {
			n++
		}
	}
	return n
}

func TestAnswersAreWhole(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	r := b.start("t", "go")
	report := b.ended(r)
	if report.State != run.Completed || text(report) != "one two three" || report.Arrival != run.Arrived {
		t.Errorf("got %+v", report)
	}
	steps, _ := r.Steps(0)
	if strings.Join(steps, ",") != "Subject thinks: let me see,Subject writes the answer" {
		t.Errorf("got the steps %q", steps)
	}
	if tail, length := r.Tail(5); tail != "three" || length != len("one two three") {
		t.Errorf("got the tail %q of %d", tail, length)
	}
}

// TestFaults breaks the way to the tenant at every point, once and for good, and
// looks at what the caller hears and how often the message stands in the
// conversation.
func TestFaults(t *testing.T) {
	const whole, notConfirmed, silent = "one two three", "did not confirm", "written nothing more"
	for name, test := range map[string]struct {
		way    run.Sending
		faults string
		state  run.State
		text   string // of the answer
		says   string // the failure
		sent   int
	}{
		"none":                        {run.SendStream, "", run.Completed, whole, "", 1},
		"refused":                     {run.SendStream, "status=422", run.Failed, "", "not delivered", 0},
		"500, nothing stored":         {run.SendStream, "status=500", run.Failed, "", "not delivered", 0},
		"500 once":                    {run.SendStream, "status=500,times=1", run.Completed, whole, "", 1},
		"503 twice":                   {run.SendStream, "status=503,times=2", run.Completed, whole, "", 1},
		"429 once":                    {run.SendStream, "status=429,times=1", run.Completed, whole, "", 1},
		"429 for an hour":             {run.SendStream, "status=429,retry-after=1h", run.Failed, "", "not delivered", 0},
		"429 after it was stored":     {run.SendStream, "status=429;store,times=1", run.Completed, whole, "", 1},
		"502 as HTML, nothing stored": {run.SendStream, "html=502", run.Failed, "", notConfirmed, 0},
		"500 after it was stored":     {run.SendStream, "status=500;store", run.Completed, whole, "", 1},
		"HTML after it was stored":    {run.SendStream, "html=502;store", run.Completed, whole, "", 1},
		"cut after the body":          {run.SendStream, "cut=body", run.Failed, "", notConfirmed, 0},
		"cut before the answer":       {run.SendStream, "cut=headers", run.Interrupted, "", silent, 1},
		"cut after the first event":   {run.SendStream, "cut=event:1", run.Interrupted, "", silent, 1},
		"cut inside an event":         {run.SendStream, "cut=mid-event:14", run.Interrupted, "one", silent, 1},
		"stalled past the idle limit": {run.SendStream, "stall=event:3;30s", run.Completed, whole, "", 1},
		"garbage":                     {run.SendStream, "garbage=event:7", run.Completed, whole, "", 1},
		"unknown operation":           {run.SendStream, "unknown-op=event:7", run.Completed, whole, "", 1},

		"post":                                {run.SendPost, "", run.Completed, whole, "", 1},
		"post refused":                        {run.SendPost, "status=422", run.Failed, "", "not delivered", 0},
		"post, 500 once":                      {run.SendPost, "status=500,times=1", run.Completed, whole, "", 1},
		"post, 500, nothing stored":           {run.SendPost, "status=500", run.Failed, "", "not delivered", 0},
		"post, 500 after it was stored":       {run.SendPost, "status=500;store", run.Completed, whole, "", 1},
		"post, 429 after it was stored":       {run.SendPost, "status=429;store", run.Completed, whole, "", 1},
		"post, 504 of a gateway":              {run.SendPost, "html=504;store", run.Completed, whole, "", 1},
		"post, 504 of a gateway, lost":        {run.SendPost, "html=504", run.Failed, "", notConfirmed, 0},
		"post cut after the body":             {run.SendPost, "cut=body", run.Failed, "", notConfirmed, 0},
		"post cut before the answer":          {run.SendPost, "cut=headers", run.Completed, whole, "", 1},
		"post, an answer that comes too late": {run.SendPost, "latency=200ms", run.Completed, whole, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBenchWith(t, test.way, answering)
			if test.faults != "" {
				b.tenant.Fail(test.faults + ",match=POST …/" + map[run.Sending]string{run.SendStream: "stream", run.SendPost: "messages"}[test.way])
			}
			report := b.ended(b.start("t", "go"))
			if report.State != test.state || !strings.Contains(report.Failure, test.says) || !strings.HasPrefix(text(report), test.text) {
				t.Errorf("got %s %q with %q, want %s %q saying %q", report.State, text(report), report.Failure, test.state, test.text, test.says)
			}
			b.tenant.Fail("")
			if sent := b.sent("t", "go"); sent != test.sent || (report.Arrival == run.Arrived) != (sent == 1) {
				t.Errorf("the message stands %d times in the conversation, want %d; the run says %v", sent, test.sent, report.Arrival)
			}
		})
	}
}

func TestAnUnreachableTenantIsNotSentTo(t *testing.T) {
	t.Parallel()
	client, err := restclient.New("http://127.0.0.1:1/api/v2", "key", restclient.WithRetry(restclient.RetryPolicy{}))
	if err != nil {
		t.Fatal(err)
	}
	manager := run.NewManager(client, quick, zerolog.Nop())
	defer manager.Close()
	_, err = manager.Start(t.Context(), run.Question{Agent: run.Agent{ID: "a"}, Thread: "t", Message: "m"})
	var lost *restclient.ConnectionError
	if !errors.As(err, &lost) || !lost.NotSent {
		t.Errorf("got %v, want a connection error", err)
	}
}

func TestOneThreadHoweverManyAsk(t *testing.T) {
	t.Parallel()
	// The last question is silent until all others are answered.
	b := newBench(t, "- say: hi\n", restclient.WithStreamIdleTimeout(time.Minute))
	var asking sync.WaitGroup
	for i := range 50 {
		asking.Go(func() { b.ended(b.start("same", fmt.Sprint("question ", i))) })
	}
	asking.Wait()
	if n := len(b.tenant.Conversation(b.agent.ID, "same")); n != 100 { // it fails where there are two
		t.Errorf("the conversation holds %d messages, want 50 questions and 50 answers", n)
	}
}

func TestTheSameQuestionJoinsWhileItIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	first, second := b.start("t", "go"), b.start("t", "go")
	if first != second {
		t.Error("the second question is a run of its own")
	}
	b.ended(first)
	if third := b.start("t", "go"); third == first {
		t.Error("asked again after the answer, the question is a new one")
	} else {
		b.ended(third)
	}
	if n := b.sent("t", "go"); n != 2 {
		t.Errorf("the message was sent %d times, want 2", n)
	}
}

func TestAnAnswerThatNobodyWasToldIsGivenToWhoAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hi\n")
	first := b.start("t", "go")
	<-first.Done() // and its caller has gone
	again := b.start("t", "go")
	if again != first {
		t.Error("the question was sent again, and its answer is lost")
	}
	b.ended(again)
	if third := b.start("t", "go"); third == first {
		t.Error("asked again after the answer, the question is a new one")
	} else {
		b.ended(third)
	}
}

func TestADeletedThreadIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hi\n")
	first := b.start("t", "one")
	b.ended(first)
	if _, err := b.tenant.Client().Conversations.Delete(t.Context(), b.agent.ID, first.ID.ConversationID); err != nil {
		t.Fatal(err)
	}
	second := b.start("t", "two")
	if report := b.ended(second); report.State != run.Completed || second.ID.ConversationID == first.ID.ConversationID {
		t.Errorf("got %+v in the conversation %s", report, second.ID.ConversationID)
	}
}

// TestRunsAreFoundByAnotherProcess asks a second manager, which knows nothing.
func TestRunsAreFoundByAnotherProcess(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	other := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	defer other.Close()

	r := b.start("t", "go")
	live, err := other.Find(t.Context(), r.ID, "Subject")
	if err != nil {
		t.Fatal(err)
	}
	if same, err := other.Find(t.Context(), r.ID, "Subject"); err != nil || same != live {
		t.Errorf("got %v, %v, want the run that is followed already", same, err)
	}
	if report := b.ended(live); report.State != run.Completed || text(report) != "one two three" {
		t.Errorf("found while it was live: got %+v", report)
	}

	b.ended(b.start("t", "something later"))
	late := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	defer late.Close()
	found, err := late.Find(t.Context(), r.ID, "Subject")
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(found); report.State != run.Completed || text(report) != "one two three" {
		t.Errorf("found when the thread had gone on: got %+v", report)
	}
}

func TestAnInterruptedRunSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: begun\n- wait: 60s\n- say: never\n")
	r := b.start("t", "go")
	for tail, _ := r.Tail(10); tail != "begun"; tail, _ = r.Tail(10) {
		_, changed := r.Steps(0)
		<-changed
	}
	b.manager.Close() // as a process that ends: the tenant stops the agent
	if report := r.Report(); report.State != run.Interrupted || text(report) != "begun" {
		t.Errorf("here: got %+v", report)
	}
	other := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	defer other.Close()
	found, err := other.Find(t.Context(), r.ID, "Subject")
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(found); report.State != run.Interrupted || text(report) != "begun" || report.Arrival != run.Arrived {
		t.Errorf("in another process: got %+v", report)
	}
	if _, err := b.manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "m"}); !errors.Is(err, run.ErrClosing) {
		t.Errorf("a closed manager: got %v", err)
	}
	if _, err := b.manager.Find(t.Context(), newID(t, b), "Subject"); !errors.Is(err, run.ErrClosed) {
		t.Errorf("a closed manager: got %v", err)
	}
}

// newID is the id of a run that the bench's own manager does not hold.
func newID(t *testing.T, b *bench) run.ID {
	t.Helper()
	other := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	defer other.Close()
	r, err := other.Start(t.Context(), run.Question{Agent: b.agent, Thread: "another", Message: "m"})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: begun\n- wait: 60s\n", restclient.WithStreamIdleTimeout(time.Minute))
	r := b.start("t", "go")
	other := run.NewManager(b.tenant.Client(), run.Config{}, zerolog.Nop())
	defer other.Close()
	if _, err := other.Cancel(t.Context(), r.ID, "Subject"); !errors.Is(err, run.ErrNotHeld) {
		t.Errorf("from another process: got %v", err)
	}
	cancelled, err := b.manager.Cancel(t.Context(), r.ID, "Subject")
	if err != nil || cancelled.Report().State != run.Cancelled {
		t.Fatalf("got %v, %v", cancelled, err)
	}
	if _, err := b.manager.Cancel(t.Context(), r.ID, "Subject"); err != nil {
		t.Errorf("a second time: got %v", err)
	}
	if live := b.manager.Live(); live != 0 {
		t.Errorf("%d runs are live", live)
	}
}

func TestAVerdictOfTheConversationIsNotFinal(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hello\n- wait: 900ms\n- say: \" world\"\n")
	r := b.start("t", "go")
	for tail, _ := r.Tail(10); tail != "hello"; tail, _ = r.Tail(10) {
		_, changed := r.Steps(0)
		<-changed
	}
	other := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	defer other.Close()
	first, err := other.Find(t.Context(), r.ID, "Subject")
	if err != nil {
		t.Fatal(err)
	}
	b.ended(first) // by the silence of a conversation whose agent is still at work
	b.ended(r)
	second, err := other.Find(t.Context(), r.ID, "Subject")
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(second); report.State != run.Completed || text(report) != "hello world" {
		t.Errorf("got %+v", report)
	}
}

func TestARefusedMessageMayBeSentAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hi\n")
	q := run.Question{Agent: b.agent, Thread: "t", Message: "go", IdempotencyKey: "k"}
	b.tenant.Fail("status=429,retry-after=1m,match=POST …/stream")
	refused, err := b.manager.Start(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(refused); report.State != run.Failed || report.Arrival != run.NotArrived {
		t.Fatalf("got %+v", report)
	}
	b.tenant.Fail("")
	again, err := b.manager.Start(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(again); report.State != run.Completed || b.sent("t", "go") != 1 {
		t.Errorf("got %+v, sent %d times", report, b.sent("t", "go"))
	}
}

func TestWhatIsNotHeldCannotBeStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	b.tenant.Fail("status=500;store,match=POST …/stream")
	var r *run.Run
	var err error
	for i := 1; ; i++ {
		r = b.start("t", "go")
		for b.sent("t", "go") < i {
			time.Sleep(time.Millisecond)
		}
		if _, err = b.manager.Cancel(t.Context(), r.ID, "Subject"); err != nil || r.Report().State != run.Cancelled {
			break // else it was stopped before the tenant had answered
		}
	}
	if report := b.ended(r); report.State == run.Cancelled {
		t.Errorf("got %+v, %v: nobody has stopped the agent", report, err)
	}
}

func TestNobodyWaitsForAChangeThatCannotCome(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hi\n")
	r := b.start("t", "go")
	b.ended(r)
	_, changed := r.Steps(0)
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Error("the channel of a run that has ended is never closed")
	}
}

func TestFindRefusesWhatTheTenantDoesNotHave(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- say: hi\n")
	r := b.start("t", "go")
	b.ended(r)
	foreign := r.ID
	foreign.AgentID = localtenant.EchoID
	var refused *restclient.APIError
	if _, err := b.manager.Find(t.Context(), foreign, "Echo"); !errors.As(err, &refused) || refused.StatusCode != 404 {
		t.Errorf("got %v, want a 404", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.manager.Find(ctx, foreign, "Echo"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFinishedRunsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	tenant := testtenant.Start(t)
	config := quick
	config.Keep = time.Millisecond
	manager := run.NewManager(tenant.Client(), config, zerolog.Nop())
	defer manager.Close()
	echo := run.Agent{ID: localtenant.EchoID, Name: "Echo"}
	begin := func(message string) *run.Run {
		r, err := manager.Start(t.Context(), run.Question{Agent: echo, Thread: "t", Message: message, IdempotencyKey: message})
		if err != nil {
			t.Fatal(err)
		}
		<-r.Done()
		r.Tell()
		time.Sleep(5 * time.Millisecond) // longer than it is kept
		return r
	}
	first := begin("one")
	begin("two")
	found, err := manager.Find(t.Context(), first.ID, "Echo")
	if err != nil || found == first {
		t.Fatalf("got %v, %v, want it read from the conversation", found, err)
	}
	<-found.Done()
	if report := found.Report(); text(report) != "one" {
		t.Errorf("got %+v", report)
	}
}

func TestDrainWaitsForRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t, "- wait: 100ms\n- say: done\n")
	r := b.start("t", "go")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	b.manager.Drain(ctx)
	if report := r.Report(); report.State != run.Completed {
		t.Errorf("got %+v", report)
	}
	slow := newBench(t, "- wait: 60s\n")
	slow.start("t", "go")
	short, cancelShort := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelShort()
	slow.manager.Drain(short)
	if live := slow.manager.Live(); live != 1 {
		t.Errorf("%d runs are live after a drain that was too short, want 1", live)
	}
}
