package bridge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"sema4mcp/restclient"
)

// watch is one watching of the agents. It ends when nobody listens, or with all
// who do.
type watch struct {
	audience *audience
	stop     context.CancelFunc
}

// A look that failed is repeated soon, and then ever later.
const (
	lookAgainAfter  = time.Second
	lookAgainWithin = 5 * time.Minute
)

// leastPause keeps a catalogue that is never fresh from being asked all the time.
const leastPause = 10 * time.Millisecond

func (w *watch) run(ctx context.Context) {
	defer w.audience.watching.Done()
	defer w.end()
	catalogue := w.audience.catalogue
	for failures := 0; ; {
		err := w.look(ctx)
		pause := max(catalogue.due(), leastPause)
		switch {
		case ctx.Err() != nil || isStatus(err, http.StatusUnauthorized):
			return
		case isStatus(err, http.StatusForbidden):
			failures, pause = 0, catalogue.ttl
		case err == nil:
			failures = 0
		default:
			if failures == 0 {
				w.audience.log.Warn().Err(err).Msg("the agents cannot be listed; who listens is told of changes later")
			}
			pause = pauseAfter(err, failures)
			failures++
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-catalogue.news:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// pauseAfter is for the next look after one that failed, as others did before.
func pauseAfter(err error, failures int) time.Duration {
	pause := min(lookAgainAfter<<min(failures, 10), lookAgainWithin)
	if answer, ok := errors.AsType[*restclient.APIError](err); ok {
		pause = max(pause, answer.RetryAfter)
	}
	return pause
}

// look compares all that is listened to with what it was. Its error is that of
// the list: it changes nothing, but that a key which may not list the agents has
// no server of the whole tenant. It may see single agents all the same.
func (w *watch) look(ctx context.Context) error {
	list, err := w.audience.catalogue.listing(ctx)
	forbidden := isStatus(err, http.StatusForbidden)
	if err != nil && !forbidden {
		return err
	}
	listed := make(map[string]appearance, len(list.agents))
	for _, agent := range list.agents {
		listed[agentKey(agent.ID)] = appearanceOf(agent)
	}
	for server, shown := range w.audience.servers() {
		switch now, ok := listed[server]; {
		case server == tenantKey && forbidden:
			w.audience.refuse(server)
		case server == tenantKey:
			w.audience.show(server, list.appearance)
		case !ok || now != shown:
			w.lookFor(ctx, server)
		}
	}
	return err
}

// lookFor asks for an agent by itself, as its server does. A list may leave out
// agents, and what there is to say of them.
func (w *watch) lookFor(ctx context.Context, server string) {
	agent, err := w.audience.catalogue.agent(ctx, strings.TrimPrefix(server, agentKey("")))
	switch {
	case err == nil:
		w.audience.show(server, appearanceOf(agent))
	case isNotFound(err) || errors.Is(err, ErrNotOffered):
		w.audience.drop(server)
	case isStatus(err, http.StatusForbidden):
		w.audience.refuse(server)
	}
}

// end ends all who listen still, unless the watch was ended as nobody did.
func (w *watch) end() {
	w.stop()
	a := w.audience
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.watch != w {
		return
	}
	a.watch = nil
	for _, listeners := range a.listeners {
		for l := range listeners {
			l.end()
		}
	}
}
