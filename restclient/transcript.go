package restclient

import (
	"cmp"
	"errors"
)

// Transcript is the messages of one stream, built event by event. The zero
// Transcript is ready for use; it is not safe for concurrent use.
type Transcript struct {
	drafts []*draft // in order of appearance
	byID   map[string]*draft
	budget budget
	broken bool
}

// draft is a message that is being written.
type draft struct {
	id       string
	content  patchable
	sequence int64 // of the event applied last
	broken   bool
	changed  bool // since snapshot was taken
	snapshot Message
}

// Apply takes the next event of the stream. Events that are not about the
// content of a message change nothing.
//
// The error is a *[DeltaError] if an event cannot be applied. The message it is
// for is left out of all further changes, and [Transcript.Sound] is false from
// then on.
func (t *Transcript) Apply(event Event) error {
	switch event := event.(type) {
	case MessageBegin:
		if _, err := t.draft(event.MessageID); err != nil {
			return t.fail(&DeltaError{MessageID: event.MessageID, Err: err})
		}
	case MessageContent:
		return t.change(event)
	case UnknownEvent:
		if event.Err != nil {
			return t.fail(&DeltaError{Err: event.Err})
		}
	}
	return nil
}

// Sound reports whether every event could be applied. If not, what Messages
// returns may lack something: read the conversation instead.
func (t *Transcript) Sound() bool { return !t.broken }

// Messages returns the messages as they stand, in order of their appearance. A
// message without a role is the agent's. Text is shared and not copied, so that
// this can be called often, after each event if need be; what was returned does
// not change later. Treat it as read-only.
func (t *Transcript) Messages() []Message {
	messages := make([]Message, len(t.drafts))
	for i, d := range t.drafts {
		if d.changed {
			d.snapshot, d.changed = d.read(), false
		}
		messages[i] = d.snapshot
	}
	return messages
}

func (t *Transcript) change(event MessageContent) error {
	d, err := t.draft(event.MessageID)
	switch {
	case err != nil:
	case d.broken:
		return nil
	case event.Sequence != 0 && event.Sequence <= d.sequence:
		err = errors.New("the event is out of order")
	default:
		err = d.content.apply(event.Delta)
		d.sequence, d.changed = max(d.sequence, event.Sequence), true
	}
	if err == nil {
		return nil
	}
	if d != nil {
		d.broken = true
	}
	return t.fail(&DeltaError{MessageID: event.MessageID, Op: event.Delta.Op, Path: event.Delta.Path, Err: err})
}

func (t *Transcript) fail(err *DeltaError) error {
	t.broken = true
	return err
}

// draft returns the message with an id, begun now if need be.
func (t *Transcript) draft(id string) (*draft, error) {
	if d, ok := t.byID[id]; ok {
		return d, nil
	}
	root := map[string]any{}
	if err := t.budget.take(root, 0); err != nil {
		return nil, err
	}
	t.budget.used += draftBytes + len(id)
	d := &draft{id: id, content: newPatchable(root, &t.budget), changed: true}
	if t.byID == nil {
		t.byID = map[string]*draft{}
	}
	t.byID[id] = d
	t.drafts = append(t.drafts, d)
	return d, nil
}

func (d *draft) read() Message {
	m := readMessage(objectOf(d.content.document()))
	m.ID = cmp.Or(m.ID, d.id)
	m.Role = cmp.Or(m.Role, RoleAgent)
	return m
}
