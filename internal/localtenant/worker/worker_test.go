package worker_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/worker"
)

const agentID = "7e570000-0000-4000-8000-00000000000a"

type mindFunc func(ctx context.Context, turn minds.Turn, out minds.Emitter) error

func (f mindFunc) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	return f(ctx, turn, out)
}

type fixture struct {
	*worker.Worker
	store  *store.Store
	runner *runs.Runner
	log    logBuffer
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start makes a worker whose only agent has that mind; it stops with the test.
func start(t *testing.T, mind mindFunc) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	agent := store.NewLiveAgent(agentID, time.Now())
	agent.Name, agent.ArchitectureName, agent.Mode = "Agent", "test", "worker"
	if err := s.AddAgent(t.Context(), agent, nil); err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: s}
	f.runner = runs.NewRunner(s, map[string]minds.Mind{"test": mind}, zerolog.Nop())
	if f.Worker, err = worker.Start(t.Context(), s, nil, f.runner, zerolog.New(&f.log)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		f.runner.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) create(t *testing.T, callbacks ...store.Callback) store.WorkItem {
	t.Helper()
	item, err := f.store.CreateWorkItem(t.Context(), store.NewWorkItem{
		AgentID: agentID, Payload: json.RawMessage(`{}`), Callbacks: callbacks, URL: func(string) string { return "" },
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f.Notify()
	return item
}

func silent(context.Context, minds.Turn, minds.Emitter) error { return nil }

func TestCanonicalForm(t *testing.T) {
	const document = `{"work_item_id": "w", "agent_id": null, "agent_name": "Agenté <&> \"Ünïcode\" 🚀` + "\u2028\x7f" + `\b\u0001/\\", "status": "NEEDS_REVIEW", "n": [1.5, 10, {"b": 1, "a": true}]}`
	const want = `{"agent_id":null,"agent_name":"Agent\u00e9 <&> \"\u00dcn\u00efcode\" \ud83d\ude80\u2028\u007f\b\u0001/\\","n":[1.5,10,{"a":true,"b":1}],"status":"NEEDS_REVIEW","work_item_id":"w"}`
	got, err := worker.Canonical([]byte(document))
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	signature, err := worker.Sign("s3crét", []byte(document))
	if err != nil || signature != "ccc74179978d12305386d7312d57e09fc83562c3076a492d8a69e03e88db9c20" {
		t.Errorf("signature %s, %v", signature, err)
	}
	if _, err := worker.Sign("s", []byte(`{`)); err == nil {
		t.Error("what is no JSON was signed")
	}
}

// hanging is a receiver that never answers.
type hanging struct{ asked chan time.Time }

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked <- time.Now()
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallbackTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, silent)
		receiver := hanging{make(chan time.Time, 2)}
		f.SetTransport(receiver)
		f.create(t, store.Callback{URL: "http://h", OnStatus: store.Indeterminate})
		<-receiver.asked
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if f.log.String() != "" {
			t.Errorf("given up early: %s", f.log.String())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !strings.Contains(f.log.String(), "callback failed") || len(receiver.asked) > 0 {
			t.Errorf("%d more tries; log %s", len(receiver.asked), f.log.String())
		}
	})
}

// Close ends the work and the callbacks, and leaves what was worked on as it is.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(ctx context.Context, _ minds.Turn, _ minds.Emitter) error { return minds.Pause(ctx, time.Hour) })
		receiver := hanging{make(chan time.Time, 2)}
		f.SetTransport(receiver)
		done := f.create(t, store.Callback{URL: "http://h", OnStatus: store.Completed}, store.Callback{URL: "http://h", OnStatus: store.Cancelled})
		torn := f.create(t)
		synctest.Wait()
		if _, err := f.Act(t.Context(), done.ID, store.Complete); err != nil {
			t.Fatal(err)
		}
		<-receiver.asked
		f.Close()
		f.Close()
		waiting := f.create(t)
		synctest.Wait()
		for id, want := range map[string]store.WorkItemStatus{done.ID: store.Completed, torn.ID: store.Executing, waiting.ID: store.Pending} {
			if item, err := f.store.WorkItem(t.Context(), id); err != nil || item.Status != want {
				t.Errorf("item %v, %v; want %s", item.Status, err, want)
			}
		}
		if f.log.String() != "" {
			t.Errorf("log %s", f.log.String())
		}
		// After Close nothing is announced.
		if _, err := f.Act(t.Context(), waiting.ID, store.Cancel); err != nil || len(receiver.asked) > 0 {
			t.Errorf("%v, %d callbacks", err, len(receiver.asked))
		}
	})
}

// While the database is busy, people can see what is going on.
func TestItemsAreTakenOutsideTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, silent)
		synctest.Wait()
		busy, rest := make(chan struct{}), make(chan struct{})
		var drafting sync.WaitGroup
		drafting.Go(func() {
			_, err := f.store.DraftWorkItem(t.Context(), store.WorkItemFile{ID: "f", Name: "a"}, func(string) string {
				close(busy) // within a transaction: nobody else has the database
				<-rest
				return ""
			}, time.Now())
			if err != nil {
				t.Error(err)
			}
		})
		<-busy
		f.Notify()
		synctest.Wait()
		if f.LockIsFree() {
			for _, task := range f.Tasks() {
				if task.Status != "idle" || task.WorkItemID != nil {
					t.Errorf("task %+v", task)
				}
			}
		} else {
			t.Error("the lock is held while the database is busy")
		}
		close(rest)
		drafting.Wait()
	})
}

// What is stopped between the store and its task is stopped, and its task is free
// for the next; what comes back as another execution is not.
func TestItemsStoppedWhileTheyAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		f := start(t, func(context.Context, minds.Turn, minds.Emitter) error { answers++; return nil })
		synctest.Wait()
		var stop atomic.Bool
		f.SetTake(func(ctx context.Context, now time.Time) (store.WorkItem, error) {
			item, err := f.store.TakeWorkItem(ctx, now)
			if err == nil && stop.Load() {
				if !f.LockIsFree() {
					t.Error("the lock is held while an item is taken")
				} else if _, err := f.Act(ctx, item.ID, store.Cancel); err != nil {
					t.Error(err)
				}
			}
			return item, err
		})
		item := f.create(t)
		synctest.Wait()
		for i, step := range []struct {
			stop   bool
			want   store.WorkItemStatus
			answer int
		}{{true, store.Cancelled, 1}, {false, store.Indeterminate, 2}} {
			stop.Store(step.stop)
			// Its thread is there: nothing but the worker keeps the agent from it.
			if _, err := f.Act(t.Context(), item.ID, store.Continue); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got, err := f.store.WorkItem(t.Context(), item.ID)
			if err != nil || got.Status != step.want || got.Execution != i+2 || answers != step.answer {
				t.Errorf("%d answers, %s in execution %d, %v; want %+v", answers, got.Status, got.Execution, err, step)
			}
			for _, task := range f.Tasks() {
				if task.Status != "idle" {
					t.Errorf("task %+v", task)
				}
			}
		}
	})
}

// What cannot be stored is in the log, and stops nothing else.
func TestStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(ctx context.Context, _ minds.Turn, _ minds.Emitter) error { return minds.Pause(ctx, time.Hour) })
		f.create(t)
		synctest.Wait()
		if err := f.store.Close(); err != nil {
			t.Fatal(err)
		}
		f.Notify()
		f.runner.Close()
		synctest.Wait()
		for _, said := range []string{"work item cannot be taken up", "the verdict ERROR cannot be kept", "the reason of an error cannot be kept"} {
			if !strings.Contains(f.log.String(), said) {
				t.Errorf("%q is not in the log: %s", said, f.log.String())
			}
		}
		tries := strings.Count(f.log.String(), "cannot be taken up")
		time.Sleep(time.Minute)
		synctest.Wait()
		if later := strings.Count(f.log.String(), "cannot be taken up"); later < tries+10 {
			t.Errorf("tried %d times at first, %d a minute later", tries, later)
		}
	})
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.Start(t.Context(), s, nil, runs.NewRunner(s, nil, zerolog.Nop()), zerolog.Nop()); err == nil {
		t.Error("started on a store that is closed")
	}
}
