package bridge

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// glances keep for a moment what was listed to complete what somebody types: the
// next key asks for the same. The zero value is ready for use, also by several
// goroutines.
type glances struct {
	group singleflight.Group

	mu      sync.Mutex // guards all below
	seen    map[string]glimpse
	changes int // counts forget: what was asked before is neither kept nor shared after
}

// glimpse is a list as it was then, or why there was none.
type glimpse struct {
	list any
	err  error
	at   time.Time
}

func (g glimpse) fresh() bool {
	return time.Since(g.at) < glanceTTL && (g.err == nil || time.Since(g.at) < failureTTL)
}

// The bounds of what is kept, and how much of a list is looked at.
const (
	glanceTTL  = 10 * time.Second
	maxGlances = 50
	maxGlanced = 1000
)

// some is a list as far as it was looked at.
type some[T any] struct {
	items []T
	more  bool
}

func firstOf[T any](all iter.Seq2[T, error]) (first some[T], err error) {
	for item, err := range all {
		if err != nil {
			return some[T]{}, err
		}
		if len(first.items) == maxGlanced {
			first.more = true
			break
		}
		first.items = append(first.items, item)
	}
	return first, nil
}

// glance looks, or remembers what it saw a moment ago.
func glance[T any](ctx context.Context, g *glances, key string, look func(context.Context) (some[T], error)) (some[T], error) {
	g.mu.Lock()
	known, ok := g.seen[key]
	changes := g.changes
	g.mu.Unlock()
	if !ok || !known.fresh() {
		var err error
		known, err = shared(ctx, &g.group, fmt.Sprint(changes, " ", key), func(ctx context.Context) (glimpse, error) {
			list, err := look(ctx)
			return g.keep(key, glimpse{list, err, time.Now()}, changes), nil
		})
		if err != nil { // the caller has gone
			return some[T]{}, err
		}
	}
	return known.list.(some[T]), known.err
}

// forget makes the next look a fresh one: something was begun that people will
// look for.
func (g *glances) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.seen)
	g.changes++
}

func (g *glances) keep(key string, seen glimpse, changes int) glimpse {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.changes != changes {
		return seen
	}
	if g.seen == nil {
		g.seen = make(map[string]glimpse)
	}
	for other, old := range g.seen {
		if !old.fresh() {
			delete(g.seen, other)
		}
	}
	for other := range g.seen {
		if len(g.seen) < maxGlances {
			break
		}
		delete(g.seen, other)
	}
	g.seen[key] = seen
	return seen
}
