// Package localtenant is a Sema4.ai tenant in a process: the vendor's REST API v2
// on SQLite, with agents that do work. It needs no account and no network.
//
// Start from [New]. A [Tenant] is served by its [Tenant.Handler], or reached
// inside the process through its [Tenant.Transport]. It knows five agents from the
// start, one for each thing agents do: answer from a database, tell at length,
// echo, speak in every script, and do work items; [Config] can add more. An agent's
// architecture name chooses its mind: verified-queries, payload-checks,
// openai-chat, scripted or echo.
//
// What the vendor leaves open, this tenant decides so: the runs of a conversation
// follow one another, a second message waits until the first is answered; a
// synchronous run outlives its caller, a streamed one ends with its connection.
// Users have an agent's live version, or its draft until there is one; schedules
// are kept, and not run.
// The files attached to a work item become files of its thread: copies, so that
// each can go without the other.
// A work item that is continued has its agent answer the last message of a user in
// its thread; one that failed, or that was cut off by the end of the process, is an
// ERROR and says why in its thread; only worker agents take work items.
//
// A Tenant is safe for concurrent use. Close it: it owns goroutines and databases.
package localtenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/api"
	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/checks"
	"sema4mcp/internal/localtenant/minds/echo"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/minds/scripted"
	"sema4mcp/internal/localtenant/minds/verified"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/seed"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
	"sema4mcp/internal/localtenant/worker"
)

const (
	// TenantID is the tenant's segment in the long form of the base URL.
	TenantID = "local"
	// APIKey is the bearer key the tenant takes. It is no secret.
	APIKey = "local-key"
)

// The agents a tenant has from the start.
const (
	SalesAnalystID = seed.SalesAnalystID
	StorytellerID  = seed.StorytellerID
	EchoID         = seed.EchoID
	UnicodeID      = seed.UnicodeID
	InvoiceClerkID = seed.InvoiceClerkID
)

// SalesModelID is the semantic data model over the seeded sales database.
const SalesModelID = seed.SalesModelID

// Config says what a tenant is made of; the zero Config is a tenant in memory.
type Config struct {
	// DataDir keeps the databases across restarts; it is made if need be. When it
	// is empty, everything is in memory.
	DataDir string
	// Logger gets what goes wrong inside; bodies and keys are not logged.
	Logger zerolog.Logger
	// Agents are added unless agents with their ids are stored already.
	Agents []AgentSpec
	// Faults are standing faults, as [faults.Parse] reads them, one to a line.
	Faults string
	// LLM is the language model of agents with the architecture openai-chat; its
	// zero value makes their runs fail with what to set.
	LLM openaichat.Config
}

// Tenant is a running tenant.
type Tenant struct {
	store      *store.Store
	sales      *sql.DB
	purchasing *sql.DB
	blobs      *blobs.Store
	sources    *datasource.Registry
	chat       *openaichat.Mind
	runner     *runs.Runner
	worker     *worker.Worker
	handler    http.Handler
	transport  *transport
}

// New opens the databases, plants what is missing in them, and starts the tenant.
// ctx bounds the start alone.
func New(ctx context.Context, cfg Config) (_ *Tenant, err error) {
	t := &Tenant{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("local tenant: %w", err), t.Close())
		}
	}()
	switches := &faults.Switches{}
	if err := switches.Set(cfg.Faults); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	if t.store, err = store.Open(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	if t.sales, err = seed.OpenSales(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	if t.purchasing, err = seed.OpenPurchasing(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	t.sources = datasource.NewRegistry(cfg.DataDir, t.settings)
	t.sources.Builtin(seed.SalesFile, t.sales)
	t.sources.Builtin(seed.PurchasingFile, t.purchasing)
	if err := seed.Plant(ctx, t.store); err != nil {
		return nil, err
	}
	t.blobs = openBlobs(cfg.DataDir)
	if err := t.tidyFiles(ctx); err != nil {
		return nil, err
	}
	if err := t.addAgents(ctx, cfg.Agents); err != nil {
		return nil, err
	}
	cfg.LLM.TenantID, cfg.LLM.Servers = TenantID, t.mcpServers
	if t.chat, err = openaichat.NewMind(cfg.LLM); err != nil {
		return nil, err
	}
	t.runner = runs.NewRunner(t.store, t.minds(), cfg.Logger)
	t.runner.ReadFiles(t.blobs)
	files := &threadfiles.Keeper{Store: t.store, Blobs: t.blobs, Logger: cfg.Logger}
	if t.worker, err = worker.Start(ctx, t.store, files, t.runner, cfg.Logger); err != nil {
		return nil, err
	}
	t.handler = api.New(api.Config{
		TenantID: TenantID, Key: APIKey,
		Store: t.store, Blobs: t.blobs, Sources: t.sources, Runner: t.runner, Worker: t.worker, Faults: switches, Logger: cfg.Logger,
		Architectures: architectures, DefaultArchitecture: echo.Architecture, WorkerArchitectures: workerArchitectures,
	})
	t.transport = newTransport(t.handler, cfg.Logger)
	return t, nil
}

func (t *Tenant) minds() map[string]minds.Mind {
	return map[string]minds.Mind{
		echo.Architecture:       echo.Mind{},
		openaichat.Architecture: t.chat,
		scripted.Architecture:   scripted.Mind{},
		checks.Architecture:     checks.NewMind(databases{t.sources}),
		verified.Architecture:   verified.NewMind(t.models, databases{t.sources}.verify),
	}
}

// Handler serves the API below both forms of the base: /tenants/local/api/v2 and
// /api/v2. After Close it answers 503 or an error.
func (t *Tenant) Handler() http.Handler { return t.handler }

// LoopbackHandler is Handler for a listener on a loopback address: requests with the
// name of another machine in their Host or Origin header are refused with 403, but
// for those of the allowed hosts, which are names without a port.
func (t *Tenant) LoopbackHandler(allowedHosts ...string) http.Handler {
	return api.Guard(t.handler, allowedHosts)
}

// Transport reaches Handler over HTTP inside the process: no port is opened, and
// streaming, timeouts and disconnects are as over TCP. It works until Close.
func (t *Tenant) Transport() http.RoundTripper { return t.transport }

// BaseURL is the base of the API for clients that use Transport.
func (t *Tenant) BaseURL() string { return "http://localtenant/tenants/" + TenantID + "/api/v2" }

// SalesDB is the sales database the Sales Analyst answers from, to check answers
// against. It may only be queried.
func (t *Tenant) SalesDB() *sql.DB { return t.sales }

// PurchasingDB is the purchasing database the Invoice Clerk checks against. It may
// only be queried.
func (t *Tenant) PurchasingDB() *sql.DB { return t.purchasing }

// Close cancels all runs, which answers synchronous posts in flight with 503,
// waits for what is going on to end, and closes the databases. A second Close
// does nothing.
func (t *Tenant) Close() error {
	var errs []error
	if t.worker != nil {
		t.worker.Close()
	}
	if t.runner != nil {
		t.runner.Close()
	}
	if t.chat != nil {
		t.chat.Close()
	}
	if t.transport != nil {
		errs = append(errs, t.transport.Close())
	}
	if t.sources != nil {
		errs = append(errs, t.sources.Close())
	}
	if t.sales != nil {
		errs = append(errs, t.sales.Close())
	}
	if t.purchasing != nil {
		errs = append(errs, t.purchasing.Close())
	}
	if t.blobs != nil {
		errs = append(errs, t.blobs.Close())
	}
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	return errors.Join(errs...)
}
