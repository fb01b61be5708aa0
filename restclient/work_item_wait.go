package restclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// WorkItemWaitOptions say how a work item is waited for.
type WorkItemWaitOptions struct {
	FirstPause time.Duration // between the first two looks; 0 means half a second
	MaxPause   time.Duration // what pauses grow to; 0 means 15 seconds
	Results    bool          // fetch the Messages with the result
}

// Wait looks at a work item, in growing pauses, until it is settled (see
// [WorkItemStatus.Settled]), and returns it. ctx bounds the wait; the work goes
// on when it ends. The item as last seen comes with that error, nil if it never
// was; so it does where the server names no status.
func (s *WorkItemsService) Wait(ctx context.Context, id string, opts *WorkItemWaitOptions) (*WorkItem, error) {
	o := valueOf(opts)
	if o.FirstPause < 0 || o.MaxPause < 0 {
		return nil, errors.New("a pause cannot be negative; use 0 for the default")
	}
	longest := cmp.Or(o.MaxPause, 15*time.Second)
	pause := min(cmp.Or(o.FirstPause, time.Second/2), longest)
	var last *WorkItem
	for {
		item, err := s.look(ctx, id, o.Results)
		last = cmp.Or(item, last)
		if err != nil || item.Status.Settled() {
			return last, err
		}
		if err := sleep(ctx, pause); err != nil {
			return last, fmt.Errorf("the work item is still %s: %w", item.Status, err)
		}
		pause = min(pause+pause/2, longest)
	}
}

// look fetches a work item, and once it is settled its results if they are asked
// for. It may be at work again by then, so the status of the last answer counts.
func (s *WorkItemsService) look(ctx context.Context, id string, results bool) (*WorkItem, error) {
	item, err := s.Get(ctx, id, nil)
	if err == nil && results && item.Status.Settled() && item.Status != "" {
		var full *WorkItem
		full, err = s.Get(ctx, id, &WorkItemGetOptions{Results: true})
		item = cmp.Or(full, item)
	}
	if err == nil && item.Status == "" {
		err = errNoStatus
	}
	return item, err
}

var errNoStatus = errors.New("the server does not say what the status of the work item is, so it cannot be waited for; look at it with Get")
