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
// was.
func (s *WorkItemsService) Wait(ctx context.Context, id string, opts *WorkItemWaitOptions) (*WorkItem, error) {
	o := valueOf(opts)
	if o.FirstPause < 0 || o.MaxPause < 0 {
		return nil, errors.New("a pause cannot be negative; use 0 for the default")
	}
	longest := cmp.Or(o.MaxPause, 15*time.Second)
	pause := min(cmp.Or(o.FirstPause, time.Second/2), longest)
	var last *WorkItem
	for {
		item, err := s.Get(ctx, id, nil)
		if err != nil {
			return last, err
		}
		if item.Status.Settled() {
			return s.settled(ctx, item, o)
		}
		last = item
		if err := sleep(ctx, pause); err != nil {
			return last, fmt.Errorf("the work item is still %s: %w", item.Status, err)
		}
		pause = min(pause+pause/2, longest)
	}
}

func (s *WorkItemsService) settled(ctx context.Context, item *WorkItem, o WorkItemWaitOptions) (*WorkItem, error) {
	if !o.Results {
		return item, nil
	}
	full, err := s.Get(ctx, item.ID, &WorkItemGetOptions{Results: true})
	if err != nil {
		return item, err
	}
	return full, nil
}
