package runs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// saveInterval is how far the stored message may lag behind what the agent said:
// short enough for someone who polls, long enough to write no delta by itself.
const saveInterval = 100 * time.Millisecond

// recorder is the [minds.Emitter] of a run: what it is told goes to the reader of
// the run and into the store.
type recorder struct {
	run  *Run
	kept *store.Store

	mu        sync.Mutex // guards what follows: a timer saves beside the mind
	composer  *thread.Composer
	messageID string
	sequence  int
	messages  int
	outcome   Outcome
	saveTimer *time.Timer // set while something waits to be saved
}

var _ minds.Emitter = (*recorder)(nil)

func newRecorder(run *Run, s *store.Store) *recorder {
	return &recorder{run: run, kept: s}
}

func (o *recorder) Text(piece string) {
	o.compose(func(c *thread.Composer) {
		c.Text(piece)
		o.outcome.Spoken = o.outcome.Spoken || strings.TrimSpace(piece) != ""
	})
	o.saveSoon()
}

func (o *recorder) Think(thought string) {
	o.compose(func(c *thread.Composer) { c.Thought(thought, time.Now()) })
	o.save()
}

func (o *recorder) Chart(spec string) {
	o.compose(func(c *thread.Composer) {
		c.Chart(spec)
		o.outcome.Spoken = true
	})
	o.save()
}

func (o *recorder) Attach(file thread.Attachment) {
	o.compose(func(c *thread.Composer) {
		c.Attach(file)
		o.outcome.Spoken = true
	})
	o.save()
}

func (o *recorder) Keep(frame thread.DataFrame) {
	if o.run.ctx.Err() != nil {
		return
	}
	o.cancelOn(o.kept.SaveDataFrame(context.WithoutCancel(o.run.ctx), o.run.conversationID, frame, time.Now()))
}

func (o *recorder) Ask(question string, timeout time.Duration) {
	o.compose(func(c *thread.Composer) {
		c.EndText()
		c.Text(question)
		c.EndText()
		o.outcome = Outcome{Asked: true, Spoken: true}
	})
	o.save()
	o.run.tell(thread.InputEvent{
		Head: thread.At(time.Now(), thread.RequestUserInput), Message: question, Timeout: timeout.Seconds(),
	})
}

func (o *recorder) NextMessage() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.composer != nil && o.run.ctx.Err() == nil {
		o.complete()
	}
}

func (o *recorder) Cut() {
	if o.run.events == nil {
		return
	}
	o.run.tell(Break{thread.At(time.Now(), "break")})
	<-o.run.ctx.Done() // the reader is gone as soon as it reads that
}

// compose changes the message, unless the run has ended.
func (o *recorder) compose(step func(*thread.Composer)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.run.ctx.Err() != nil {
		return
	}
	if o.composer == nil {
		o.begin()
	}
	step(o.composer)
}

// begin starts a message. The caller holds o.mu.
func (o *recorder) begin() {
	o.messageID = uuid.NewString()
	o.messages++
	o.tellMessage(thread.MessageBegin)
	o.composer = thread.NewComposer(o.messageID, o.run.ID, time.Now(), uuid.NewString, o.tellDelta)
}

// complete ends a message; it is stored before the reader hears of its end. The
// caller holds o.mu.
func (o *recorder) complete() {
	o.composer.Complete()
	o.store()
	o.tellMessage(thread.MessageEnd)
	o.composer = nil
}

// end stops recording. When the mind has answered, the message is completed;
// otherwise what there is of it stays incomplete. The error is the mind's, or
// what kept its answer from being recorded.
func (o *recorder) end(answered error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if answered != nil || o.run.ctx.Err() != nil {
		o.store()
		o.composer = nil
		return errors.Join(answered, o.run.ctx.Err())
	}
	if o.messages == 0 {
		o.begin() // whoever waits for the answer must find one
	}
	if o.composer != nil {
		o.complete()
	}
	return o.run.ctx.Err()
}

func (o *recorder) save() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.store()
}

// saveSoon lets the message be saved within saveInterval.
func (o *recorder) saveSoon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.saveTimer == nil && o.composer != nil {
		o.saveTimer = time.AfterFunc(saveInterval, o.save)
	}
}

// store writes the message as it stands, also after the run was cancelled. The
// caller holds o.mu.
func (o *recorder) store() {
	if o.saveTimer != nil {
		o.saveTimer.Stop()
		o.saveTimer = nil
	}
	if o.composer == nil {
		return
	}
	message := o.composer.Message(time.Now())
	o.cancelOn(o.kept.SaveMessage(context.WithoutCancel(o.run.ctx), o.run.conversationID, message))
}

// cancelOn ends the run when something it said could not be kept.
func (o *recorder) cancelOn(err error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		o.run.cancel(ErrConversationDeleted)
	case err != nil:
		o.run.cancel(err)
	}
}

func (o *recorder) tellMessage(of thread.EventType) {
	o.run.tell(thread.MessageEvent{
		Head: thread.At(time.Now(), of), SequenceNumber: o.nextNumber(),
		MessageID: o.messageID, ThreadID: o.run.conversationID, AgentID: o.run.agent.ID,
	})
}

func (o *recorder) tellDelta(delta thread.Delta) {
	o.run.tell(thread.ContentEvent{
		Head: thread.At(time.Now(), thread.MessageContent), SequenceNumber: o.nextNumber(),
		MessageID: o.messageID, Delta: delta,
	})
}

func (o *recorder) nextNumber() int {
	n := o.sequence
	o.sequence++
	return n
}
