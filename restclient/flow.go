package restclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// flow is an answer that is read while it comes: its silence is bounded, and
// not the time it takes.
type flow struct {
	client *Client
	req    request
	caller context.Context // the context of the call, which outlives it in the flow
	life   context.Context // ends with caller, close and silence
	end    context.CancelCauseFunc
	body   io.ReadCloser
}

// openFlow waits for open to find the body of an answer to req.
func (c *Client) openFlow(ctx context.Context, req request, open func(context.Context) (io.ReadCloser, error)) (*flow, error) {
	f := &flow{client: c, req: req, caller: ctx}
	f.life, f.end = context.WithCancelCause(ctx)
	err := f.unlessSilent(func() (err error) {
		f.body, err = open(f.life)
		return err
	})
	if err != nil {
		err = f.explain(err)
		f.end(nil)
		return nil, err
	}
	return f, nil
}

// readBody bounds the wait for bytes, and not the time the caller spends on
// what it has read.
func (f *flow) readBody(p []byte) (n int, err error) {
	err = f.unlessSilent(func() error {
		n, err = f.body.Read(p)
		return err
	})
	return n, err
}

// unlessSilent runs work and ends the flow when it takes too long.
func (f *flow) unlessSilent(work func() error) error {
	if idle := f.client.streamIdleTimeout; idle > 0 {
		timer := time.AfterFunc(idle, func() { f.end(f.client.silence()) })
		defer timer.Stop()
	}
	return work()
}

func (c *Client) silence() error {
	return fmt.Errorf("%w: nothing came for %v", ErrStreamIdle, c.streamIdleTimeout)
}

// explain finds out why a connection was cut when that was done from this side.
func (f *flow) explain(err error) error {
	if _, lost := errors.AsType[*ConnectionError](err); !lost {
		return err
	}
	cause := context.Cause(f.life)
	switch {
	case f.caller.Err() != nil:
		return preferContext(f.caller, f.req, err)
	case errors.Is(cause, ErrStreamClosed):
		return fmt.Errorf("%v: %w", f.req, cause)
	case errors.Is(cause, ErrStreamIdle):
		return f.client.connectionError(f.req, cause)
	}
	return err
}

func (f *flow) close() error {
	f.end(ErrStreamClosed)
	return f.body.Close()
}
