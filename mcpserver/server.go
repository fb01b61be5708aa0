package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/internal/loopback"
)

// Config is what a [Server] needs to know.
type Config struct {
	// BaseURL of the tenant's REST API, for callers with keys of their own. It may
	// hold {tenant}, which the path of a request fills in.
	BaseURL string
	// OAuth has callers come in with access tokens instead; nil for keys.
	OAuth *OAuth
	// Transport carries the requests to the tenant, for all keys together; nil
	// means one of the server's own.
	Transport http.RoundTripper

	Bridge bridge.Config

	// AllowedHosts and AllowedOrigins are accepted beside the loopback names,
	// for a server behind a proxy or asked by web pages.
	AllowedHosts, AllowedOrigins []string
	// Drain is how long a shutdown waits for agents at work; default 30 s.
	Drain time.Duration
	// KeepAlive is the pause between comments on a silent stream; default 15 s.
	KeepAlive time.Duration
	// MaxStreams is how many streams clients may listen on at once, of all keys
	// together; default 10,000.
	MaxStreams int

	Logger zerolog.Logger
}

// The defaults of [Config].
const (
	DefaultDrain      = 30 * time.Second
	DefaultKeepAlive  = 15 * time.Second
	DefaultMaxStreams = 10_000
)

// How long parts of a request may take. There is no limit on an answer: agents
// work for minutes.
const (
	readHeaderWithin = 10 * time.Second
	readBodyWithin   = 30 * time.Second
	idleWithin       = 2 * time.Minute
)

// writeEventWithin is how long a reader may take nothing before it counts as
// gone.
var writeEventWithin = 30 * time.Second

// Server is the HTTP side of the product. Make it with [New].
type Server struct {
	config  Config
	gate    gate
	tenants *tenants
	streams *streams
	metrics *metrics
	ready   readiness

	transport *http.Transport // nil where it is not the server's own
}

// maxIdleConnections to the tenant's host: every agent at work holds one, and
// net/http would keep only two of them.
const maxIdleConnections = 100

// New checks the configuration. Nothing is sent to the tenant yet.
func New(config Config) (*Server, error) {
	gate, err := newGate(config)
	if err != nil {
		return nil, err
	}
	if config.Drain <= 0 {
		config.Drain = DefaultDrain
	}
	if config.KeepAlive <= 0 {
		config.KeepAlive = DefaultKeepAlive
	}
	if config.MaxStreams <= 0 {
		config.MaxStreams = DefaultMaxStreams
	}
	s := &Server{gate: gate}
	if config.Transport == nil {
		s.transport = http.DefaultTransport.(*http.Transport).Clone()
		s.transport.MaxIdleConnsPerHost = maxIdleConnections
		config.Transport = s.transport
	}
	s.streams = newStreams(config.MaxStreams)
	s.config, s.tenants = config, newTenants(config, s.streams)
	s.metrics = newMetrics(s.tenants.liveRuns, s.streams.count)
	s.ready = readiness{urls: gate.probes, transport: config.Transport}
	return s, nil
}

func newGate(config Config) (gate, error) {
	if config.OAuth != nil {
		return newByToken(*config.OAuth, config.Logger)
	}
	base, err := parseBaseURL(config.BaseURL)
	return byKey{base}, err
}

// RenewKeys fetches anew the tenants and keys that the server holds, if it holds
// any. Those it has stay where that fails.
func (s *Server) RenewKeys(ctx context.Context) error { return s.gate.renew(ctx) }

// Close ends all runs, which stops their agents.
func (s *Server) Close() {
	s.streams.end()
	s.tenants.close()
	s.gate.close()
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
}

// Serve answers on the listener until ctx ends. Then it stops accepting, ends
// the streams that clients listen on, lets calls and agents at work finish for
// as long as Config.Drain allows, has what is left report how far it came, and
// closes.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	return s.serve(ctx, listener, s.routes())
}

func (s *Server) serve(ctx context.Context, listener net.Listener, routes http.Handler) error {
	calls, cancelCalls := context.WithCancel(s.config.Logger.WithContext(context.WithoutCancel(ctx)))
	defer cancelCalls()
	server := &http.Server{
		Handler:           s.guarded(loopback.Is(listener.Addr().String()), routes),
		ReadHeaderTimeout: readHeaderWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          newErrorLog(s.config.Logger),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		s.Close()
		return fmt.Errorf("serving stopped: %w", err)
	case <-ctx.Done():
	}
	s.shutdown(server, cancelCalls)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// reportWithin is how long calls that were cut short may take to say so.
const reportWithin = time.Second

func (s *Server) shutdown(server *http.Server, cancelCalls context.CancelFunc) {
	if live := s.tenants.liveRuns(); live > 0 {
		s.config.Logger.Info().Int("runs", live).Dur("drain", s.config.Drain).Msg("waiting for agents at work; interrupt again to stop them now")
	}
	s.streams.end()
	drain, cancel := context.WithTimeout(context.Background(), s.config.Drain)
	defer cancel()
	var draining sync.WaitGroup
	draining.Go(func() { s.tenants.drain(drain) })
	draining.Go(func() { _ = server.Shutdown(drain) }) // its error is the deadline, dealt with below
	draining.Wait()
	s.tenants.close() // calls that wait for an agent now hear that it was stopped
	report, cancelReport := context.WithTimeout(context.Background(), reportWithin)
	defer cancelReport()
	if server.Shutdown(report) != nil {
		cancelCalls()
		_ = server.Close()
	}
	s.Close()
}
