package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant/sqlitedb"
	"sema4mcp/internal/localtenant/store"
)

// A page of a list costs the same however long the list is: no list sorts, and none
// reads a table from its beginning.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, "", "plans")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx, store.Migrations); err != nil {
		t.Fatal(err)
	}
	for name, query := range store.ListQueries {
		rows, err := db.Read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		steps := 0
		for ; rows.Next(); steps++ {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(detail, "SCAN") || strings.Contains(detail, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, detail)
			}
		}
		if err := rows.Close(); err != nil || steps == 0 {
			t.Errorf("%s: %d steps, %v", name, steps, err)
		}
	}
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
