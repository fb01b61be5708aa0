package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sema4mcp/restclient"
)

// maxSends bounds how often a message is sent that provably never arrived.
const maxSends = 3

// maxSendPause is the longest wait before it is sent again; a tenant that asks
// for more is not asked by us, but by whoever calls again.
const maxSendPause = 30 * time.Second

// send sends the message and stays with the run to its end. Whatever goes wrong,
// it is sent again only where it provably never arrived: see the argument in the
// package's documentation.
func (m *Manager) send(ctx context.Context, r *Run, message string) {
	defer r.end(Interrupted, "the reader of the run ended early") // unless something better was said
	once := m.stream
	if r.ID.Way == Posted {
		once = m.post
	}
	for sends := 1; ; sends++ {
		r.update(func() { r.arrival = Unknown })
		err := once(ctx, r, message)
		if err == nil {
			return
		}
		if errors.Is(err, errStopped) {
			r.end(Cancelled, "")
			return
		}
		if ctx.Err() != nil {
			r.stopped(ctx)
			return
		}
		m.log.Warn().Err(err).Str("run_id", r.ID.String()).Msg("the message was sent, and no answer came of it")
		if !m.neverArrived(ctx, r, err) {
			return
		}
		r.update(func() { r.arrival, r.onItsWay = NotArrived, false })
		pause, again := m.sendPause(err, sends)
		if !again {
			r.end(Failed, fmt.Sprintf("The message was not delivered: %v. The agent did not run.", err))
			return
		}
		r.update(func() {
			r.steps = append(r.steps, fmt.Sprintf("the tenant did not take the message, it is sent again in %s", pause.Round(time.Millisecond)))
		})
		if !sleep(ctx, pause) {
			r.stopped(ctx)
			return
		}
		if answered(err) && !m.neverArrived(ctx, r, err) { // a tenant may lag behind what it has stored
			return
		}
	}
}

// neverArrived finds out whether a message that was not answered is not in the
// tenant and will not be. Where that cannot be said, it stays with the run to its
// end, and returns false.
func (m *Manager) neverArrived(ctx context.Context, r *Run, err error) bool {
	seenBefore := r.arrived()
	switch {
	case !seenBefore && (unsent(err) || refused(err)):
		return true
	case answered(err):
		seen, lookErr := m.look(ctx, r.ID, &r.from)
		if lookErr == nil && !seen.arrived && !seenBefore {
			return true
		}
		m.follow(ctx, r, ending{failure: failureOf(err)})
	default:
		m.follow(ctx, r, ending{})
	}
	return false
}

// sendPause is the time before a message is sent again, if it is to be.
func (m *Manager) sendPause(err error, sends int) (pause time.Duration, again bool) {
	if sends >= maxSends || refused(err) {
		return 0, false
	}
	pause = m.config.SendPause << (sends - 1)
	if answer, ok := errors.AsType[*restclient.APIError](err); ok {
		pause = max(pause, answer.RetryAfter)
	}
	return pause, pause <= maxSendPause
}

// sleep is false when ctx has ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// unsent tells that the message was never put on the wire.
func unsent(err error) bool {
	lost, ok := errors.AsType[*restclient.ConnectionError](err)
	return ok && lost.NotSent
}

// refused tells that the tenant understood the request and will not have it.
func refused(err error) bool {
	answer, ok := errors.AsType[*restclient.APIError](err)
	if !ok || answer.StatusCode < 400 || answer.StatusCode >= 500 {
		return false
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return true
}

// answered tells that it was the tenant itself that answered with an error, in
// its own envelope, and no gateway on the way: what it was going to do with the
// request it has done.
func answered(err error) bool {
	answer, ok := errors.AsType[*restclient.APIError](err)
	return ok && answer.Code != ""
}

// failureOf is what the tenant's answer says of the agent, where it says anything:
// that a message came too early or too often says nothing of a run.
func failureOf(err error) error {
	if answer, ok := errors.AsType[*restclient.APIError](err); ok && answer.StatusCode < 500 {
		return nil
	}
	return err
}
