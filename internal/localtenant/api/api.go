// Package api speaks the tenant's REST API: the vendor's API v2, agents and
// conversations, over a store and a runner. Start from [New].
//
// Every answer but a stream is JSON; every error is the vendor's error envelope.
// What the vendor leaves open is decided here: a wrong key is 401, lists take a
// limit of 1 to 200 (50 if not given), a second message of a conversation waits
// until the first is answered, and a synchronous post whose run fails is a 500 with
// the failure's message.
package api

import (
	"net/http"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
)

// Config is what the API serves. All fields are required.
type Config struct {
	TenantID string
	Key      string // the bearer key
	Store    *store.Store
	Runner   *runs.Runner
	Faults   *faults.Switches
	Logger   zerolog.Logger
}

type server struct {
	Config
	routes []route
}

// New makes the handler of the API. It serves both base forms,
// /tenants/{TenantID}/api/v2 and /api/v2.
func New(cfg Config) http.Handler {
	s := &server{Config: cfg}
	s.routes = s.table()
	return s.Faults.Wrap(s, writeError)
}

func (s *server) table() []route {
	const conversation = "agents/{agent}/conversations/{conversation}"
	return []route{
		newRoute("ok", methods{http.MethodGet: s.ok}),
		newRoute("agents", methods{http.MethodGet: s.listAgents}),
		newRoute("agents/{agent}", methods{http.MethodGet: s.getAgent}),
		newRoute("agents/{agent}/conversations", methods{
			http.MethodGet:  s.listConversations,
			http.MethodPost: s.createConversation,
		}),
		newRoute(conversation, methods{http.MethodDelete: s.deleteConversation}),
		newRoute(conversation+"/messages", methods{
			http.MethodGet:  s.listMessages,
			http.MethodPost: s.postMessage,
		}),
		newRoute(conversation+"/stream", methods{http.MethodPost: s.streamMessage}),
		newRoute(faults.Path, methods{
			http.MethodGet:    s.getFaults,
			http.MethodPut:    s.setFaults,
			http.MethodDelete: s.clearFaults,
		}),
	}
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := s.serve(w, r); err != nil {
		s.answerError(w, r, err)
	}
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) error {
	if s.Runner.Closed() {
		return runs.ErrClosed
	}
	if err := s.authorize(r); err != nil {
		return err
	}
	handle, ids, err := s.find(r)
	if err != nil {
		return err
	}
	return handle(w, r, ids)
}

func (s *server) ok(w http.ResponseWriter, _ *http.Request, _ ids) error {
	return writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}
