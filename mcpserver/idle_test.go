package mcpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/mcpserver"
	"sema4mcp/restclient"
)

// onlyAgent is a tenant that takes every key and has one agent.
type onlyAgent struct {
	mu   sync.Mutex
	name string
}

func (a *onlyAgent) rename(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.name = name
}

func (a *onlyAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	agent := restclient.Agent{ID: "a-1", Name: a.name}
	var body any = agent
	if strings.HasSuffix(r.URL.Path, "/agents") {
		body = map[string]any{"data": []restclient.Agent{agent}, "has_more": false}
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(body)
	response := answer.Result()
	response.Request = r
	return response, nil
}

// conns is a listener for connections that are made by hand.
type conns struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newConns() *conns { return &conns{made: make(chan net.Conn), closed: make(chan struct{})} }

func (c *conns) Accept() (net.Conn, error) {
	select {
	case conn := <-c.made:
		return conn, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *conns) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *conns) Addr() net.Addr { return &net.TCPAddr{} }

// crowd is a server in front of the one agent, reached over connections that are
// made by hand.
type crowd struct {
	agent  *onlyAgent
	server *mcpserver.Server
	conns  *conns
	stop   func()
}

func newCrowd(t testing.TB, change func(*mcpserver.Config)) *crowd {
	t.Helper()
	agent := &onlyAgent{name: "One"}
	config := mcpserver.Config{BaseURL: "https://tenant.example/api/v2", Transport: agent, KeepAlive: time.Hour,
		Bridge: bridge.Config{Version: "test", Logger: zerolog.Nop()}, Logger: zerolog.Nop()}
	change(&config)
	server, err := mcpserver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{agent, server, newConns(), nil}
	web := &http.Server{Handler: server.Handler()}
	served := make(chan error, 1)
	go func() { served <- web.Serve(c.conns) }()
	c.stop = sync.OnceFunc(func() {
		server.Close()
		_ = web.Close()
		<-served
		for server.OpenStreams() > 0 {
			runtime.Gosched()
		}
	})
	t.Cleanup(c.stop)
	return c
}

func getStream(key string) string {
	return "GET /api/v1/mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\nAccept: text/event-stream\r\n\r\n"
}

func listenStream(key string) string {
	const body = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourcesListChanged":true},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	return fmt.Sprintf("POST /api/v1/mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"+
		"Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\nContent-Length: %d\r\n\r\n%s", key, len(body), body)
}

// quiet is the server's end of a connection whose client sends one request and
// reads all that comes. It costs no goroutine.
type quiet struct {
	request *strings.Reader
	woken   chan struct{}
	wake    sync.Once
	opened  func()
	heard   func() // of a change
}

func newQuiet(request string, opened, heard func()) *quiet {
	return &quiet{request: strings.NewReader(request), woken: make(chan struct{}), opened: sync.OnceFunc(opened), heard: sync.OnceFunc(heard)}
}

func (q *quiet) Read(p []byte) (int, error) {
	if q.request.Len() > 0 {
		return q.request.Read(p)
	}
	<-q.woken
	return 0, os.ErrDeadlineExceeded
}

func (q *quiet) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(": open")) {
		q.opened()
	}
	if bytes.Contains(p, []byte("resources/list_changed")) {
		q.heard()
	}
	return len(p), nil
}

func (q *quiet) Close() error {
	q.wake.Do(func() { close(q.woken) })
	return nil
}

func (q *quiet) SetReadDeadline(at time.Time) error {
	if !at.IsZero() && time.Until(at) <= 0 { // which is how a server ends a read
		_ = q.Close()
	}
	return nil
}

func (q *quiet) SetDeadline(time.Time) error      { return nil }
func (q *quiet) SetWriteDeadline(time.Time) error { return nil }
func (q *quiet) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (q *quiet) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// idle opens so many streams, and returns when all are open, with what waits
// until all have heard of a change.
func (c *crowd) idle(t testing.TB, streams int, request func(key string) string) (heard *sync.WaitGroup) {
	t.Helper()
	heard = new(sync.WaitGroup)
	var opened sync.WaitGroup
	opened.Add(streams)
	heard.Add(streams)
	for i := range streams {
		c.conns.made <- newQuiet(request(fmt.Sprint("key-", i/50)), opened.Done, heard.Done)
	}
	within(t, &opened, "not all streams are opened")
	return heard
}

func within(t testing.TB, group *sync.WaitGroup, otherwise string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(90 * time.Second):
		t.Fatal(otherwise)
	}
}

// footprint is what the process has in use.
func footprint() (bytes, goroutines int) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapInuse + stats.StackInuse), runtime.NumGoroutine()
}

// TestTenThousandIdleStreams hurt nobody: others are answered, all hear of a
// change, and each costs little.
func TestTenThousandIdleStreams(t *testing.T) {
	c := newCrowd(t, func(config *mcpserver.Config) {
		config.MaxStreams, config.Bridge.CatalogueTTL = manyStreams, 2*time.Second
	})
	bytesBefore, goroutinesBefore := footprint()
	heard := []*sync.WaitGroup{c.idle(t, manyStreams/2, getStream), c.idle(t, manyStreams/2, func(key string) string { return listenStream("modern-" + key) })}
	bytesThen, goroutinesThen := footprint()
	if each := (bytesThen - bytesBefore) / manyStreams; each > 64<<10 {
		t.Errorf("a stream takes %d bytes", each)
	}
	if each := float64(goroutinesThen-goroutinesBefore) / float64(manyStreams); each > 3.1 { // two are net/http's
		t.Errorf("a stream takes %.2f goroutines", each)
	}
	for method, status := range map[string]int{http.MethodPost: http.StatusOK, http.MethodGet: http.StatusServiceUnavailable} {
		if answer := c.call(method, "another"); answer.Code != status {
			t.Errorf("%s: got %d %s", method, answer.Code, answer.Body)
		}
	}
	c.agent.rename("Uno")
	for _, group := range heard {
		within(t, group, "not all streams hear of the change")
	}
	c.stop() // which waits until none is open
}

// BenchmarkIdleStreams tells what a stream costs that nothing comes on.
func BenchmarkIdleStreams(b *testing.B) {
	for name, request := range map[string]func(string) string{"get": getStream, "listen": listenStream} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				const streams = 5000
				c := newCrowd(b, func(config *mcpserver.Config) { config.MaxStreams = streams })
				bytesBefore, goroutinesBefore := footprint()
				c.idle(b, streams, request)
				bytesThen, goroutinesThen := footprint()
				b.ReportMetric(float64(bytesThen-bytesBefore)/streams, "B/stream")
				b.ReportMetric(float64(goroutinesThen-goroutinesBefore)/streams, "goroutines/stream")
				c.stop()
			}
		})
	}
}

// pipe opens a stream over a connection that holds nothing: what the client does
// not read, the server cannot write.
func (c *crowd) pipe(t *testing.T, request string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close() })
	c.conns.made <- server
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatal(err)
	}
	return client
}

// skipTo reads lines until one holds the part.
func skipTo(t *testing.T, lines *bufio.Reader, part string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Errorf("%s does not come: %v", part, err)
			return
		}
		if strings.Contains(line, part) {
			return
		}
	}
}

// TestSlowReadersAreDropped has readers that stop before the first byte, before
// a comment, and before a message.
func TestSlowReadersAreDropped(t *testing.T) {
	defer mcpserver.LoseReaders(200 * time.Millisecond)()
	for name, request := range map[string]string{"get": getStream("key"), "listen": listenStream("key")} {
		for _, stops := range []string{"at once", "before a comment", "before a message"} {
			t.Run(name+" "+stops, func(t *testing.T) {
				c := newCrowd(t, func(config *mcpserver.Config) {
					config.Bridge.CatalogueTTL = 20 * time.Millisecond
					if stops == "before a comment" {
						config.KeepAlive = 50 * time.Millisecond
					}
				})
				quick := bufio.NewReader(c.pipe(t, request))
				skipTo(t, quick, map[string]string{"get": ": open", "listen": "acknowledged"}[name])
				slow := c.pipe(t, request)
				if stops != "at once" {
					skipTo(t, bufio.NewReaderSize(slow, 4096), map[string]string{"get": ": open", "listen": "acknowledged"}[name])
				}
				for i := 0; c.server.OpenStreams() != 1 || i < 2; i++ {
					if stops != "before a comment" {
						c.agent.rename(fmt.Sprint("Name ", i))
						skipTo(t, quick, "resources/list_changed")
					} else {
						skipTo(t, quick, ": still here")
					}
				}
				if n, err := io.Copy(io.Discard, slow); err != nil || n > 4096 {
					t.Errorf("the slow reader's connection: %d bytes, %v", n, err)
				}
			})
		}
	}
}

// TestAStreamKeepsWhatItListensTo is open for longer than idle keys are
// remembered.
func TestAStreamKeepsWhatItListensTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, func(config *mcpserver.Config) { config.KeepAlive = mcpserver.DefaultKeepAlive })
		conn := c.pipe(t, getStream("key"))
		stream := bufio.NewReader(conn)
		skipTo(t, stream, ": open")
		heard := make(chan error, 1)
		go func() {
			for {
				line, err := stream.ReadString('\n')
				if err != nil || strings.Contains(line, "list_changed") {
					heard <- err
					return
				}
			}
		}()
		for range 4 {
			time.Sleep(time.Hour)
			if response := c.call(http.MethodPost, "another"); response.Code != http.StatusOK {
				t.Errorf("got %d %s", response.Code, response.Body)
			}
		}
		select {
		case err := <-heard:
			t.Fatalf("the stream ended: %v", err)
		default:
		}
		c.agent.rename("Uno")
		time.Sleep(bridge.DefaultCatalogueTTL)
		synctest.Wait()
		select {
		case err := <-heard:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("the change is not heard of")
		}
		conn.Close()
		c.stop()
	})
}

// call lists the tools, or asks for a stream. Either is when idle keys are
// forgotten.
func (c *crowd) call(method, key string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.Background(), method, "/api/v1/mcp", strings.NewReader(toolsList))
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accepting)
	answer := httptest.NewRecorder()
	c.server.Handler().ServeHTTP(answer, request)
	return answer
}

// TestAStalledReaderDoesNotHoldUpTheEnd has net/http wait for a stream whose
// client takes nothing any more.
func TestAStalledReaderDoesNotHoldUpTheEnd(t *testing.T) {
	c := newCrowd(t, func(config *mcpserver.Config) { config.Drain = time.Hour })
	ctx, stop := context.WithCancel(t.Context())
	listener := newConns()
	done := make(chan error, 1)
	go func() { done <- c.server.Serve(ctx, listener) }()
	beside := &crowd{c.agent, c.server, listener, nil}
	beside.pipe(t, getStream("key"))
	skipTo(t, bufio.NewReaderSize(beside.pipe(t, listenStream("key")), 4096), "acknowledged")
	for c.server.OpenStreams() != 2 {
		runtime.Gosched()
	}
	stop()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second): // a thirtieth of what is written within
		t.Error("the server does not end")
	}
}

// manyStreams are at once open in a test.
var manyStreams = 10_000
