package restclient

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// RetryPolicy says how a failed GET is repeated: after a connection failure
// and after 429, 500, 502, 503 and 504. The zero value repeats nothing.
type RetryPolicy struct {
	// Attempts is how often a request is sent at most, the first time included.
	Attempts int
	// BaseDelay is the longest wait before the second attempt; it doubles with
	// each further one. Half of each wait is random.
	BaseDelay time.Duration
	// MaxDelay bounds that growth; 0 means an hour.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest wait a server may ask for with Retry-After.
	// When it asks for more, the request is not repeated and the [APIError]
	// tells for how long.
	MaxRetryAfter time.Duration
}

// DefaultRetryPolicy is the policy of a client that was given none.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		Attempts:      4,
		BaseDelay:     250 * time.Millisecond,
		MaxDelay:      5 * time.Second,
		MaxRetryAfter: 30 * time.Second,
	}
}

func (p RetryPolicy) check() error {
	if p.Attempts < 0 || p.BaseDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0 {
		return errors.New("the retry policy holds a negative number; use 0 for none")
	}
	return nil
}

// do runs attempt until it succeeds, fails for good or the policy is spent. It
// returns the error of ctx when that ends a wait.
func (p RetryPolicy) do(ctx context.Context, attempt func() error) error {
	for failures := 1; ; failures++ {
		err := attempt()
		if err == nil || ctx.Err() != nil || failures >= p.Attempts || !p.repeatable(err) {
			return err
		}
		if err := sleep(ctx, p.delay(failures, err)); err != nil {
			return err
		}
	}
}

func (p RetryPolicy) repeatable(err error) bool {
	if _, lost := errors.AsType[*ConnectionError](err); lost {
		return !untrusted(err)
	}
	refused, ok := errors.AsType[*APIError](err)
	if !ok || refused.RetryAfter > p.MaxRetryAfter {
		return false
	}
	switch refused.StatusCode {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// delay is the wait after so many failures. Half of it is random, so that
// clients which failed together do not come back together.
func (p RetryPolicy) delay(failures int, err error) time.Duration {
	if refused, ok := errors.AsType[*APIError](err); ok && refused.RetryAfter > 0 {
		return refused.RetryAfter
	}
	longest := cmp.Or(p.MaxDelay, time.Hour)
	d := min(p.BaseDelay, longest)
	for range failures - 1 {
		d = min(2*d, longest)
	}
	return d/2 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads a Retry-After header, seconds or an HTTP date; 0 if there is
// none to go by.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
