package run

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// threads finds conversations by name, or creates them: exactly one, however
// many callers ask at once.
//
// The API finds nothing by name, so the list of an agent is read once and kept.
// After that a name that is not known costs the list's newest page, up to what is
// known.
type threads struct {
	client *restclient.Client
	life   context.Context // neither a list nor a creation must be cut off by the caller who began it
	group  singleflight.Group

	mu     sync.Mutex        // guards all below
	agents map[string]*names // by the agents' ids
	kept   int               // names of all agents together
}

// names are the threads of an agent as far as they are known.
type names struct {
	byName map[string]restclient.Conversation
	ids    map[string]bool
	read   time.Time // when the list was last read to its end
	// created is our latest thread, which the list has to show on its newest page;
	// unordered that it did not, so that no page says anything of what is new.
	created   string
	unordered bool
}

// The bounds of what is kept: more names than that are forgotten, and cost their
// agents' lists again; a thread that somebody gave another name in the application
// is found under that after this time.
const (
	maxKnownThreads = 50_000
	wholeListEvery  = 10 * time.Minute
)

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
	if conversation, ok := t.known(agentID, name); ok {
		return conversation, remembered, nil
	}
	answer := t.group.DoChan("name "+agentID+"\x00"+name, func() (any, error) { return t.findOrCreate(agentID, name) })
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

func (t *threads) known(agentID, name string) (restclient.Conversation, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	conversation, ok := t.of(agentID).byName[name]
	return conversation, ok
}

// of wants t.mu held.
func (t *threads) of(agentID string) *names {
	n := t.agents[agentID]
	if n == nil {
		if t.agents == nil {
			t.agents = make(map[string]*names)
		}
		n = &names{byName: make(map[string]restclient.Conversation), ids: make(map[string]bool)}
		t.agents[agentID] = n
	}
	return n
}

func (t *threads) findOrCreate(agentID, name string) (resolution, error) {
	if conversation, ok := t.known(agentID, name); ok { // another caller was just done
		return resolution{conversation, remembered}, nil
	}
	if conversation, ok, err := t.find(agentID, name); err != nil || ok {
		return resolution{conversation, listed}, err
	}
	conversation, err := t.client.Conversations.Create(t.life, agentID, name)
	if err != nil && !unsent(err) && !refused(err) {
		// It may have been created. Nothing has been sent, so that a second one would
		// do no more harm than to stand empty; but there is to be one.
		found, ok, findErr := t.find(agentID, name)
		switch {
		case findErr == nil && ok:
			return resolution{found, listed}, nil
		case findErr == nil && answered(err):
			conversation, err = t.client.Conversations.Create(t.life, agentID, name)
		}
	}
	if err != nil {
		return resolution{}, fmt.Errorf("the thread could not be created, and nothing was sent: %w", err)
	}
	t.learn(agentID, *conversation, true)
	return resolution{*conversation, created}, nil
}

// find looks at the list as it stands now, together with whoever else does.
func (t *threads) find(agentID, name string) (restclient.Conversation, bool, error) {
	for {
		read, err, _ := t.group.Do("list "+agentID, func() (any, error) { return t.read(agentID, name) })
		if err != nil {
			return restclient.Conversation{}, false, err
		}
		last := read.(reading)
		if last.found.Name == name && last.found.ID != "" {
			return last.found, true, nil
		}
		if conversation, ok := t.known(agentID, name); ok {
			return conversation, true, nil
		}
		if last.allNew { // else it was ended by somebody else's name
			return restclient.Conversation{}, false, nil
		}
	}
}

// reading is what came of a look at the list.
type reading struct {
	found  restclient.Conversation // the one that ended it, if one did
	allNew bool                    // it went as far as there was something new
}

// read takes in the list of an agent's conversations: the newest ones up to those
// that are known, or all of it where that is not to be relied on. It stops at the
// name.
func (t *threads) read(agentID, name string) (reading, error) {
	t.mu.Lock()
	n := t.of(agentID)
	whole, expected := n.unordered || time.Since(n.read) > wholeListEvery, n.created
	t.mu.Unlock()
	shown, pages := expected == "", 0
	for cursor := ""; ; pages++ {
		page, err := t.client.Conversations.List(t.life, agentID, &restclient.ListOptions{Limit: pageSize, Cursor: cursor})
		if err != nil {
			return reading{}, err
		}
		var found restclient.Conversation
		overlaps := false
		for _, conversation := range page.Items {
			overlaps = t.learn(agentID, conversation, false) || overlaps
			if found.ID == "" && conversation.Name == name {
				found = conversation
			}
			if conversation.ID == expected {
				shown = true
				t.change(agentID, func(n *names) { n.unordered = pages > 0 })
			}
		}
		if found.ID != "" {
			return reading{found: found}, nil
		}
		if page.Next == "" {
			t.change(agentID, func(n *names) { n.read = time.Now() })
			return reading{allNew: true}, nil
		}
		if overlaps && shown && !whole {
			return reading{allNew: true}, nil
		}
		if page.Next == cursor {
			return reading{}, fmt.Errorf("conversations of the agent: %w", restclient.ErrRepeatedCursor)
		}
		cursor = page.Next
	}
}

func (t *threads) change(agentID string, change func(*names)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(t.of(agentID))
}

// learn keeps a thread's name; of several with one name the first that is read.
// It tells whether the thread was known.
func (t *threads) learn(agentID string, conversation restclient.Conversation, ours bool) (known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.of(agentID)
	known = n.ids[conversation.ID]
	n.ids[conversation.ID] = true
	if ours {
		n.created = conversation.ID
	}
	if _, taken := n.byName[conversation.Name]; !taken {
		n.byName[conversation.Name] = conversation
		t.kept++
	}
	if t.kept > maxKnownThreads {
		t.agents, t.kept = nil, 0
	}
	return known
}

// renamed notes that a conversation has another name now, and keeps its old one.
func (t *threads) renamed(agentID, conversationID, name string) {
	t.learn(agentID, restclient.Conversation{ID: conversationID, AgentID: agentID, Name: name}, false)
}

func (t *threads) forget(agentID, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.of(agentID)
	if conversation, ok := n.byName[name]; ok {
		delete(n.byName, name)
		delete(n.ids, conversation.ID)
		t.kept--
		if n.created == conversation.ID {
			n.created = "" // the list will not show it
		}
	}
}

// Learn notes a conversation that was come by otherwise, so that its name is found.
func (m *Manager) Learn(agentID string, conversation restclient.Conversation) {
	m.threads.learn(agentID, conversation, false)
}
