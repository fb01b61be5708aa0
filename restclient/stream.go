package restclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"sync/atomic"
	"time"
)

var (
	// ErrStreamIdle is inside the [ConnectionError] of a stream that was silent
	// for longer than [WithStreamIdleTimeout] allows.
	ErrStreamIdle = errors.New("the stream fell silent")
	// ErrStreamClosed ends the events of a stream that was closed meanwhile.
	ErrStreamClosed = errors.New("the stream is closed")
	// ErrStreamRead is what a second range over the events of a stream gets.
	ErrStreamRead = errors.New("the events of a stream can be read only once")
)

// Stream is an agent at work. Close it when done with it: an open stream holds
// a connection.
type Stream struct {
	client *Client
	req    request
	caller context.Context // the context of the call, which outlives it in the stream
	life   context.Context // ends with caller, Close and silence
	end    context.CancelCauseFunc
	body   io.ReadCloser
	begun  atomic.Bool
}

// openStream sends req and waits for the headers of an event stream.
func (c *Client) openStream(ctx context.Context, req request) (*Stream, error) {
	s := &Stream{client: c, req: req, caller: ctx}
	s.life, s.end = context.WithCancelCause(ctx)
	var body io.ReadCloser
	err := s.unlessSilent(func() (err error) {
		body, err = c.openEvents(s.life, req)
		return err
	})
	if err != nil {
		err = s.explain(err)
		s.end(nil)
		return nil, err
	}
	s.body = body
	return s, nil
}

func (c *Client) openEvents(ctx context.Context, req request) (io.ReadCloser, error) {
	response, err := c.open(ctx, req)
	if err != nil {
		return nil, err
	}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if mediaType == eventStreamMediaType {
		return response.Body, nil
	}
	defer discard(response.Body)
	body, err := readAll(response.Body, maxErrorBytes)
	if err != nil && !errors.Is(err, errTooLarge) {
		return nil, c.readError(req, response, err)
	}
	return nil, c.responseError(req, response, body, errors.New("it is no event stream"))
}

// Events yields what happens until the agent has finished or failed; these
// events, [AgentFinished] and [AgentError], end it without an error. Otherwise
// the last error yielded is a [ConnectionError] around [io.ErrUnexpectedEOF],
// [ErrStreamIdle], [ErrEventTooLarge] or what the connection had to say;
// [ErrStreamClosed]; or the error of the context that opened the stream. After
// each of them the messages of the conversation tell how far the agent came.
//
// Events can be ranged over once. However that ends, by a break too, the stream
// is closed then.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if s.begun.Swap(true) {
			yield(nil, ErrStreamRead)
			return
		}
		defer s.Close()
		if err := s.read(yield); err != nil {
			yield(nil, err)
		}
	}
}

// read returns nil when the run or the range is over.
func (s *Stream) read(yield func(Event, error) bool) error {
	events := newServerSentEvents(readerFunc(s.readBody), maxEventBytes)
	decoder := eventDecoder{redact: s.client.redact}
	for {
		sent, err := events.next()
		if err != nil {
			return s.explain(s.client.connectionError(s.req, endOfStream(err)))
		}
		for _, event := range decoder.decode(sent) {
			if !yield(event, nil) {
				return nil
			}
			switch event.(type) {
			case AgentFinished, AgentError:
				return nil
			}
		}
	}
}

// endOfStream makes an early end of what net/http takes for a complete answer.
func endOfStream(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream ended before the agent had finished: %w", io.ErrUnexpectedEOF)
	}
	return err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// readBody bounds the wait for bytes, and not the time the caller spends on an
// event.
func (s *Stream) readBody(p []byte) (n int, err error) {
	err = s.unlessSilent(func() error {
		n, err = s.body.Read(p)
		return err
	})
	return n, err
}

// unlessSilent runs work and ends the stream when it takes too long.
func (s *Stream) unlessSilent(work func() error) error {
	if idle := s.client.streamIdleTimeout; idle > 0 {
		timer := time.AfterFunc(idle, func() {
			s.end(fmt.Errorf("%w: nothing came for %v", ErrStreamIdle, idle))
		})
		defer timer.Stop()
	}
	return work()
}

// explain finds out why a connection was cut when that was done from this side.
func (s *Stream) explain(err error) error {
	if _, lost := errors.AsType[*ConnectionError](err); !lost {
		return err
	}
	cause := context.Cause(s.life)
	switch {
	case s.caller.Err() != nil:
		return preferContext(s.caller, s.req, err)
	case errors.Is(cause, ErrStreamClosed):
		return fmt.Errorf("%v: %w", s.req, cause)
	case errors.Is(cause, ErrStreamIdle):
		return s.client.connectionError(s.req, cause)
	}
	return err
}

// Close ends the stream. The vendor cancels a run whose stream is closed before
// the agent has finished: to let the agent go on, keep reading. Close may be
// called more than once, and while Events is being ranged over.
func (s *Stream) Close() error {
	s.end(ErrStreamClosed)
	return s.body.Close()
}
