package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
)

// chooser finds the MCP server that a request is meant for, among what its
// principal can see.
type chooser func(context.Context, *bridge.Tenant, *http.Request) (*server.MCPServer, error)

// endpoint is one MCP server over HTTP, as the specification's page on
// transports has it for both eras.
type endpoint struct {
	server *Server
	route  string // for logs and metrics
	choose chooser
}

func (s *Server) endpoint(route string, choose chooser) http.Handler {
	return &endpoint{server: s, route: route, choose: choose}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	recorder := &statusRecorder{ResponseWriter: w}
	if refusal := e.serve(recorder, r); refusal != nil {
		refusal.omitID = mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
		refusal.write(recorder)
	}
	took := time.Since(began)
	if !recorder.listens {
		e.server.metrics.request(e.route, recorder.status, took)
	}
	zerolog.Ctx(r.Context()).Debug().Str("route", e.route).Str("agent_id", r.PathValue("aid")).
		Int("status", recorder.status).Dur("took", took).Msg("request")
}

// serve answers the request, or returns what it is refused with.
func (e *endpoint) serve(w *statusRecorder, r *http.Request) *refusal {
	switch r.Method {
	case http.MethodPost:
	case http.MethodGet:
		return e.listen(w, r)
	default:
		return otherMethod(r)
	}
	who, refused := e.server.gate.identify(r)
	if refused != nil {
		return refused
	}
	accepts, refused := negotiate(r)
	if refused != nil {
		return refused
	}
	batch, refused := readBatch(w, r)
	if refused != nil {
		return refused
	}
	era, refused := eraOf(r.Header, batch)
	if refused == nil {
		refused = era.check(r.Header, batch)
	}
	if refused != nil {
		return refused.forRequest(batch)
	}
	p, to, refused := e.find(r, who)
	if refused != nil {
		return refused.forRequest(batch)
	}
	c, refused := callerOf(w, r, p, batch, era)
	if refused != nil {
		return refused.forRequest(batch)
	}
	if c.begun != "" {
		to.key.speakers.begin(c.begun)
	}
	c.peer.Questions, c.peer.Session = &to.key.inFlight.questions, c.session
	if listens(batch, era) {
		ctx, ended, refused := e.beginListening(r, p, to, accepts)
		if refused != nil {
			return refused.forRequest(batch)
		}
		defer ended()
		w.listens = true
		r = r.WithContext(ctx)
	}
	e.answer(w, r, batch, to, c, accepts, era)
	return nil
}

// find returns where the request leads, and what its sender is there.
func (e *endpoint) find(r *http.Request, who identity) (principal, destination, *refusal) {
	principals, refused := who.principals(r.PathValue("tenant"))
	if refused != nil {
		return principal{}, destination{}, refused
	}
	p, found, err := e.findAs(r, principals)
	if err != nil {
		return principal{}, destination{}, who.refused(err)
	}
	return p, found, nil
}

// findAs goes by the first of the principals to whom an agent is granted.
func (e *endpoint) findAs(r *http.Request, principals []principal) (p principal, found destination, err error) {
	for _, p = range principals {
		found, err = e.server.tenants.find(p, func(t *bridge.Tenant) (*server.MCPServer, error) { return e.choose(r.Context(), t, r) })
		if !errors.Is(err, bridge.ErrNotGranted) {
			break
		}
	}
	return p, found, err
}

// answer carries the requests of the batch and writes what comes of them.
func (e *endpoint) answer(w http.ResponseWriter, r *http.Request, batch exchange.Batch, to destination, c caller, accepts accepted, era era) {
	to.key.inFlight.heed(batch, c.session)
	if batch.Requests() == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	e.server.metrics.calls(batch)
	if accepts.sse && (!accepts.json || batchWaits(batch)) {
		out := newEventStream(w, e.server.config.KeepAlive, func(reply exchange.Reply) bool {
			if batch.IsArray || statusOf(batch.Messages[0], reply, era) == http.StatusOK {
				return false
			}
			writeReplies(w, batch, []exchange.Reply{reply}, era)
			return true
		})
		defer out.close()
		if listens(batch, era) {
			defer context.AfterFunc(e.server.streams.ended, out.hurry)()
		}
		carryAll(r.Context(), to, batch, c, func(ctx context.Context, _ int) exchange.Writer { return unlessCancelled{out, ctx} })
		return
	}
	replies := make([]exchange.Reply, len(batch.Messages))
	carryAll(r.Context(), to, batch, c, func(_ context.Context, i int) exchange.Writer { return (*replyHolder)(&replies[i]) })
	writeReplies(w, batch, replies, era)
}

// carryAll carries the requests of a batch at the same time. What could not be
// understood is answered with its fault.
func carryAll(ctx context.Context, to destination, batch exchange.Batch, c caller, writer func(ctx context.Context, i int) exchange.Writer) {
	carry := func(i int) {
		// A failed write is left alone: the client has gone, and what becomes of
		// its run is the bridge's to say.
		switch message := batch.Messages[i]; message.Kind {
		case exchange.Request:
			ctx, answered := to.key.inFlight.begin(ctx, c.session, message.ID)
			defer answered()
			_ = exchange.Carry(ctx, to.mcp, message, c.peer, writer(ctx, i))
		case exchange.Invalid:
			_ = writer(ctx, i).Reply(exchange.Refusal(message))
		}
	}
	if len(batch.Messages) == 1 {
		carry(0)
		return
	}
	var carrying sync.WaitGroup
	for i := range batch.Messages {
		carrying.Go(func() { carry(i) })
	}
	carrying.Wait()
}

// batchWaits tells whether an answer may take as long as an agent does, or the
// client be asked something before it.
func batchWaits(batch exchange.Batch) bool {
	return slices.ContainsFunc(batch.Messages, func(message exchange.Message) bool {
		switch mcp.MCPMethod(message.Method) {
		case mcp.MethodToolsCall, mcp.MethodPromptsGet, mcp.MethodResourcesRead, mcp.MethodTasksResult, mcp.MethodSubscriptionsListen:
			return message.Kind == exchange.Request
		}
		return false
	})
}

// accepted is what the client can read.
type accepted struct{ json, sse bool }

func negotiate(r *http.Request) (accepted, *refusal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return accepted{}, &refusal{status: http.StatusUnsupportedMediaType, code: jsonrpc2.CodeInvalidRequest, message: "send the header Content-Type: application/json"}
	}
	if strings.TrimSpace(strings.Join(r.Header.Values("Accept"), "")) == "" {
		return accepted{json: true}, nil
	}
	accepts := acceptsOf(r.Header)
	if !accepts.json && !accepts.sse {
		return accepted{}, &refusal{status: http.StatusNotAcceptable, code: jsonrpc2.CodeInvalidRequest, message: "answers are application/json or text/event-stream: name both in the Accept header"}
	}
	return accepts, nil
}

// acceptsOf is what the Accept header names.
func acceptsOf(header http.Header) (accepts accepted) {
	for part := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
			continue
		}
		switch media {
		case "application/json", "application/*", "*/*":
			accepts.json = true
		case "text/event-stream", "text/*":
			accepts.sse = true
		}
	}
	return accepts
}

func readBatch(w http.ResponseWriter, r *http.Request) (exchange.Batch, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exchange.MaxBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return exchange.Batch{}, &refusal{status: http.StatusRequestEntityTooLarge, code: jsonrpc2.CodeInvalidRequest, message: fmt.Sprintf("the body is larger than %d MiB", exchange.MaxBytes>>20)}
	}
	if err != nil {
		return exchange.Batch{}, &refusal{status: http.StatusBadRequest, code: jsonrpc2.CodeParseError, message: "the body did not arrive whole"}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // see guarded
	batch, fault := exchange.Parse(body)
	if fault != nil {
		return exchange.Batch{}, &refusal{status: http.StatusBadRequest, code: fault.Code, message: fault.Message}
	}
	return batch, nil
}
