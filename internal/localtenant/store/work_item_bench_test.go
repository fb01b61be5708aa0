package store_test

import (
	"fmt"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/store"
)

// addWorkItems puts many items of every status into a store.
func addWorkItems(b *testing.B, dir string, count int) *store.Store {
	b.Helper()
	s := open(b, dir)
	db := openFile(b, dir)
	_, err := db.ExecContext(b.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO work_items (id, agent_id, status, name, search_name, payload, messages, initial_messages, callbacks, url,
			status_updated_by, created_by, created_at, updated_at, status_updated_at)
		SELECT 'item-' || i, ?, CASE i % 3 WHEN 0 THEN 'COMPLETED' WHEN 1 THEN 'NEEDS_REVIEW' ELSE 'ERROR' END,
			'Item ' || i, 'item ' || i, '{"n":1}', '[]', '[]', '[]', 'http://x', 'SYSTEM', 'local',
			'2026-01-01T00:00:00.000000+00:00', printf('2026-01-01T00:%02d:00.000000+00:00', i % 60), '2026-01-01T00:00:00.000000+00:00'
		FROM n`, count, agentID)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// A page must cost the same however many items there are.
func BenchmarkWorkItemPage(b *testing.B) {
	for _, count := range []int{200, 100_000} {
		s := addWorkItems(b, b.TempDir(), count)
		for name, filter := range map[string]store.WorkItemFilter{
			"all":      {},
			"agent":    {AgentID: agentID},
			"creator":  {CreatedBy: "local"},
			"status":   {Statuses: []store.WorkItemStatus{store.Completed}},
			"statuses": {Statuses: []store.WorkItemStatus{store.Completed, store.Errored, store.Draft}},
			"both":     {AgentID: agentID, Statuses: []store.WorkItemStatus{store.Completed, store.Errored}},
			"none":     {AgentID: agentID, Statuses: []store.WorkItemStatus{store.Draft}},
			"creators": {CreatedBy: "local", AgentID: agentID, Statuses: []store.WorkItemStatus{store.Completed}},
			"name":     {Name: "tem 1"},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, count), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.WorkItems(b.Context(), filter, 50, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("walk/%d", count), func(b *testing.B) {
			for b.Loop() {
				for offset := 0; offset < count; offset += 100 {
					if items, err := s.WorkItems(b.Context(), store.WorkItemFilter{}, 100, offset); err != nil || len(items) != 100 {
						b.Fatal(len(items), err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(time.Second)/float64(b.N), "s/walk")
		})
	}
}
