package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
)

// result is what a tool returned.
type result struct {
	Content    []content       `json:"content"`
	Structured json.RawMessage `json:"structuredContent"`
	IsError    bool            `json:"isError"`
	Meta       struct {
		Run      runInfo      `json:"ai.sema4/run"`
		WorkItem workItemInfo `json:"ai.sema4/work_item"`
	} `json:"_meta"`
	InputRequests map[string]inputRequest `json:"inputRequests"`
	RequestState  string                  `json:"requestState"`

	report run.Report // of the run that was waited for
	answer string     // all that its agent has written
	asked  bool       // what the agent asks has been put to the user
}

// content is a text, or a link to a resource.
type content struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	URI      string `json:"uri"`
	Name     string `json:"name"`
	MIMEType string `json:"mimeType"`
	Size     int64  `json:"size"`
}

// runInfo says which run a result tells of.
type runInfo struct {
	RunID    string    `json:"run_id"`
	AgentID  string    `json:"agent_id"`
	ThreadID string    `json:"thread_id"`
	State    run.State `json:"state"`
}

// workItemInfo says which work item a result tells of.
type workItemInfo struct {
	ID       string `json:"work_item_id"`
	AgentID  string `json:"agent_id"`
	ThreadID string `json:"thread_id,omitzero"`
	Status   string `json:"status"`
}

// inputRequest is a form that the user is to fill in.
type inputRequest struct {
	Params struct {
		Message string `json:"message"`
		Schema  struct {
			Required []string `json:"required"`
		} `json:"requestedSchema"`
	} `json:"params"`
}

func (r *result) text() string {
	var texts []string
	for _, c := range r.Content {
		if c.Type == "text" {
			texts = append(texts, c.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// params are those of a tools/call.
type params struct {
	Name           string         `json:"name"`
	Arguments      map[string]any `json:"arguments"`
	Meta           map[string]any `json:"_meta"`
	InputResponses map[string]any `json:"inputResponses,omitempty"`
	RequestState   string         `json:"requestState,omitempty"`
}

// call calls a tool and shows what its agent does meanwhile. Where asking is true,
// the user is asked what the agent wants to know. An error is the text of a result
// that is one, unless that tells of a run.
func (s *session) call(ctx context.Context, tool string, arguments map[string]any, asking bool) (*result, error) {
	capabilities := map[string]any{}
	if asking && s.mayAsk() {
		capabilities["elicitation"] = map[string]any{}
	}
	p := params{Name: tool, Arguments: arguments, Meta: map[string]any{
		mcp.MetaKeyProtocolVersion: mcp.LATEST_PROTOCOL_VERSION, mcp.MetaKeyClientCapabilities: capabilities, "progressToken": tool,
	}}
	for {
		r, err := s.carry(ctx, p)
		switch {
		case err != nil:
			return nil, err
		case len(r.InputRequests) > 0:
			p.InputResponses, p.RequestState = s.answers(ctx, r), r.RequestState
		case r.IsError && r.Meta.Run.RunID == "":
			return nil, errors.New(shown(r.text()))
		default:
			return r, nil
		}
	}
}

// carry makes one round of a call.
func (s *session) carry(ctx context.Context, p params) (*result, error) {
	encoded, err := exchange.Encode(p)
	if err != nil {
		return nil, err
	}
	server, err := s.tenant.Server(ctx)
	if err != nil {
		server = s.tenant.OfflineServer() // its tools say what stands in the way
	}
	request := exchange.Message{Kind: exchange.Request, ID: json.RawMessage("1"), Method: string(mcp.MethodToolsCall), Params: encoded,
		Meta: exchange.Meta{ProtocolVersion: mcp.LATEST_PROTOCOL_VERSION, ProgressToken: json.RawMessage(`"1"`)}}
	w := &writer{screen: s.screen}
	var r result
	ctx = bridge.Observing(ctx, func(report run.Report, answer string) {
		r.report, r.answer = report, answer
		if !s.asJSON {
			s.screen.write(answer)
		}
	})
	if err := exchange.Carry(ctx, server, request, new(exchange.Peer), w); err != nil {
		return nil, err
	}
	switch {
	case w.reply.Error != nil && s.settings.ReadOnly:
		return nil, errReadOnly
	case w.reply.Error != nil:
		return nil, errors.New(w.reply.Error.Message)
	}
	if err := json.Unmarshal(w.reply.Result, &r); err != nil {
		return nil, fmt.Errorf("the result of %s cannot be read: %w", p.Name, err)
	}
	return &r, nil
}

// writer shows the progress of a call and keeps its reply.
type writer struct {
	screen *screen
	reply  exchange.Reply
}

func (w *writer) Notify(n mcp.JSONRPCNotification) error {
	if message, ok := n.Params.AdditionalFields["message"].(string); ok && n.Method == string(mcp.MethodNotificationProgress) {
		w.screen.doing(message)
	}
	return nil
}

func (w *writer) Reply(reply exchange.Reply) error {
	w.reply = reply
	return nil
}

// answers puts the questions of a result to the user. An empty answer declines.
func (s *session) answers(ctx context.Context, r *result) map[string]any {
	s.screen.pause()
	answers := make(map[string]any, len(r.InputRequests))
	for id, request := range r.InputRequests {
		s.user.Say("%s\n", printable(request.Params.Message))
		reply, err := s.user.Line(ctx, "> ")
		switch {
		case err != nil:
			answers[id] = map[string]any{"action": mcp.ElicitationResponseActionCancel}
		case reply == "" || len(request.Params.Schema.Required) == 0:
			answers[id] = map[string]any{"action": mcp.ElicitationResponseActionDecline}
		default:
			answers[id] = map[string]any{"action": mcp.ElicitationResponseActionAccept, "content": map[string]any{request.Params.Schema.Required[0]: reply}}
		}
	}
	s.screen.next()
	return answers
}

// list calls a tool that lists something, part by part. The field of that name has
// the items, next the argument that leads on.
func (s *session) list(ctx context.Context, tool string, arguments map[string]any, field, next, argument string) ([]json.RawMessage, error) {
	items := []json.RawMessage{}
	for {
		r, err := s.call(ctx, tool, arguments, false)
		if err != nil {
			return nil, err
		}
		var part map[string]json.RawMessage
		var some []json.RawMessage
		if err := errors.Join(json.Unmarshal(r.Structured, &part), json.Unmarshal(part[field], &some)); err != nil {
			return nil, fmt.Errorf("the result of %s cannot be read: %w", tool, err)
		}
		items = slices.Concat(items, some)
		if part[next] == nil {
			return items, nil
		}
		arguments[argument] = part[next]
	}
}

// decoded reads each of the items.
func decoded[T any](items []json.RawMessage) ([]T, error) {
	read := make([]T, len(items))
	for i, item := range items {
		if err := json.Unmarshal(item, &read[i]); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// errReadOnly refuses what may change something.
var errReadOnly = errors.New("the setting read_only leaves out all that may change something, and so this")

// commands are what tools are called here.
var commands = strings.NewReplacer(
	"list_agents", "agents", "ask_agent", "ask", "get_run", "runs wait", "cancel_run", "runs cancel",
	"create_work_item", "work-items create", "list_work_items", "work-items list", "get_work_item", "work-items show", "act_on_work_item", "work-items")

// shown is a tool's text for people, who know its commands.
func shown(text string) string { return commands.Replace(printable(text)) }
