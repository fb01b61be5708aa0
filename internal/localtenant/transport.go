package localtenant

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// drainTime is how long answers in flight may take to be read at Close.
const drainTime = 500 * time.Millisecond

// transport is a client and a server of net/http with pipes between them.
type transport struct {
	*http.Transport
	server   *http.Server
	listener *pipeListener
	served   chan struct{} // closes when the server has stopped accepting
}

func newTransport(handler http.Handler, logger zerolog.Logger) *transport {
	listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	t := &transport{
		Transport: &http.Transport{
			DialContext:         listener.dial,
			MaxIdleConnsPerHost: 64, // a pipe costs little, and tests talk in parallel
		},
		server:   &http.Server{Handler: handler, ErrorLog: log.New(logger, "", 0)},
		listener: listener,
		served:   make(chan struct{}),
	}
	go func() {
		defer close(t.served)
		// Serve ends with ErrServerClosed: a pipe listener has no other error.
		_ = t.server.Serve(listener)
	}()
	return t
}

// Close waits a little for answers in flight, then drops what is left.
func (t *transport) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	t.CloseIdleConnections()
	err := t.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = t.server.Close()
	}
	<-t.served
	t.CloseIdleConnections()
	return err
}

// pipeListener accepts connections that are dialled inside the process.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	closeOnce   sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.connections:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "localtenant" }
