package run

import (
	"context"
	"errors"
	"time"
)

// ErrNotHeld is returned for a run that cannot be stopped: only closing its
// stream does that.
var ErrNotHeld = errors.New("the agent cannot be stopped from here: another process began the run, or the connection to the agent was lost")

// ErrPosted is returned for a run that cannot be stopped as its message was posted.
var ErrPosted = errors.New("the agent cannot be stopped: the message was sent so that the agent goes on whatever becomes of the connection, and the API has no other way to stop it")

// ErrClosed is returned for a run that is looked for during shutdown.
var ErrClosed = errors.New("the bridge is shutting down: the run was not looked for, and goes on or stands as it is")

// errStopped is the cause with which a run's reader is ended by request.
var errStopped = errors.New("the run was cancelled")

// Owns tells whether a run is of the Manager's owner, if it has one.
func (m *Manager) Owns(id ID) bool { return id.belongsTo(m.config.Owner) }

// Find returns a run by its ID: the one that is live here, else what the
// conversation says of it. A run that is not settled yet is followed until it
// is, by one reader however many ask.
//
// The agent's name is for what is said of the run.
func (m *Manager) Find(ctx context.Context, id ID, agentName string) (*Run, error) {
	return m.find(ctx, id, agentName, "")
}

func (m *Manager) find(ctx context.Context, id ID, agentName, thread string) (*Run, error) {
	if r := m.held(id); r != nil {
		return r, nil
	}
	answer := m.finding.DoChan(id.String(), func() (any, error) { return m.recover(id, agentName, thread) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-answer:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Run), nil
	}
}

func (m *Manager) held(id ID) *Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id.String()]; r != nil && !r.doubtful() {
		return r
	}
	return nil
}

func (m *Manager) recover(id ID, agentName, thread string) (*Run, error) {
	if r := m.held(id); r != nil {
		return r, nil
	}
	var from mark
	if _, err := m.look(m.life, id, &from); m.life.Err() != nil {
		return nil, ErrClosed
	} else if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return nil, ErrClosed
	}
	life, stop := context.WithCancelCause(m.life)
	r := newRun(id, Agent{ID: id.AgentID, Name: agentName}, thread, stop)
	r.began, r.followed, r.from, r.local = id.Started, true, from, m.config.TenantEnds
	var known ending
	if before := m.runs[id.String()]; before != nil { // what was seen of it was not final
		r.Thread, r.files, r.sentHere = before.Thread, before.files, before.sentHere
		r.extent, r.grown, known.failure = before.extent, before.grown, before.said()
		r.asked, r.told = before.asked, before.answered() && !before.owed() // an answer that was told is told
		for _, what := range r.asked {
			m.asked[what] = r
		}
	}
	m.keep(r, func() { m.follow(life, r, known) })
	return r, nil
}

// settleWithin is how long a run that was looked for may take to show that it has
// ended.
const settleWithin = 2 * time.Second

// Cancel stops the agent. It returns when the run's reader has gone, which is
// what makes the vendor stop; [ErrNotHeld] where it is not held here, and
// [ErrPosted] where no reader keeps the agent going.
func (m *Manager) Cancel(ctx context.Context, id ID, agentName string) (*Run, error) {
	r, err := m.Find(ctx, id, agentName)
	if err != nil {
		return nil, err
	}
	if err := r.halt(); err != nil {
		if !r.isFollowed() {
			return nil, err
		}
		timer := time.NewTimer(settleWithin)
		defer timer.Stop()
		select {
		case <-r.done:
			return r, nil
		case <-timer.C:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r.stop(errStopped)
	select {
	case <-r.done:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// halt keeps the run from sending anything more. The error says why the agent of a
// live run cannot be stopped.
func (r *Run) halt() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended:
		return nil
	case r.ID.Way == Posted && (r.onItsWay || r.followed):
		return ErrPosted
	case r.followed:
		return ErrNotHeld
	}
	r.halted = true
	return nil
}

// said is what the tenant answered in place of an answer, or nil.
func (r *Run) said() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refusal
}
