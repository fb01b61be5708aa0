package run

import (
	"context"
	"slices"
	"time"

	"sema4mcp/restclient"
)

// Question is a message for an agent, in the thread of that name or id.
type Question struct {
	Agent          Agent
	Thread         string // found by name, else created
	ThreadID       string // optional: a thread that is there, in place of a name
	Message        string
	Files          []File // uploaded to the thread before the message is sent
	IdempotencyKey string // optional: the same key is the same run

	// From is the first position in the thread at which this message can stand: the
	// same words before it are another message.
	From int

	// Listening callers show the agent at work: see [SendAuto].
	Listening bool

	// Created, where it is set, is called when Thread was created.
	Created func()

	// NewerThan, where it is set, has a message with the same words that came
	// into ThreadID since count as this one, whoever sent it.
	NewerThan time.Time
}

// KeyConflictError is returned where an idempotency key comes with another
// message, or other files, than it was first used for.
type KeyConflictError struct{ Run ID }

func (e *KeyConflictError) Error() string {
	return "this idempotency_key was used for another message or other files; the new one was not sent. Use a new key, or get_run with run_id " + e.Run.String()
}

// asking is what makes two messages the same question: the caller's key where
// there is one, else the words and the files that go with them.
type asking struct{ agentID, thread, key, message, files string }

func (q Question) asking() asking {
	what := asking{agentID: q.Agent.ID, thread: q.ThreadID + "\x00" + q.Thread, key: q.IdempotencyKey}
	if q.IdempotencyKey == "" {
		what.message, what.files = q.Message, identity(q.Files)
	}
	return what
}

// Start sends a message, or joins the run that is answering the same one: here, or
// by what the conversation shows of another process's. The run goes on when ctx
// ends. An error means that nothing was sent.
func (m *Manager) Start(ctx context.Context, q Question) (*Run, error) {
	if r, err := m.join(ctx, q); r != nil || err != nil {
		return r, err
	}
	conversation, seen, err := m.place(ctx, q)
	if err != nil {
		return nil, err
	}
	if id := m.standing(q, conversation, seen); id != nil {
		r, err := m.find(ctx, *id, q.Agent.Name, conversation.Name)
		if err == nil {
			m.answers(r, q)
		}
		return r, err
	}
	return m.begin(q, conversation, seen)
}

// join returns the run of this process that is about what is asked, or nil.
func (m *Manager) join(ctx context.Context, q Question) (*Run, error) {
	m.mu.Lock()
	r, err := m.joinLocked(q)
	m.mu.Unlock()
	if r == nil || err != nil || !r.doubtful() {
		return r, err
	}
	// What was said of it last was no more than what the conversation looked like.
	seen, err := m.look(ctx, r.ID, new(mark))
	if err != nil || !seen.arrived {
		return nil, err
	}
	if q.IdempotencyKey == "" && seen.superseded && !seen.settled() {
		return nil, nil
	}
	again, err := m.find(ctx, r.ID, q.Agent.Name, r.Thread)
	if err == nil {
		m.answers(again, q)
	}
	return again, err
}

// joinLocked wants m.mu held.
func (m *Manager) joinLocked(q Question) (*Run, error) {
	what := q.asking()
	r := m.asked[what]
	switch {
	case r == nil || r.neverSent():
	case r.ID.Digest != digest(q.Message) || r.files != identity(q.Files):
		return nil, &KeyConflictError{Run: r.ID}
	case what.key != "" || r.working() || r.owed() || r.doubtful() && !r.answered():
		return r, nil // the same words after an answer was told, or as one, are a new message
	}
	if m.closing {
		return nil, ErrClosing
	}
	return nil, nil
}

// answers notes what a run is the answer to.
func (m *Manager) answers(r *Run, q Question) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if what := q.asking(); m.asked[what] != r {
		r.asked = append(r.asked, what)
		m.asked[what] = r
	}
}

// place finds or creates the conversation and looks at what it holds.
func (m *Manager) place(ctx context.Context, q Question) (restclient.Conversation, survey, error) {
	if q.ThreadID != "" {
		seen, err := m.survey(ctx, q.Agent.ID, q.ThreadID, q.Message)
		return restclient.Conversation{ID: q.ThreadID, Name: q.Thread, AgentID: q.Agent.ID}, seen, err
	}
	for {
		conversation, found, err := m.threads.resolve(ctx, q.Agent.ID, q.Thread)
		if err == nil && found == created && q.Created != nil {
			q.Created()
		}
		if err != nil || found == created {
			return conversation, survey{}, err
		}
		seen, err := m.survey(ctx, q.Agent.ID, conversation.ID, q.Message)
		if found == remembered && isStatus(err, 404) { // deleted since: look again
			m.threads.forget(q.Agent.ID, q.Thread)
			continue
		}
		return conversation, seen, err
	}
}

// standing finds the question's own message in its thread, where another process
// has sent it: nobody can tell that from a question that is asked twice, unless
//   - it is being answered, and nothing came after it;
//   - the caller gave a key, which says that it is to be sent once;
//   - the caller says what it has to be newer than.
//
// What this process has sent itself it knows better than the conversation.
func (m *Manager) standing(q Question, conversation restclient.Conversation, seen survey) *ID {
	twin := seen.twin
	if !twin.arrived || twin.position < q.From {
		return nil
	}
	id := ID{AgentID: q.Agent.ID, ConversationID: conversation.ID, Position: twin.position, Digest: digest(q.Message), Started: twin.sent}.of(m.config.Owner)
	undated := twin.sent.IsZero()
	if !q.NewerThan.IsZero() {
		// Where the tenant dates no messages, only one that nothing follows yet is
		// known to be new.
		if !seen.twinIsLast || undated && len(twin.answers) > 0 || !undated && twin.sent.Before(q.NewerThan) {
			return nil
		}
		if undated {
			id.Started = q.NewerThan
		}
		return id.found()
	}
	here := m.about(id)
	recent := undated || time.Since(twin.sent) < m.config.Keep
	beingAnswered := seen.twinIsLast && !twin.settled() && recent
	switch {
	case here != nil && (here.sentHere || m.askedWithKey(here)):
		return nil
	case beingAnswered:
	case q.IdempotencyKey != "" && seen.twinIsLast && recent && !undated:
	default:
		return nil
	}
	if here != nil {
		return &here.ID
	}
	return id.found()
}

// found is the id of a message that somebody else has sent. It has no nonce: all
// who find the message follow it as one run.
func (id ID) found() *ID {
	if id.Started.IsZero() {
		id.Started = time.Now()
	}
	id.Started = id.Started.Truncate(time.Second)
	return &id
}

// about is the run of this process that is, or was, about the message: rather one
// that was begun here than one that was looked for.
func (m *Manager) about(id ID) *Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found *Run
	for _, r := range m.runs {
		if r.ID.ConversationID != id.ConversationID || r.ID.Digest != id.Digest || r.ID.Position > id.Position || r.neverSent() {
			continue
		}
		if r.sentHere {
			return r
		}
		found = r
	}
	return found
}

// askedWithKey tells that a message is a key's already, which is not the one that
// is asked with now: that would have been joined.
func (m *Manager) askedWithKey(r *Run) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(r.asked, func(what asking) bool { return what.key != "" })
}

// begin registers the run, unless another caller was quicker, and sets its
// reader going.
func (m *Manager) begin(q Question, conversation restclient.Conversation, seen survey) (*Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, err := m.joinLocked(q); err != nil || r != nil && !r.doubtful() {
		return r, err
	}
	life, stop := context.WithCancelCause(m.life)
	id := newID(q.Agent.ID, conversation.ID, seen.count, q.Message, m.config.Send.way(q.Listening)).of(m.config.Owner)
	r := newRun(id, q.Agent, conversation.Name, stop)
	r.files, r.from, r.local, r.sentHere = identity(q.Files), seen.from, m.config.TenantEnds, true
	r.asked = []asking{q.asking()}
	m.asked[r.asked[0]] = r
	m.keep(r, func() { m.deliver(life, r, q) })
	return r, nil
}
