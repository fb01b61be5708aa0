package runs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

const agentID = "7e570000-0000-4000-8000-00000000000a"

// mindFunc is a mind made of a function.
type mindFunc func(ctx context.Context, turn minds.Turn, out minds.Emitter) error

func (f mindFunc) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	return f(ctx, turn, out)
}

type fixture struct {
	store        *store.Store
	runner       *runs.Runner
	conversation string
	log          bytes.Buffer
}

// start makes a runner whose only agent has that mind.
func start(t *testing.T, mind mindFunc) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	agent := store.NewLiveAgent(agentID, time.Now())
	agent.Name, agent.ArchitectureName = "Agent", "test"
	if err := s.AddAgent(t.Context(), agent, nil); err != nil {
		t.Fatal(err)
	}
	conversation, err := s.CreateConversation(t.Context(), agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: s, conversation: conversation.ID}
	f.runner = runs.NewRunner(s, map[string]minds.Mind{"test": mind}, zerolog.New(&f.log))
	t.Cleanup(func() {
		f.runner.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) post(t *testing.T, content string) error {
	t.Helper()
	run, err := f.runner.Post(t.Context(), agentID, f.conversation, content)
	if err != nil {
		t.Fatal(err)
	}
	return run.Wait(t.Context())
}

func TestWhatGoesWrongInsideStaysInside(t *testing.T) {
	for name, mind := range map[string]mindFunc{
		"error": func(context.Context, minds.Turn, minds.Emitter) error { return errors.New("secret detail") },
		"panic": func(context.Context, minds.Turn, minds.Emitter) error { panic("secret detail") },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, mind)
			err := f.post(t, "x")
			var failed *runs.Failed
			if !errors.As(err, &failed) || strings.Contains(failed.Message, "secret") || failed.Code != "unexpected_error" {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(f.log.String(), "secret detail") || !strings.Contains(f.log.String(), failed.ID) {
				t.Errorf("log %s", f.log.String())
			}
		})
	}
}

func TestHistoryIsWhatCameBefore(t *testing.T) {
	f := start(t, func(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
		history, err := turn.History(ctx)
		for _, message := range history {
			out.Text("[" + message.Text() + "]")
		}
		return err
	})
	for _, content := range []string{"one", "two"} {
		if err := f.post(t, content); err != nil {
			t.Fatal(err)
		}
	}
	messages, err := f.store.AllMessages(t.Context(), f.conversation)
	if err != nil || messages[3].Text() != "[one][]" {
		t.Errorf("messages %+v, %v", messages, err)
	}
}

func TestHistoryThatCannotBeRead(t *testing.T) {
	f := start(t, func(_ context.Context, turn minds.Turn, _ minds.Emitter) error {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := turn.History(ended)
		return err
	})
	var failed *runs.Failed
	if err := f.post(t, "x"); !errors.As(err, &failed) {
		t.Errorf("error %v", err)
	}
}

// Whoever emits after the end of a run is not heard and does no harm.
func TestEmittingAfterTheEnd(t *testing.T) {
	f := start(t, func(ctx context.Context, _ minds.Turn, out minds.Emitter) error {
		out.Text("before")
		<-ctx.Done()
		out.Text("after")
		out.Think("after")
		out.Chart("{}")
		out.Attach(thread.Attachment{Name: "after"})
		out.Keep(thread.DataFrame{Name: "after"})
		out.Ask("after", time.Second)
		out.NextMessage()
		call := out.Call("after", "{}")
		call.Start()
		call.Finish("after")
		call.Fail("after")
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	run, err := f.runner.Stream(ctx, agentID, f.conversation, "x")
	if err != nil {
		t.Fatal(err)
	}
	for range 12 { // up to the delta with the text
		<-run.Events()
	}
	cancel()
	if err := run.Wait(t.Context()); !errors.Is(err, runs.ErrReaderGone) {
		t.Errorf("error %v", err)
	}
	messages, err := f.store.AllMessages(t.Context(), f.conversation)
	if err != nil || len(messages) != 2 || messages[1].Text() != "before" || strings.Contains(string(messages[1].Content), "after") || messages[1].Complete {
		t.Errorf("messages %+v, %v", messages, err)
	}
	if _, err := f.store.DataFrame(t.Context(), f.conversation, "after"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("data frame: %v", err)
	}
}

// A reader who does not keep up holds the agent back instead of filling memory.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := 0
		f := start(t, func(ctx context.Context, _ minds.Turn, out minds.Emitter) error {
			for ; said < 1000 && ctx.Err() == nil; said++ {
				out.Text("x")
			}
			return ctx.Err()
		})
		run, err := f.runner.Stream(t.Context(), agentID, f.conversation, "x")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if said > 100 {
			t.Errorf("ran %d pieces ahead of its reader", said)
		}
		events := 0
		for range run.Events() {
			events++
		}
		if err := run.Wait(t.Context()); err != nil || events < 1000 {
			t.Errorf("%d events, %v", events, err)
		}
	})
}

// Saving each piece would cost more than saying it.
func TestPiecesAreNotSavedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f *fixture
		seen := map[string]bool{}
		f = start(t, func(ctx context.Context, _ minds.Turn, out minds.Emitter) error {
			for i := range 300 {
				out.Text(fmt.Sprint(i, " "))
				if err := minds.Pause(ctx, time.Millisecond); err != nil {
					return err
				}
				messages, err := f.store.AllMessages(ctx, f.conversation)
				if err != nil {
					return err
				}
				seen[messages[len(messages)-1].Text()] = true
			}
			return nil
		})
		if err := f.post(t, "x"); err != nil {
			t.Fatal(err)
		}
		if len(seen) < 3 || len(seen) > 5 {
			t.Errorf("%d states of the message were stored in 0.3 s", len(seen))
		}
	})
}

func TestConversationThatVanishes(t *testing.T) {
	vanish := func(f *fixture) {
		if _, err := f.store.DeleteConversation(context.Background(), agentID, f.conversation); err != nil {
			panic(err)
		}
	}
	for name, emit := range map[string]func(minds.Emitter){
		"text":       func(out minds.Emitter) { out.Text("x") },
		"thought":    func(out minds.Emitter) { out.Think("x") },
		"data frame": func(out minds.Emitter) { out.Keep(thread.DataFrame{Name: "x"}) },
	} {
		t.Run(name, func(t *testing.T) {
			var f *fixture
			f = start(t, func(_ context.Context, _ minds.Turn, out minds.Emitter) error {
				vanish(f)
				emit(out)
				return nil
			})
			if err := f.post(t, "x"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// An answer that cannot be kept is a failed run, not one that looks complete.
func TestStoreThatFails(t *testing.T) {
	var f *fixture
	f = start(t, func(_ context.Context, _ minds.Turn, out minds.Emitter) error {
		if err := f.store.Close(); err != nil {
			return err
		}
		out.Think("x")
		return nil
	})
	var failed *runs.Failed
	if err := f.post(t, "x"); !errors.As(err, &failed) || !strings.Contains(f.log.String(), "save message") {
		t.Errorf("error %v, log %s", err, f.log.String())
	}
}

func TestCancelConversationWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(ctx context.Context, _ minds.Turn, _ minds.Emitter) error {
			<-ctx.Done()
			time.Sleep(time.Second) // slow to stop
			return ctx.Err()
		})
		run, err := f.runner.Post(t.Context(), agentID, f.conversation, "x")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := f.runner.CancelConversation(ctx, f.conversation); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("did not wait: %v", err)
		}
		if err := f.runner.CancelConversation(t.Context(), f.conversation); err != nil {
			t.Error(err)
		}
		if err := run.Wait(t.Context()); !errors.Is(err, runs.ErrConversationDeleted) {
			t.Errorf("error %v", err)
		}
	})
}

func TestWaitBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(ctx context.Context, _ minds.Turn, _ minds.Emitter) error { return minds.Pause(ctx, time.Minute) })
		first, err := f.runner.Post(t.Context(), agentID, f.conversation, "one")
		if err != nil {
			t.Fatal(err)
		}
		if err := first.WaitBegun(t.Context()); err != nil {
			t.Error(err)
		}
		second, err := f.runner.Post(t.Context(), agentID, f.conversation, "two")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := second.WaitBegun(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while it waits for its turn: %v", err)
		}
		f.runner.Close()
		if err := second.WaitBegun(t.Context()); !errors.Is(err, runs.ErrClosed) {
			t.Errorf("after it was cancelled: %v", err)
		}
		for _, begin := range []func(context.Context, string, string, string) (*runs.Run, error){f.runner.Post, f.runner.Stream} {
			if _, err := begin(t.Context(), agentID, f.conversation, "three"); !errors.Is(err, runs.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
	})
}

func TestUnknownAgentsAndConversations(t *testing.T) {
	f := start(t, func(context.Context, minds.Turn, minds.Emitter) error { return nil })
	for _, ids := range [][2]string{{"x", f.conversation}, {agentID, "x"}} {
		for _, begin := range []func(context.Context, string, string, string) (*runs.Run, error){f.runner.Post, f.runner.Stream} {
			if _, err := begin(t.Context(), ids[0], ids[1], "hi"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q: %v", ids, err)
			}
		}
	}
}
