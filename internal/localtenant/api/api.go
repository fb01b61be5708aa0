// Package api speaks the tenant's REST API, the vendor's API v2, over a store, a
// runner and a worker. Start from [New].
//
// Every answer but a stream or a file is JSON; every error is the vendor's error envelope.
// What the vendor leaves open is decided here: a wrong key is 401, lists take a
// limit of 1 to 200 (50 if not given), and that of work items one of 1 to 1000 (100),
// a second message of a conversation waits until the first is answered, and a
// synchronous post whose run fails is a 500 with
// the failure's message. An agent is read and exported as its users have it; what is
// attached to it is listed as its editors have it, in the draft if there is one.
package api

import (
	"net/http"
	"slices"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
	"sema4mcp/internal/localtenant/worker"
)

// Config is what the API serves. All fields are required.
type Config struct {
	TenantID string
	Key      string // the bearer key
	Store    *store.Store
	Blobs    *blobs.Store         // the bytes of files
	Sources  *datasource.Registry // of the data connections in Store
	Runner   *runs.Runner
	Worker   *worker.Worker
	Faults   *faults.Switches
	Logger   zerolog.Logger
	// Architectures are the names an agent's architecture can have.
	Architectures       []string
	DefaultArchitecture string
	// WorkerArchitectures are those whose agents do work items; all others converse.
	WorkerArchitectures []string
}

type server struct {
	Config
	files  *threadfiles.Keeper
	routes []route
}

// New makes the handler of the API. It serves both base forms,
// /tenants/{TenantID}/api/v2 and /api/v2.
func New(cfg Config) http.Handler {
	s := &server{Config: cfg, files: &threadfiles.Keeper{Store: cfg.Store, Blobs: cfg.Blobs, Logger: cfg.Logger}}
	s.routes = s.table()
	return s.Faults.Wrap(s, writeError)
}

// table is all routes; where two match a path, the first is taken.
func (s *server) table() []route {
	return slices.Concat(
		s.serviceRoutes(),
		s.agentRoutes(),
		s.scheduleRoutes(),
		s.mcpServerRoutes(),
		s.documentIntelligenceRoutes(),
		s.conversationRoutes(),
		s.fileRoutes(),
		s.dataFrameRoutes(),
		s.workItemRoutes(),
		s.dataConnectionRoutes(),
		s.semanticDataModelRoutes(),
		s.faultRoutes(),
	)
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.answerError(w, r, err)
	}
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) error {
	if s.Runner.Closed() {
		return runs.ErrClosed
	}
	route, ids, unknown := s.find(r)
	if !route.public { // who has no key learns nothing of what there is
		if err := s.authorize(r); err != nil {
			return err
		}
	}
	if unknown != nil {
		return unknown
	}
	handle, err := route.handler(r.Method)
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, route.maxBody)
	return handle(w, r, ids)
}

func (s *server) serviceRoutes() []route {
	base := newRoute(basePattern, methods{http.MethodGet: s.openAPI})
	base.public = true
	return []route{base, newRoute("ok", methods{http.MethodGet: s.ok})}
}

func (s *server) ok(w http.ResponseWriter, _ *http.Request, _ ids) error {
	return writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}
