package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// Media types of resources.
const (
	markdownType = "text/markdown"
	csvType      = "text/csv"
	jsonType     = "application/json"
)

// maxResource bounds what one resources/read returns, in bytes before encoding:
// hosts hold it in memory, and put it before a model.
var maxResource = 4 << 20

// resourceTemplates are all there is to read by URI. They are the same on every
// server, so that a host may be told them before the tenant is known.
var resourceTemplates = sync.OnceValue(func() []mcp.ResourceTemplate {
	template := func(uri, name, title, mimeType, description string) mcp.ResourceTemplate {
		return mcp.NewResourceTemplate(uri, name, mcp.WithTemplateTitle(title), mcp.WithTemplateMIMEType(mimeType), mcp.WithTemplateDescription(description))
	}
	return []mcp.ResourceTemplate{
		template(agentTemplate, "agent", "Card of an agent", markdownType,
			"What an agent is for, its tools here, what it works with, and its runbook. "+inBytes),
		template(runTemplate, "run", "Answer of a run", markdownType,
			"The whole answer of a run, however long, by the run_id that a result gave. A run that is not finished is waited for, as get_run does. "+inBytes),
		template(threadTemplate, "thread", "Transcript of a thread", markdownType,
			"All messages of one conversation with an agent, oldest first. "+inBytes),
		template(fileTemplate, "thread-file", "File of a thread", "",
			"A file that was sent to a thread or left there by its agent, as it is. "+inBytes),
		template(frameTemplate, "thread-data-frame", "Data frame of a thread", "",
			"All rows of a data frame of a thread: as CSV, or with format=json as JSON. One too long for a read is read in parts: offset and limit are rows, "+
				"each part has the columns' names, and the next one begins at offset + limit."),
	}
})

// inBytes says how to read what is long.
var inBytes = fmt.Sprintf("One too long for a read is read in parts: offset and limit are bytes, at most %d, and the next part begins at offset + limit.", maxResource)

// reader reads the resource of a URI that matches one of the templates.
type reader func(ctx context.Context, uri string) (mcp.ResourceContents, error)

// serverTemplates are the resources as mcp-go offers them, each reading bounded by
// the budget.
func (read reader) serverTemplates(budget time.Duration) []server.ServerResourceTemplate {
	handler := func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, budget, errOverBudget)
		defer cancel()
		contents, err := read(ctx, request.Params.URI)
		if err != nil {
			return nil, overBudget(ctx, err)
		}
		return []mcp.ResourceContents{contents}, nil
	}
	templates := resourceTemplates()
	offered := make([]server.ServerResourceTemplate, len(templates))
	for i, template := range templates {
		offered[i] = server.ServerResourceTemplate{Template: template, Handler: handler}
	}
	return offered
}

// refusedReading is what a resources/read that failed is answered with.
func refusedReading(ctx context.Context, _ string, err error) *jsonrpc2.Error {
	switch missing, ours := errors.AsType[*noResource](err); {
	case ours:
		return &jsonrpc2.Error{Code: notFoundCode(ctx), Message: missing.Error()}
	case errors.Is(err, server.ErrResourceNotFound):
		return &jsonrpc2.Error{Code: notFoundCode(ctx), Message: noSuchURI}
	default:
		return &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: failureOf(err, "").Error()}
	}
}

const noSuchURI = "There is no such resource: a URI is one of those that resources/templates/list shows, with every name percent-encoded."

// notFoundCode is what the caller's version of the protocol says of a resource
// that is not there.
func notFoundCode(ctx context.Context) int64 {
	if mcp.IsModernProtocol(server.RequestProtocolVersion(ctx)) {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}

// noResource is the error for what is not there, or not for this server.
type noResource struct{ *failure }

func (e *noResource) Unwrap() error { return e.failure }

// unnamed makes a noResource of an error which is a failure of ours to find
// something by its name, and leaves what else may have gone wrong as it is.
func unnamed(err error) error {
	if _, ours := errors.AsType[*failure](err); ours {
		return unfound(err)
	}
	return err
}

// unfound makes a noResource of an error.
func unfound(err error) error { return &noResource{failureOf(err, "")} }

// read is the reader of a scope.
func (s scope) read(ctx context.Context, uri string) (mcp.ResourceContents, error) {
	at, err := parseResourceURI(uri)
	if err != nil {
		return nil, err
	}
	contents, err := s.readAt(ctx, at)
	if _, badID := errors.AsType[*run.IDError](err); badID || errors.Is(err, ErrNotOffered) || isNotFound(err) {
		return nil, unfound(err)
	}
	return contents, err
}

func (s scope) readAt(ctx context.Context, at resourceURI) (mcp.ResourceContents, error) {
	if at.runID != "" {
		return s.readRun(ctx, at)
	}
	agent, err := s.theAgent(ctx, at.agent)
	if err != nil {
		return nil, err
	}
	if at.thread == "" {
		return s.readAgent(ctx, at, agent)
	}
	at.agent = agent.ID
	if at.thread, err = s.threadID(ctx, agent.ID, at.thread); err != nil {
		return nil, err
	}
	switch {
	case at.file != "":
		return s.readFileResource(ctx, at)
	case at.frame != "":
		return s.readFrameResource(ctx, at)
	default:
		return s.readThread(ctx, at)
	}
}

// readRun waits for a run that is not finished as long as a call may.
func (s scope) readRun(ctx context.Context, at resourceURI) (mcp.ResourceContents, error) {
	w, err := at.newWindow()
	if err != nil {
		return nil, err
	}
	id, name, err := s.runOf(ctx, at.runID)
	if err != nil {
		return nil, unnamed(err)
	}
	r, err := s.tenant.runs.Find(ctx, id, name)
	if err != nil {
		return nil, err
	}
	_ = s.tenant.watch(ctx, r, s.tenant.config.CallBudget) // as in awaitResult, but that its reader's leaving stops no agent
	report := r.Report()
	text := paragraphs(runText(r, report, s.replyTool, longText.String), s.tenant.shelf.left(ctx, id, report).text(s, id))
	if len(text) > maxResource && !at.ranged {
		return nil, at.tooLarge("answer", len(text), fmt.Sprintf("get_run with run_id %q, and then with the cursor of each part", at.runID))
	}
	_, _ = w.Write([]byte(text)) // it says when it has enough
	return w.contents(at.uri, markdownType)
}

// theAgent is the agent of a resource, by its id or as findAgent knows it: people
// who fill in a template know the name.
func (s scope) theAgent(ctx context.Context, named string) (restclient.Agent, error) {
	if s.agent != nil {
		if _, err := findAgent([]restclient.Agent{*s.agent}, named); err != nil {
			return restclient.Agent{}, unfound(&failure{what: "This resource belongs to another agent.", next: "Read it from that agent's server, or from the whole workspace's."})
		}
		return s.tenant.catalogue.agent(ctx, s.agent.ID)
	}
	if agents, err := s.tenant.catalogue.all(ctx); err == nil {
		if found, err := findAgent(agents, named); err == nil {
			return found, nil
		}
	}
	return s.tenant.catalogue.agent(ctx, named)
}
