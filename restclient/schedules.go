package restclient

import (
	"context"
	"encoding/json"
	"iter"
)

// SchedulesService keeps the schedules of worker agents: each creates a work
// item at its times. Deployments may lack them (404, 403), and refuse agents
// that are not workers (400).
type SchedulesService struct{ client *Client }

// Schedule creates work items for one agent. The server alone sets ID, Enabled
// and NextRunAt.
type Schedule struct {
	ID             string          `json:"id,omitzero"`
	CronExpression string          `json:"cron_expression,omitzero"` // five fields, such as "0 7 * * 1-5"
	Timezone       string          `json:"timezone,omitzero"`        // IANA name; the server takes UTC for none
	WorkItemName   string          `json:"work_item_name,omitzero"`
	Message        string          `json:"message,omitzero"`
	Payload        json.RawMessage `json:"payload,omitzero"`
	Enabled        *bool           `json:"enabled,omitzero"`
	NextRunAt      Time            `json:"next_run_at,omitzero"`
	Extra          RawObject       `json:"-"`
}

func (c *Schedule) check() error {
	if c.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (c *Schedule) UnmarshalJSON(data []byte) error {
	type plain Schedule
	return decodeMembers(data, (*plain)(c), &c.Extra)
}

// MarshalJSON writes the fields, and Extra.
func (c Schedule) MarshalJSON() ([]byte, error) {
	type plain Schedule
	return encodeMembers(plain(c), c.Extra)
}

func (c Schedule) withBody(req request) request {
	body := writable(c, "id", "enabled", "next_run_at")
	return req.withJSON(body).needs(c.CronExpression != "", "a schedule needs a cron expression")
}

// List fetches one page of the schedules of an agent.
func (s *SchedulesService) List(ctx context.Context, agentID string, opts *ListOptions) (*Page[Schedule], error) {
	o := valueOf(opts)
	return s.list(agentID, o).page(ctx, o.Cursor)
}

// All walks the schedules of an agent from opts.Cursor on.
func (s *SchedulesService) All(ctx context.Context, agentID string, opts *ListOptions) iter.Seq2[Schedule, error] {
	o := valueOf(opts)
	return s.list(agentID, o).all(ctx, o.Cursor)
}

func (s *SchedulesService) list(agentID string, o ListOptions) list[Schedule] {
	return newList[Schedule](s.client, cursorParameter, o.Limit, "agents", agentID, "schedules")
}

// Create creates a schedule.
func (s *SchedulesService) Create(ctx context.Context, agentID string, schedule Schedule) (*Schedule, error) {
	return call[Schedule](ctx, s.client, schedule.withBody(post(nil, "agents", agentID, "schedules")))
}

// Get fetches one schedule.
func (s *SchedulesService) Get(ctx context.Context, agentID, id string) (*Schedule, error) {
	return call[Schedule](ctx, s.client, get("agents", agentID, "schedules", id))
}

// Replace replaces all of a schedule: change what Get returned, so that nothing
// is lost.
func (s *SchedulesService) Replace(ctx context.Context, agentID, id string, schedule Schedule) (*Schedule, error) {
	req := schedule.withBody(put(nil, "agents", agentID, "schedules", id))
	return change[Schedule](ctx, s.client, req, get("agents", agentID, "schedules", id))
}

// Delete deletes a schedule.
func (s *SchedulesService) Delete(ctx context.Context, agentID, id string) error {
	return s.client.send(ctx, remove("agents", agentID, "schedules", id))
}
