package run

import (
	"context"
	"time"

	"sema4mcp/restclient"
)

// post sends the message and waits for the agent to finish, which is when the
// tenant answers. Meanwhile it follows the conversation for what has been written
// so far. An error says that no answer came; all else is the run's own end.
func (m *Manager) post(ctx context.Context, r *Run, message string) error {
	type reply struct {
		messages []restclient.Message
		err      error
	}
	r.update(func() { r.onItsWay = true })
	replied := make(chan reply, 1)
	go func() {
		messages, err := m.client.Conversations.Send(ctx, r.ID.AgentID, r.ID.ConversationID, message)
		replied <- reply{messages, err}
	}()
	pause, extent := m.config.PollFirst, 0
	for {
		timer := time.NewTimer(pause)
		select {
		case got := <-replied:
			timer.Stop()
			if got.err == nil {
				m.replied(ctx, r, got.messages)
			}
			return got.err
		case <-timer.C:
		}
		pause = min(pause*3/2, m.config.PollMax)
		if seen, err := m.look(ctx, r.ID, &r.from); err == nil && seen.arrived && seen.extent != extent {
			r.adopt(seen)
			extent, pause = seen.extent, m.config.PollFirst
		}
	}
}

// replied ends a run whose post was answered: as a rule with all messages of the
// conversation. What does not show the whole answer is left to be read.
func (m *Manager) replied(ctx context.Context, r *Run, messages []restclient.Message) {
	var seen sighting
	for position, message := range messages {
		if position >= r.ID.Position {
			seen.see(position, message, r.ID.Digest)
		}
	}
	if whole, marked := seen.whole(); seen.arrived && whole && marked {
		r.adopt(seen)
		r.conclude()
		return
	}
	m.follow(ctx, r, ending{finished: true})
}
