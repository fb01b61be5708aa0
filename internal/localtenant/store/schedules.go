package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Schedule is when an agent gets which work item. It is kept, not run.
type Schedule struct {
	ID             string
	CronExpression string
	Timezone       string // an IANA name
	WorkItemName   *string
	Message        *string
	Payload        json.RawMessage // an object, or nil
}

const scheduleColumns = `id, cron_expression, timezone, work_item_name, message, payload`

func (sc *Schedule) fields() []any {
	return []any{&sc.ID, &sc.CronExpression, &sc.Timezone, &sc.WorkItemName, &sc.Message, (*[]byte)(&sc.Payload)}
}

func (sc *Schedule) payload() any {
	if sc.Payload == nil {
		return nil
	}
	return string(sc.Payload)
}

const listSchedules = `SELECT position, ` + scheduleColumns + ` FROM schedules
	WHERE agent_id = ? AND position > ? ORDER BY position LIMIT ?`

// Schedules lists an agent's schedules, oldest first.
func (s *Store) Schedules(ctx context.Context, agentID string, w Window) (Page[Schedule], error) {
	if _, err := s.Agent(ctx, agentID); err != nil {
		return Page[Schedule]{}, err
	}
	rows, err := s.db.Read.QueryContext(ctx, listSchedules, agentID, w.After, w.Limit+1)
	if err != nil {
		return Page[Schedule]{}, fmt.Errorf("list schedules: %w", err)
	}
	return collect(rows, w.Limit, (*Schedule).fields)
}

// Schedule finds a schedule of that agent.
func (s *Store) Schedule(ctx context.Context, agentID, id string) (Schedule, error) {
	var sc Schedule
	row := s.db.Read.QueryRowContext(ctx, `SELECT `+scheduleColumns+` FROM schedules WHERE id = ? AND agent_id = ?`, id, agentID)
	if err := row.Scan(sc.fields()...); err != nil {
		return Schedule{}, explain(err, "schedule", id)
	}
	return sc, nil
}

// CreateSchedule stores a schedule under a new id and gives it back.
func (s *Store) CreateSchedule(ctx context.Context, agentID string, sc Schedule) (Schedule, error) {
	sc.ID = uuid.NewString()
	_, err := s.db.Write.ExecContext(ctx, `INSERT INTO schedules (agent_id, `+scheduleColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		agentID, sc.ID, sc.CronExpression, sc.Timezone, sc.WorkItemName, sc.Message, sc.payload())
	if isForeignKeyViolation(err) {
		return Schedule{}, notFound("agent", agentID)
	}
	if err != nil {
		return Schedule{}, fmt.Errorf("create schedule: %w", err)
	}
	return sc, nil
}

// ReplaceSchedule stores a schedule over the one with the same id.
func (s *Store) ReplaceSchedule(ctx context.Context, agentID string, sc Schedule) error {
	result, err := s.db.Write.ExecContext(ctx, `UPDATE schedules SET (`+scheduleColumns+`) = (?, ?, ?, ?, ?, ?) WHERE id = ? AND agent_id = ?`,
		sc.ID, sc.CronExpression, sc.Timezone, sc.WorkItemName, sc.Message, sc.payload(), sc.ID, agentID)
	return changed(result, err, "schedule", sc.ID)
}

// DeleteSchedule deletes a schedule of that agent.
func (s *Store) DeleteSchedule(ctx context.Context, agentID, id string) error {
	result, err := s.db.Write.ExecContext(ctx, `DELETE FROM schedules WHERE id = ? AND agent_id = ?`, id, agentID)
	return changed(result, err, "schedule", id)
}
