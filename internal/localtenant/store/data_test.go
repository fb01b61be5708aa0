package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/sqlitedb"
	"sema4mcp/internal/localtenant/store"
)

// A database from before data frames had their rows apart is brought up to date.
func TestOlderDataFramesAreMigrated(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	db, err := sqlitedb.Open(ctx, dir, "tenant")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx, store.FirstSchema); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Write.ExecContext(ctx, `
		INSERT INTO agents (id, name, search_name, description, runbook_text, architecture_name, architecture_version, mode, state, version, created_by, created_at, updated_at)
			VALUES ('a', 'A', 'a', '', '', 'echo', '1', 'conversational', 'live', '1', '', '', '');
		INSERT INTO conversations (id, agent_id, name) VALUES ('c', 'a', 'talk');
		INSERT INTO semantic_data_models (id, name, description, model) VALUES ('m', 'sales', '', '{"tables":[{}]}');
		INSERT INTO data_frames (id, conversation_id, name, sql_query, columns, rows, created_at) VALUES
			('f', 'c', 'full', 'SELECT 1', '["a","b"]', '[[1152921504606846977,"é"],[2.50,null],[{"x":[1]},true]]', 'now'),
			('e', 'c', 'empty', 'SELECT 2', '["a"]', '[]', 'now'),
			('n', 'c', 'none', 'SELECT 3', 'null', 'null', 'now')`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	frames, err := s.DataFrames(ctx, "c", 10)
	if err != nil || len(frames) != 3 {
		t.Fatalf("%+v, %v", frames, err)
	}
	for i, want := range []string{
		`f full [a b] 3 [[1152921504606846977,"é"] [2.50,null] [{"x":[1]},true]]`, `e empty [a] 0 []`, `n none [] 0 []`,
	} {
		f := frames[i]
		if got := fmt.Sprintf("%s %s %s %d %s", f.ID, f.Name, f.ColumnHeaders, f.NumRows, f.SampleRows); got != want || f.InputIDType != store.FromSQL || *f.SQLDialect != "sqlite" {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if model, err := s.Model(ctx, "m"); err != nil || model.Source != "seed" {
		t.Errorf("%+v, %v", model, err)
	}
}

func TestFramesAreSeenWhenTheyAreWhole(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	conversation, err := s.CreateConversation(ctx, agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(rows int) *store.FrameWriter {
		w := s.NewFrame(conversation.ID, store.DataFrame{Name: "f", ColumnHeaders: []string{"n"}, InputIDType: store.FromFile})
		for i := range rows {
			if err := w.Append(ctx, []any{i}); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}
	count := func() (rows int) {
		db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM data_frame_rows`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	w := begin(12_000)
	if frames, err := s.DataFrames(ctx, conversation.ID, 1); err != nil || len(frames) != 0 || count() != 10_000 {
		t.Errorf("half a frame: %v, %v, %d rows", frames, err, count())
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, dropped := range []*store.FrameWriter{w, begin(1)} {
		if err := dropped.Discard(ended); err != nil {
			t.Error(err)
		}
	}
	if count() != 0 {
		t.Errorf("%d rows of what was dropped", count())
	}
	file := func(id, ref string, rows int) store.NewFile {
		return store.NewFile{File: store.File{ID: id, Ref: ref}, Frame: begin(rows)}
	}
	if err := s.AddConversationFiles(ctx, conversation.ID, []store.NewFile{file("1", "a.csv", 6000), file("2", "b.csv", 0)}); err != nil {
		t.Fatal(err)
	}
	frames, err := s.DataFrames(ctx, conversation.ID, 1)
	if err != nil || len(frames) != 2 || frames[0].NumRows != 6000 || frames[1].Name != "f_2" || *frames[1].FileRef != "b.csv" {
		t.Errorf("frames %+v, %v", frames, err)
	}
	rows, err := s.DataFrameRows(ctx, frames[0].ID, store.Slice{Offset: 5998, Limit: 5, OrderBy: store.Unordered})
	if err != nil || fmt.Sprintf("%s", rows) != "[[5998] [5999]]" {
		t.Errorf("rows %s, %v", rows, err)
	}
	// All files or none.
	both := []store.NewFile{file("3", "a.csv", 1), file("3", "c.csv", 1)}
	if err := s.AddConversationFiles(ctx, conversation.ID, both); err == nil {
		t.Error("two files with one id were added")
	}
	if files, err := s.ConversationFiles(ctx, conversation.ID); err != nil || len(files) != 2 || files[0].ID != "1" {
		t.Errorf("files %+v, %v", files, err)
	}
	w = begin(6000)
	if _, err := s.DeleteConversation(ctx, agentID, conversation.ID); err != nil {
		t.Fatal(err)
	}
	if count() != 0 {
		t.Errorf("%d rows without a conversation", count())
	}
	for range 4000 { // up to the next part
		err = w.Append(ctx, []any{1})
	}
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("append to what is gone: %v", err)
	}
	if err := s.AddConversationFiles(ctx, conversation.ID, []store.NewFile{{File: store.File{ID: "4"}}}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file for what is gone: %v", err)
	}
	deleted, err := s.DeletedBlobs(ctx)
	if err != nil || !slices.Equal(deleted, []string{"1", "2"}) {
		t.Errorf("deleted %q, %v", deleted, err)
	}
	if err := s.ForgetDeletedBlobs(ctx, deleted); err != nil {
		t.Fatal(err)
	}
	if deleted, err := s.DeletedBlobs(ctx); err != nil || len(deleted) != 0 {
		t.Errorf("deleted %q, %v", deleted, err)
	}
	if known, err := s.BlobIDs(ctx); err != nil || len(known) != 0 {
		t.Errorf("known %v, %v", known, err)
	}
}

func TestDataConnections(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	for _, c := range []store.DataConnection{
		{ID: "1", Name: "ÄRGER", Configuration: json.RawMessage(`{"password":"x"}`)},
		{ID: "2", Name: "ärger", Configuration: json.RawMessage(`{}`), Tags: []string{"a"}},
		{ID: "1", Name: "again"},
	} {
		if err := s.AddDataConnection(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := s.DataConnectionIDs(ctx, "Ärger"); err != nil || !slices.Equal(ids, []string{"1", "2"}) {
		t.Errorf("ids %q, %v", ids, err)
	}
	if c, err := s.DataConnection(ctx, "1"); err != nil || c.Name != "ÄRGER" || string(c.Configuration) != `{"password":"x"}` || c.Tags == nil {
		t.Errorf("%+v, %v", c, err)
	}
	read := store.DataConnection{ID: "2", UpdatedAt: "", Configuration: json.RawMessage(`{}`)}
	changed := store.DataConnection{ID: "2", Name: "changed", UpdatedAt: "now", Configuration: json.RawMessage(`{}`)}
	if err := s.ReplaceDataConnection(ctx, read, changed); err != nil {
		t.Error(err)
	}
	otherwise := changed
	otherwise.Configuration = json.RawMessage(`{"password":"old"}`)
	for _, old := range []store.DataConnection{read, otherwise} {
		if err := s.ReplaceDataConnection(ctx, old, read); !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "send the change again") {
			t.Errorf("over what is no longer so: %v", err)
		}
	}
	if c, err := s.DataConnection(ctx, "2"); err != nil || c.Name != "changed" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, model := range []store.Model{
		{ID: "m", Name: "good", Definition: json.RawMessage(`{"tables":[{"base_table":{"data_connection_id":"1"}}]}`)},
		{ID: "n", Name: "no text", Definition: json.RawMessage(`{"data_connection_id":2}`)},
		{ID: "o", Name: "broken", Definition: json.RawMessage(`{`)},
	} {
		if err := s.AddModel(ctx, model); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteDataConnection(ctx, "1"); !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "good") {
		t.Errorf("in use: %v", err)
	}
	if err := s.DeleteModel(ctx, "m"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if err := s.DeleteDataConnection(ctx, id); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsMissingAmongData(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	for name, err := range map[string]error{
		"connection":          second(s.DataConnection(ctx, "x")),
		"replaced connection": s.ReplaceDataConnection(ctx, store.DataConnection{}, store.DataConnection{ID: "x"}),
		"deleted connection":  s.DeleteDataConnection(ctx, "x"),
		"model":               second(s.Model(ctx, "x")),
		"replaced model":      s.ReplaceModel(ctx, store.Model{ID: "x"}),
		"deleted model":       s.DeleteModel(ctx, "x"),
		"file":                second(s.ConversationFile(ctx, "x", "y")),
		"rows":                second(s.DataFrameRows(ctx, "x", store.Slice{})),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range map[string]error{
		"connections":        second(s.DataConnections(ended, store.Window{Limit: 1})),
		"connection":         second(s.DataConnection(ended, "x")),
		"connection ids":     second(s.DataConnectionIDs(ended, "x")),
		"add connection":     s.AddDataConnection(ended, store.DataConnection{ID: "x"}),
		"replace connection": s.ReplaceDataConnection(ended, store.DataConnection{}, store.DataConnection{ID: "x"}),
		"delete connection":  s.DeleteDataConnection(ended, "x"),
		"models":             second(s.Models(ended, store.Window{Limit: 1})),
		"model":              second(s.Model(ended, "x")),
		"replace model":      s.ReplaceModel(ended, store.Model{ID: "x"}),
		"delete model":       s.DeleteModel(ended, "x"),
		"add agent's model":  s.AddAgentModel(ended, agentID, store.Model{ID: "x"}, time.Now()),
		"files":              second(s.ConversationFiles(ended, "x")),
		"file":               second(s.ConversationFile(ended, "x", "y")),
		"add files":          s.AddConversationFiles(ended, "x", []store.NewFile{{}}),
		"blobs":              second(s.BlobIDs(ended)),
		"deleted blobs":      second(s.DeletedBlobs(ended)),
		"forget blobs":       s.ForgetDeletedBlobs(ended, []string{"x"}),
		"frames":             second(s.DataFrames(ended, "x", 1)),
		"frame":              second(s.DataFrame(ended, "x", "y")),
		"rows":               second(s.DataFrameRows(ended, "x", store.Slice{})),
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
	for _, broken := range []string{`UPDATE data_connections SET tags = '['`} {
		dir := t.TempDir()
		s := open(t, dir)
		if err := s.AddDataConnection(ctx, store.DataConnection{ID: "x"}); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, broken); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"one": second(s.DataConnection(ctx, "x")), "all": second(s.DataConnections(ctx, store.Window{Limit: 1}))} {
			if err == nil || !strings.Contains(err.Error(), "tags") {
				t.Errorf("%s after %s: %v", name, broken, err)
			}
		}
	}
}

func TestUniqueNames(t *testing.T) {
	if got := store.UniqueNames([]string{"a", "b", "a", "a_2", "a", ""}); !slices.Equal(got, []string{"a", "b", "a_2", "a_2_2", "a_3", ""}) {
		t.Errorf("names %q", got)
	}
}
