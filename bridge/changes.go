package bridge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/rs/zerolog"

	"sema4mcp/restclient"
)

// listChanges are the notifications of the lists that servers here have. Names
// and descriptions of agents are in all of them, so that one change is each.
var listChanges = []string{mcp.MethodNotificationToolsListChanged, mcp.MethodNotificationPromptsListChanged, mcp.MethodNotificationResourcesListChanged}

// ListChanges is what a client of the legacy era is told when what its server
// lists has changed.
func ListChanges() []mcp.JSONRPCNotification {
	all := make([]mcp.JSONRPCNotification, len(listChanges))
	for i, method := range listChanges {
		all[i].JSONRPC, all[i].Method = mcp.JSONRPC_VERSION, method
	}
	return all
}

// Listener hears when what one MCP server lists has changed: agents were added,
// renamed, changed or deleted. However many changes come while it is busy, it
// hears of one, and nobody waits for it. Make it with [Tenant.Listen].
type Listener struct {
	audience *audience
	server   string // its key
	changed  chan struct{}
	ended    chan struct{}

	// Guarded by the audience's mu.
	knows string // what the server was made of when its client last heard of it
	aware bool   // knows is set
	over  bool   // ended is closed
}

// Listen returns a Listener to the server of an agent, or with "" to that of the
// whole tenant. It has to be closed.
func (t *Tenant) Listen(agentID string) *Listener {
	if agentID == "" {
		return t.audience.join(tenantKey)
	}
	return t.audience.join(agentKey(agentID))
}

// Tell calls tell after each change, until it fails, ctx ends, or the listener
// does: there is no such agent any more, the tenant no longer accepts the key, or
// the [Tenant] is drained or closed. Only tell's error is returned.
func (l *Listener) Tell(ctx context.Context, tell func() error) error {
	for {
		select {
		case <-l.changed:
			if err := tell(); err != nil {
				return err
			}
		case <-l.ended:
			select {
			case <-l.changed: // the last of them
				return tell()
			default:
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// Close ends the listener. A second call does nothing.
func (l *Listener) Close() { l.audience.leave(l) }

// hear wants the audience's mu held.
func (l *Listener) hear(made string) {
	if l.aware && l.knows != made {
		select {
		case l.changed <- struct{}{}:
		default: // it has not heard of the change before
		}
	}
	l.knows, l.aware = made, true
}

// end wants the audience's mu held.
func (l *Listener) end() {
	if !l.over {
		l.over = true
		close(l.ended)
	}
}

// audience is all listeners of a tenant. While there are any, the agents are
// looked at whenever the catalogue has grown old, once for all of them.
type audience struct {
	catalogue *catalogue
	open      context.Context // ends with the tenant
	log       zerolog.Logger
	watching  sync.WaitGroup

	mu        sync.Mutex // guards all below
	listeners map[string]map[*Listener]struct{}
	shown     map[string]string // what each server was last made of
	watch     *watch            // nil while nobody listens
	closed    bool
}

func newAudience(open context.Context, catalogue *catalogue, log zerolog.Logger) *audience {
	return &audience{catalogue: catalogue, open: open, log: log,
		listeners: make(map[string]map[*Listener]struct{}), shown: make(map[string]string)}
}

// close waits for the watch. What it is open for has to have ended.
func (a *audience) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.watching.Wait()
}

func (a *audience) join(server string) *Listener {
	l := &Listener{audience: a, server: server, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	a.mu.Lock()
	defer a.mu.Unlock()
	l.knows, l.aware = a.shown[server]
	if a.listeners[server] == nil {
		a.listeners[server] = make(map[*Listener]struct{})
	}
	a.listeners[server][l] = struct{}{}
	if a.closed {
		l.end()
	} else if a.watch == nil {
		ctx, stop := context.WithCancel(a.open)
		a.watch = &watch{audience: a, stop: stop}
		a.watching.Add(1)
		go a.watch.run(ctx)
	}
	return l
}

func (a *audience) leave(l *Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l.end()
	delete(a.listeners[l.server], l)
	if len(a.listeners[l.server]) == 0 {
		delete(a.listeners, l.server)
	}
	if len(a.listeners) == 0 && a.watch != nil {
		a.watch.stop()
		a.watch = nil
	}
}

// show says what a server is made of now.
func (a *audience) show(server, made string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown[server] = made
	for l := range a.listeners[server] {
		l.hear(made)
	}
}

// nothing is what no server is made of.
const nothing = "\x00"

// conceal says that clients may have been shown another server in its place:
// they have to hear when it is back.
func (a *audience) conceal(server string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown[server] = nothing
	for l := range a.listeners[server] {
		l.knows, l.aware = nothing, true
	}
}

// gone ends the listeners to a server that is not there any more. They hear of
// that as of a change.
func (a *audience) gone(server string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown[server] = nothing
	for l := range a.listeners[server] {
		l.hear(nothing)
		l.end()
	}
}

// servers are those that somebody listens to, and what they were last made of.
func (a *audience) servers() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	servers := make(map[string]string, len(a.listeners))
	for server := range a.listeners {
		servers[server] = a.shown[server]
	}
	return servers
}

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
		case ctx.Err() != nil || refusesKey(err):
			return
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

// refusesKey tells that the tenant does not accept the key any more.
func refusesKey(err error) bool {
	return isStatus(err, http.StatusUnauthorized) || isStatus(err, http.StatusForbidden)
}

// look compares all that is listened to with what it was. Its error is that of
// the list: it changes nothing.
func (w *watch) look(ctx context.Context) error {
	agents, err := w.audience.catalogue.all(ctx)
	if err != nil {
		return err
	}
	listed := make(map[string]string, len(agents))
	for _, agent := range agents {
		listed[agentKey(agent.ID)] = fingerprint(agent)
	}
	for server, shown := range w.audience.servers() {
		switch made, ok := listed[server]; {
		case server == tenantKey:
			w.audience.show(server, fingerprints(agents))
		case !ok || made != shown:
			w.lookFor(ctx, server)
		}
	}
	return nil
}

// lookFor asks for an agent by itself, as its server does. A list may leave out
// agents, and what there is to say of them.
func (w *watch) lookFor(ctx context.Context, server string) {
	agent, err := w.audience.catalogue.agent(ctx, strings.TrimPrefix(server, agentKey("")))
	switch {
	case err == nil:
		w.audience.show(server, fingerprint(agent))
	case isNotFound(err) || errors.Is(err, ErrNotOffered):
		w.audience.gone(server)
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
