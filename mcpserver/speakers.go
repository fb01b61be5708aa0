package mcpserver

import (
	"slices"
	"sync"

	"sema4mcp/bridge"
)

// speakers are who tells each session of a key of changes, the oldest stream
// first. Of several that one client has, only the newest is spoken on: the client
// would hear everything twice. A stream that takes over from another begins with
// saying that there may have been changes, as the client may have missed some in
// between. The zero value is ready.
type speakers struct {
	mu  sync.Mutex // guards all below
	of  map[string][]*bridge.Listener
	new map[string]struct{} // sessions begun here that have not listened yet
}

// maxNewSessions bounds those that are remembered: most clients never listen. Who
// is not is told of a change that may be none.
const maxNewSessions = 1000

// begin notes that there is a new session, which can have missed nothing.
func (s *speakers) begin(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.new == nil {
		s.new = make(map[string]struct{})
	}
	for other := range s.new {
		if len(s.new) < maxNewSessions {
			break
		}
		delete(s.new, other)
	}
	s.new[session] = struct{}{}
}

// join makes the stream of the listener the session's newest, until what is
// returned is called.
func (s *speakers) join(session string, listener *bridge.Listener) (leave func()) {
	if session == "" {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[string][]*bridge.Listener)
	}
	if _, first := s.new[session]; !first {
		listener.Remind()
	}
	delete(s.new, session)
	s.of[session] = append(s.of[session], listener)
	return func() { s.leave(session, listener) }
}

func (s *speakers) leave(session string, listener *bridge.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[session]
	at := slices.Index(of, listener)
	left := slices.Delete(of, at, at+1)
	switch {
	case len(left) == 0:
		delete(s.of, session)
		return
	case at == len(left): // it was the newest
		left[len(left)-1].Remind()
	}
	s.of[session] = left
}

// speaks tells whether the listener's stream is the one to speak on.
func (s *speakers) speaks(session string, listener *bridge.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[session]
	return len(of) == 0 || of[len(of)-1] == listener
}
