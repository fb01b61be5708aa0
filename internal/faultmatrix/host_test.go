package faultmatrix_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// host is a program that asks an agent one question, and does what the texts of the
// results say until it has the answer or knows that there is none.
type host struct {
	front     front
	era       string
	agent     agentSpec
	thread    string
	question  string
	key       string // the call's idempotency key
	listening bool   // it asks for progress

	mu     sync.Mutex // guards what follows
	giveUp context.CancelCauseFunc
	calls  []string // what was called and what came of it, for failed rows
}

// outcome is what a host ends with.
type outcome struct {
	state string
	text  string
	runID string
	cut   bool // the process behind was started anew meanwhile
	err   error
}

// again is the pause before a host repeats a call.
const again = 100 * time.Millisecond

// ask asks until the matter is settled or ctx ends.
func (h *host) ask(ctx context.Context) outcome { return h.follow(ctx, "") }

// follow goes on from a run, or from the beginning without one.
func (h *host) follow(ctx context.Context, runID string) outcome {
	began := h.front.starts()
	for looks := 0; ; {
		a, err := h.once(ctx, runID)
		end := outcome{state: a.state(), text: a.text(), runID: a.runID(), cut: h.front.starts() != began}
		switch {
		case ctx.Err() != nil:
			end.err = fmt.Errorf("no answer in time; the last: %w", errors.Join(err, errText(a.text())))
			return end
		case err != nil: // the process or the connection has gone: the same again
			if err := h.revive(ctx); err != nil {
				return outcome{err: err}
			}
		case a.state() == "completed" || a.state() == "cancelled" || a.state() == "needs_input":
			return end
		case a.state() == "working":
			runID = a.runID()
		case a.IsError && a.state() != "" && strings.Contains(a.text(), "Read the thread's messages"):
			arrived, err := h.reads(ctx, a.threadID())
			if err != nil {
				break // the same again
			}
			runID = ""
			if arrived {
				runID = a.runID()
			}
		case a.state() == "interrupted" && strings.Contains(a.text(), "get_run") && looks < 5:
			looks++
			runID = a.runID()
		case a.state() == "failed" && strings.Contains(a.text(), "Call again"):
			runID = ""
		case a.state() == "interrupted", a.state() == "failed":
			return end
		case !a.IsError:
			end.err = fmt.Errorf("a result without a run: %s", a.text())
			return end
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }

// until asks until the run is in a state, and goes no further.
func (h *host) until(ctx context.Context, state string) (answer, error) {
	for runID := ""; ; {
		a, err := h.once(ctx, runID)
		switch {
		case err != nil, ctx.Err() != nil, a.state() == state:
			return a, err
		case a.state() != "" && a.state() != "working":
			return a, fmt.Errorf("the run is %s, not %s: %s", a.state(), state, a.text())
		}
		runID = a.runID()
	}
}

// once makes one call: get_run where there is a run, else the question's.
func (h *host) once(ctx context.Context, runID string) (answer, error) {
	tool, arguments := h.front.asking(h.agent)
	if runID != "" {
		tool, arguments = "get_run", map[string]any{"run_id": runID}
	} else {
		arguments["message"], arguments["thread_identifier"] = h.question, h.thread
		if h.key != "" {
			arguments["idempotency_key"] = h.key
		}
	}
	return h.call(ctx, tool, arguments)
}

func (h *host) call(ctx context.Context, tool string, arguments map[string]any) (answer, error) {
	ctx, giveUp := context.WithCancelCause(withAgent(ctx, h.agent.id))
	defer giveUp(nil)
	h.mu.Lock()
	h.giveUp = giveUp
	h.mu.Unlock()
	a, err := callTool(ctx, h.front, h.era, tool, arguments, h.listening)
	h.mu.Lock()
	h.calls = append(h.calls, fmt.Sprintf("%s: %s, %v: %.200s", tool, a.state(), err, a.text()))
	h.mu.Unlock()
	return a, err
}

// reads looks whether the question stands in the thread, as a result asked for.
func (h *host) reads(ctx context.Context, threadID string) (bool, error) {
	tool, arguments := "get_"+h.agent.tool()+"_thread_messages", map[string]any{}
	if name, beside := h.front.asking(h.agent); name == "ask_agent" {
		tool, arguments = "get_thread_messages", beside
	}
	arguments["thread_id"] = threadID
	a, err := h.call(ctx, tool, arguments)
	if err == nil && a.IsError {
		err = errText(a.text())
	}
	return strings.Contains(a.text(), h.question), err
}

// leave gives the call up and goes away.
func (h *host) leave() {
	h.front.hangUp()
	if _, shared := h.front.(*httpFront); shared {
		h.cancel(context.Canceled)
	}
}

// cancel gives the call up.
func (h *host) cancel(cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.giveUp != nil {
		h.giveUp(cause)
	}
}

// revive starts the product again if it has ended.
func (h *host) revive(ctx context.Context) error {
	before := h.front.starts()
	if err := h.front.revive(); err != nil {
		return err
	}
	if h.era != legacy || h.front.starts() == before {
		return nil
	}
	for initialize(ctx, h.front) != nil { // a server asks the tenant first, which may be away
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
	return nil
}

// told is what was called, for a row that failed.
func (h *host) told() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.calls, "\n    ")
}
