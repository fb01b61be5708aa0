package contracttest

import (
	"io"
	"sync"
)

// maxKept is how much of a body is kept for checking, in bytes.
const maxKept = 1 << 20

// capture keeps the beginning of a body that passes by. A transport may still be
// sending a request while its answer is read, hence the lock.
type capture struct {
	mu    sync.Mutex
	kept  []byte
	seen  int64
	ended bool // the body's end has come by
}

func (c *capture) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen += int64(len(p))
	c.kept = append(c.kept, p[:min(len(p), maxKept-len(c.kept))]...)
}

// count takes a piece of a body that need not be kept.
func (c *capture) count(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen += int64(len(p))
}

func (c *capture) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}

func (c *capture) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.seen, c.ended = nil, 0, false
}

// body is what is known of a body when it is checked.
type body struct {
	kept  []byte
	seen  int64
	whole bool // all of it came by
}

// cut tells that only the beginning was kept.
func (b body) cut() bool { return b.seen > int64(len(b.kept)) }

// body tells what came by; length is what the headers promise, -1 for nothing.
func (c *capture) body(length int64) body {
	c.mu.Lock()
	defer c.mu.Unlock()
	return body{kept: c.kept, seen: c.seen, whole: c.ended || c.seen == length}
}

// sentBody captures a request on its way to a server.
type sentBody struct {
	io.ReadCloser
	capture *capture
}

func (s *sentBody) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.capture.add(p[:n])
	if err == io.EOF {
		s.capture.end()
	}
	return n, err
}
