package run

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sema4mcp/restclient"
)

// Find returns a run by its ID: the one that is live here, else what the
// conversation says of it. A run that is not settled yet is followed until it
// is, by one reader however many ask.
//
// The agent's name is for what is said of the run.
func (m *Manager) Find(ctx context.Context, id ID, agentName string) (*Run, error) {
	if r := m.held(id); r != nil {
		return r, nil
	}
	answer := m.finding.DoChan(id.String(), func() (any, error) { return m.recover(id, agentName) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-answer:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Run), nil
	}
}

func (m *Manager) held(id ID) *Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id.String()]; r != nil && !r.doubtful() {
		return r
	}
	return nil
}

func (m *Manager) recover(id ID, agentName string) (*Run, error) {
	if r := m.held(id); r != nil {
		return r, nil
	}
	if _, err := m.look(m.life, id); m.life.Err() != nil {
		return nil, ErrClosing
	} else if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return nil, ErrClosing
	}
	life, stop := context.WithCancelCause(m.life)
	r := newRun(id, Agent{ID: id.AgentID, Name: agentName}, "", stop)
	r.began, r.followed = id.Started, true
	m.keep(r, asking{}, func() { m.follow(life, r, false) })
	return r, nil
}

// sighting is what one look at a conversation shows of a run.
type sighting struct {
	arrived    bool // the run's own message stands there
	answers    []restclient.Message
	superseded bool // a later message of a user follows: nothing more will come
}

// whole tells that the last answer is marked as complete and no tool is at work.
// Marked is false where the server marks no message at all.
func (s sighting) whole() (whole, marked bool) {
	if len(s.answers) == 0 {
		return false, false
	}
	for _, message := range s.answers {
		for _, content := range message.Content {
			if call := content.ToolCall; call != nil && call.Status != "finished" && call.Status != "failed" && call.Status != "" {
				return false, true
			}
		}
	}
	last := s.answers[len(s.answers)-1]
	return last.Complete == nil || *last.Complete, last.Complete != nil
}

// size grows with whatever the agent writes.
func (s sighting) size() int {
	size := len(s.answers)
	for _, message := range s.answers {
		for _, content := range message.Content {
			size += 1 + len(content.Text) + len(content.Thought)
			if call := content.ToolCall; call != nil {
				size += len(call.ArgumentsRaw) + len(call.Status)
			}
		}
	}
	return size
}

func (m *Manager) look(ctx context.Context, id ID) (sighting, error) {
	var seen sighting
	position := -1
	for message, err := range m.client.Conversations.AllMessages(ctx, id.AgentID, id.ConversationID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return sighting{}, err
		}
		position++
		switch {
		case position < id.Position:
		case !seen.arrived:
			seen.arrived = message.Role == restclient.RoleUser && digest(message.Text()) == id.Digest
		case message.Role == restclient.RoleUser:
			seen.superseded = true
			return seen, nil
		default:
			seen.answers = append(seen.answers, message)
		}
	}
	return seen, nil
}

// follow reads the conversation again and again until the run's answer stands
// complete, or has not grown for a while. Finished tells that the agent has said
// that it is done.
func (m *Manager) follow(ctx context.Context, r *Run, finished bool) {
	r.update(func() { r.followed = true })
	pause, size, grown := m.config.PollFirst, -1, time.Now()
	for {
		seen, err := m.look(ctx, r.ID)
		switch {
		case ctx.Err() != nil:
			r.stopped(ctx)
			return
		case err != nil && (unreadable(err) || time.Since(grown) > m.config.Quiet):
			r.infer(Interrupted, fmt.Sprintf("The conversation cannot be read: %v.", err))
			return
		case err == nil:
			r.adopt(seen)
			if seen.size() != size {
				size, grown, pause = seen.size(), time.Now(), m.config.PollFirst
			}
			if m.settle(r, seen, finished, time.Since(grown)) {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(pause*3/2, m.config.PollMax)
	}
}

// adopt takes what the conversation shows in place of what the stream gave.
func (r *Run) adopt(seen sighting) {
	r.update(func() {
		if seen.arrived {
			r.arrival = Arrived
		}
		r.written, r.messages = nil, slices.Clone(seen.answers)
		r.notice(r.messages)
	})
}

// settle ends the run where what was seen allows it. Idle is how long the
// conversation has stood still.
func (m *Manager) settle(r *Run, seen sighting, finished bool, idle time.Duration) bool {
	quiet := m.config.Quiet
	whole, marked := seen.whole()
	switch {
	case whole && (finished || seen.superseded || idle >= m.patience(r, marked)):
		r.infer(Completed, "")
	case seen.superseded:
		r.infer(Interrupted, "The agent's answer is incomplete, and the thread has gone on since.")
	case seen.arrival() == Unknown && idle >= quiet/4:
		r.infer(Failed, "The tenant did not confirm the message, and it is not in the conversation: most likely it did not arrive and the agent did not run.")
	case idle >= quiet:
		r.infer(Interrupted, fmt.Sprintf("The message arrived, but the connection to the agent was lost or is another process's, and the agent has written nothing more for %s.", quiet))
	default:
		return false
	}
	return true
}

// patience is how long a conversation has to stand still before its last
// complete message counts as the end. An agent may write several, with work in
// between; only in an old conversation nothing is to be expected.
func (m *Manager) patience(r *Run, marked bool) time.Duration {
	switch quiet := m.config.Quiet; {
	case !marked:
		return quiet
	case r.Elapsed() < 10*quiet:
		return quiet / 2
	default:
		return quiet / 20
	}
}

// infer ends the run by what its conversation looks like.
func (r *Run) infer(state State, failure string) {
	r.update(func() { r.inferred = true })
	r.end(state, failure)
}

func (s sighting) arrival() Arrival {
	if s.arrived {
		return Arrived
	}
	return Unknown
}

// unreadable tells which failures to read a conversation will not pass by
// themselves.
func unreadable(err error) bool {
	return isStatus(err, http.StatusUnauthorized) || isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusNotFound)
}
