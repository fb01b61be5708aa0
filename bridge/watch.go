package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
)

// Progress messages carry the end of what has been written so far, at most this
// often and this long.
const (
	partialTextEvery = time.Second
	partialTextRunes = 200
)

// await holds the call until the run needs it no longer: the answer is there,
// the agent asks something, or the budget is used up. Meanwhile a caller who
// asked for progress is told each step the agent takes, what it has written, and
// on a time beat that it is still at work. It returns ctx's error when the call
// was given up; what becomes of the run then is up to Config.OnDisconnect.
func (t *Tenant) await(ctx context.Context, r *run.Run, budget time.Duration) error {
	if budget <= 0 {
		return t.watch(ctx, r, 0) // this is to look, not to wait
	}
	leave := t.waiting.enter(r)
	err := t.watch(ctx, r, budget)
	if last := leave(); last && errors.Is(ctx.Err(), context.Canceled) { // the end of a budget is another error
		t.abandoned(ctx, r)
	}
	return err
}

func (t *Tenant) watch(ctx context.Context, r *run.Run, budget time.Duration) error {
	deadline := time.NewTimer(min(budget, t.config.CallBudget))
	defer deadline.Stop()
	x := exchange.FromContext(ctx)
	if !x.WantsProgress() {
		return awaitSilently(ctx, r, deadline.C)
	}
	teller := teller{run: r, exchange: x, textAt: time.Now(), beat: time.NewTicker(t.config.ProgressInterval)}
	defer teller.beat.Stop()
	return teller.tell(ctx, deadline.C)
}

func awaitSilently(ctx context.Context, r *run.Run, deadline <-chan time.Time) error {
	for {
		settled, turned := r.Settled()
		if settled {
			return nil
		}
		select {
		case <-turned:
		case <-deadline:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// teller sends one call's progress notifications.
type teller struct {
	run      *run.Run
	exchange *exchange.Exchange
	beat     *time.Ticker
	told     int // steps
	written  int // bytes of the answer at the last partial text
	textAt   time.Time
}

func (t *teller) tell(ctx context.Context, deadline <-chan time.Time) error {
	for {
		settled, _ := t.run.Settled()
		steps, changed := t.run.Steps(t.told)
		for _, step := range steps {
			if err := t.exchange.Progress(ctx, step); err != nil {
				return err
			}
		}
		t.told += len(steps)
		observe(ctx, t.run)
		if settled {
			return nil
		}
		if err := t.tellText(ctx); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-t.beat.C:
			elapsed := t.run.Elapsed().Round(time.Second)
			if err := t.exchange.Progress(ctx, fmt.Sprintf("%s is still at work, %s so far", t.run.Agent.Name, elapsed)); err != nil {
				return err
			}
		case <-deadline:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *teller) tellText(ctx context.Context) error {
	if time.Since(t.textAt) < partialTextEvery {
		return nil
	}
	tail, length := t.run.Tail(partialTextRunes)
	if length <= t.written {
		return nil
	}
	t.written, t.textAt = length, time.Now()
	return t.exchange.Progress(ctx, "… "+tail)
}
