package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

const agentID = "7e570000-0000-4000-8000-00000000000a"

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	agent := store.NewLiveAgent(agentID, time.Now())
	agent.Name = "Agent"
	if err := s.AddAgent(t.Context(), agent, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// openFile opens the file of a store in dir from outside.
func openFile(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func addAgent(ctx context.Context, s *store.Store, name string) error {
	agent := store.NewLiveAgent(uuid.NewString(), time.Now())
	agent.Name = name
	return s.AddAgent(ctx, agent, nil)
}

func TestWhatIsMissing(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	message := thread.UserMessage("m", "c", "x", time.Now())
	for name, err := range map[string]error{
		"agent":                   second(s.Agent(ctx, "x")),
		"replaced agent":          s.ReplaceAgent(ctx, store.NewLiveAgent("x", time.Now()), nil),
		"agent's state":           second(s.AgentState(ctx, "x")),
		"edited agent":            second(s.EditAgent(ctx, "x", time.Now())),
		"changed agent":           second(s.ChangeAgent(ctx, "x", store.AgentChange{}, time.Now())),
		"discarded draft":         second(s.DiscardDraft(ctx, "x")),
		"deleted agent":           s.DeleteAgent(ctx, "x"),
		"packaged agent":          second(s.PackagedAgent(ctx, "x")),
		"imported draft":          second(s.ImportDraft(ctx, "x", store.Import{}, time.Now())),
		"agent to attach to":      s.AttachModel(ctx, "x", "m", time.Now()),
		"model to attach":         s.AttachModel(ctx, agentID, "x", time.Now()),
		"model to detach":         s.DetachModel(ctx, agentID, "x", time.Now()),
		"server to attach":        s.AttachMCPServer(ctx, agentID, "x", time.Now()),
		"server to detach":        s.DetachMCPServer(ctx, agentID, "x", time.Now()),
		"attached models":         second(s.EditedModels(ctx, "x", store.Window{Limit: 1})),
		"attached servers":        second(s.EditedMCPServers(ctx, "x", store.Window{Limit: 1})),
		"server":                  second(s.MCPServer(ctx, "x")),
		"replaced server":         second(s.ReplaceMCPServer(ctx, "x", time.Now(), nil)),
		"deleted server":          s.DeleteMCPServer(ctx, "x"),
		"schedules":               second(s.Schedules(ctx, "x", store.Window{Limit: 1})),
		"schedule":                second(s.Schedule(ctx, agentID, "x")),
		"agent to schedule":       second(s.CreateSchedule(ctx, "x", store.Schedule{})),
		"replaced schedule":       s.ReplaceSchedule(ctx, agentID, store.Schedule{ID: "x"}),
		"deleted schedule":        s.DeleteSchedule(ctx, agentID, "x"),
		"conversations":           second(s.Conversations(ctx, "x", store.Window{Limit: 1})),
		"conversation":            second(s.Conversation(ctx, agentID, "x")),
		"agent of a conversation": second(s.CreateConversation(ctx, "x", "name")),
		"deleted conversation":    second(s.DeleteConversation(ctx, agentID, "x")),
		"message":                 s.SaveMessage(ctx, "x", message),
		"saved data frame":        s.SaveDataFrame(ctx, "x", thread.DataFrame{Name: "f"}, time.Now()),
		"data frame":              second(s.DataFrame(ctx, "x", "f")),
		"model": s.AddAgent(ctx, store.NewLiveAgent("7e570000-0000-4000-8000-00000000000b", time.Now()),
			[]string{"x"}),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestMessagesGrow(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	conversation, err := s.CreateConversation(ctx, agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	composer := thread.NewComposer("m1", "r1", time.Now(), func() string { return "c" }, func(thread.Delta) {})
	for _, piece := range []string{"one", " two"} {
		composer.Text(piece)
		if err := s.SaveMessage(ctx, conversation.ID, composer.Message(time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveMessage(ctx, conversation.ID, thread.UserMessage("m2", "c", "x", time.Now())); err != nil {
		t.Fatal(err)
	}
	all, err := s.AllMessages(ctx, conversation.ID)
	if err != nil || len(all) != 2 || all[0].Text() != "one two" || all[0].Complete || *all[0].ParentRunID != "r1" || !all[1].Complete {
		t.Errorf("messages %+v, %v", all, err)
	}
}

func TestDataFrames(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	conversation, err := s.CreateConversation(ctx, agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][][]any{{{int64(1), "x"}}, {{int64(1) << 60, nil}, {2.5, "é"}}} {
		frame := thread.DataFrame{Name: "f", SQLQuery: "SELECT 1", Columns: []string{"a", "b"}, Rows: rows}
		if err := s.SaveDataFrame(ctx, conversation.ID, frame, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.DataFrame(ctx, conversation.ID, "f")
	if err != nil || got.NumRows != 2 || got.NumColumns != 2 || !slices.Equal(got.ColumnHeaders, []string{"a", "b"}) || *got.SQLQuery != "SELECT 1" {
		t.Errorf("frame %+v, %v", got, err)
	}
	rows, err := s.DataFrameRows(ctx, got.ID, store.Slice{Limit: 10, OrderBy: store.Unordered})
	if want := `[[1152921504606846976,null] [2.5,"é"]]`; err != nil || fmt.Sprintf("%s", rows) != want {
		t.Errorf("rows %s, %v; want %s", rows, err, want)
	}
	unencodable := thread.DataFrame{Name: "g", Rows: [][]any{{func() {}}}}
	if err := s.SaveDataFrame(ctx, conversation.ID, unencodable, time.Now()); err == nil {
		t.Error("a row that is no JSON was saved")
	}
	if _, err := s.DeleteConversation(ctx, agentID, conversation.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DataFrame(ctx, conversation.ID, "f"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after its conversation: %v", err)
	}
}

func TestModels(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	for _, description := range []string{"first", "second"} {
		if err := s.AddModel(ctx, store.Model{ID: "m", Name: "sales", Description: description, Definition: json.RawMessage(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	agent, err := s.Agent(ctx, agentID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceAgent(ctx, agent, []string{"m"}); err != nil {
		t.Fatal(err)
	}
	got, err := s.AgentModels(ctx, agentID)
	if err != nil || len(got) != 1 || got[0].Description != "first" || string(got[0].Definition) != "{}" {
		t.Errorf("models %+v, %v", got, err)
	}
}

// A database that fails, or holds what it should not, is an error and no panic.
func TestBrokenDatabases(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	conversation, err := s.CreateConversation(ctx, agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMessage(ctx, conversation.ID, thread.UserMessage("m", "c", "x", time.Now())); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDataFrame(ctx, conversation.ID, thread.DataFrame{Name: "f"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, err := s.CreateMCPServer(ctx, store.MCPServer{Name: "s"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	db := openFile(t, dir)
	for _, test := range []struct {
		statement string
		read      func() error
		says      string
	}{
		{`UPDATE messages SET updated_at = 'late'`, func() error { return second(s.AllMessages(ctx, conversation.ID)) }, "timestamp"},
		{`UPDATE messages SET created_at = 'early'`, func() error { return second(s.AllMessages(ctx, conversation.ID)) }, "timestamp"},
		{`UPDATE messages SET complete = 'maybe'`, func() error { return second(s.AllMessages(ctx, conversation.ID)) }, "read row"},
		{`UPDATE data_frames SET columns = '[', complete = 1`, func() error { return second(s.DataFrames(ctx, conversation.ID, 1)) }, "columns"},
		{`UPDATE data_frames SET columns = '['`, func() error { return second(s.DataFrame(ctx, conversation.ID, "f")) }, "columns"},
		{`UPDATE mcp_servers SET args = '['`, func() error { return second(s.MCPServer(ctx, server.ID)) }, "read MCP server"},
		{`UPDATE mcp_servers SET env = '{"a":1}'`, func() error { return second(s.MCPServers(ctx, store.Window{Limit: 1})) }, "read MCP server"},
		{`UPDATE mcp_servers SET headers = '['`, func() error { return second(s.MCPServer(ctx, server.ID)) }, "read MCP server"},
	} {
		if _, err := db.ExecContext(ctx, test.statement); err != nil {
			t.Fatal(err)
		}
		if err := test.read(); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("after %s: %v", test.statement, err)
		}
	}

	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range map[string]error{
		"agents":        second(s.Agents(ended, "", store.Window{Limit: 1})),
		"agent":         second(s.Agent(ended, agentID)),
		"add agent":     s.AddAgent(ended, store.NewLiveAgent("x", time.Now()), nil),
		"conversations": second(s.Conversations(ended, agentID, store.Window{Limit: 1})),
		"create":        second(s.CreateConversation(ended, agentID, "x")),
		"messages":      second(s.AllMessages(ended, conversation.ID)),
		"save message":  s.SaveMessage(ended, conversation.ID, thread.UserMessage("n", "c", "x", time.Now())),
		"save frame":    s.SaveDataFrame(ended, conversation.ID, thread.DataFrame{Name: "g"}, time.Now()),
		"models":        second(s.AgentModels(ended, agentID)),
		"add model":     s.AddModel(ended, store.Model{ID: "x"}),
		"agents named":  second(s.Agents(ended, "x", store.Window{Limit: 1})),
		"create agent":  second(s.CreateAgent(ended, store.NewAgent{}, time.Now())),
		"edit agent":    second(s.EditAgent(ended, agentID, time.Now())),
		"discard draft": second(s.DiscardDraft(ended, agentID)),
		"agent state":   second(s.AgentState(ended, agentID)),
		"delete agent":  s.DeleteAgent(ended, agentID),
		"package":       second(s.PackagedAgent(ended, agentID)),
		"import":        second(s.ImportAgent(ended, store.Import{}, time.Now())),
		"attach":        s.AttachModel(ended, agentID, "x", time.Now()),
		"servers":       second(s.MCPServers(ended, store.Window{Limit: 1})),
		"live servers":  second(s.AgentMCPServers(ended, agentID)),
		"server":        second(s.MCPServer(ended, "x")),
		"create server": second(s.CreateMCPServer(ended, store.MCPServer{}, time.Now())),
		"schedules":     second(s.Schedules(ended, agentID, store.Window{Limit: 1})),
		"blobs":         second(s.BlobIDs(ended)),
		"deleted blobs": second(s.DeletedBlobs(ended)),
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
}

// The servers of an agent come with their secrets, which its mind sends.
func TestAgentMCPServers(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	address, secret := "http://h/mcp", "s3cret"
	headers := map[string]store.ServerValue{
		"Authorization": {Value: &secret},
		"X-Token":       {Type: "oauth2-secret", Value: &secret, Provider: "idp", Scopes: []string{"read"}},
	}
	server, err := s.CreateMCPServer(ctx, store.MCPServer{Name: "crm", URL: &address, Transport: "sse", Headers: headers}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AttachMCPServer(ctx, agentID, server.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	if servers, err := s.AgentMCPServers(ctx, agentID); err != nil || len(servers) != 0 {
		t.Errorf("before the draft is published: %d servers, %v", len(servers), err)
	}
	if _, _, err := s.PublishAgent(ctx, agentID, time.Now()); err != nil {
		t.Fatal(err)
	}
	servers, err := s.AgentMCPServers(ctx, agentID)
	if err != nil || len(servers) != 1 {
		t.Fatalf("%d servers, %v", len(servers), err)
	}
	if got := servers[0]; *got.URL != address || !reflect.DeepEqual(got.Headers, headers) || *got.Headers["Authorization"].Value != secret {
		t.Errorf("server %+v", got)
	}
}

func TestSameJSON(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[2]}`, `{ "b": [2], "a": 1 }`, true},
		{`{"a":"<"}`, `{"a":"\u003c"}`, true},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":12345678901234567890}`, `{"a":12345678901234567891}`, false},
		{`{`, `{`, false},
	} {
		if got := store.SameJSON(json.RawMessage(test.a), json.RawMessage(test.b)); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
