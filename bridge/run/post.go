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
	waiting, giveUp := context.WithCancel(ctx)
	replied := make(chan reply, 1)
	go func() {
		messages, err := m.client.Conversations.Send(waiting, r.ID.AgentID, r.ID.ConversationID, message)
		replied <- reply{messages, err}
	}()
	abandon := func() { giveUp(); <-replied }
	pause, extent, grown := m.config.PollFirst, 0, time.Now()
	for {
		timer := time.NewTimer(pause)
		select {
		case got := <-replied:
			timer.Stop()
			giveUp()
			if got.err == nil {
				m.replied(ctx, r, got.messages)
			}
			return got.err
		case <-timer.C:
		}
		pause = min(pause*3/2, m.config.PollMax)
		seen, err := m.look(ctx, r.ID, &r.from)
		if err != nil || !seen.arrived {
			continue
		}
		if seen.extent != extent {
			r.adopt(seen)
			extent, grown, pause = seen.extent, time.Now(), m.config.PollFirst
		}
		// A connection can die without a word. The answer need not wait for it.
		if whole, marked := seen.whole(); whole && marked && time.Since(grown) >= m.config.Quiet {
			abandon()
			r.infer(Completed, "")
			return nil
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
