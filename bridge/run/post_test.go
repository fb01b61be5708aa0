package run_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// another is a manager that knows nothing of what the bench's own has done, as one
// of another process.
func (b *bench) another() *run.Manager {
	manager := run.NewManager(b.tenant.Client(), quick, zerolog.Nop())
	b.t.Cleanup(manager.Close)
	return manager
}

func (b *bench) find(m *run.Manager, id run.ID) run.Report {
	b.t.Helper()
	r, err := m.Find(b.t.Context(), id, "Subject")
	if err != nil {
		b.t.Fatal(err)
	}
	return b.ended(r)
}

// written waits until the text of a run has begun.
func written(r *run.Run, want string) {
	for tail, _ := r.Tail(100); !strings.Contains(tail, want); tail, _ = r.Tail(100) {
		_, changed := r.Steps(0)
		<-changed
	}
}

const slow = "- say: begun\n- wait: 700ms\n- say: \" and ended\"\n"

func TestAPostedRunShowsWhatIsWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, slow)
	r := b.start("t", "go")
	written(r, "begun")
	if report := r.Report(); report.State != run.Working || report.Arrival != run.Arrived || !report.Outlives {
		t.Errorf("got %+v", report)
	}
	if report := b.ended(r); report.State != run.Completed || text(report) != "begun and ended" {
		t.Errorf("got %+v", report)
	}
}

func TestAPostedRunOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, slow)
	r := b.start("t", "go")
	written(r, "begun")
	b.manager.Close()
	if report := r.Report(); !report.Left() || text(report) != "begun" {
		t.Errorf("here: got %+v", report)
	}
	if report := b.find(b.another(), r.ID); report.State != run.Completed || text(report) != "begun and ended" {
		t.Errorf("in another process: got %+v", report)
	}
	if n := b.sent("t", "go"); n != 1 {
		t.Errorf("the message stands %d times", n)
	}
}

// Silence says nothing about an agent that nobody's connection keeps going.
func TestAPostedRunMayBeSilentForLong(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- wait: 800ms\n- say: at last\n")
	r := b.start("t", "go")
	for b.sent("t", "go") == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	b.manager.Close()
	if report := b.find(b.another(), r.ID); report.State != run.Completed || text(report) != "at last" {
		t.Errorf("got %+v", report)
	}
}

func TestAPostedRunThatStaysSilentIsInterrupted(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: begun\n- wait: 60s\n")
	r := b.start("t", "go")
	written(r, "begun")
	b.manager.Close()
	report := b.find(b.another(), r.ID)
	if report.State != run.Interrupted || text(report) != "begun" || !strings.Contains(report.Failure, "may have been stopped, or still be at work; get_run looks again") {
		t.Errorf("got %+v", report)
	}
}

func TestAPostedRunThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: begun\n- fail: bad_gateway out of paper\n")
	r := b.start("t", "go")
	report := b.ended(r)
	if again := b.find(b.manager, r.ID); again.Failure != report.Failure {
		t.Errorf("looked at again, it says %q", again.Failure)
	}
	if report.State != run.Interrupted || !strings.Contains(report.Failure, "The agent has failed, or it is still at work") || !strings.Contains(report.Failure, "out of paper") || report.Arrival != run.Arrived {
		t.Errorf("got %+v", report)
	}
	if n := b.sent("t", "go"); n != 1 {
		t.Errorf("the message stands %d times", n)
	}
}

func TestAPostedRunCannotBeStopped(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, slow)
	r := b.start("t", "go")
	written(r, "begun")
	if _, err := b.manager.Cancel(t.Context(), r.ID, "Subject"); !errors.Is(err, run.ErrPosted) {
		t.Errorf("got %v", err)
	}
	if report := b.ended(r); report.State != run.Completed {
		t.Errorf("got %+v", report)
	}
	if _, err := b.manager.Cancel(t.Context(), r.ID, "Subject"); err != nil {
		t.Errorf("after its end: got %v", err)
	}
}

func TestAutoStreamsForWhoListens(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendAuto, "- say: hi\n")
	for listening, want := range map[bool]run.Way{true: run.Streamed, false: run.Posted} {
		r, err := b.manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: fmt.Sprint(listening), Listening: listening})
		if err != nil {
			t.Fatal(err)
		}
		if report := b.ended(r); r.ID.Way != want || report.State != run.Completed || text(report) != "hi" {
			t.Errorf("listening %t: sent in way %d, %+v", listening, r.ID.Way, report)
		}
	}
	for text, want := range map[string]run.Sending{"": run.SendAuto, "auto": run.SendAuto, "stream": run.SendStream, "post": run.SendPost} {
		if got, err := run.ParseSending(text); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	if _, err := run.ParseSending("pigeon"); err == nil || !strings.Contains(err.Error(), "auto, stream or post") {
		t.Errorf("got %v", err)
	}
}

func TestAnEmbeddedTenantEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	tenant := testtenant.Start(t, testtenant.Scripted("Subject", "- say: begun\n- wait: 60s\n"))
	config := sending(run.SendPost)
	config.TenantEnds = true
	manager := run.NewManager(tenant.Client(), config, zerolog.Nop())
	r, err := manager.Start(t.Context(), run.Question{Agent: run.Agent{ID: tenant.AgentID("Subject"), Name: "Subject"}, Thread: "t", Message: "go"})
	if err != nil {
		t.Fatal(err)
	}
	written(r, "begun")
	manager.Close()
	if report := r.Report(); report.State != run.Interrupted || report.Outlives {
		t.Errorf("got %+v", report)
	}
}

func TestDrainDoesNotWaitForPostedRuns(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: begun\n- wait: 60s\n")
	written(b.start("t", "go"), "begun")
	b.manager.Drain(t.Context()) // it would never return
	if live := b.manager.Live(); live != 1 {
		t.Errorf("%d runs are live", live)
	}
}

// The same question joins while it is being answered, whichever process sent it.
func TestTheSameQuestionJoinsAcrossProcesses(t *testing.T) {
	t.Parallel()
	for _, way := range []run.Sending{run.SendPost, run.SendStream} {
		t.Run(string(way), func(t *testing.T) {
			b := newBenchWith(t, way, slow)
			first := b.start("t", "go")
			written(first, "begun")
			other := b.another()
			r, err := other.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"})
			if err != nil {
				t.Fatal(err)
			}
			if again, err := other.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"}); err != nil || again != r {
				t.Errorf("asked once more: %v, %v", again, err)
			}
			if report := b.ended(r); report.State != run.Completed || text(report) != "begun and ended" {
				t.Errorf("got %+v", report)
			}
			b.ended(first)
			if n := b.sent("t", "go"); n != 1 {
				t.Errorf("the message stands %d times", n)
			}
			later, err := other.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"})
			if err != nil {
				t.Fatal(err)
			}
			if b.ended(later); b.sent("t", "go") != 2 {
				t.Error("asked again after the answer, the question was not sent")
			}
		})
	}
}

// A process that was killed may have sent the message and told nobody: a key finds
// what it did.
func TestAKeyFindsWhatAnotherProcessSent(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	b.ended(b.start("t", "go"))
	other := b.another()
	ask := func(message, key string) *run.Run {
		r, err := other.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: message, IdempotencyKey: key})
		if err != nil {
			t.Fatal(err)
		}
		b.ended(r)
		return r
	}
	found := ask("go", "k")
	if report := found.Report(); report.State != run.Completed || text(report) != "hi" || b.sent("t", "go") != 1 {
		t.Errorf("got %+v, the message stands %d times", report, b.sent("t", "go"))
	}
	if again := ask("go", "k"); again.ID.String() != found.ID.String() {
		t.Error("the same key is another run")
	}
	if ask("go", "another key"); b.sent("t", "go") != 2 {
		t.Errorf("with another key, the message stands %d times, want 2", b.sent("t", "go"))
	}
	if ask("something else", "third"); b.sent("t", "something else") != 1 {
		t.Error("another message was not sent")
	}
}

func TestAnUnconfirmedMessageIsLookedForBeforeItIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "k"} {
		b := newBenchWith(t, run.SendPost, "- say: hi\n")
		q := run.Question{Agent: b.agent, Thread: "t", Message: "go", IdempotencyKey: key}
		ask := func() run.Report {
			r, err := b.manager.Start(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			return b.ended(r)
		}
		b.tenant.Fail("cut=body,match=POST …/messages")
		if report := ask(); report.State != run.Failed || report.Arrival != run.Unknown {
			t.Fatalf("got %+v", report)
		}
		b.tenant.Fail("")
		if report := ask(); report.State != run.Completed || b.sent("t", "go") != 1 {
			t.Errorf("key %q, asked again: %+v, the message stands %d times", key, report, b.sent("t", "go"))
		}
	}
}

// late holds a message back for as long as the sender waits, and then delivers it.
type late struct {
	http.RoundTripper
	held    sync.WaitGroup
	release chan struct{}
}

func (l *late) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPost || !strings.HasSuffix(request.URL.Path, "/messages") {
		return l.RoundTripper.RoundTrip(request)
	}
	copied := request.Clone(context.WithoutCancel(request.Context()))
	l.held.Go(func() {
		<-l.release
		if response, err := l.RoundTripper.RoundTrip(copied); err == nil {
			response.Body.Close()
		}
	})
	return nil, errors.New("the connection was lost")
}

func TestAMessageThatArrivesLateIsNotSentTwice(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	gateway := &late{RoundTripper: b.tenant.Transport(), release: make(chan struct{})}
	manager := run.NewManager(b.tenant.Client(restclient.WithTransport(gateway)), sending(run.SendPost), zerolog.Nop())
	t.Cleanup(manager.Close)
	ask := func() run.Report {
		r, err := manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"})
		if err != nil {
			t.Fatal(err)
		}
		return b.ended(r)
	}
	if report := ask(); report.State != run.Failed || report.Arrival != run.Unknown {
		t.Fatalf("got %+v", report)
	}
	close(gateway.release)
	gateway.held.Wait()
	if report := ask(); report.State != run.Completed || text(report) != "hi" || b.sent("t", "go") != 1 {
		t.Errorf("got %+v, the message stands %d times", report, b.sent("t", "go"))
	}
}

// counting counts the pages of conversations, and the readings of messages from
// their beginning.
type counting struct {
	http.RoundTripper
	beginnings, conversations atomic.Int64
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case request.Method != http.MethodGet:
	case strings.HasSuffix(request.URL.Path, "/messages"):
		if !request.URL.Query().Has("next") {
			c.beginnings.Add(1)
		}
	case strings.HasSuffix(request.URL.Path, "/conversations"):
		c.conversations.Add(1)
	}
	return c.RoundTripper.RoundTrip(request)
}

func TestALongThreadIsNotReadFromItsBeginning(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	for i := range 120 {
		b.ended(b.start("t", fmt.Sprint("question ", i)))
	}
	counted := &counting{RoundTripper: b.tenant.Transport()}
	manager := run.NewManager(b.tenant.Client(restclient.WithTransport(counted)), sending(run.SendPost), zerolog.Nop())
	t.Cleanup(manager.Close)
	ask := func(message string) *run.Run {
		r, err := manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: message})
		if err != nil {
			t.Fatal(err)
		}
		b.ended(r)
		return r
	}
	if r := ask("one more"); r.ID.Position != 240 {
		t.Errorf("position %d", r.ID.Position)
	}
	before := counted.beginnings.Load()
	r := ask("and another")
	if read := counted.beginnings.Load() - before; read > 0 || r.ID.Position != 242 {
		t.Errorf("read %d times from the beginning to send at position %d", read, r.ID.Position)
	}
	if report := b.find(b.another(), r.ID); report.State != run.Completed || text(report) != "hi" {
		t.Errorf("in another process: %+v", report)
	}
}

func TestThreadsAreFoundAmongManyWithoutReadingThemAll(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	client := b.tenant.Client()
	for i := range 10_000 {
		if _, err := client.Conversations.Create(t.Context(), b.agent.ID, fmt.Sprint("thread ", i)); err != nil {
			t.Fatal(err)
		}
	}
	counted := &counting{RoundTripper: b.tenant.Transport()}
	manager := run.NewManager(b.tenant.Client(restclient.WithTransport(counted)), sending(run.SendPost), zerolog.Nop())
	t.Cleanup(manager.Close)
	pages := func(thread string) int64 {
		t.Helper()
		before := counted.conversations.Load()
		r, err := manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: thread, Message: "go"})
		if err != nil {
			t.Fatal(err)
		}
		b.ended(r)
		return counted.conversations.Load() - before
	}
	for _, step := range []struct {
		thread string
		most   int64
	}{{"thread 9999", 1}, {"thread 0", 50}, {"new", 50}, {"thread 5000", 0}, {"another new one", 1}, {"new", 0}} {
		if got := pages(step.thread); got > step.most {
			t.Errorf("%s: read %d pages of conversations, want %d at most", step.thread, got, step.most)
		}
	}
	// Somebody else's new thread is on the newest page.
	if _, err := client.Conversations.Create(t.Context(), b.agent.ID, "theirs"); err != nil {
		t.Fatal(err)
	}
	if got := pages("theirs"); got > 1 {
		t.Errorf("read %d pages", got)
	}
	for _, name := range []string{"theirs", "new", "thread 0", "another new one"} {
		if len(b.tenant.Conversation(b.agent.ID, name)) == 0 { // it fails where there are two
			t.Errorf("nothing was said in %q", name)
		}
	}
}

func TestAThreadWhoseCreationIsCutIsFound(t *testing.T) {
	t.Parallel()
	for faults, fails := range map[string]bool{
		"cut=headers,times=1": false, "status=500;store,times=1": false, "status=503,times=1": false, "cut=body,times=1": true, "html=502,times=1": true, "status=403": true,
	} {
		b := newBenchWith(t, run.SendPost, "- say: hi\n")
		b.tenant.Fail(faults + ",match=POST …/conversations")
		r, err := b.manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"})
		if fails {
			if err == nil || !strings.Contains(err.Error(), "nothing was sent") {
				t.Errorf("%s: got %v", faults, err)
			}
			b.tenant.Fail("")
			r = b.start("t", "go")
		} else if err != nil {
			t.Errorf("%s: %v", faults, err)
			continue
		}
		if report := b.ended(r); report.State != run.Completed || b.sent("t", "go") != 1 { // it fails where there are two threads
			t.Errorf("%s: %+v", faults, report)
		}
	}
}

func TestARenamedThreadIsFoundByBothNames(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	r := b.start("t", "go")
	b.ended(r)
	b.manager.Learn(b.agent.ID, restclient.Conversation{ID: r.ID.ConversationID, Name: "About going"})
	for _, name := range []string{"About going", "t"} {
		again := b.start(name, "and "+name)
		if b.ended(again); again.ID.ConversationID != r.ID.ConversationID {
			t.Errorf("%q is another thread", name)
		}
	}
}

// An agent may end one message and work on for the next: that the conversation
// stood still is no last word.
func TestAnAnswerThatSeemedWholeIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: let me see\n- next message\n- wait: 1500ms\n- say: it is seven\n")
	r := b.start("t", "go")
	written(r, "let me see")
	other := b.another()
	if report := b.find(other, r.ID); report.State != run.Completed || text(report) != "let me see" {
		t.Errorf("by what stood still: %+v", report)
	}
	b.ended(r)
	if report := b.find(other, r.ID); report.State != run.Completed || text(report) != "let me see|it is seven" {
		t.Errorf("looked at again: %+v", report)
	}
}

// A host that knows no keys calls again with the same words: they are not sent again
// while the agent may be at work.
func TestAnInterruptedQuestionIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: begun\n- wait: 1500ms\n- say: \" and ended\"\n")
	b.tenant.Fail("status=502;store,match=POST …/messages")
	if report := b.ended(b.start("t", "go")); report.State != run.Interrupted {
		t.Fatalf("got %+v", report)
	}
	for {
		report := b.ended(b.start("t", "go"))
		if report.State == run.Completed {
			break
		}
		if report.State != run.Interrupted {
			t.Fatalf("got %+v", report)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := b.sent("t", "go"); n != 1 {
		t.Errorf("the message stands %d times", n)
	}
}

// swallowing is a gateway that takes a post and never answers it.
type swallowing struct{ http.RoundTripper }

func (s swallowing) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPost || !strings.HasSuffix(request.URL.Path, "/messages") {
		return s.RoundTripper.RoundTrip(request)
	}
	<-request.Context().Done()
	return nil, request.Context().Err()
}

func TestAPostThatIsSwallowedIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, run.SendPost, "- say: hi\n")
	manager := run.NewManager(b.tenant.Client(restclient.WithTransport(swallowing{b.tenant.Transport()})), sending(run.SendPost), zerolog.Nop())
	t.Cleanup(manager.Close)
	r, err := manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go"})
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(r); report.State != run.Failed || report.Arrival != run.Unknown || !strings.Contains(report.Failure, "did not confirm") {
		t.Errorf("got %+v", report)
	}
}
