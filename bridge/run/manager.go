package run

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// Config is what a [Manager] may be told; zero values mean the defaults.
type Config struct {
	// Owner is a secret of whoever the runs belong to, the same in every process:
	// runs of others are refused by their ids. None leaves it to the API key.
	Owner []byte
	// Send is how messages are sent; default [SendAuto].
	Send Sending
	// TenantEnds says that the tenant lives in this process: no agent outlives it.
	TenantEnds bool
	// Quiet is how long a conversation may stand still before a run that lost
	// its stream counts as interrupted; default 20 s.
	Quiet time.Duration
	// PostedQuiet is the same for a run whose message was posted, and that nobody
	// hears of: its agent may be at work in silence; default 5 min.
	PostedQuiet time.Duration
	// PollFirst and PollMax bound the growing pause between two readings of a
	// conversation; default 250 ms and 5 s.
	PollFirst, PollMax time.Duration
	// SendPause is the wait before a message is sent again that the tenant did not
	// take; it doubles with each further time; default 1 s.
	SendPause time.Duration
	// Keep is how long a finished run is remembered, default 15 min. After
	// that it is read from its conversation. For as long, the same question from a
	// caller of another process joins the run that is answering it.
	Keep time.Duration
}

func (c Config) withDefaults() Config {
	if c.Send == "" {
		c.Send = SendAuto
	}
	for _, setting := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.Quiet, 20 * time.Second}, {&c.PostedQuiet, 5 * time.Minute}, {&c.PollFirst, 250 * time.Millisecond},
		{&c.PollMax, 5 * time.Second}, {&c.SendPause, time.Second}, {&c.Keep, 15 * time.Minute},
	} {
		if *setting.value <= 0 {
			*setting.value = setting.fallback
		}
	}
	return c
}

// ErrClosing is returned for a message that comes during shutdown. It has not
// been sent.
var ErrClosing = errors.New("the bridge is shutting down: the message was not sent")

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
	marks   map[string]mark // where conversations end, by their ids
}

type expiringRun struct {
	run *Run
	at  time.Time
}

// NewManager returns a Manager that talks to the tenant through client.
func NewManager(client *restclient.Client, config Config, log zerolog.Logger) *Manager {
	life, end := context.WithCancel(context.Background())
	return &Manager{client: client, config: config.withDefaults(), log: log, life: life, end: end,
		threads: threads{client: client, life: life},
		runs:    make(map[string]*Run), asked: make(map[asking]*Run), marks: make(map[string]mark)}
}

// keep registers r and runs work for it. It wants m.mu held.
func (m *Manager) keep(r *Run, work func()) {
	m.forgetExpired()
	m.runs[r.ID.String()] = r
	m.readers.Go(func() {
		defer m.retire(r)
		work()
	})
}

// retire starts the time for which a finished run is remembered.
func (m *Manager) retire(r *Run) {
	r.stop(nil)
	m.mu.Lock()
	m.expiry = append(m.expiry, expiringRun{r, time.Now().Add(m.config.Keep)})
	m.mu.Unlock()
	report := r.Report()
	m.log.Info().Str("run_id", r.ID.String()).Str("agent_id", r.ID.AgentID).Str("state", string(report.State)).
		Str("failure", report.Failure).Dur("elapsed", report.Elapsed).Msg("run ended")
}

// forgetExpired wants m.mu held.
func (m *Manager) forgetExpired() {
	now := time.Now()
	for len(m.expiry) > 0 && (len(m.expiry) > maxKept || m.expiry[0].at.Before(now)) {
		oldest := m.expiry[0].run
		m.expiry = m.expiry[1:]
		for _, what := range oldest.asked {
			if m.asked[what] == oldest {
				delete(m.asked, what)
			}
		}
		if id := oldest.ID.String(); m.runs[id] == oldest { // it may have been looked at anew
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

// Drain refuses new messages and waits, until ctx ends, for the runs that would
// not survive this process. Those whose message was posted go on in the tenant.
func (m *Manager) Drain(ctx context.Context) {
	m.mu.Lock()
	m.closing = true
	var mortal []*Run
	for _, r := range m.runs {
		if r.Live() && !r.survives() {
			mortal = append(mortal, r)
		}
	}
	m.mu.Unlock()
	for _, r := range mortal {
		if !r.awaitSurvival(ctx) {
			return
		}
	}
}

// awaitSurvival waits until the run has ended or would survive this process; it is
// false when ctx has ended before.
func (r *Run) awaitSurvival(ctx context.Context) bool {
	for {
		_, changed := r.Steps(math.MaxInt)
		if !r.Live() || r.survives() {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// Close ends every reader and waits for them. Streamed runs in flight end as
// interrupted, others are let go of; their conversations keep what is written.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.end()
	m.readers.Wait()
}

func isStatus(err error, status int) bool {
	answer, ok := errors.AsType[*restclient.APIError](err)
	return ok && answer.StatusCode == status
}
