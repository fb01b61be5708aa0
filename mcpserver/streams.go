package mcpserver

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// maxKeyStreams is how many streams one key may listen on at once: a client
// needs one.
const maxKeyStreams = 64

// askAgainAfter is when to try again for a stream that there is no room for, in
// seconds.
const askAgainAfter = 30

// streams are those that clients listen on, which last until somebody ends them.
type streams struct {
	max   int // of all keys
	ended context.Context
	end   context.CancelFunc

	mu   sync.Mutex // guards open, and what of it each key has
	open int
}

func newStreams(most int) *streams {
	ended, end := context.WithCancel(context.Background())
	return &streams{max: most, ended: ended, end: end}
}

// begin makes room for one of the key's streams. Its context ends with ctx,
// when the principal is no longer let in, or before everything else when the server
// is to stop. What is returned beside it
// has to be called when the stream has ended.
func (s *streams) begin(ctx context.Context, key *seen, p principal) (context.Context, func(), *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := &refusal{code: jsonrpc2.CodeInvalidRequest, retryAfter: askAgainAfter}
	switch {
	case s.ended.Err() != nil:
		full.status, full.message = http.StatusServiceUnavailable, "the server is shutting down"
	case key.streams >= maxKeyStreams:
		full.status, full.message = http.StatusTooManyRequests, fmt.Sprintf("%d clients listen with this API key already, which is the limit: close one, or do without; every request is answered all the same", maxKeyStreams)
	case s.open >= s.max:
		full.status, full.message = http.StatusServiceUnavailable, fmt.Sprintf("%d clients listen to this server already, which is the limit (--max-streams); every request is answered all the same", s.max)
	default:
		s.open++
		key.streams++
		ctx, cancel := p.whileLetIn(ctx)
		stop := context.AfterFunc(s.ended, cancel)
		return ctx, func() {
			stop()
			cancel()
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open--
			key.streams--
		}, nil
	}
	return nil, nil, full
}

// of tells how many streams a key has.
func (s *streams) of(key *seen) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return key.streams
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}
