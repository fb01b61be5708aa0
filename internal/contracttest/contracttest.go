// Package contracttest holds both sides of the REST API to its contract: a
// [Checker] sits between a client and a tenant and checks every exchange that
// crosses, whichever side it is put on ([Checker.Wrap], [Checker.Handler]).
//
// A request that fits the contract must get an answer with a status listed for the
// operation and with headers, content type and body as described there. One that
// does not fit must be refused: a 4xx with the error envelope. What breaks this is a
// t.Errorf that names the operation and the place, never a key or a value.
//
// Nothing is changed or held up: streams are checked event by event as they flow,
// and of a long body the first 1 MiB alone is looked at. What was cut off is
// checked as far as it came. Answers that a fault of the local tenant has spoiled
// are not checked.
//
// [Unexercised] lists the operations nobody has called with success in this
// process. It is for tests alone.
package contracttest

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Checker reports to one test. It is safe for concurrent use.
type Checker struct {
	doc          *document
	strict       bool
	allowInvalid atomic.Bool

	mu   sync.Mutex
	t    testing.TB
	done bool // the test has ended and takes no reports
}

// Option changes what a Checker takes for wrong.
type Option func(*Checker)

// Strict makes a request that does not fit the contract an error too, unless it
// asks for a fault: for tests of clients, which may send nothing else.
func Strict() Option { return func(c *Checker) { c.strict = true } }

// New makes a checker for a test. It reports until the test's cleanup has come as
// far back as this call.
func New(t testing.TB, options ...Option) *Checker {
	t.Helper()
	c := &Checker{doc: load(), t: t}
	for _, option := range options {
		option(c)
	}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.done = true
	})
	return c
}

// AllowInvalid lets the requests that follow be wrong in spite of [Strict]: for a
// test that sends one on purpose.
func (c *Checker) AllowInvalid() { c.allowInvalid.Store(true) }

func (c *Checker) insistsOnRequests() bool { return c.strict && !c.allowInvalid.Load() }

func (c *Checker) report(operation, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.done {
		c.t.Errorf("contract: %s: %s", operation, what)
	}
}
