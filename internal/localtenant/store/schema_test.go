package store_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/sqlitedb"
	"sema4mcp/internal/localtenant/store"
)

// A database from before agents had versions keeps all that is in it.
func TestAgentsFromBeforeVersions(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db, err := sqlitedb.Open(ctx, dir, "tenant")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx, store.Migrations[:1]); err != nil {
		t.Fatal(err)
	}
	_, err = db.Write.ExecContext(ctx, `
		INSERT INTO agents VALUES
			(3, 'a', 'Ärger', 'ärger', 'd', 'r', 'echo', '1', 'worker', 'live', '1', '1', 'local', 'then', 'later'),
			(7, 'b', 'Ärger', 'ärger', '', '', 'scripted', '2', 'conversational', 'live', '1', '1', 'local', 'then', 'then');
		INSERT INTO conversations VALUES (5, 'c', 'a', 'talk');
		INSERT INTO messages VALUES (1, 'm', 'c', 'user', '[]', '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '{}', '{}', NULL, 1, 1);
		INSERT INTO semantic_data_models (id, name, description, model) VALUES ('x', 'one', '', '{}'), ('y', 'two', '', '{}'), ('z', 'three', '', '{}');
		INSERT INTO agent_semantic_data_models VALUES ('a', 'y'), ('a', 'x'), ('b', 'z')`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}

	s, err := store.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := s.Agents(ctx, "ÄR", store.Window{Limit: 10})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("agents %+v, %v", page, err)
	}
	agent := page.Items[0]
	if _, err := uuid.Parse(*agent.LiveVersionID); err != nil || *agent.LiveVersionID == *page.Items[1].LiveVersionID {
		t.Errorf("live versions %q and %q: %v", *agent.LiveVersionID, *page.Items[1].LiveVersionID, err)
	}
	want := store.Agent{
		ID: "a", Name: "Ärger", Description: "d", RunbookText: "r", State: "live", Version: "1", LiveVersionID: agent.LiveVersionID,
		ArchitectureName: "echo", ArchitectureVersion: "1", Mode: "worker", CreatedBy: "local", CreatedAt: "then", UpdatedAt: "later",
	}
	if agent != want {
		t.Errorf("agent %+v, want %+v", agent, want)
	}
	models, err := s.AgentModels(ctx, "a")
	if names := modelNames(models); err != nil || !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("models %q, %v", names, err)
	}
	if all, err := s.AllMessages(ctx, "c"); err != nil || len(all) != 1 {
		t.Errorf("messages %+v, %v", all, err)
	}
	// A conversation of then was held with what is live now: publishing spares it.
	if _, err := s.EditAgent(ctx, "a", time.Now()); err != nil {
		t.Fatal(err)
	}
	published, deleted, err := s.PublishAgent(ctx, "b", time.Now())
	if !errors.Is(err, store.ErrPrecondition) {
		t.Errorf("publish without a draft: %+v, %q, %v", published, deleted, err)
	}
	if _, _, err := s.PublishAgent(ctx, "a", time.Now()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("publish under a name that two agents have: %v", err)
	}
	name := "Anger"
	if _, err := s.ChangeAgent(ctx, "a", store.AgentChange{Name: &name}, time.Now()); err != nil {
		t.Fatal(err)
	}
	published, deleted, err = s.PublishAgent(ctx, "a", time.Now())
	if err != nil || len(deleted) != 0 || published.Version != "2" || published.Name != "Anger" {
		t.Errorf("published %+v, %q, %v", published, deleted, err)
	}
	models, err = s.AgentModels(ctx, "a")
	if names := modelNames(models); err != nil || !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("models of the second version %q, %v", names, err)
	}
}

func modelNames(models []store.Model) []string {
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	return names
}

// The schema that new databases get is the one that old ones are migrated to.
// UPDATE=1 writes it anew.
func TestSchemaIsWhatTheMigrationsComeTo(t *testing.T) {
	ctx := t.Context()
	statements := func(prepare func(*sqlitedb.DB) error) string {
		db, err := sqlitedb.Open(ctx, "", "schema")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := prepare(db); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Read.QueryContext(ctx, `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
			AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') -- a virtual table makes them itself
			ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, tbl_name, name`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var all strings.Builder
		for rows.Next() {
			var statement string
			if err := rows.Scan(&statement); err != nil {
				t.Fatal(err)
			}
			all.WriteString(statement + ";\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all.String()
	}
	migrated := statements(func(db *sqlitedb.DB) error { return db.Migrate(ctx, store.Migrations) })
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("schema.sql", []byte(migrated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	created := statements(func(db *sqlitedb.DB) error { return db.Create(ctx, store.Schema, len(store.Migrations)) })
	if created != migrated || len(created) < 5000 {
		t.Errorf("schema.sql is not what the migrations come to: run this test with UPDATE=1 and read the difference\n%s", created)
	}
}
