package bridge

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestAGlanceIsRememberedForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g glances
		looks := 0
		failing := errors.New("away")
		var err error
		look := func(context.Context) (some[string], error) {
			looks++
			return some[string]{items: []string{fmt.Sprint(looks)}}, err
		}
		at := func(key string) string {
			list, err := glance(t.Context(), &g, key, look)
			if err != nil {
				return err.Error()
			}
			return list.items[0]
		}
		for _, step := range []struct {
			after time.Duration
			err   error
			want  string
		}{
			{0, nil, "1"}, {glanceTTL - 1, failing, "1"}, {1, failing, "away"}, {failureTTL - 1, nil, "away"}, {1, nil, "3"}, {glanceTTL, nil, "4"},
		} {
			time.Sleep(step.after)
			err = step.err
			if got := at("a"); got != step.want {
				t.Errorf("after %s: got %s, want %s", step.after, got, step.want)
			}
		}
		g.forget()
		if got := at("a"); got != "5" {
			t.Errorf("after something was begun: got %s, want a fresh look", got)
		}
		early, err2 := glance(t.Context(), &g, "early", func(context.Context) (some[string], error) {
			g.forget()
			return some[string]{items: []string{"before"}}, nil
		})
		if later := at("early"); err2 != nil || early.items[0] != "before" || later == "before" {
			t.Errorf("got %s where something was begun while it looked", later)
		}
		for i := range 3 * maxGlances {
			at(fmt.Sprint("other ", i))
		}
		if len(g.seen) > maxGlances {
			t.Errorf("%d glances are kept", len(g.seen))
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		if _, err := glance(left, &g, "new", look); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v for a caller who has gone", err)
		}
		time.Sleep(glanceTTL)
	})
}

// TestALookIsNotSharedAcrossAChange has one in the air while something is begun.
func TestALookIsNotSharedAcrossAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g glances
		looks, answer := 0, make(chan struct{})
		look := func(context.Context) (some[string], error) {
			looks++
			seen := fmt.Sprint(looks)
			<-answer
			return some[string]{items: []string{seen}}, nil
		}
		results := make(chan string, 2)
		ask := func() {
			list, err := glance(t.Context(), &g, "a", look)
			if err != nil {
				t.Error(err)
			}
			results <- list.items[0]
		}
		go ask()
		synctest.Wait()
		g.forget()
		go ask()
		synctest.Wait()
		close(answer)
		if one, two := <-results, <-results; one == two {
			t.Errorf("both got look %s", one)
		}
	})
}

func TestACompletionThatTakesTooLongIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, _ blank) (suggestions, error) {
			<-ctx.Done()
			return suggestions{}, fmt.Errorf("listing: %w", ctx.Err())
		}
		began := time.Now()
		if got, err := complete(t.Context(), slow, blank{}); err != nil || len(got.Values) > 0 || !got.HasMore || time.Since(began) != suggestWithin {
			t.Errorf("got %+v, %v after %s", got, err, time.Since(began))
		}
	})
}
