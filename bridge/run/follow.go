package run

import (
	"context"
	"fmt"
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
	return m.runs[id.String()]
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
	r.elsewhere, r.began = true, id.Started
	m.keep(r, asking{}, func() { m.follow(life, r) })
	return r, nil
}

// sighting is what one look at a conversation shows of a run.
type sighting struct {
	arrived    bool // the run's own message stands there
	answers    []restclient.Message
	superseded bool // a later message of a user follows: nothing more will come
}

// whole tells that the last answer is complete, or does not say that it is not.
func (s sighting) whole() bool {
	if len(s.answers) == 0 {
		return false
	}
	last := s.answers[len(s.answers)-1]
	return last.Complete == nil || *last.Complete
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
// complete, or has not grown for a while.
func (m *Manager) follow(ctx context.Context, r *Run) {
	pause, size, grown := m.config.PollFirst, -1, time.Now()
	for {
		seen, err := m.look(ctx, r.ID)
		switch {
		case ctx.Err() != nil:
			r.stopped(ctx)
			return
		case err != nil && (refused(err) || time.Since(grown) > m.config.Quiet):
			r.end(Interrupted, fmt.Sprintf("The conversation cannot be read: %v.", err))
			return
		case err == nil:
			r.adopt(seen)
			if seen.size() != size {
				size, grown, pause = seen.size(), time.Now(), m.config.PollFirst
			}
			if m.settle(r, seen, time.Since(grown)) {
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
// conversation has stood still. An agent may write several messages, so even a
// complete one is taken for the last only after a moment.
func (m *Manager) settle(r *Run, seen sighting, idle time.Duration) bool {
	quiet := m.config.Quiet
	switch {
	case seen.whole() && (seen.superseded || idle >= quiet/20):
		r.end(Completed, "")
	case seen.superseded:
		r.end(Interrupted, "The agent's answer is incomplete, and the thread has gone on since.")
	case !seen.arrived && idle >= quiet/4:
		r.end(Failed, "The tenant did not confirm the message, and it is not in the conversation: most likely it did not arrive and the agent did not run.")
	case seen.arrived && idle >= quiet:
		r.end(Interrupted, "The message arrived, but the connection was lost and the agent has written nothing more since.")
	default:
		return false
	}
	return true
}
