package bridge

import (
	"context"
	"sync"

	"github.com/rs/zerolog"
)

// audience is all listeners of a tenant. While there are any, the agents are
// looked at whenever the catalogue has grown old, once for all of them.
type audience struct {
	catalogue *catalogue
	open      context.Context // ends with the tenant
	log       zerolog.Logger
	drop      func(server string) // calls gone
	watching  sync.WaitGroup

	mu        sync.Mutex // guards all below
	listeners map[string]map[*Listener]struct{}
	shown     map[string]appearance // what each server looked like last
	owed      map[string]struct{}   // servers in whose place clients saw others; nobody has heard since
	watch     *watch                // nil while nobody listens
	closed    bool
}

func newAudience(open context.Context, catalogue *catalogue, drop func(server string), log zerolog.Logger) *audience {
	return &audience{catalogue: catalogue, open: open, drop: drop, log: log,
		listeners: make(map[string]map[*Listener]struct{}), shown: make(map[string]appearance), owed: make(map[string]struct{})}
}

// close waits for the watch. What it is open for has to have ended.
func (a *audience) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.watching.Wait()
}

// join adds a listener that knows what before did, unless that is nil; else what
// clients were shown last.
func (a *audience) join(server string, before *Listener) *Listener {
	l := &Listener{audience: a, server: server, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	a.mu.Lock()
	defer a.mu.Unlock()
	shown, known := a.shown[server]
	l.knows, l.aware = shown, known
	if before != nil {
		l.knows, l.aware = before.knows, before.aware
	}
	if _, owed := a.owed[server]; owed {
		l.knows, l.aware = absent, true
	}
	if known {
		l.hear(shown)
		delete(a.owed, server)
	}
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

// show says what a server looks like now.
func (a *audience) show(server string, now appearance) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown[server] = now
	for l := range a.listeners[server] {
		l.hear(now)
		delete(a.owed, server)
	}
}

// conceal says that clients may have been shown another server in its place:
// they have to hear when it is back, though they listen only then.
func (a *audience) conceal(server string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.shown, server)
	a.owed[server] = struct{}{}
	for l := range a.listeners[server] {
		l.knows, l.aware = absent, true
	}
}

// began says that an agent has a new conversation, which is among the resources
// of its servers.
func (a *audience) began(agentID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, server := range []string{tenantKey, agentKey(agentID)} {
		for l := range a.listeners[server] {
			l.learn(resourcesChanged)
		}
	}
}

// gone ends the listeners to a server that is not there any more. They hear of
// that as of a change.
func (a *audience) gone(server string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(server)
	for l := range a.listeners[server] {
		l.hear(absent)
		l.end()
	}
}

// refuse ends the listeners to a server that the key may not see.
func (a *audience) refuse(server string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(server)
	for l := range a.listeners[server] {
		l.end()
	}
}

// prune forgets the servers that are not to be kept and that nobody listens to.
func (a *audience) prune(keep func(server string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for server := range a.shown {
		if len(a.listeners[server]) == 0 && !keep(server) {
			a.forget(server)
		}
	}
}

// forget wants a.mu held.
func (a *audience) forget(server string) {
	delete(a.shown, server)
	delete(a.owed, server)
}

// servers are those that somebody listens to, and what they looked like last.
func (a *audience) servers() map[string]appearance {
	a.mu.Lock()
	defer a.mu.Unlock()
	servers := make(map[string]appearance, len(a.listeners))
	for server := range a.listeners {
		servers[server] = a.shown[server]
	}
	return servers
}
