package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// WorkItemStatus is where a work item stands.
type WorkItemStatus string

// The statuses of the vendor's API v2.
const (
	Draft         WorkItemStatus = "DRAFT"
	Pending       WorkItemStatus = "PENDING"
	Executing     WorkItemStatus = "EXECUTING"
	NeedsReview   WorkItemStatus = "NEEDS_REVIEW"
	Completed     WorkItemStatus = "COMPLETED"
	Errored       WorkItemStatus = "ERROR"
	Cancelled     WorkItemStatus = "CANCELLED"
	Indeterminate WorkItemStatus = "INDETERMINATE"
)

// transitions are the statuses that may follow each status: the vendor's table.
var transitions = map[WorkItemStatus][]WorkItemStatus{
	Draft:         {Pending, Cancelled},
	Pending:       {Executing, Cancelled},
	Executing:     {NeedsReview, Completed, Errored, Cancelled, Indeterminate},
	NeedsReview:   {Completed, Pending},
	Indeterminate: {Pending, Completed},
	Errored:       {Pending, Completed},
	Completed:     {Pending},
	Cancelled:     {Pending, Completed},
}

// WorkItemStatuses are all statuses, sorted.
func WorkItemStatuses() []WorkItemStatus {
	all := make([]WorkItemStatus, 0, len(transitions))
	for status := range transitions {
		all = append(all, status)
	}
	slices.Sort(all)
	return all
}

// leadingTo are the statuses a status may follow.
func leadingTo(status WorkItemStatus) []any {
	var from []any
	for _, before := range WorkItemStatuses() {
		if slices.Contains(transitions[before], status) {
			from = append(from, before)
		}
	}
	return from
}

// Action is what a person does to a work item.
type Action string

// The actions of the vendor's API v2.
const (
	Continue Action = "continue"
	Restart  Action = "restart"
	Cancel   Action = "cancel"
	Complete Action = "complete"
)

// effects are the columns each action sets, besides who did it and when.
var effects = map[Action]struct {
	status WorkItemStatus
	set    string
}{
	Continue: {Pending, `completed_by = NULL`},
	Restart:  {Pending, `completed_by = NULL, conversation_id = NULL`},
	Cancel:   {Cancelled, `completed_by = NULL`},
	Complete: {Completed, `completed_by = 'HUMAN'`},
}

// ActOnWorkItem does what a person asks for. Of several callers at once, exactly
// one makes a transition. The error wraps ErrNotFound, or ErrPrecondition when the
// item's status does not allow it.
func (s *Store) ActOnWorkItem(ctx context.Context, id string, action Action, now time.Time) (WorkItem, error) {
	effect := effects[action]
	var item WorkItem
	err := s.transact(ctx, string(action)+" work item", func(tx *sql.Tx) error {
		var err error
		item, err = changeStatus(ctx, tx, id, effect.status, ActorHuman, now, effect.set, "TRUE")
		if errors.Is(err, ErrNotFound) {
			return whyNot(ctx, tx, id, action)
		}
		if err == nil && action == Restart {
			item, err = beginAnew(ctx, tx, item, now)
		}
		return err
	})
	if err != nil {
		return WorkItem{}, err
	}
	return item, nil
}

// changeStatus is the one place where a status changes: only from one that the new
// status may follow, and only where the condition holds. Else the error wraps
// ErrNotFound.
func changeStatus(ctx context.Context, db queryer, id string, status WorkItemStatus, by Actor, now time.Time, set, condition string, arguments ...any) (WorkItem, error) {
	from := leadingTo(status)
	at := thread.Timestamp(now).String()
	row := db.QueryRowContext(ctx, `UPDATE work_items SET status = ?, status_updated_by = ?, updated_at = ?, status_updated_at = ?, `+set+`
		WHERE id = ? AND status IN (`+marks(len(from))+`) AND `+condition+` RETURNING `+workItemColumns,
		slices.Concat([]any{status, by, at, at, id}, from, arguments)...)
	return scanWorkItem(row, id)
}

// marks are n parameters of a list.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// whyNot says why an action had no effect.
func whyNot(ctx context.Context, db queryer, id string, action Action) error {
	item, err := scanWorkItem(db.QueryRowContext(ctx, findWorkItem, id), id)
	if err != nil {
		return err
	}
	return refuse(ErrPrecondition, "cannot %s work item %q while its status is %s", action, id, item.Status)
}

// beginAnew gives a restarted item its first messages under new ids, since those
// of the thread it leaves stay taken.
func beginAnew(ctx context.Context, tx *sql.Tx, item WorkItem, now time.Time) (WorkItem, error) {
	renewed := make([]thread.Message, len(item.InitialMessages))
	for i, message := range item.InitialMessages {
		message.ID = uuid.NewString()
		message.CreatedAt, message.UpdatedAt = thread.Timestamp(now), thread.Timestamp(now)
		renewed[i] = message
	}
	content, err := encodeMessages(renewed)
	if err != nil {
		return WorkItem{}, err
	}
	row := tx.QueryRowContext(ctx, `UPDATE work_items SET messages = ? WHERE id = ? RETURNING `+workItemColumns, content, item.ID)
	return scanWorkItem(row, item.ID)
}

// TakeWorkItem gives the work item that waits longest, now executing. The error
// wraps ErrNotFound when none waits.
func (s *Store) TakeWorkItem(ctx context.Context, now time.Time) (WorkItem, error) {
	for {
		var id string // looked for first: nothing is written while nothing waits
		row := s.db.Read.QueryRowContext(ctx, `SELECT id FROM work_items WHERE status = 'PENDING' ORDER BY status_updated_at, position LIMIT 1`)
		if err := row.Scan(&id); err != nil {
			return WorkItem{}, explain(err, "waiting work item", "")
		}
		item, err := changeStatus(ctx, s.db.Write, id, Executing, ActorSystem, now, `execution = execution + 1`, "TRUE")
		if !errors.Is(err, ErrNotFound) { // else it was cancelled meanwhile
			return item, err
		}
	}
}

// JudgeWorkItem ends an execution with a verdict. The error wraps ErrNotFound when
// the execution does not count any more: a person was faster, or the item is gone.
func (s *Store) JudgeWorkItem(ctx context.Context, item WorkItem, verdict WorkItemStatus, by Actor, now time.Time) (WorkItem, error) {
	set := `completed_by = NULL`
	if verdict == Completed {
		set = `completed_by = 'AGENT'`
	}
	return changeStatus(ctx, s.db.Write, item.ID, verdict, by, now, set, "execution = ?", item.Execution)
}

// ExecutingWorkItems are the items that are being worked on, oldest first; after a
// start, those that the last process left.
func (s *Store) ExecutingWorkItems(ctx context.Context) ([]WorkItem, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT position, `+workItemColumns+` FROM work_items WHERE status = 'EXECUTING' ORDER BY position`)
	if err != nil {
		return nil, fmt.Errorf("list executing work items: %w", err)
	}
	return collectWorkItems(rows)
}
