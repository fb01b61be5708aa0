package restclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"sync/atomic"
)

var (
	// ErrStreamIdle is inside the [ConnectionError] of a stream that was silent
	// for longer than [WithStreamIdleTimeout] allows.
	// Uploads and downloads end with it, too.
	ErrStreamIdle = errors.New("the stream fell silent")
	// ErrStreamClosed ends the events of a stream, or a download, that was closed
	// meanwhile.
	ErrStreamClosed = errors.New("the stream is closed")
	// ErrStreamRead is what a second range over the events of a stream gets.
	ErrStreamRead = errors.New("the events of a stream can be read only once")
)

// Stream is an agent at work. Close it when done with it: an open stream holds
// a connection.
type Stream struct {
	*flow
	begun atomic.Bool
}

// openStream sends req and waits for the headers of an event stream.
func (c *Client) openStream(ctx context.Context, req request) (*Stream, error) {
	f, err := c.openFlow(ctx, req, func(ctx context.Context) (io.ReadCloser, error) {
		return c.openEvents(ctx, req)
	})
	if err != nil {
		return nil, err
	}
	return &Stream{flow: f}, nil
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
	decoder := eventDecoder{redact: s.client.redactor(s.req)}
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

// Close ends the stream. The vendor cancels a run whose stream is closed before
// the agent has finished: to let the agent go on, keep reading. Close may be
// called more than once, and while Events is being ranged over.
func (s *Stream) Close() error { return s.close() }
