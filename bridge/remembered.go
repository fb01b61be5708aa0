package bridge

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// Memory keeps the agents that a key can see of a tenant from one process to the
// next, so that a host which starts one need not wait for the tenant. It is told no
// more of them than what lists show. It logs its own failures.
type Memory interface {
	// Load returns the agents last saved, and false where there are none to be had.
	Load() ([]restclient.Agent, bool)
	// Save is called after each list of the tenant's, one call at a time.
	Save(agents []restclient.Agent)
}

// lastKnown is the agents as the tenant last listed them, to this process or to one
// before it. Without a [Memory] it knows nothing.
type lastKnown struct {
	memory Memory

	mu     sync.Mutex // guards all below, and calls of memory
	agents []restclient.Agent
	known  bool // agents are set
	asked  bool // they are not those of a process before, or are known to have changed
	closed bool
}

func newLastKnown(memory Memory) *lastKnown {
	l := &lastKnown{memory: memory}
	if memory != nil {
		l.agents, l.known = memory.Load()
	}
	return l
}

// get returns the agents, and false where they are not known.
func (l *lastKnown) get() ([]restclient.Agent, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agents, l.known
}

// before returns the agents as a process before this one knew them, and false where
// this one has to know better.
func (l *lastKnown) before() ([]restclient.Agent, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agents, l.known && !l.asked
}

// outdate says that the agents are not as they were.
func (l *lastKnown) outdate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = true
}

func (l *lastKnown) learn(agents []restclient.Agent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.memory == nil {
		return
	}
	l.agents = make([]restclient.Agent, len(agents))
	for i, agent := range agents {
		l.agents[i] = restclient.Agent{ID: agent.ID, Name: agent.Name, Description: agent.Description, Mode: agent.Mode, State: agent.State, UpdatedAt: agent.UpdatedAt}
	}
	l.known, l.asked = true, true
	if !l.closed {
		l.memory.Save(slices.Clone(l.agents))
	}
}

// close waits for what is being saved. Nothing is from then on.
func (l *lastKnown) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// RememberedServer is the tenant's server of the agents that [Config.Remembered]
// has. It is nil once the tenant has been asked, which begins, where nothing is
// remembered, and for a request that needs an agent which is not.
func (t *Tenant) RememberedServer(request exchange.Message) *server.MCPServer {
	agents, ok := t.catalogue.remembered()
	if !ok {
		return nil
	}
	if remembered := t.serverFor(listingOf(agents)); serves(remembered, request) {
		return remembered
	}
	return nil
}

// serves tells whether the server has the tool or prompt that the request names.
func serves(s *server.MCPServer, request exchange.Message) bool {
	var named struct{ Name string }
	_ = json.Unmarshal(request.Params, &named) // the server says what is wrong with it
	switch mcp.MCPMethod(request.Method) {
	case mcp.MethodToolsCall:
		return s.GetTool(named.Name) != nil
	case mcp.MethodPromptsGet:
		_, ok := s.ListPrompts()[named.Name]
		return ok
	}
	return true
}
