package run

import (
	"context"
	"errors"

	"sema4mcp/restclient"
)

// stream sends the message and reads the agent's stream to its end. An error says
// that no stream came; all else is the run's own end.
func (m *Manager) stream(ctx context.Context, r *Run, message string) error {
	stream, err := m.client.Conversations.Stream(ctx, r.ID.AgentID, r.ID.ConversationID, message)
	if err != nil {
		return err
	}
	defer stream.Close()
	r.update(func() { r.written = new(restclient.Transcript) })
	m.read(ctx, r, stream)
	return nil
}

func (m *Manager) read(ctx context.Context, r *Run, stream *restclient.Stream) {
	for event, err := range stream.Events() {
		if err != nil {
			m.lost(ctx, r, err)
			return
		}
		switch event := event.(type) {
		case restclient.AgentFinished:
			if r.sound() {
				r.end(Completed, "")
			} else {
				m.follow(ctx, r, ending{finished: true})
			}
			return
		case restclient.AgentError:
			r.fail(event.Err)
			return
		case restclient.ThreadNameUpdated:
			if event.NewName != "" {
				m.threads.renamed(r.ID.AgentID, r.ID.ConversationID, event.NewName)
			}
		default:
			if err := r.take(event); err != nil {
				m.log.Warn().Err(err).Str("run_id", r.ID.String()).Msg("stream not understood, will read the conversation")
			}
		}
	}
	m.lost(ctx, r, errors.New("the stream ended before the agent had finished"))
}

// lost goes on with a run whose stream broke, by reading the conversation.
func (m *Manager) lost(ctx context.Context, r *Run, err error) {
	if ctx.Err() != nil {
		r.stopped(ctx)
		return
	}
	m.log.Warn().Err(err).Str("run_id", r.ID.String()).Msg("stream lost, reading the conversation")
	m.follow(ctx, r, ending{})
}

// sound tells that every event of the stream could be applied, so that what was
// written is known to be right.
func (r *Run) sound() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written.Sound()
}

// take applies one event. The error says that the run is no longer sound.
func (r *Run) take(event restclient.Event) error {
	var unsound error
	r.update(func() {
		r.arrival = Arrived // the message is stored before the run begins
		switch event := event.(type) {
		case restclient.RequestUserInput:
			r.state, r.question = NeedsInput, event.Message
			r.steps = append(r.steps, r.Agent.Name+" asks: "+event.Message)
			return
		case restclient.MessageBegin: // the agent has gone on by itself
			r.state, r.question = Working, ""
			unsound = r.written.Apply(event)
		case restclient.MessageContent:
			unsound = r.written.Apply(event)
			if event.Delta.Op != restclient.OpConcatString { // text that grows is no new step
				r.notice(r.written.Messages())
			}
		default:
			unsound = r.written.Apply(event)
		}
	})
	return unsound
}
