package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// Config is what a [Manager] may be told; zero values mean the defaults.
type Config struct {
	// Quiet is how long a conversation may stand still before a run that lost
	// its stream counts as interrupted; default 20 s.
	Quiet time.Duration
	// PollFirst and PollMax bound the growing pause between two readings of a
	// conversation; default 250 ms and 5 s.
	PollFirst, PollMax time.Duration
	// Keep is how long a finished run is remembered, default 15 min. After
	// that it is read from its conversation.
	Keep time.Duration
}

func (c Config) withDefaults() Config {
	defaults := Config{Quiet: 20 * time.Second, PollFirst: 250 * time.Millisecond, PollMax: 5 * time.Second, Keep: 15 * time.Minute}
	for _, setting := range []struct{ value, fallback *time.Duration }{
		{&c.Quiet, &defaults.Quiet}, {&c.PollFirst, &defaults.PollFirst}, {&c.PollMax, &defaults.PollMax}, {&c.Keep, &defaults.Keep},
	} {
		if *setting.value <= 0 {
			*setting.value = *setting.fallback
		}
	}
	return c
}

// ErrClosing is returned for a message that comes during shutdown. It has not
// been sent.
var ErrClosing = errors.New("the bridge is shutting down: the message was not sent")

// ErrNotHeld is returned for a run that cannot be stopped: only closing its
// stream does that.
var ErrNotHeld = errors.New("the agent cannot be stopped from here: another process began the run, or the connection to the agent was lost")

// errStopped is the cause with which a run's reader is ended by request.
var errStopped = errors.New("the run was cancelled")

// Manager begins runs, keeps their readers and finds them again. One Manager
// serves one key of one tenant. It is safe for concurrent use.
type Manager struct {
	client  *restclient.Client
	config  Config
	log     zerolog.Logger
	threads threads
	finding singleflight.Group

	life    context.Context // of every reader
	end     context.CancelFunc
	readers sync.WaitGroup

	mu      sync.Mutex // guards all below
	closing bool
	runs    map[string]*Run // by id: live ones, and finished ones for a while
	asked   map[asking]*Run // by what was asked: to join instead of sending again
	expiry  []expiringRun   // finished runs in the order of their end
}

// asking is what makes two messages the same question: the caller's key where
// there is one, else the words and the files that go with them.
type asking struct{ agentID, thread, key, message, files string }

type expiringRun struct {
	run  *Run
	what asking
	at   time.Time
}

// NewManager returns a Manager that talks to the tenant through client.
func NewManager(client *restclient.Client, config Config, log zerolog.Logger) *Manager {
	life, end := context.WithCancel(context.Background())
	return &Manager{client: client, config: config.withDefaults(), log: log, life: life, end: end,
		threads: threads{client: client, life: life},
		runs:    make(map[string]*Run), asked: make(map[asking]*Run)}
}

// Question is a message for an agent, in the thread of that name or id.
type Question struct {
	Agent          Agent
	Thread         string // found by name, else created
	ThreadID       string // optional: a thread that is there, in place of a name
	Message        string
	Files          []File // uploaded to the thread before the message is sent
	IdempotencyKey string // optional: the same key is the same run

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

// Start sends a message, or joins the run that is answering the same one. The
// run goes on when ctx ends. An error means that nothing was sent.
func (m *Manager) Start(ctx context.Context, q Question) (*Run, error) {
	what := asking{agentID: q.Agent.ID, thread: q.ThreadID + "\x00" + q.Thread, key: q.IdempotencyKey}
	if q.IdempotencyKey == "" {
		what.message, what.files = q.Message, identity(q.Files)
	}
	if r, err := m.join(what, q); err != nil {
		return nil, err
	} else if r != nil && !q.NewerThan.IsZero() && r.doubtful() {
		return m.Find(ctx, r.ID, q.Agent.Name)
	} else if r != nil {
		return r, nil
	}
	if !q.NewerThan.IsZero() {
		if id, err := m.standing(ctx, q); err != nil {
			return nil, err
		} else if id != nil {
			return m.Find(ctx, *id, q.Agent.Name)
		}
	}
	conversation, position, err := m.place(ctx, q)
	if err != nil {
		return nil, err
	}
	return m.begin(what, q, conversation, position)
}

// join returns the run that is answering what is asked, or nil.
func (m *Manager) join(what asking, q Question) (*Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.joinLocked(what, q)
}

func (m *Manager) joinLocked(what asking, q Question) (*Run, error) {
	if m.closing {
		return nil, ErrClosing
	}
	r := m.asked[what]
	if r == nil || r.neverSent() {
		return nil, nil
	}
	if what.key == "" && !r.working() {
		return nil, nil // the same words after an answer, or as one, are a new message
	}
	if r.ID.Digest != digest(q.Message) || r.files != identity(q.Files) {
		return nil, &KeyConflictError{Run: r.ID}
	}
	return r, nil
}

// place finds or creates the conversation and tells where in it the message
// will stand.
func (m *Manager) place(ctx context.Context, q Question) (restclient.Conversation, int, error) {
	if q.ThreadID != "" {
		position, err := m.count(ctx, q.Agent.ID, q.ThreadID)
		return restclient.Conversation{ID: q.ThreadID, Name: q.Thread, AgentID: q.Agent.ID}, position, err
	}
	for {
		conversation, found, err := m.threads.resolve(ctx, q.Agent.ID, q.Thread)
		if err != nil || found == created {
			return conversation, 0, err
		}
		position, err := m.count(ctx, q.Agent.ID, conversation.ID)
		if found == remembered && isStatus(err, 404) { // deleted since: look again
			m.threads.forget(q.Agent.ID, q.Thread)
			continue
		}
		return conversation, position, err
	}
}

func (m *Manager) count(ctx context.Context, agentID, conversationID string) (messages int, err error) {
	for _, err = range m.client.Conversations.AllMessages(ctx, agentID, conversationID, nil) {
		if err != nil {
			return 0, err
		}
		messages++
	}
	return messages, nil
}

// standing finds the question's own message in its thread: the last of a user,
// with the same words and newer than what it is about. Where the tenant dates no
// messages, only one that nothing follows yet is known to be new.
func (m *Manager) standing(ctx context.Context, q Question) (*ID, error) {
	var last restclient.Message
	position, at := 0, -1
	for message, err := range m.client.Conversations.AllMessages(ctx, q.Agent.ID, q.ThreadID, nil) {
		if err != nil {
			return nil, err
		}
		if message.Role == restclient.RoleUser {
			last, at = message, position
		}
		position++
	}
	if at < 0 || digest(last.Text()) != digest(q.Message) {
		return nil, nil
	}
	if undated := last.CreatedAt.IsZero(); undated && at < position-1 || !undated && last.CreatedAt.Before(q.NewerThan) {
		return nil, nil
	}
	started := last.CreatedAt.Time
	if started.IsZero() {
		started = q.NewerThan
	}
	// Without a nonce: all who find the message follow it as one run.
	return &ID{AgentID: q.Agent.ID, ConversationID: q.ThreadID, Position: at, Digest: digest(q.Message), Started: started.Truncate(time.Second)}, nil
}

// begin registers the run, unless another caller was quicker, and sets its
// reader going.
func (m *Manager) begin(what asking, q Question, conversation restclient.Conversation, position int) (*Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, err := m.joinLocked(what, q); r != nil || err != nil {
		return r, err
	}
	life, stop := context.WithCancelCause(m.life)
	r := newRun(newID(q.Agent.ID, conversation.ID, position, q.Message), q.Agent, conversation.Name, stop)
	r.files = identity(q.Files)
	m.asked[what] = r
	m.keep(r, what, func() { m.deliver(life, r, q) })
	return r, nil
}

// keep registers r and runs work for it. It wants m.mu held.
func (m *Manager) keep(r *Run, what asking, work func()) {
	m.forgetExpired()
	m.runs[r.ID.String()] = r
	m.readers.Go(func() {
		defer m.retire(r, what)
		work()
	})
}

// retire starts the time for which a finished run is remembered.
func (m *Manager) retire(r *Run, what asking) {
	r.stop(nil)
	m.mu.Lock()
	if what.key == "" && m.asked[what] == r {
		delete(m.asked, what)
	}
	m.expiry = append(m.expiry, expiringRun{r, what, time.Now().Add(m.config.Keep)})
	m.mu.Unlock()
	report := r.Report()
	m.log.Info().Str("run_id", r.ID.String()).Str("agent_id", r.ID.AgentID).Str("state", string(report.State)).
		Str("failure", report.Failure).Dur("elapsed", report.Elapsed).Msg("run ended")
}

// forgetExpired wants m.mu held.
func (m *Manager) forgetExpired() {
	now := time.Now()
	for len(m.expiry) > 0 && (len(m.expiry) > maxKept || m.expiry[0].at.Before(now)) {
		oldest := m.expiry[0]
		m.expiry = m.expiry[1:]
		if m.asked[oldest.what] == oldest.run {
			delete(m.asked, oldest.what)
		}
		if id := oldest.run.ID.String(); m.runs[id] == oldest.run { // it may have been looked at anew
			delete(m.runs, id)
		}
	}
}

// maxKept bounds the memory that finished runs take.
const maxKept = 500

// Live counts the runs that have not reached a final state.
func (m *Manager) Live() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := 0
	for _, r := range m.runs {
		if r.Live() {
			live++
		}
	}
	return live
}

// Cancel stops the agent. It returns when the run's reader has gone, which is
// what makes the vendor stop; ErrNotHeld where it is not held here.
func (m *Manager) Cancel(ctx context.Context, id ID, agentName string) (*Run, error) {
	r, err := m.Find(ctx, id, agentName)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	unheld := !r.ended && r.followed
	r.mu.Unlock()
	if unheld {
		return nil, ErrNotHeld
	}
	r.stop(errStopped)
	select {
	case <-r.done:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Drain refuses new messages and waits for the runs in flight until ctx ends.
func (m *Manager) Drain(ctx context.Context) {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	finished := make(chan struct{})
	go func() { m.readers.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
	}
}

// Close ends every reader and waits for them. Runs in flight end as
// interrupted; their conversations keep what has been written.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.end()
	m.readers.Wait()
}

func isStatus(err error, status int) bool {
	var refused *restclient.APIError
	return errors.As(err, &refused) && refused.StatusCode == status
}
