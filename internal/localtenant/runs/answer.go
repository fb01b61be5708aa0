package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// question is the user's message that a run answers.
type question struct {
	messageID string // empty when the conversation has no message of a user
	text      string
}

// answer lets the mind answer the user's message, and tells the reader how it
// began and ended.
func (r *Runner) answer(run *Run) error {
	asked, err := r.hear(run)
	if err != nil {
		return r.fail(run, ended(run, err))
	}
	close(run.begun)
	run.tell(run.lifecycle(thread.AgentReady))

	out := newRecorder(run, r.store)
	err = out.end(r.think(run, asked, out))
	run.outcome = out.outcome
	if err != nil {
		return r.fail(run, ended(run, err))
	}
	run.tell(run.lifecycle(thread.AgentFinished))
	return nil
}

// hear keeps the message that was posted; a run that resumes takes up the user's
// last one.
func (r *Runner) hear(run *Run) (question, error) {
	if !run.resumes {
		message := thread.UserMessage(uuid.NewString(), uuid.NewString(), run.content, time.Now())
		return question{message.ID, run.content}, r.store.SaveMessage(run.ctx, run.conversationID, message)
	}
	messages, err := r.store.AllMessages(run.ctx, run.conversationID)
	if err != nil {
		return question{}, err
	}
	for _, message := range slices.Backward(messages) {
		if message.Role == thread.RoleUser {
			return question{message.ID, message.Text()}, nil
		}
	}
	return question{}, nil
}

// think runs the mind. A mind that panics fails its run and nothing else.
func (r *Runner) think(run *Run, asked question, out *recorder) (err error) {
	mind, ok := r.minds[run.agent.ArchitectureName]
	if !ok {
		return &minds.Failure{Code: "bad_request", Message: fmt.Sprintf("The agent's architecture %q is not known here.", run.agent.ArchitectureName)}
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return mind.Answer(run.ctx, minds.Turn{
		Agent:   minds.Agent{ID: run.agent.ID, Name: run.agent.Name, Runbook: run.agent.RunbookText},
		Message: asked.text,
		History: func(ctx context.Context) ([]thread.Message, error) {
			return r.messagesBefore(ctx, run.conversationID, asked.messageID)
		},
		Files: func(ctx context.Context) ([]minds.File, error) { return r.filesOf(ctx, run.conversationID) },
		OpenFile: func(ctx context.Context, name string) (io.ReadCloser, error) {
			return r.openFile(ctx, run.conversationID, name)
		},
		ConversationID: run.conversationID, RunID: run.ID,
	}, out)
}

func (r *Runner) messagesBefore(ctx context.Context, conversationID, messageID string) ([]thread.Message, error) {
	messages, err := r.store.AllMessages(ctx, conversationID)
	if err != nil {
		return nil, err
	}
	if messageID == "" {
		return messages, nil
	}
	end := slices.IndexFunc(messages, func(m thread.Message) bool { return m.ID == messageID })
	return messages[:max(end, 0)], nil
}

// fail says how the run failed: to the log where the reason is ours, and to the
// reader unless nobody is left to be told.
func (r *Runner) fail(run *Run, err error) error {
	if errors.Is(err, ErrReaderGone) || errors.Is(err, ErrClosed) || errors.Is(err, ErrCancelled) {
		return err
	}
	failure := thread.Failure{ID: uuid.NewString(), Code: "unexpected_error", Message: "The agent failed."}
	var told *minds.Failure
	switch {
	case errors.As(err, &told):
		failure.Code, failure.Message = told.Code, told.Message
	case errors.Is(err, store.ErrNotFound):
		failure.Code, failure.Message = "not_found", err.Error()
	default:
		r.log.Error().Err(err).Str("run_id", run.ID).Str("agent_id", run.agent.ID).
			Str("error_id", failure.ID).Msg("agent failed")
	}
	event := run.lifecycle(thread.AgentError)
	event.Error = &failure
	run.tellLast(event)
	if errors.Is(err, store.ErrNotFound) {
		return err
	}
	return &Failed{Failure: failure}
}

// ended prefers the reason a run was cancelled for to the errors that follow
// from the cancelling.
func ended(run *Run, err error) error {
	if run.ctx.Err() != nil {
		return context.Cause(run.ctx)
	}
	return err
}
