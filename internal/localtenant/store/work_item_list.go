package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
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
		WHERE revision IN (SELECT revision FROM (`+page+`)) ORDER BY revision DESC`, append(arguments, limit, offset)...)
	if err != nil {
		return nil, fmt.Errorf("list work items: %w", err)
	}
	return collectWorkItems(rows)
}

// query chooses the revisions of a page, whose LIMIT and OFFSET are the last two
// arguments.
func (f *WorkItemFilter) query() (string, []any) {
	chosen, arguments := f.chosen()
	return chosen + ` ORDER BY revision DESC LIMIT ? OFFSET ?`, arguments
}

// chosen are the revisions of all items that the filter lets pass.
func (f *WorkItemFilter) chosen() (string, []any) {
	name := searchName(f.Name)
	if utf8.RuneCountInString(name) >= shortestIndexed {
		return f.named(name)
	}
	where := f.conditions()
	if name != "" {
		where = where.and("instr(search_name, ?) > 0", name)
	}
	const items = `SELECT revision FROM work_items`
	if len(f.Statuses) == 0 {
		return items + where.clause(), where.arguments
	}
	// Several statuses are a union of what each chooses: SQLite merges the parts in
	// order and stops at the page's end, where IN would sort all they have.
	parts := make([]string, len(f.Statuses))
	var arguments []any
	for i, status := range f.Statuses {
		with := where.and("status = ?", status)
		parts[i] = items + with.clause()
		arguments = append(arguments, with.arguments...)
	}
	return strings.Join(parts, " UNION ALL "), arguments
}

// shortestIndexed is how many characters a text must have to be found by trigrams.
const shortestIndexed = 3

// named walks the index of names, and looks at the items that it finds there.
func (f *WorkItemFilter) named(name string) (string, []any) {
	where := f.conditions().and("work_item_names.name MATCH ?", `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	if len(f.Statuses) > 0 {
		statuses := make([]any, len(f.Statuses))
		for i, status := range f.Statuses {
			statuses[i] = status
		}
		where = where.and("status IN ("+marks(len(statuses))+")", statuses...)
	}
	// CROSS JOIN keeps the order of the tables, and with it that of the revisions.
	return `SELECT work_item_names.rowid AS revision FROM work_item_names
		CROSS JOIN work_items ON work_items.revision = work_item_names.rowid` + where.clause(), where.arguments
}

// conditions must all hold of what is chosen.
type conditions struct {
	texts     []string
	arguments []any
}

func (f *WorkItemFilter) conditions() conditions {
	var where conditions
	if f.AgentID != "" {
		where = where.and("agent_id = ?", f.AgentID)
	}
	if f.CreatedBy != "" {
		where = where.and("created_by = ?", f.CreatedBy)
	}
	return where
}

func (c conditions) and(text string, arguments ...any) conditions {
	return conditions{slices.Concat(c.texts, []string{text}), slices.Concat(c.arguments, arguments)}
}

func (c conditions) clause() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
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
