package restclient

import (
	"context"
	"slices"
	"sync"
	"time"
)

// refreshEvery bounds how often a key is read again while that changes nothing: it
// may take a command, or ask the user.
const refreshEvery = time.Minute

// credential is the key, which may change while the client lives.
type credential struct {
	scheme  authScheme
	refresh func(context.Context) (string, error) // nil: it stays as it is
	turn    chan struct{}                         // full while the key is read again

	mu    sync.Mutex // guards all below
	keys  []string   // every one that was sent; the last is in use
	asked time.Time  // when reading it again last changed nothing
}

func newCredential(key string, o options) *credential {
	return &credential{scheme: o.scheme, refresh: o.refreshKey, turn: make(chan struct{}, 1), keys: []string{key}}
}

func (c *credential) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys[len(c.keys)-1]
}

// known is every key that an answer could repeat.
func (c *credential) known() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.keys)
}

// renewed is the key to use after one was refused: the same where there is no other.
func (c *credential) renewed(ctx context.Context, refused string) string {
	if c.refresh == nil {
		return refused
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return refused
	}
	if key := c.current(); key != refused || c.askedLately() {
		return key
	}
	key, err := c.refresh(ctx)
	if ctx.Err() != nil {
		return refused
	}
	return c.take(key, err == nil && checkKey(key) == nil)
}

// use has another key sent from now on.
func (c *credential) use(key string) {
	if key != c.current() {
		c.take(key, true)
	}
}

func (c *credential) askedLately() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.asked.IsZero() && time.Since(c.asked) < refreshEvery
}

// take keeps a key that was read and is another one. A key that came back is moved
// to the end: it is in use again.
func (c *credential) take(key string, usable bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := c.keys[len(c.keys)-1]
	if !usable || key == used {
		c.asked = time.Now()
		return used
	}
	c.keys = append(slices.DeleteFunc(c.keys, func(k string) bool { return k == key }), key)
	return key
}
