package restclient

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"strconv"
	"strings"
)

// WorkItemsService gives work to worker agents and follows it to its end.
// Deployments may have work items switched off (403).
type WorkItemsService struct{ client *Client }

// WorkItemStatus is where a work item stands. Servers may know more than those
// named here.
type WorkItemStatus string

// The statuses of a [WorkItem].
const (
	WorkItemDraft         WorkItemStatus = "DRAFT" // holds files, and waits for Create
	WorkItemPending       WorkItemStatus = "PENDING"
	WorkItemExecuting     WorkItemStatus = "EXECUTING"
	WorkItemNeedsReview   WorkItemStatus = "NEEDS_REVIEW" // a person has to decide
	WorkItemCompleted     WorkItemStatus = "COMPLETED"
	WorkItemError         WorkItemStatus = "ERROR"
	WorkItemCancelled     WorkItemStatus = "CANCELLED"
	WorkItemIndeterminate WorkItemStatus = "INDETERMINATE" // the server could not tell how it ended
)

// Settled reports whether the agent is done with a work item for now: it is
// none of DRAFT, PENDING and EXECUTING.
func (s WorkItemStatus) Settled() bool {
	switch s {
	case WorkItemDraft, WorkItemPending, WorkItemExecuting, "PRECREATED": // the last is an old server's DRAFT
		return false
	}
	return true
}

// WorkItem is one piece of work of a worker agent (API v2, work-items).
type WorkItem struct {
	ID              string                 `json:"work_item_id,omitzero"`
	AgentID         string                 `json:"agent_id,omitzero"` // empty for a DRAFT made by an upload
	Name            string                 `json:"work_item_name,omitzero"`
	Status          WorkItemStatus         `json:"status,omitzero"`
	ThreadID        string                 `json:"thread_id,omitzero"` // the conversation the work is done in; empty before
	Payload         json.RawMessage        `json:"payload,omitzero"`
	Messages        []Message              `json:"messages,omitzero"` // only where asked for, see [WorkItemGetOptions]
	InitialMessages []Message              `json:"initial_messages,omitzero"`
	Callbacks       []CallbackRegistration `json:"callbacks,omitzero"`
	CompletedBy     string                 `json:"completed_by,omitzero"`      // AGENT or HUMAN
	StatusUpdatedBy string                 `json:"status_updated_by,omitzero"` // SYSTEM, AGENT or HUMAN
	StatusUpdatedAt Time                   `json:"status_updated_at,omitzero"`
	URL             string                 `json:"work_item_url,omitzero"` // for people
	CreatedBy       string                 `json:"created_by,omitzero"`
	CreatedAt       Time                   `json:"created_at,omitzero"`
	UpdatedAt       Time                   `json:"updated_at,omitzero"`
	UserID          string                 `json:"user_id,omitzero"`
	UserSubject     string                 `json:"user_subject,omitzero"`
	Extra           RawObject              `json:"-"`
}

func (w *WorkItem) check() error {
	if w.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (w *WorkItem) UnmarshalJSON(data []byte) error {
	type plain WorkItem
	return decodeMembers(data, (*plain)(w), &w.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (w WorkItem) MarshalJSON() ([]byte, error) {
	type plain WorkItem
	return encodeMembers(plain(w), w.Extra)
}

// LogValue logs the work item without the secrets of its callbacks.
func (w WorkItem) LogValue() slog.Value { return hidden(w) }

// WorkItemListOptions choose work items, and one page of them.
type WorkItemListOptions struct {
	AgentID    string
	Statuses   []WorkItemStatus // any of them
	CreatedBy  string
	NameSearch string // part of the name, in upper or lower case
	Limit      int    // items a page; 0 means 100
	Cursor     string // [Page.Next] of the page before, an offset; empty for the first
}

// List fetches one page of the work items, the one changed last first. Their
// Messages are left out.
func (s *WorkItemsService) List(ctx context.Context, opts *WorkItemListOptions) (*Page[WorkItem], error) {
	o := valueOf(opts)
	return s.list(o).page(ctx, o.Cursor)
}

// All walks the work items from opts.Cursor on. One that changes meanwhile may
// come twice or not at all, since pages are counted from the top.
func (s *WorkItemsService) All(ctx context.Context, opts *WorkItemListOptions) iter.Seq2[WorkItem, error] {
	o := valueOf(opts)
	return s.list(o).all(ctx, o.Cursor)
}

func (s *WorkItemsService) list(o WorkItemListOptions) list[WorkItem] {
	statuses := make([]string, len(o.Statuses))
	for i, status := range o.Statuses {
		statuses[i] = string(status)
	}
	return newList[WorkItem](s.client, offsetParameter, o.Limit, "work-items").
		filter("agent_id", o.AgentID).
		filter("work_item_status", statuses...).
		filter("created_by", o.CreatedBy).
		filter("name_search", o.NameSearch).
		private()
}

// WorkItemGetOptions say how much of a work item to fetch.
type WorkItemGetOptions struct {
	Results bool // its Messages too
}

// Get fetches one work item.
func (s *WorkItemsService) Get(ctx context.Context, id string, opts *WorkItemGetOptions) (*WorkItem, error) {
	req := get("work-items", id).private()
	if valueOf(opts).Results {
		req = req.with("results", strconv.FormatBool(true))
	}
	return call[WorkItem](ctx, s.client, req)
}

// WorkItemCreate describes the work. Only AgentID is needed.
type WorkItemCreate struct {
	AgentID    string                 `json:"agent_id,omitzero"`
	Name       string                 `json:"work_item_name,omitzero"` // 255 characters at most
	Payload    json.RawMessage        `json:"payload,omitzero"`        // an object; the agent sees it as text
	Messages   []Message              `json:"messages,omitzero"`       // see [UserMessage]
	Callbacks  []CallbackRegistration `json:"callbacks,omitzero"`
	WorkItemID string                 `json:"work_item_id,omitzero"` // the DRAFT that holds the files, see AttachFiles
	Extra      RawObject              `json:"-"`
}

// MarshalJSON writes the fields, and Extra.
func (w WorkItemCreate) MarshalJSON() ([]byte, error) {
	type plain WorkItemCreate
	return encodeMembers(plain(w), w.Extra)
}

// LogValue logs the work without the secrets of its callbacks.
func (w WorkItemCreate) LogValue() slog.Value { return hidden(w) }

func (w WorkItemCreate) secrets() []string {
	var secrets []string
	for _, callback := range w.Callbacks {
		secrets = append(secrets, string(callback.SignatureSecret))
	}
	return secrets
}

// UserMessage is a message of the user, as a work item begins with.
func UserMessage(text string) Message {
	return Message{Role: RoleUser, Content: []Content{{Kind: KindText, Text: text}}}
}

// Create gives an agent a piece of work, which is PENDING then. A POST is never
// repeated: after a [ConnectionError] that is not NotSent, it may have arrived.
func (s *WorkItemsService) Create(ctx context.Context, item WorkItemCreate) (*WorkItem, error) {
	req := post(item, "work-items").private(item.secrets()...)
	return call[WorkItem](ctx, s.client, req.needs(item.AgentID != "", "a work item needs the id of an agent"))
}

// Rename gives a work item another name; servers cut what is longer than 255
// characters.
func (s *WorkItemsService) Rename(ctx context.Context, id, name string) (*WorkItem, error) {
	req := patch(map[string]string{"work_item_name": name}, "work-items", id).private()
	req = req.needs(strings.TrimSpace(name) != "", "a work item cannot have an empty name")
	return change[WorkItem](ctx, s.client, req, get("work-items", id).private())
}
