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
	return []mcp.ResourceTemplate{
		mcp.NewResourceTemplate(runTemplate, "run", mcp.WithTemplateTitle("Answer of a run"), mcp.WithTemplateMIMEType(markdownType),
			mcp.WithTemplateDescription("The whole answer of a run, however long, by the run_id that a result gave. A run that is not finished is waited for, as get_run does.")),
		mcp.NewResourceTemplate(threadTemplate, "thread", mcp.WithTemplateTitle("Transcript of a thread"), mcp.WithTemplateMIMEType(markdownType),
			mcp.WithTemplateDescription("All messages of one conversation with an agent, oldest first.")),
		mcp.NewResourceTemplate(fileTemplate, "thread-file", mcp.WithTemplateTitle("File of a thread"),
			mcp.WithTemplateDescription("A file that was sent to a thread or left there by its agent, as it is.")),
		mcp.NewResourceTemplate(frameTemplate, "thread-data-frame", mcp.WithTemplateTitle("Data frame of a thread"),
			mcp.WithTemplateDescription("All rows of a data frame of a thread: as CSV, or with format=json as JSON.")),
	}
})

// reader reads the resource of a URI that matches one of the templates.
type reader func(ctx context.Context, uri string) (mcp.ResourceContents, error)

// serverTemplates are the resources as mcp-go offers them, each reading bounded by
// the budget.
func (read reader) serverTemplates(budget time.Duration) []server.ServerResourceTemplate {
	handler := func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, budget, errOverBudget)
		defer cancel()
		contents, err := read(ctx, request.Params.URI)
		if err != nil && context.Cause(ctx) == errOverBudget && errors.Is(err, context.DeadlineExceeded) {
			err = errOverBudget
		}
		return []mcp.ResourceContents{contents}, err
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
	parsed, ok := parseResourceURI(uri)
	if !ok {
		return nil, unfound(&failure{what: noSuchURI})
	}
	var contents mcp.ResourceContents
	var err error
	switch {
	case parsed.runID != "":
		contents, err = s.readRun(ctx, uri, parsed.runID)
	case parsed.file != "":
		contents, err = s.readFileResource(ctx, uri, parsed)
	case parsed.frame != "":
		contents, err = s.readFrameResource(ctx, uri, parsed)
	default:
		contents, err = s.readThread(ctx, uri, parsed)
	}
	if _, badID := errors.AsType[*run.IDError](err); badID || errors.Is(err, ErrNotOffered) || isNotFound(err) {
		return nil, unfound(err)
	}
	return contents, err
}

// readRun waits for a run that is not finished as long as a call may.
func (s scope) readRun(ctx context.Context, uri, runID string) (mcp.ResourceContents, error) {
	id, name, err := s.runOf(ctx, runID)
	if err != nil {
		return nil, unnamed(err)
	}
	r, err := s.tenant.runs.Find(ctx, id, name)
	if err != nil {
		return nil, err
	}
	_ = s.tenant.watch(ctx, r, s.tenant.config.CallBudget) // as in awaitResult, but that its reader's leaving stops no agent
	report := r.Report()
	size := 0
	text := runText(r, report, s.replyTool, func(answer longText) string {
		if size = answer.size(); size > maxResource {
			return ""
		}
		return answer.String()
	})
	if size > maxResource {
		return nil, tooLarge("answer", size, fmt.Sprintf("Read it in parts: call get_run with run_id %q, and then with the cursor of each part.", runID))
	}
	text = paragraphs(text, s.tenant.shelf.left(ctx, id, report).text(s, id))
	return mcp.TextResourceContents{URI: uri, MIMEType: markdownType, Text: text}, nil
}

func tooLarge(what string, size int, next string) error {
	return &failure{what: fmt.Sprintf("The %s has %d bytes; %d are the most that one read returns.", what, size, maxResource), next: next}
}

// theAgent checks that a resource's agent is one of this server.
func (s scope) theAgent(ctx context.Context, agentID string) error {
	if s.agent != nil && agentID != s.agent.ID {
		return unfound(&failure{what: "This resource belongs to another agent.", next: "Read it from that agent's server, or from the whole workspace's."})
	}
	_, err := s.tenant.catalogue.agent(ctx, agentID)
	return err
}
