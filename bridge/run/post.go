package run

import (
	"context"
	"time"

	"sema4mcp/restclient"
)

// lingering is how long a post is kept open that nothing is expected of any more:
// it is not known whether a tenant stops an agent whose post is given up.
const lingering = time.Hour

type reply struct {
	messages []restclient.Message
	err      error
}

// post sends the message and waits for the agent to finish, which is when the
// tenant answers. Meanwhile it follows the conversation for what has been written
// so far. An error says that no answer came; all else is the run's own end.
func (m *Manager) post(ctx context.Context, r *Run, message string) error {
	if !r.setOff() {
		return errStopped
	}
	sending, giveUp := context.WithCancel(m.life) // not the run's own, which may end before
	replied := make(chan reply, 1)
	go func() {
		messages, err := m.client.Conversations.Send(sending, r.ID.AgentID, r.ID.ConversationID, message)
		replied <- reply{messages, err}
	}()
	r.extent, r.grown = 0, time.Now()
	for pause := m.config.PollFirst; ; pause = min(pause*3/2, m.config.PollMax) {
		timer := time.NewTimer(pause)
		select {
		case got := <-replied:
			timer.Stop()
			giveUp()
			if got.err == nil {
				m.replied(ctx, r, got.messages)
			}
			r.grown = time.Time{} // from now on it is another wait
			return got.err
		case <-timer.C:
		}
		seen, err := m.look(ctx, r.ID, &r.from)
		if err == nil && seen.arrived && seen.extent != r.extent {
			r.adopt(seen)
			r.extent, r.grown, pause = seen.extent, time.Now(), m.config.PollFirst
		}
		// A connection can die without a word: its answer is not waited for when the
		// conversation has stood still for as long as any agent's might.
		if time.Since(r.grown) >= m.config.PostedQuiet {
			if !r.arrived() {
				giveUp() // lest it arrive after all
			}
			m.readers.Go(func() { linger(replied, giveUp) })
			m.follow(ctx, r, ending{})
			return nil
		}
	}
}

// linger waits for a reply that is of no use any more.
func linger(replied <-chan reply, giveUp context.CancelFunc) {
	timer := time.AfterFunc(lingering, giveUp)
	<-replied
	timer.Stop()
	giveUp()
}

// setOff notes that the message is being sent, unless the run is being stopped.
func (r *Run) setOff() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onItsWay = !r.halted
	return r.onItsWay
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
		r.end(Completed, "")
		return
	}
	m.follow(ctx, r, ending{finished: true})
}
