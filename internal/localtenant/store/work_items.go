package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// WorkItem is a WorkItem of the vendor's API v2.
type WorkItem struct {
	ID              string           `json:"work_item_id"`
	AgentID         *string          `json:"agent_id"` // nil in a draft
	Status          WorkItemStatus   `json:"status"`
	ConversationID  *string          `json:"thread_id"`
	Payload         json.RawMessage  `json:"payload"`  // an object
	Messages        []thread.Message `json:"messages"` // what a new thread begins with
	InitialMessages []thread.Message `json:"initial_messages"`
	Callbacks       []Callback       `json:"callbacks"`
	Name            string           `json:"work_item_name"`
	CompletedBy     *Actor           `json:"completed_by"`
	StatusUpdatedBy Actor            `json:"status_updated_by"`
	URL             string           `json:"work_item_url"`
	CreatedBy       string           `json:"created_by"`
	CreatedAt       string           `json:"created_at"`
	UpdatedAt       string           `json:"updated_at"`
	StatusUpdatedAt string           `json:"status_updated_at"`
	UserID          string           `json:"user_id"`
	UserSubject     string           `json:"user_subject"`

	// Execution counts how often the item was taken up. It tells the outcome of an
	// execution that still counts from one that a person has overtaken.
	Execution int `json:"-"`
}

// Callback asks for a POST to URL when the item gets a status.
type Callback struct {
	URL             string         `json:"url"`
	SignatureSecret *string        `json:"signature_secret"` // never to be logged
	OnStatus        WorkItemStatus `json:"on_status"`
}

// Actor is who changed a work item.
type Actor string

// The actors of the vendor's API v2.
const (
	ActorSystem Actor = "SYSTEM"
	ActorAgent  Actor = "AGENT"
	ActorHuman  Actor = "HUMAN"
)

// ErrWorkItemStarted says that a work item is no draft any more.
var ErrWorkItemStarted = errors.New("the work item has been started")

// NewWorkItem is what a work item is made of.
type NewWorkItem struct {
	AgentID   string
	Name      string
	Payload   json.RawMessage // an object
	Messages  []thread.Message
	Callbacks []Callback
	URL       func(id string) string // where the item is to be found
}

const (
	workItemColumns = beforeMessages + `messages` + afterMessages
	// listedColumns are those of a work item without messages, which no list shows.
	listedColumns  = beforeMessages + `'[]'` + afterMessages
	beforeMessages = `id, agent_id, conversation_id, status, execution, name, payload, `
	afterMessages  = `, initial_messages,
	callbacks, url, completed_by, status_updated_by, created_by, created_at, updated_at, status_updated_at`
)

// workItemRow is a work item as its columns hold it.
type workItemRow struct {
	WorkItem
	payload, messages, initialMessages, callbacks string
}

func (r *workItemRow) fields() []any {
	return []any{
		&r.ID, &r.AgentID, &r.ConversationID, &r.Status, &r.Execution, &r.Name, &r.payload, &r.messages, &r.initialMessages,
		&r.callbacks, &r.URL, &r.CompletedBy, &r.StatusUpdatedBy, &r.CreatedBy, &r.CreatedAt, &r.UpdatedAt, &r.StatusUpdatedAt,
	}
}

func (r *workItemRow) item() (WorkItem, error) {
	r.Payload = json.RawMessage(r.payload)
	r.UserID, r.UserSubject = r.CreatedBy, r.CreatedBy
	for _, part := range []struct {
		text string
		into any
	}{{r.messages, &r.Messages}, {r.initialMessages, &r.InitialMessages}, {r.callbacks, &r.Callbacks}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return WorkItem{}, fmt.Errorf("read work item %q: %w", r.ID, err)
		}
	}
	return r.WorkItem, nil
}

// scanWorkItem reads the one row of a query for workItemColumns.
func scanWorkItem(row *sql.Row, id string) (WorkItem, error) {
	var r workItemRow
	if err := row.Scan(r.fields()...); err != nil {
		return WorkItem{}, explain(err, "work item", id)
	}
	return r.item()
}

const findWorkItem = `SELECT ` + workItemColumns + ` FROM work_items WHERE id = ?`

// WorkItem finds a work item by id.
func (s *Store) WorkItem(ctx context.Context, id string) (WorkItem, error) {
	return scanWorkItem(s.db.Read.QueryRowContext(ctx, findWorkItem, id), id)
}

// CreateWorkItem stores a work item that waits to be taken up.
func (s *Store) CreateWorkItem(ctx context.Context, n NewWorkItem, now time.Time) (WorkItem, error) {
	return s.addWorkItem(ctx, s.db.Write, uuid.NewString(), n, Pending, now)
}

func (s *Store) addWorkItem(ctx context.Context, db queryer, id string, n NewWorkItem, status WorkItemStatus, now time.Time) (WorkItem, error) {
	content, err := n.columns(id)
	if err != nil {
		return WorkItem{}, err
	}
	at := thread.Timestamp(now).String()
	row := db.QueryRowContext(ctx, `INSERT INTO work_items (id, status, status_updated_by, created_by, created_at, updated_at, status_updated_at,
			`+newWorkItemColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING `+workItemColumns,
		append([]any{id, status, ActorSystem, localUser, at, at, at}, content...)...)
	item, err := scanWorkItem(row, id)
	if isForeignKeyViolation(err) {
		return WorkItem{}, notFound("agent", n.AgentID)
	}
	return item, err
}

const newWorkItemColumns = `agent_id, name, search_name, payload, messages, initial_messages, callbacks, url`

func (n *NewWorkItem) columns(id string) ([]any, error) {
	messages, err := encodeMessages(n.Messages)
	if err != nil {
		return nil, err
	}
	callbacks, err := json.Marshal(append([]Callback{}, n.Callbacks...))
	if err != nil {
		return nil, fmt.Errorf("work item: callbacks: %w", err)
	}
	agentID := sql.NullString{String: n.AgentID, Valid: n.AgentID != ""}
	return []any{agentID, n.Name, searchName(n.Name), string(n.Payload), messages, messages, string(callbacks), n.URL(id)}, nil
}

// FillWorkItem makes a draft a work item that waits to be taken up. The error
// wraps ErrNotFound or ErrWorkItemStarted.
func (s *Store) FillWorkItem(ctx context.Context, id string, n NewWorkItem, now time.Time) (WorkItem, error) {
	content, err := n.columns(id)
	if err != nil {
		return WorkItem{}, err
	}
	at := thread.Timestamp(now).String()
	row := s.db.Write.QueryRowContext(ctx, `UPDATE work_items SET (status, status_updated_by, updated_at, status_updated_at,
			`+newWorkItemColumns+`) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ? AND status = ? RETURNING `+workItemColumns,
		append(append([]any{Pending, ActorSystem, at, at}, content...), id, Draft)...)
	item, err := scanWorkItem(row, id)
	switch {
	case isForeignKeyViolation(err):
		return WorkItem{}, notFound("agent", n.AgentID)
	case errors.Is(err, ErrNotFound):
		return WorkItem{}, s.CheckDraft(ctx, id)
	}
	return item, err
}

// RenameWorkItem gives a work item another name.
func (s *Store) RenameWorkItem(ctx context.Context, id, name string, now time.Time) (WorkItem, error) {
	row := s.db.Write.QueryRowContext(ctx, `UPDATE work_items SET name = ?, search_name = ?, updated_at = ?
		WHERE id = ? RETURNING `+workItemColumns, name, searchName(name), thread.Timestamp(now).String(), id)
	return scanWorkItem(row, id)
}
