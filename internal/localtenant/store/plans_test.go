package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/sqlitedb"
	"sema4mcp/internal/localtenant/store"
)

// A page of a list costs the same however long the list is: no list sorts, and none
// reads a table from its beginning.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	db := emptyTables(t)
	for name, query := range store.ListQueries {
		for _, step := range plan(t, db, query) {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// Every filter of work items follows an index in the order of the list, up to the
// end of the page. A short part of a name is looked for on the way; a longer one is
// followed through the index of names.
func TestWorkItemsAreReadInTheirOrder(t *testing.T) {
	db := emptyTables(t)
	for name, statuses := range map[string][]store.WorkItemStatus{
		"any": nil, "one": {store.Completed}, "several": {store.Completed, store.Errored, store.Draft},
	} {
		for _, agent := range []string{"", agentID} {
			for _, creator := range []string{"", "local"} {
				for _, part := range []string{"", "in", "invoice"} {
					filter := store.WorkItemFilter{AgentID: agent, CreatedBy: creator, Statuses: statuses, Name: part}
					for _, step := range plan(t, db, filter.Query()) {
						inOrder := strings.HasSuffix(step, "INDEX work_items_newest") || strings.HasPrefix(step, "SCAN work_item_names VIRTUAL TABLE") && part == "invoice"
						if strings.HasPrefix(step, "SCAN") && !inOrder || strings.Contains(step, "TEMP B-TREE") {
							t.Errorf("%s status, agent %q, creator %q, name %q: %s", name, agent, creator, part, step)
						}
					}
				}
			}
		}
	}
}

func TestWholeListsReadTheirOwnRows(t *testing.T) {
	db := emptyTables(t)
	for name, query := range store.WholeLists {
		for _, step := range plan(t, db, query) {
			if strings.HasPrefix(step, "SCAN") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

func emptyTables(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), "", "plans")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context(), store.Migrations); err != nil {
		t.Fatal(err)
	}
	return db.Read
}

// plan is what SQLite will do for a query, step by step.
func plan(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil || len(steps) == 0 {
		t.Fatalf("%s: %d steps, %v", query, len(steps), err)
	}
	return steps
}

// Pages of a filtered list are right in a long list as in a short one.
func TestAgentsByNameAmongMany(t *testing.T) {
	s := open(t, "")
	ctx := context.Background()
	for i := range 300 {
		for _, prefix := range []string{"a", "B", "ß"} {
			if err := addAgent(ctx, s, fmt.Sprintf("%s%03d", prefix, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all []string
	window := store.Window{Limit: 70}
	for {
		page, err := s.Agents(ctx, "b", window)
		if err != nil {
			t.Fatal(err)
		}
		for _, agent := range page.Items {
			all = append(all, agent.Name)
		}
		if page.Next == 0 {
			break
		}
		window.After, window.AfterName = page.Next, page.NextName
	}
	for i, name := range all {
		if want := fmt.Sprintf("B%03d", i); name != want {
			t.Errorf("agent %d is %q, want %q", i, name, want)
		}
	}
	if len(all) != 300 {
		t.Errorf("%d agents", len(all))
	}
}
