package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

func newItem() store.NewWorkItem {
	return store.NewWorkItem{
		AgentID: agentID, Name: "Item", Payload: json.RawMessage(`{"n":1}`),
		Messages: []thread.Message{thread.TextMessage(thread.RoleUser, []string{"hello"}, uuid.NewString, time.Now())},
		URL:      func(id string) string { return "http://tenant/" + id },
	}
}

func create(t testing.TB, s *store.Store) store.WorkItem {
	t.Helper()
	item, err := s.CreateWorkItem(t.Context(), newItem(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func take(t testing.TB, s *store.Store) store.WorkItem {
	t.Helper()
	item, err := s.TakeWorkItem(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func TestMissingWorkItems(t *testing.T) {
	s := open(t, "")
	ctx, now := t.Context(), time.Now()
	nobodys := newItem()
	nobodys.AgentID = "x"
	draft, err := s.DraftWorkItem(ctx, store.WorkItemFile{ID: "f", Name: "a"}, nobodys.URL, now)
	if err != nil {
		t.Fatal(err)
	}
	unknown := store.WorkItem{ID: "x"}
	for name, err := range map[string]error{
		"item":            second(s.WorkItem(ctx, "x")),
		"agent":           second(s.CreateWorkItem(ctx, nobodys, now)),
		"filled":          second(s.FillWorkItem(ctx, "x", newItem(), now)),
		"agent of filled": second(s.FillWorkItem(ctx, draft.ID, nobodys, now)),
		"renamed":         second(s.RenameWorkItem(ctx, "x", "y", now)),
		"attached":        s.AttachToDraft(ctx, "x", store.WorkItemFile{ID: "g", Name: "b"}, now),
		"draft":           s.CheckDraft(ctx, "x"),
		"cancelled":       second(s.ActOnWorkItem(ctx, "x", store.Cancel, now)),
		"restarted":       second(s.ActOnWorkItem(ctx, "x", store.Restart, now)),
		"judged":          second(s.JudgeWorkItem(ctx, unknown, store.Completed, store.ActorAgent, now)),
		"taken":           second(s.TakeWorkItem(ctx, now)),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDrafts(t *testing.T) {
	s := open(t, "")
	ctx, now := t.Context(), time.Now()
	file := store.WorkItemFile{ID: "f1", Name: "a", MIMEType: "text/plain", Size: 3, Hash: "h", BlobID: "b1"}
	draft, err := s.DraftWorkItem(ctx, file, newItem().URL, now)
	if err != nil {
		t.Fatal(err)
	}
	other := file
	other.ID, other.Name = "f2", "b"
	if err := s.AttachToDraft(ctx, draft.ID, other, now); err != nil {
		t.Fatal(err)
	}
	same := file
	same.ID = "f3"
	if err := s.AttachToDraft(ctx, draft.ID, same, now); !errors.Is(err, store.ErrFileExists) {
		t.Errorf("the same name: %v", err)
	}
	if files, err := s.WorkItemFiles(ctx, draft.ID); err != nil || !slices.Equal(files, []store.WorkItemFile{file, other}) {
		t.Errorf("files %v, %v", files, err)
	}
	if _, err := s.FillWorkItem(ctx, draft.ID, newItem(), now); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"filled":   second(s.FillWorkItem(ctx, draft.ID, newItem(), now)),
		"attached": s.AttachToDraft(ctx, draft.ID, store.WorkItemFile{ID: "f4", Name: "c"}, now),
		"checked":  s.CheckDraft(ctx, draft.ID),
	} {
		if !errors.Is(err, store.ErrWorkItemStarted) || !strings.Contains(err.Error(), "PENDING") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A draft whose file cannot be kept is none.
	if _, err := s.DraftWorkItem(ctx, store.WorkItemFile{ID: "f1", Name: "z"}, newItem().URL, now); err == nil {
		t.Error("a file with the id of another was kept")
	}
	if items, err := s.WorkItems(ctx, store.WorkItemFilter{}, 10, 0); err != nil || len(items) != 1 {
		t.Errorf("%d items, %v", len(items), err)
	}
}

func TestItemsAreTakenInTurn(t *testing.T) {
	s := open(t, "")
	ctx := t.Context()
	now := time.Now()
	var ids []string
	for i := range 3 {
		item, err := s.CreateWorkItem(ctx, newItem(), now.Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, item.ID)
	}
	// A rename is no reason to wait longer.
	if _, err := s.RenameWorkItem(ctx, ids[0], "later", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if item := take(t, s); item.ID != id || item.Status != store.Executing || item.Execution != 1 {
			t.Errorf("taken %d: %+v", i, item)
		}
	}
	if left, err := s.ExecutingWorkItems(ctx); err != nil || len(left) != 3 || left[0].ID != ids[0] {
		t.Errorf("executing %v, %v", left, err)
	}
}

// An execution counts until a person, or a later execution, has overtaken it.
func TestOvertakenExecutions(t *testing.T) {
	s := open(t, "")
	ctx, now := t.Context(), time.Now()
	create(t, s)
	first := take(t, s)
	conversation, err := s.BeginWorkItemThread(ctx, first, "thread", first.Messages, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ActOnWorkItem(ctx, first.ID, store.Cancel, now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ActOnWorkItem(ctx, first.ID, store.Restart, now); err != nil {
		t.Fatal(err)
	}
	again := take(t, s)
	if again.Execution != 2 || again.ConversationID != nil {
		t.Errorf("second execution: %+v", again)
	}
	if _, err := s.JudgeWorkItem(ctx, first, store.Completed, store.ActorAgent, now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a late verdict: %v", err)
	}
	if _, err := s.BeginWorkItemThread(ctx, first, "late", nil, nothing); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a late thread: %v", err)
	}
	page, err := s.Conversations(ctx, agentID, store.Window{Limit: 10})
	if err != nil || len(page.Items) != 1 || page.Items[0] != conversation {
		t.Errorf("conversations %v, %v", page.Items, err)
	}
	// The messages of the first thread have their ids still.
	if _, err := s.BeginWorkItemThread(ctx, again, "second", again.Messages, nothing); err != nil {
		t.Error(err)
	}
	judged, err := s.JudgeWorkItem(ctx, again, store.Completed, store.ActorAgent, now)
	if err != nil || judged.Status != store.Completed || *judged.CompletedBy != store.ActorAgent {
		t.Errorf("judged %+v, %v", judged, err)
	}
}

// A thread that cannot be filled is not there, nor is what was put into it.
func TestThreadsThatCannotBeFilled(t *testing.T) {
	s := open(t, "")
	create(t, s)
	item := take(t, s)
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.BeginWorkItemThread(ctx, item, "thread", nil, func(conversationID string) error {
		file := store.NewFile{File: store.File{ID: "blob", Ref: "a.txt", WorkItemID: &item.ID}}
		if err := s.AddConversationFiles(ctx, conversationID, []store.NewFile{file}); err != nil {
			t.Error(err)
		}
		cancel()
		return broken
	})
	if !errors.Is(err, broken) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	page, err := s.Conversations(t.Context(), agentID, store.Window{Limit: 10})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("conversations %v, %v", page.Items, err)
	}
	if ids, err := s.DeletedBlobs(t.Context()); err != nil || !slices.Equal(ids, []string{"blob"}) {
		t.Errorf("bytes to remove: %q, %v", ids, err)
	}
	if item, err := s.WorkItem(t.Context(), item.ID); err != nil || item.ConversationID != nil {
		t.Errorf("item %+v, %v", item, err)
	}
}

func nothing(string) error { return nil }

func TestConcurrentActions(t *testing.T) {
	s := open(t, t.TempDir())
	item := create(t, s)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = s.TakeWorkItem(t.Context(), time.Now())
			} else {
				_, err = s.ActOnWorkItem(t.Context(), item.ID, store.Cancel, time.Now())
			}
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrPrecondition):
				t.Error(err)
			}
		})
	}
	all.Wait()
	// Cancelled at once, or taken up and cancelled then.
	if n := won.Load(); n != 1 && n != 2 {
		t.Errorf("%d transitions", n)
	}
	if got, err := s.WorkItem(t.Context(), item.ID); err != nil || got.Status != store.Cancelled {
		t.Errorf("item %+v, %v", got, err)
	}
}

func TestBrokenWorkItems(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	item := create(t, s)
	db := openFile(t, dir)
	for _, column := range []string{"messages", "initial_messages", "callbacks"} {
		if _, err := db.ExecContext(ctx, `UPDATE work_items SET `+column+` = '['`); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"item": second(s.WorkItem(ctx, item.ID)),
			"list": second(s.WorkItems(ctx, store.WorkItemFilter{}, 1, 0)),
		} {
			if name == "list" && column == "messages" { // which it does not read
				if err != nil {
					t.Errorf("%s with broken %s: %v", name, column, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), item.ID) {
				t.Errorf("%s with broken %s: %v", name, column, err)
			}
		}
		if _, err := db.ExecContext(ctx, `UPDATE work_items SET `+column+` = '[]'`); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(ctx, `UPDATE work_items SET initial_messages = '[{"created_at":5}]'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WorkItem(ctx, item.ID); err == nil || !strings.Contains(err.Error(), "timestamp") {
		t.Errorf("a time that is none: %v", err)
	}

	ended, cancel := context.WithCancel(ctx)
	cancel()
	now := time.Now()
	for name, err := range map[string]error{
		"create":   second(s.CreateWorkItem(ended, newItem(), now)),
		"fill":     second(s.FillWorkItem(ended, item.ID, newItem(), now)),
		"item":     second(s.WorkItem(ended, item.ID)),
		"rename":   second(s.RenameWorkItem(ended, item.ID, "x", now)),
		"list":     second(s.WorkItems(ended, store.WorkItemFilter{}, 1, 0)),
		"count":    second(s.CountWorkItems(ended)),
		"act":      second(s.ActOnWorkItem(ended, item.ID, store.Cancel, now)),
		"take":     second(s.TakeWorkItem(ended, now)),
		"judge":    second(s.JudgeWorkItem(ended, item, store.Completed, store.ActorAgent, now)),
		"left":     second(s.ExecutingWorkItems(ended)),
		"thread":   second(s.BeginWorkItemThread(ended, item, "x", nil, nothing)),
		"draft":    second(s.DraftWorkItem(ended, store.WorkItemFile{}, newItem().URL, now)),
		"attach":   s.AttachToDraft(ended, item.ID, store.WorkItemFile{}, now),
		"checking": s.CheckDraft(ended, item.ID),
		"files":    second(s.WorkItemFiles(ended, item.ID)),
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
}
