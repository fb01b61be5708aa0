package threadfiles_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/threadfiles"
)

const agentID = "7e570000-0000-4000-8000-00000000000a"

type fixture struct {
	*threadfiles.Keeper
	conversation string
	dir          string
	log          strings.Builder
}

// start makes a keeper and a conversation.
func start(t *testing.T) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	agent := store.NewLiveAgent(agentID, time.Now())
	if err := s.AddAgent(t.Context(), agent, nil); err != nil {
		t.Fatal(err)
	}
	conversation, err := s.CreateConversation(t.Context(), agentID, "talk")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{conversation: conversation.ID, dir: t.TempDir()}
	f.Keeper = &threadfiles.Keeper{Store: s, Blobs: blobs.Open(f.dir), Logger: zerolog.New(&f.log)}
	return f
}

func (f *fixture) blobCount(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// manyRows is more than a data frame keeps back in memory.
var manyRows = "n\n" + strings.Repeat("1\n", 6000)

func add(t *testing.T, batch *threadfiles.Batch, name, content string) {
	t.Helper()
	if err := batch.Add(t.Context(), threadfiles.Source{Name: name, Content: strings.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
}

func TestKeep(t *testing.T) {
	f := start(t)
	batch := f.NewBatch(f.conversation)
	item := "item"
	add(t, batch, "rows.csv", manyRows)
	add(t, batch, "empty.csv", "")
	err := batch.Add(t.Context(), threadfiles.Source{Name: "b", MIMEType: "text/x; a=b", Content: strings.NewReader("x"), WorkItemID: &item})
	if err != nil {
		t.Fatal(err)
	}
	if got := batch.Names(); !slices.Equal(got, []string{"rows.csv", "empty.csv", "b"}) {
		t.Errorf("names %q", got)
	}
	if err := batch.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := f.Store.ConversationFiles(t.Context(), f.conversation)
	if err != nil || len(files) != 3 || files[0].MIMEType != "text/csv" || files[0].WorkItemID != nil || files[2].MIMEType != "text/x; a=b" || *files[2].WorkItemID != item {
		t.Errorf("files %+v, %v", files, err)
	}
	if got := batch.Files(); !reflect.DeepEqual(got, files) || got[0].AgentID != agentID || got[0].ConversationID != f.conversation {
		t.Errorf("the batch has %+v, and kept %+v", got, files)
	}
	frames, err := f.Store.DataFrames(t.Context(), f.conversation, 0)
	if err != nil || len(frames) != 1 || frames[0].Name != "rows" || frames[0].NumRows != 6000 {
		t.Errorf("frames %+v, %v", frames, err)
	}
	if !strings.Contains(f.log.String(), "file has no data frame") {
		t.Errorf("log %s", f.log.String())
	}
}

// What does not get into the conversation leaves nothing anywhere.
func TestDiscard(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		spoil func(t *testing.T, f *fixture, batch *threadfiles.Batch) error
		want  error
	}{
		"a source that breaks": {func(t *testing.T, _ *fixture, batch *threadfiles.Batch) error {
			return batch.Add(t.Context(), threadfiles.Source{Name: "x", Content: iotest.ErrReader(broken)})
		}, broken},
		"a conversation that is gone": {func(t *testing.T, f *fixture, batch *threadfiles.Batch) error {
			if _, err := f.Store.DeleteConversation(t.Context(), agentID, f.conversation); err != nil {
				t.Fatal(err)
			}
			return batch.Keep(t.Context())
		}, store.ErrNotFound},
		"a caller that is gone": {func(t *testing.T, _ *fixture, batch *threadfiles.Batch) error {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			return batch.Keep(ended)
		}, context.Canceled},
		"bytes that are gone": {func(t *testing.T, f *fixture, batch *threadfiles.Batch) error {
			add(t, batch, "lost.csv", "a\n1\n")
			entries, err := os.ReadDir(f.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				if err := f.Blobs.Delete(strings.TrimSuffix(entry.Name(), ".blob")); err != nil {
					t.Fatal(err)
				}
			}
			return batch.Keep(t.Context())
		}, os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			batch := f.NewBatch(f.conversation)
			add(t, batch, "a.csv", manyRows)
			if err := test.spoil(t, f, batch); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := batch.Discard(ended); err != nil {
				t.Error(err)
			}
			frames, err := f.Store.DataFrames(t.Context(), f.conversation, 0)
			if got := f.blobCount(t); got != 0 || err != nil || len(frames) != 0 {
				t.Errorf("%d files and %v are left, %v", got, frames, err)
			}
		})
	}
}

func TestSweep(t *testing.T) {
	f := start(t)
	batch := f.NewBatch(f.conversation)
	add(t, batch, "a.txt", "x")
	if err := batch.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.Sweep(t.Context())
	if got := f.blobCount(t); got != 1 {
		t.Errorf("%d files of a conversation that is there", got)
	}
	if _, err := f.Store.DeleteConversation(t.Context(), agentID, f.conversation); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f.Sweep(ended)
	if ids, err := f.Store.DeletedBlobs(t.Context()); f.blobCount(t) != 0 || err != nil || len(ids) != 0 {
		t.Errorf("%d files, %q to remove, %v", f.blobCount(t), ids, err)
	}
	if f.log.Len() != 0 {
		t.Errorf("log %s", f.log.String())
	}
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	f.Sweep(t.Context())
	if !strings.Contains(f.log.String(), "cannot remove deleted files") {
		t.Errorf("log %s", f.log.String())
	}
}
