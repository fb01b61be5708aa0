package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
)

// WorkItemFilter chooses work items; its zero value chooses all.
type WorkItemFilter struct {
	AgentID   string
	CreatedBy string
	Statuses  []WorkItemStatus // any of them
	Name      string           // a part of the name, in any case
}

// WorkItems lists work items without their messages, last updated first: at most
// limit, after the first offset.
func (s *Store) WorkItems(ctx context.Context, f WorkItemFilter, limit, offset int) ([]WorkItem, error) {
	page, arguments := f.query()
	// The inner query walks an index; only the rows of the page are read.
	rows, err := s.db.Read.QueryContext(ctx, `SELECT position, `+listedColumns+` FROM work_items
		WHERE position IN (SELECT position FROM (`+page+`))
		ORDER BY updated_at DESC, position DESC`, append(arguments, limit, offset)...)
	if err != nil {
		return nil, fmt.Errorf("list work items: %w", err)
	}
	return collectWorkItems(rows)
}

// query chooses position and updated_at of a page, whose LIMIT and OFFSET are the
// last two arguments.
func (f *WorkItemFilter) query() (string, []any) {
	chosen, arguments := f.chosen()
	return chosen + ` ORDER BY updated_at DESC, position DESC LIMIT ? OFFSET ?`, arguments
}

// chosen are all items that the filter lets pass. Several statuses are a union
// of what each chooses: SQLite merges the parts in order and stops at the page's
// end, where IN would sort all they have.
func (f *WorkItemFilter) chosen() (string, []any) {
	var conditions []string
	var common []any
	add := func(condition string, argument any) {
		conditions, common = append(conditions, condition), append(common, argument)
	}
	if f.AgentID != "" {
		add("agent_id = ?", f.AgentID)
	}
	if f.CreatedBy != "" {
		add("created_by = ?", f.CreatedBy)
	}
	if f.Name != "" {
		add("instr(search_name, ?) > 0", searchName(f.Name))
	}
	if len(f.Statuses) == 0 {
		return part(conditions), common
	}
	parts := make([]string, len(f.Statuses))
	var arguments []any
	for i, status := range f.Statuses {
		parts[i] = part(append([]string{"status = ?"}, conditions...))
		arguments = append(append(arguments, status), common...)
	}
	return strings.Join(parts, " UNION ALL "), arguments
}

func part(conditions []string) string {
	query := `SELECT position, updated_at FROM work_items`
	if len(conditions) > 0 {
		query += ` WHERE ` + strings.Join(conditions, " AND ")
	}
	return query
}

func collectWorkItems(rows *sql.Rows) ([]WorkItem, error) {
	stored, err := collect(rows, math.MaxInt, (*workItemRow).fields)
	if err != nil {
		return nil, err
	}
	items := make([]WorkItem, len(stored.Items))
	for i := range stored.Items {
		if items[i], err = stored.Items[i].item(); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// WorkItemCounts says how many work items of each status an agent has.
type WorkItemCounts struct {
	AgentID   string                 `json:"agent_id"`
	AgentName string                 `json:"agent_name"`
	Counts    map[WorkItemStatus]int `json:"work_items_status_counts"`
}

// CountWorkItems counts the items of each agent that has any; drafts belong to
// none.
func (s *Store) CountWorkItems(ctx context.Context) ([]WorkItemCounts, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT counted.agent_id, v.name, counted.status, counted.items FROM
		(SELECT agent_id, status, COUNT(*) AS items FROM work_items WHERE agent_id IS NOT NULL GROUP BY agent_id, status) counted
		JOIN agents ON agents.id = counted.agent_id JOIN agent_versions v ON v.id = `+usersVersion+` ORDER BY agents.position`)
	if err != nil {
		return nil, fmt.Errorf("count work items: %w", err)
	}
	defer rows.Close()
	all := []WorkItemCounts{}
	for rows.Next() {
		var agent WorkItemCounts
		var status WorkItemStatus
		var items int
		if err := rows.Scan(&agent.AgentID, &agent.AgentName, &status, &items); err != nil {
			return nil, fmt.Errorf("count work items: %w", err)
		}
		if len(all) == 0 || all[len(all)-1].AgentID != agent.AgentID {
			agent.Counts = map[WorkItemStatus]int{}
			all = append(all, agent)
		}
		all[len(all)-1].Counts[status] = items
	}
	return all, rows.Err()
}
