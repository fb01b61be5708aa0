package restclient

import (
	"context"
	"encoding/json"
)

// WorkItemSummary counts the work items of one agent.
type WorkItemSummary struct {
	AgentID   string                 `json:"agent_id,omitzero"`
	AgentName string                 `json:"agent_name,omitzero"`
	Counts    map[WorkItemStatus]int `json:"work_items_status_counts,omitzero"`
	Extra     RawObject              `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (w *WorkItemSummary) UnmarshalJSON(data []byte) error {
	type plain WorkItemSummary
	return decodeMembers(data, (*plain)(w), &w.Extra)
}

// Summary counts the work items of each agent by their status. Deployments may
// lack it (404, 403).
func (s *WorkItemsService) Summary(ctx context.Context) ([]WorkItemSummary, error) {
	var agents []WorkItemSummary
	for agent, err := range newList[WorkItemSummary](s.client, cursorParameter, 0, "work-items", "summary").whole(0).all(ctx, "") {
		if err != nil {
			return nil, err
		}
		agents = append(agents, agent)
	}
	return agents, nil
}

// The statuses of a [WorkItemTask].
const (
	TaskExecuting = "executing"
	TaskIdle      = "idle"
)

// WorkItemTask is one of the server's hands that take work items.
type WorkItemTask struct {
	ID         string    `json:"task_id,omitzero"`
	Status     string    `json:"status,omitzero"`       // [TaskExecuting] or [TaskIdle]
	WorkItemID string    `json:"work_item_id,omitzero"` // what it works at; empty when idle
	Extra      RawObject `json:"-"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (w *WorkItemTask) UnmarshalJSON(data []byte) error {
	type plain WorkItemTask
	return decodeMembers(data, (*plain)(w), &w.Extra)
}

// Status lists what takes work items now; nil if the server does not tell.
// Deployments may lack it (404, 403).
func (s *WorkItemsService) Status(ctx context.Context) ([]WorkItemTask, error) {
	tasks, err := call[workItemTasks](ctx, s.client, get("work-items", "status"))
	if err != nil {
		return nil, err
	}
	return *tasks, nil
}

// workItemTasks are in {status: [...]}, where null stands for none, or bare.
type workItemTasks []WorkItemTask

func (w *workItemTasks) UnmarshalJSON(data []byte) error {
	if page, err := decodePage[WorkItemTask](data); err == nil {
		*w = page.Items
		return nil
	}
	var wire struct {
		Status []WorkItemTask `json:"status"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*w = wire.Status
	return nil
}
