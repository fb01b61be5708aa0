package minds_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant/minds"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := minds.Pause(t.Context(), time.Hour); err != nil || time.Since(begun) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun = time.Now()
		if err := minds.Pause(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if err := minds.Pause(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no pause, after the end: %v", err)
		}
	})
}
