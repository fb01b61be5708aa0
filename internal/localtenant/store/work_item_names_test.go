package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/sqlitedb"
	"sema4mcp/internal/localtenant/store"
)

// Work items from before their names were indexed are listed and found as before.
func TestWorkItemsFromBeforeTheIndexOfNames(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db, err := sqlitedb.Open(ctx, dir, "tenant")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx, store.Migrations[:4]); err != nil {
		t.Fatal(err)
	}
	_, err = db.Write.ExecContext(ctx, `INSERT INTO work_items (id, status, name, search_name, payload, messages, initial_messages, callbacks, url,
			status_updated_by, created_by, created_at, updated_at, status_updated_at)
		VALUES ('a', 'DRAFT', 'Old One', 'old one', '{}', '[]', '[]', '[]', '', 'SYSTEM', 'local', 'then', 'later', 'then'),
			('b', 'DRAFT', 'Old Two', 'old two', '{}', '[]', '[]', '[]', '', 'SYSTEM', 'local', 'then', 'earlier', 'then')`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	expectNamed(t, s, "old ", "Old One", "Old Two")
	if _, err := s.RenameWorkItem(ctx, "b", "Older", time.Now()); err != nil {
		t.Fatal(err)
	}
	expectNamed(t, s, "OLD", "Older", "Old One")
	expectNamed(t, s, "two")
}

// The index follows what is added, renamed, changed and deleted, however often.
func TestTheIndexOfNamesFollows(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	if err := addAgent(ctx, s, "Clerk"); err != nil {
		t.Fatal(err)
	}
	agents, err := s.Agents(ctx, "", store.Window{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	agent := agents.Items[0].ID
	var ids []string
	for i := range 3 {
		item, err := s.CreateWorkItem(ctx, store.NewWorkItem{AgentID: agent, Name: fmt.Sprintf("Item %d", i), Payload: []byte(`{}`),
			URL: func(string) string { return "" }}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, item.ID)
	}
	expectNamed(t, s, "item", "Item 2", "Item 1", "Item 0")
	for i := range 100 {
		if _, err := s.RenameWorkItem(ctx, ids[0], fmt.Sprintf("Renamed %d", i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	expectNamed(t, s, "item", "Item 2", "Item 1")
	expectNamed(t, s, "named", "Renamed 99")
	if taken, err := s.TakeWorkItem(ctx, time.Now()); err != nil || taken.ID != ids[0] {
		t.Fatalf("taken %+v, %v", taken, err)
	}
	if taken, err := s.TakeWorkItem(ctx, time.Now()); err != nil || taken.ID != ids[1] {
		t.Fatalf("taken %+v, %v", taken, err)
	}
	expectNamed(t, s, "item", "Item 1", "Item 2")
	expectNamed(t, s, "", "Item 1", "Renamed 99", "Item 2")
	if err := s.DeleteAgent(ctx, agent); err != nil {
		t.Fatal(err)
	}
	expectNamed(t, s, "item")
	expectNamed(t, s, "em")
}

func expectNamed(t *testing.T, s *store.Store, part string, want ...string) {
	t.Helper()
	items, err := s.WorkItems(t.Context(), store.WorkItemFilter{Name: part}, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range items {
		got = append(got, item.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("items with %q in their name are %q, want %q", part, got, want)
	}
}
