package bridge

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

var workItemIDInput = input{name: "work_item_id", required: true, description: "The work_item_id that create_work_item or list_work_items gave."}

// workItemTools give work to worker agents and follow it.
func (s scope) workItemTools() []tool {
	return []tool{s.createWorkItemTool(), s.getWorkItemTool(), s.listWorkItemsTool(), s.actOnWorkItemTool()}
}

func (s scope) createWorkItemTool() tool {
	return tool{
		name:  "create_work_item",
		title: "Give an agent work",
		description: "Give a worker agent a piece of work: a message, a payload, files, or several of them. The agent does it by itself and says whether it is completed or needs review. " +
			"Returns at once with a work_item_id: wait for the outcome with get_work_item.",
		inputs: s.inputs(
			input{name: "message", description: "What the agent is to do; may be left out where the payload says it."},
			input{name: "payload", kind: document, description: `The data of the work: a JSON object, written as a string, such as {"invoice": 1042}.`},
			input{name: "name", description: "Optional. A name to find the work item by, such as Invoice 1042."},
			s.tenant.filesInput()),
		hints: asks,
		call:  s.createWorkItem,
	}
}

// workItemStatus is what the tools that change a work item return.
type workItemStatus struct {
	ID       string                    `json:"work_item_id"`
	AgentID  string                    `json:"agent_id"`
	Name     string                    `json:"name,omitempty"`
	Status   restclient.WorkItemStatus `json:"status"`
	ThreadID string                    `json:"thread_id,omitempty"`
	Next     string                    `json:"next"`
	Reply    string                    `json:"agent_reply,omitempty"` // to the message that went before the action
}

func statusOf(item *restclient.WorkItem) workItemStatus {
	return workItemStatus{item.ID, item.AgentID, item.Name, item.Status, item.ThreadID, nextStep(item), ""}
}

func (s scope) createWorkItem(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	agent, err := s.addressee(ctx, args)
	if err != nil {
		return nil, err
	}
	create := restclient.WorkItemCreate{AgentID: agent.ID, Name: args.text("name"), Payload: args.document("payload")}
	if message := args.text("message"); message != "" {
		create.Messages = []restclient.Message{restclient.UserMessage(message)}
	}
	files, err := s.tenant.attachments(args)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 && len(create.Messages) == 0 && len(create.Payload) == 0 {
		return nil, &failure{what: "There is nothing to work on.", ran: "No work item was created.", next: "Call again with a message, a payload or files."}
	}
	d := draft{client: s.tenant.client, ownerless: !s.ownsDrafts()}
	if err := d.upload(ctx, files); err != nil {
		return nil, d.unfilled(err)
	}
	create.WorkItemID = d.id
	item, err := s.tenant.client.WorkItems.Create(ctx, create)
	if err != nil {
		return nil, d.uncreated(err)
	}
	return statusResult(statusOf(item))
}

var workItemStatuses = []string{
	string(restclient.WorkItemDraft), string(restclient.WorkItemPending), string(restclient.WorkItemExecuting), string(restclient.WorkItemNeedsReview),
	string(restclient.WorkItemCompleted), string(restclient.WorkItemError), string(restclient.WorkItemCancelled), string(restclient.WorkItemIndeterminate),
}

func (s scope) listWorkItemsTool() tool {
	inputs := []input{
		{name: "status", kind: array, options: workItemStatuses, description: "Optional. Only work items with one of these statuses."},
		{name: "name", description: "Optional. Only work items with this in their name."},
		{name: "offset", kind: integer, description: "Where to go on, as next_offset of the last part said."},
	}
	if s.agent == nil {
		optional := agentInput
		optional.required = false
		optional.description = "Optional. Only work items of this agent: its id, its name, or the name of its tool, as list_agents shows them."
		inputs = append([]input{optional}, inputs...)
	}
	return tool{
		name:        "list_work_items",
		title:       "List work items",
		description: "List pieces of work" + s.forAgent() + ", the one that changed last first. NEEDS_REVIEW are those that wait for a decision.",
		inputs:      inputs,
		hints:       reads,
		call:        s.listWorkItems,
	}
}

func (s scope) forAgent() string {
	if s.agent == nil {
		return " of the worker agents"
	}
	return " of the Sema4.ai agent " + quoted(s.agent.Name)
}

// listedWorkItem is a work item as list_work_items shows it.
type listedWorkItem struct {
	ID        string                    `json:"work_item_id"`
	AgentID   string                    `json:"agent_id,omitempty"`
	Name      string                    `json:"name,omitempty"`
	Status    restclient.WorkItemStatus `json:"status"`
	ThreadID  string                    `json:"thread_id,omitempty"`
	CreatedAt string                    `json:"created_at,omitempty"`
	UpdatedAt string                    `json:"updated_at,omitempty"`
}

const workItemsPerPage = 50

func (s scope) listWorkItems(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	options := restclient.WorkItemListOptions{NameSearch: args.text("name"), Limit: workItemsPerPage}
	if s.agent != nil || args.text(agentInput.name) != "" {
		agent, err := s.addressee(ctx, args)
		if err != nil {
			return nil, err
		}
		options.AgentID = agent.ID
	}
	for _, status := range args.list("status") {
		options.Statuses = append(options.Statuses, restclient.WorkItemStatus(status))
	}
	offset, _ := args.number("offset")
	if offset > 0 {
		options.Cursor = strconv.Itoa(offset)
	}
	page, err := s.tenant.client.WorkItems.List(ctx, &options)
	if err != nil {
		return nil, err
	}
	return s.showWorkItems(ctx, page, offset)
}

// showWorkItems leaves out items of agents that are not offered; they count for
// the offset, which is the tenant's.
func (s scope) showWorkItems(ctx context.Context, page *restclient.Page[restclient.WorkItem], offset int) (*mcp.CallToolResult, error) {
	listed := struct {
		Items []listedWorkItem `json:"work_items"`
		Next  *int             `json:"next_offset,omitempty"`
	}{Items: []listedWorkItem{}}
	size := 0
	offered, err := s.offered(ctx)
	if err != nil {
		return nil, err
	}
	for i, item := range page.Items {
		if !offered(item.AgentID) {
			continue
		}
		shown := listedWorkItem{item.ID, item.AgentID, item.Name, item.Status, item.ThreadID, timestamp(item.CreatedAt), timestamp(item.UpdatedAt)}
		encoded, err := exchange.Encode(shown)
		if err != nil {
			return nil, err
		}
		if size += len(encoded) + 1; size > maxText && len(listed.Items) > 0 {
			next := offset + i
			listed.Next = &next
			return statusResult(listed)
		}
		listed.Items = append(listed.Items, shown)
	}
	if next, err := strconv.Atoi(page.Next); err == nil {
		listed.Next = &next
	}
	return statusResult(listed)
}

// owns refuses a work item of another agent than the server is for. A draft that
// holds files belongs to none yet, and so only to a server of all agents.
func (s scope) owns(ctx context.Context, item *restclient.WorkItem) error {
	switch {
	case item.AgentID == "" && !s.ownsDrafts():
		return &failure{what: "This work item is a draft that belongs to no agent yet, and this server is for certain agents only.",
			next: "Use the work item tools of a server for the whole workspace."}
	case item.AgentID == "":
		return nil
	case s.agent != nil && item.AgentID != s.agent.ID:
		return &failure{what: "This work item belongs to another agent.", next: "Use the work item tools of the server of that agent."}
	case s.agent == nil && s.tenant.config.forCertainAgents():
		_, err := s.tenant.catalogue.agent(ctx, item.AgentID)
		return err
	}
	return nil
}

// ownsDrafts tells whether drafts, which belong to no agent yet, are the server's
// business: where it is for all agents of the workspace.
func (s scope) ownsDrafts() bool { return s.agent == nil && !s.tenant.config.forCertainAgents() }

// offered tells of which agents work items may be listed.
func (s scope) offered(ctx context.Context) (func(agentID string) bool, error) {
	if s.agent != nil || !s.tenant.config.forCertainAgents() {
		return func(agentID string) bool { return s.agent == nil || agentID == s.agent.ID }, nil
	}
	agents, err := s.tenant.catalogue.all(ctx)
	if err != nil {
		return nil, err
	}
	return func(agentID string) bool {
		return slices.ContainsFunc(agents, func(a restclient.Agent) bool { return a.ID == agentID })
	}, nil
}

// workItem fetches an item that the server is for.
func (s scope) workItem(ctx context.Context, id string, results bool) (*restclient.WorkItem, error) {
	item, err := s.tenant.client.WorkItems.Get(ctx, id, &restclient.WorkItemGetOptions{Results: results})
	if isNotFound(err) {
		return nil, &failure{what: fmt.Sprintf("There is no work item %s.", quoted(id)), lister: workItemThing.lister}
	}
	if err != nil {
		return nil, err
	}
	return item, s.owns(ctx, item)
}
