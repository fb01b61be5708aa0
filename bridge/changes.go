package bridge

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// listChanges are the notifications of the lists that servers here have. Names
// and descriptions of agents are in all of them, so that one change is each.
var listChanges = []string{mcp.MethodNotificationToolsListChanged, mcp.MethodNotificationPromptsListChanged, mcp.MethodNotificationResourcesListChanged}

// change is how much of what a server lists has changed: the greater one has the
// less in it.
type change int

const (
	unchangedLists change = iota
	resourcesChanged
	listsChanged // all of them
)

// notifications are what clients of the legacy era are told of the change.
func (c change) notifications() []mcp.JSONRPCNotification {
	var all []mcp.JSONRPCNotification
	for _, method := range listChanges {
		if c == listsChanged || c == resourcesChanged && method == mcp.MethodNotificationResourcesListChanged {
			told := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
			told.Method = method
			all = append(all, told)
		}
	}
	return all
}

// appearance is what clients see of a server.
type appearance struct {
	made   string // what it was made of: all its lists follow from it
	detail string // what else its resources show
}

// absent is what a server looks like that is not there.
var absent = appearance{made: "\x00"}

// Listener hears when what one MCP server lists has changed: agents were added,
// renamed, changed, published or deleted, or a conversation was begun here. However
// many changes come while it is busy, it hears of one, and nobody waits for it. Make
// it with [Tenant.Listen].
type Listener struct {
	audience *audience
	server   string // its key
	changed  chan struct{}
	ended    chan struct{}

	// Guarded by the audience's mu.
	knows appearance // of the server when its client last heard of it
	aware bool       // knows is set
	news  change     // that has not been told
	over  bool       // ended is closed
}

// Listen returns a Listener to the server of an agent, by any id that the tenant
// knows it by, or with "" to that of the whole tenant. It has to be closed.
func (t *Tenant) Listen(agentID string) *Listener {
	if agentID == "" {
		return t.audience.join(tenantKey, nil)
	}
	return t.audience.join(agentKey(t.catalogue.idOf(agentID)), nil)
}

// Again returns a Listener that goes on from what l knew: it hears, too, of what
// has changed since l was closed. It has to be closed.
func (l *Listener) Again() *Listener { return l.audience.join(l.server, l) }

// Remind has the listener hear that everything may have changed: its client may
// have missed something.
func (l *Listener) Remind() {
	l.audience.mu.Lock()
	defer l.audience.mu.Unlock()
	l.learn(listsChanged)
}

// Tell calls tell with what there is to say after each change, until it fails, ctx
// ends, or the listener does: there is no such agent any more, the tenant no longer
// accepts the key, or the [Tenant] is drained or closed. Only tell's error is
// returned.
func (l *Listener) Tell(ctx context.Context, tell func([]mcp.JSONRPCNotification) error) error {
	for {
		select {
		case <-l.changed:
			if err := tell(l.take().notifications()); err != nil {
				return err
			}
		case <-l.ended:
			select {
			case <-l.changed: // the last of them
				return tell(l.take().notifications())
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

// take returns the news, which are told with that.
func (l *Listener) take() change {
	l.audience.mu.Lock()
	defer l.audience.mu.Unlock()
	news := l.news
	l.news = unchangedLists
	return news
}

// hear wants the audience's mu held.
func (l *Listener) hear(now appearance) {
	switch {
	case !l.aware || l.knows == now:
	case l.knows.made == now.made:
		l.learn(resourcesChanged)
	default:
		l.learn(listsChanged)
	}
	l.knows, l.aware = now, true
}

// learn wants the audience's mu held.
func (l *Listener) learn(news change) {
	l.news = max(l.news, news)
	select {
	case l.changed <- struct{}{}:
	default: // it has not told of the change before
	}
}

// end wants the audience's mu held.
func (l *Listener) end() {
	if !l.over {
		l.over = true
		close(l.ended)
	}
}
