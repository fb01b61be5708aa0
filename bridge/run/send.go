package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sema4mcp/restclient"
)

// send posts the message and reads the agent's stream to its end. It is called
// once for a run and sends once.
func (m *Manager) send(ctx context.Context, r *Run, message string) {
	defer r.end(Interrupted, "the reader of the run ended early") // unless something better was said
	stream, err := m.client.Conversations.Stream(ctx, r.ID.AgentID, r.ID.ConversationID, message)
	switch {
	case err == nil:
		defer stream.Close()
		r.update(func() { r.arrival, r.written = Arrived, new(restclient.Transcript) })
		m.read(ctx, r, stream)
	case ctx.Err() != nil:
		r.stopped(ctx)
	case neverArrived(err):
		r.update(func() { r.arrival = NotArrived })
		r.end(Failed, fmt.Sprintf("The message was not delivered: %v. The agent did not run.", err))
	default:
		m.log.Warn().Err(err).Str("run_id", r.ID.String()).Msg("outcome of sending unknown, reading the conversation")
		m.follow(ctx, r, false)
	}
}

// neverArrived tells which failures prove that the tenant did not take the
// message: it was never put on the wire, or it was refused. Anything else, a
// 5xx too, may come after the message was stored.
func neverArrived(err error) bool {
	var connection *restclient.ConnectionError
	return refused(err) || errors.As(err, &connection) && connection.NotSent
}

// refused tells that the tenant understood the request and will not have it.
func refused(err error) bool {
	var answer *restclient.APIError
	return errors.As(err, &answer) && answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != http.StatusRequestTimeout
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
				r.conclude()
			} else {
				m.follow(ctx, r, true)
			}
			return
		case restclient.AgentError:
			r.end(Failed, fmt.Sprintf("The agent ran and failed: %v", event.Err))
			return
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
	m.follow(ctx, r, false)
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

// conclude ends a run whose agent has finished: with its answer, or with a
// question that the next message in the thread is to answer.
func (r *Run) conclude() {
	r.mu.Lock()
	state := Completed
	if r.question != "" {
		state = NeedsInput
	}
	r.mu.Unlock()
	r.end(state, "")
}

// stopped ends a run whose reader was told to go.
func (r *Run) stopped(ctx context.Context) {
	if errors.Is(context.Cause(ctx), errStopped) {
		r.end(Cancelled, "")
		return
	}
	r.end(Interrupted, "The bridge was shut down while the agent was at work, which stops it.")
}
