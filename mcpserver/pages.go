package mcpserver

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

//go:embed page.html
var page []byte

// page is for people who open the address in a browser.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(bytes.Replace(page, []byte("ADVICE"), []byte(s.gate.advice()), 1))
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "There is nothing here. MCP endpoints are /api/v1/agent-mcp/AGENT_ID/mcp/ for one agent and /api/v1/mcp/ for the whole tenant, "+
		"both also behind /tenants/TENANT.", http.StatusNotFound)
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "ok")
}

// readyz says whether the tenant's host answers, and whether callers can come in.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.gate.ready(r.Context()); err != nil {
		http.Error(w, "the authorization server cannot be reached", http.StatusServiceUnavailable)
		zerolog.Ctx(r.Context()).Warn().Err(err).Msg("not ready")
		return
	}
	if err := s.ready.check(r.Context()); err != nil {
		http.Error(w, "the Sema4.ai tenant cannot be reached", http.StatusServiceUnavailable)
		zerolog.Ctx(r.Context()).Warn().Err(err).Msg("not ready")
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// readiness asks the tenants' hosts until one answers, without a key, at most every few seconds
// however often it is asked itself.
type readiness struct {
	urls      func() []string
	transport http.RoundTripper

	mu  sync.Mutex // guards all below
	at  time.Time
	err error
}

const (
	readyFor    = 3 * time.Second
	readyWithin = 5 * time.Second
)

func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < readyFor {
		return r.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
	defer cancel()
	for _, url := range r.urls() {
		if r.err = r.probe(ctx, url); r.err == nil {
			break
		}
	}
	r.at = time.Now()
	return r.err
}

func (r *readiness) probe(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: r.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("the tenant's host answers %s", response.Status)
	}
	return nil
}

// newErrorLog takes what net/http itself has to say.
func newErrorLog(logger zerolog.Logger) *log.Logger {
	return log.New(logger.With().Str("from", "net/http").Logger(), "", 0)
}
