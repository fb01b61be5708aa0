package runs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// heard is what a mind was asked in its last turn.
type heard struct {
	message string
	history []string
}

func listener(into *heard) mindFunc {
	return func(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
		history, err := turn.History(ctx)
		if err != nil {
			return err
		}
		*into = heard{message: turn.Message}
		for _, message := range history {
			into.history = append(into.history, message.Text())
		}
		out.Text("answer")
		return nil
	}
}

func (f *fixture) keep(t *testing.T, role thread.Role, text string) {
	t.Helper()
	message := thread.TextMessage(role, []string{text}, uuid.NewString, time.Now())
	if err := f.store.SaveMessage(t.Context(), f.conversation, message); err != nil {
		t.Fatal(err)
	}
}

func TestResumeAnswersWhatStands(t *testing.T) {
	var last heard
	f := start(t, listener(&last))
	resume := func() {
		t.Helper()
		run, err := f.runner.Resume(t.Context(), agentID, f.conversation)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Wait(t.Context()); err != nil || run.Outcome() != (runs.Outcome{Spoken: true}) {
			t.Errorf("outcome %+v, %v", run.Outcome(), err)
		}
	}
	resume()
	if last.message != "" || len(last.history) != 0 {
		t.Errorf("of nothing the mind heard %+v", last)
	}
	resume() // the agent alone has spoken
	if last.message != "" || len(last.history) != 1 {
		t.Errorf("of itself the mind heard %+v", last)
	}
	f.keep(t, thread.RoleUser, "question")
	f.keep(t, thread.RoleAgent, "an earlier answer")
	resume()
	if last.message != "question" || len(last.history) != 2 {
		t.Errorf("the mind heard %+v", last)
	}
	messages, err := f.store.AllMessages(t.Context(), f.conversation)
	if err != nil || len(messages) != 5 {
		t.Errorf("%d messages, %v", len(messages), err)
	}
}

func TestOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		say  func(minds.Emitter)
		want runs.Outcome
	}{
		"nothing":    {func(minds.Emitter) {}, runs.Outcome{}},
		"blanks":     {func(out minds.Emitter) { out.Text(" \n"); out.Text("") }, runs.Outcome{}},
		"thoughts":   {func(out minds.Emitter) { out.Think("x"); out.Call("c", "{}").Start() }, runs.Outcome{}},
		"text":       {func(out minds.Emitter) { out.Text("x"); out.Text(" ") }, runs.Outcome{Spoken: true}},
		"chart":      {func(out minds.Emitter) { out.Chart("{}") }, runs.Outcome{Spoken: true}},
		"attachment": {func(out minds.Emitter) { out.Attach(thread.Attachment{Name: "a"}) }, runs.Outcome{Spoken: true}},
		"question":   {func(out minds.Emitter) { out.Ask("x", 0); out.Text("y") }, runs.Outcome{Asked: true, Spoken: true}},
	} {
		f := start(t, func(_ context.Context, _ minds.Turn, out minds.Emitter) error { test.say(out); return nil })
		run, err := f.runner.Post(t.Context(), agentID, f.conversation, "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Wait(t.Context()); err != nil || run.Outcome() != test.want {
			t.Errorf("%s: %+v, %v", name, run.Outcome(), err)
		}
	}
}

func TestCancelledRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(ctx context.Context, _ minds.Turn, out minds.Emitter) error {
			out.Text("begun")
			return minds.Pause(ctx, time.Hour)
		})
		f.keep(t, thread.RoleUser, "question")
		run, err := f.runner.Resume(t.Context(), agentID, f.conversation)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.WaitBegun(t.Context()); err != nil {
			t.Fatal(err)
		}
		run.Cancel()
		if err := run.Wait(t.Context()); !errors.Is(err, runs.ErrCancelled) || f.log.Len() > 0 {
			t.Errorf("%v; log %s", err, f.log.String())
		}
	})
}

func TestResumeOfWhatIsMissing(t *testing.T) {
	f := start(t, listener(&heard{}))
	if _, err := f.runner.Resume(t.Context(), agentID, "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown conversation: %v", err)
	}
	f.runner.Close()
	if _, err := f.runner.Resume(t.Context(), agentID, f.conversation); !errors.Is(err, runs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
