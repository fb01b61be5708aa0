package run_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"sema4mcp/bridge/run"
)

func text4(name string) run.File {
	return run.File{Name: name, Size: 4, Open: func() (io.ReadSeekCloser, error) { return reading{strings.NewReader("text")}, nil }}
}

type reading struct{ io.ReadSeeker }

func (reading) Close() error { return nil }

func (b *bench) ask(files ...run.File) *run.Run {
	b.t.Helper()
	r, err := b.manager.Start(b.t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go", Files: files})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func TestARunThatIsStoppedWhileItsFilesGoUpSendsNothing(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*bench, *run.Run) run.State{
		"cancelled": func(b *bench, r *run.Run) run.State {
			if _, err := b.manager.Cancel(b.t.Context(), r.ID, "Subject"); err != nil {
				b.t.Error(err)
			}
			return run.Cancelled
		},
		"shut down": func(b *bench, _ *run.Run) run.State {
			b.manager.Close()
			return run.Interrupted
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, answering)
			b.tenant.Fail("latency=10m,match=POST …/files")
			opened := make(chan struct{})
			r := b.ask(run.File{Name: "a.txt", Size: 4, Open: func() (io.ReadSeekCloser, error) {
				close(opened)
				return text4("a.txt").Open()
			}})
			<-opened
			want := stop(b, r)
			report := b.ended(r)
			if report.State != want || report.Arrival != run.NotArrived || b.sent("t", "go") != 0 {
				t.Errorf("got %+v; the message stands %d times", report, b.sent("t", "go"))
			}
		})
	}
}

func TestAFileThatCannotBeReadNamesThoseThatArrived(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	broken := run.File{Name: "b.txt", Size: 4, Open: func() (io.ReadSeekCloser, error) { return nil, errors.New("it is gone") }}
	report := b.ended(b.ask(text4("a.txt"), broken))
	if report.State != run.Failed || report.Arrival != run.NotArrived || !strings.Contains(report.Failure, "The file b.txt could not be uploaded: it is gone") ||
		!strings.Contains(report.Failure, "In the thread already: a.txt") || b.sent("t", "go") != 0 {
		t.Errorf("got %+v", report)
	}
	again := b.ended(b.ask(text4("a.txt"), text4("b.txt")))
	if again.State != run.Completed || b.sent("t", "go") != 1 {
		t.Errorf("the same question with files that can be read: got %+v", again)
	}
}

func TestOtherFilesMakeAnotherQuestion(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	first, second := b.ask(text4("a.txt")), b.ask(text4("c.txt"))
	if first.ID.String() == second.ID.String() {
		t.Error("a question with another file joined the run, and its file was lost")
	}
	b.ended(first)
	b.ended(second)
}

func TestAKeyWithOtherFilesIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	ask := func(files ...run.File) (*run.Run, error) {
		return b.manager.Start(t.Context(), run.Question{Agent: b.agent, Thread: "t", Message: "go", Files: files, IdempotencyKey: "k"})
	}
	first, err := ask(text4("a.txt"))
	if err != nil {
		t.Fatal(err)
	}
	b.ended(first)
	if again, err := ask(text4("a.txt")); err != nil || again != first {
		t.Errorf("the same key and files: got %v, %v", again, err)
	}
	for _, files := range [][]run.File{nil, {text4("b.txt")}, {text4("a.txt"), text4("b.txt")}} {
		conflict, refused := errors.AsType[*run.KeyConflictError](second(ask(files...)))
		if !refused || conflict.Run.String() != first.ID.String() || !strings.Contains(conflict.Error(), "other files") {
			t.Errorf("%d files: got %v", len(files), conflict)
		}
	}
	if n := b.sent("t", "go"); n != 1 {
		t.Errorf("the message stands %d times", n)
	}
}

func second(_ *run.Run, err error) error { return err }

func TestAQuestionMayNameItsThreadByID(t *testing.T) {
	t.Parallel()
	b := newBench(t, answering)
	first := b.start("t", "go")
	b.ended(first)
	r, err := b.manager.Start(t.Context(), run.Question{Agent: b.agent, ThreadID: first.ID.ConversationID, Message: "and on"})
	if err != nil {
		t.Fatal(err)
	}
	if report := b.ended(r); report.State != run.Completed || b.sent("t", "and on") != 1 || r.ID.Position != 2 {
		t.Errorf("got %+v at position %d", report, r.ID.Position)
	}
	_, err = b.manager.Start(t.Context(), run.Question{Agent: b.agent, ThreadID: "5a1e0000-0000-4000-8000-00000000ffff", Message: "x"})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
}
