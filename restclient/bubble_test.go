package restclient

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// dialer makes a client of a real HTTP server that lives in a bubble.
type dialer func(handler http.HandlerFunc, opts ...Option) *Client

// bubble runs a test with a clock of its own. The connections are pipes, since
// the clock stands still while anything waits for a socket.
func bubble(t *testing.T, test func(t *testing.T, dial dialer)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, func(handler http.HandlerFunc, opts ...Option) *Client {
			listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // a server sees a client go only after its request
				handler(w, r)
			})}
			served := make(chan error, 1)
			go func() { served <- server.Serve(listener) }()
			transport := &http.Transport{DialContext: listener.dial}
			client, err := New("http://tenant.example/api/v2", testKey, append(opts, WithTransport(transport))...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				client.CloseIdleConnections()
				_ = server.Close()
				<-served
			})
			return client
		})
	})
}

type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.connections <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
