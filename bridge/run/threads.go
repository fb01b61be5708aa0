package run

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// threads finds conversations by name, or creates them: exactly one, however
// many callers ask at once.
type threads struct {
	client *restclient.Client
	life   context.Context // a creation must not be cut off by the caller who began it
	group  singleflight.Group

	mu    sync.Mutex // guards known
	known map[threadName]restclient.Conversation
}

type threadName struct{ agentID, name string }

// maxKnownThreads bounds the memory of names; one that is forgotten costs a
// look at the list.
const maxKnownThreads = 10_000

// origin says how a conversation was come by.
type origin uint8

const (
	listed     origin = iota // in the tenant's list, just now
	created                  // by us, just now
	remembered               // from an earlier call; it may have been deleted since
)

type resolution struct {
	conversation restclient.Conversation
	origin       origin
}

// resolve prefers what it remembers, as the vendor renames threads: the name a
// caller knows may no longer be in the list.
func (t *threads) resolve(ctx context.Context, agentID, name string) (restclient.Conversation, origin, error) {
	key := threadName{agentID, name}
	t.mu.Lock()
	conversation, ok := t.known[key]
	t.mu.Unlock()
	if ok {
		return conversation, remembered, nil
	}
	answer := t.group.DoChan(agentID+"\x00"+name, func() (any, error) { return t.findOrCreate(key) })
	select {
	case <-ctx.Done():
		return restclient.Conversation{}, listed, ctx.Err()
	case result := <-answer:
		if result.Err != nil {
			return restclient.Conversation{}, listed, result.Err
		}
		resolved := result.Val.(resolution)
		if result.Shared && resolved.origin == created {
			resolved.origin = remembered // another caller may write to it before this one does
		}
		return resolved.conversation, resolved.origin, nil
	}
}

func (t *threads) findOrCreate(key threadName) (resolution, error) {
	for conversation, err := range t.client.Conversations.All(t.life, key.agentID, &restclient.ListOptions{Limit: 200}) {
		if err != nil {
			return resolution{}, err
		}
		if conversation.Name == key.name {
			t.remember(key, conversation)
			return resolution{conversation, listed}, nil
		}
	}
	conversation, err := t.client.Conversations.Create(t.life, key.agentID, key.name)
	if err != nil {
		return resolution{}, err
	}
	t.remember(key, *conversation)
	return resolution{*conversation, created}, nil
}

func (t *threads) remember(key threadName, conversation restclient.Conversation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = make(map[threadName]restclient.Conversation)
	}
	for other := range t.known {
		if len(t.known) < maxKnownThreads {
			break
		}
		delete(t.known, other)
	}
	t.known[key] = conversation
}

func (t *threads) forget(agentID, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, threadName{agentID, name})
}
