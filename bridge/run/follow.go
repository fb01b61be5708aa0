package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sema4mcp/restclient"
)

// ending is what is known of a run's end while its conversation is followed.
type ending struct {
	finished bool  // the agent has said that it is done
	failure  error // what the tenant said in place of an answer
}

// follow reads the conversation again and again until the run's answer stands
// complete, or has not grown for a while. There is one follower of a run, however
// many wait for it.
func (m *Manager) follow(ctx context.Context, r *Run, known ending) {
	r.update(func() { r.followed, r.refusal = true, known.failure })
	if r.grown.IsZero() { // else a follower before has waited already
		r.extent, r.grown = -1, time.Now()
	}
	pause := m.config.PollFirst
	for {
		seen, err := m.look(ctx, r.ID, &r.from)
		switch {
		case ctx.Err() != nil:
			r.stopped(ctx)
			return
		case err != nil && (unreadable(err) || time.Since(r.grown) > m.silence(r)):
			r.infer(Interrupted, fmt.Sprintf("The conversation cannot be read: %v.", err))
			return
		case err == nil:
			r.adopt(seen)
			if seen.extent != r.extent {
				r.extent, r.grown, pause = seen.extent, time.Now(), m.config.PollFirst
			}
			if m.settle(r, seen, known, time.Since(r.grown)) {
				return
			}
		}
		if !sleep(ctx, pause) {
			r.stopped(ctx)
			return
		}
		pause = min(pause*3/2, m.config.PollMax)
	}
}

// adopt takes what the conversation shows in place of what the stream gave, unless
// that was more: a tenant may lag behind, or keep of an answer only the whole.
func (r *Run) adopt(seen sighting) {
	if !seen.arrived {
		return
	}
	r.update(func() {
		r.arrival = Arrived
		if r.written != nil && r.written.Sound() && extentOf(seen.answers) < extentOf(r.written.Messages()) {
			return
		}
		r.written, r.messages = nil, slices.Clone(seen.answers)
		r.notice(r.messages)
	})
}

func extentOf(messages []restclient.Message) int {
	n := 0
	for _, message := range messages {
		n += extent(message)
	}
	return n
}

// settle ends the run where what was seen allows it. Idle is how long the
// conversation has stood still.
func (m *Manager) settle(r *Run, seen sighting, known ending, idle time.Duration) bool {
	quiet := m.config.Quiet
	whole, marked := seen.whole()
	switch {
	case whole && (known.finished || seen.superseded):
		r.end(Completed, "")
	case whole && idle >= m.patience(seen, marked):
		r.infer(Completed, "")
	case seen.superseded:
		r.infer(Interrupted, "The agent's answer is incomplete, and the thread has gone on since.")
	case !seen.arrived && !r.arrived() && idle >= quiet/4:
		r.infer(Failed, "The tenant did not confirm the message, and it is not in the conversation: most likely it did not arrive and the agent did not run.")
	case seen.arrived && known.failure != nil && idle >= quiet/2:
		r.infer(Interrupted, fmt.Sprintf("The message arrived, and the tenant answered it with an error before there was an answer: %v. The agent has failed, or it is still at work; get_run looks again.", known.failure))
	case idle >= m.silence(r):
		r.infer(Interrupted, m.silenceText(r))
	default:
		return false
	}
	return true
}

// patience is how long a conversation has to stand still before its last
// complete message counts as the end. An agent may write several, with work in
// between, so that more may come even then; only of an old one nothing is to be
// expected.
func (m *Manager) patience(seen sighting, marked bool) time.Duration {
	switch quiet := m.config.Quiet; {
	case !marked:
		return quiet
	case seen.age() < 10*quiet:
		return quiet / 2
	default:
		return quiet / 20
	}
}

// silence is how long an agent at work may write nothing. One whose message was
// posted goes on without us, however long its tools take; one whose stream was
// lost has most likely been stopped by that.
func (m *Manager) silence(r *Run) time.Duration {
	if r.ID.Way == Streamed {
		return m.config.Quiet
	}
	return m.config.PostedQuiet
}

func (m *Manager) silenceText(r *Run) string {
	if r.ID.Way == Streamed {
		return fmt.Sprintf("The message arrived, but the connection to the agent was lost or is another process's, and the agent has written nothing more for %s. If it is still at work, get_run shows its answer later.", m.config.Quiet)
	}
	return fmt.Sprintf("The message arrived, but the agent has written nothing more for %s. It may have been stopped, or still be at work; get_run looks again.", m.config.PostedQuiet)
}

// infer ends the run by what its conversation looks like.
func (r *Run) infer(state State, failure string) {
	r.update(func() { r.inferred = true })
	r.end(state, failure)
}
