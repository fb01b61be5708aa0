package localtenant_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
)

// attachments are files of an item: among them a table, an empty file, and a name
// of many scripts.
var attachments = []formPart{
	file("orders.csv", "id,amount\n1,10\n2,20\n"), file("Übersicht 発注 🚀.txt", "hello"), file("empty.txt", ""), file("empty.csv", ""),
}

// itemWithFiles makes a work item of a draft that has the attachments.
func (c *client) itemWithFiles(files ...formPart) string {
	c.t.Helper()
	id := ""
	for _, f := range files {
		id = c.attach(id, f.name, f.content)
	}
	return c.createItem(object{"agent_id": workerID, "work_item_id": id})
}

// threadOf is the path of an item's conversation.
func threadOf(item object) string {
	return fmt.Sprintf("/agents/%s/conversations/%s", item["agent_id"], item["thread_id"])
}

// checkFiles checks that a conversation has these files of an item, each once.
func (c *client) checkFiles(conversation string, itemID any, files ...formPart) {
	c.t.Helper()
	listed := c.files(conversation)
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	if !slices.Equal(refs(listed), names) {
		c.t.Fatalf("files %q, want %q", refs(listed), names)
	}
	for i, f := range files {
		if got := listed[i]; got["work_item_id"] != itemID || !strings.HasSuffix(conversation, got["thread_id"].(string)) || got["file_size_raw"] != float64(len(f.content)) {
			c.t.Errorf("file %v", got)
		}
		if status, content, _ := c.download(conversation, f.name); status != http.StatusOK || content != f.content {
			c.t.Errorf("%s: status %d, %q", f.name, status, content)
		}
	}
}

func TestAttachmentsAreFilesOfTheThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, withWorker("- say: Done."))
		path := c.itemWithFiles(attachments...)
		item := c.settle(path)
		if item["status"] != "COMPLETED" {
			t.Fatalf("item %v", item)
		}
		thread := threadOf(item)
		c.checkFiles(thread, item["work_item_id"], attachments...)
		if got := c.files(thread)[0]["mime_type"]; got != "text/csv" {
			t.Errorf("type of the table %v", got)
		}
		frames := get[[]object](c, http.MethodGet, thread+"/data-frames?num_samples=-1", "")
		if len(frames) != 1 || frames[0]["name"] != "orders" || frames[0]["input_id_type"] != "file" || frames[0]["file_ref"] != "orders.csv" ||
			encoded(frames[0]["sample_rows"]) != "[[1,10],[2,20]]" {
			t.Errorf("data frames %v", frames)
		}

		// What goes on in the same thread adds nothing.
		c.act(path, "continue")
		if again := c.settle(path); again["thread_id"] != item["thread_id"] {
			t.Errorf("continued in %v", again["thread_id"])
		}
		c.checkFiles(thread, item["work_item_id"], attachments...)
		if frames := get[[]object](c, http.MethodGet, thread+"/data-frames", ""); len(frames) != 1 {
			t.Errorf("continued with data frames %v", frames)
		}
	})
}

// Each thread of an item has files of its own, and so has each item.
func TestAttachmentsOutliveThreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := withWorker("- say: Done.")
		cfg.DataDir = t.TempDir()
		c := start(t, cfg)
		path, other := c.itemWithFiles(attachments...), c.itemWithFiles(attachments[0])
		first, second := c.settle(path), c.settle(other)
		kept := func(want int) {
			t.Helper()
			if got := blobsIn(t, cfg.DataDir); len(got) != want {
				t.Errorf("%d files are kept, want %d", len(got), want)
			}
		}
		kept(2 * 5) // of the items, and of their threads
		get[object](c, http.MethodDelete, threadOf(first), "")
		kept(2*5 - 4)
		c.checkFiles(threadOf(second), second["work_item_id"], attachments[0])

		for _, action := range []string{"continue", "restart"} { // there is no thread to continue in
			c.act(path, action)
			item := c.settle(path)
			if item["thread_id"] == first["thread_id"] || item["status"] != "COMPLETED" {
				t.Errorf("%s: %v", action, item)
			}
			c.checkFiles(threadOf(item), item["work_item_id"], attachments...)
			first = item
		}
		kept(2*5 + 4)
		if status, body, _ := c.do(http.MethodDelete, "/agents/"+workerID, ""); status != http.StatusNoContent {
			t.Fatalf("delete agent: status %d: %s", status, body)
		}
		kept(0)
	})
}

func TestAttachmentsAfterARestartOfTheTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := withWorker("- say: Done.")
		cfg.DataDir = t.TempDir()
		c := start(t, cfg)
		path := c.itemWithFiles(attachments...)
		item := c.settle(path)
		draft := c.attach("", "late.csv", "a\n1\n")
		if err := c.tenant.Close(); err != nil {
			t.Fatal(err)
		}
		c = start(t, cfg)
		c.checkFiles(threadOf(item), item["work_item_id"], attachments...)
		c.act(path, "restart")
		again := c.settle(path)
		c.checkFiles(threadOf(again), item["work_item_id"], attachments...)
		late := c.settle(c.createItem(object{"agent_id": workerID, "work_item_id": draft}))
		c.checkFiles(threadOf(late), draft, file("late.csv", "a\n1\n"))
	})
}

// An item whose bytes are gone fails, and leaves neither a thread nor a file.
func TestAttachmentsWithoutBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := withWorker("- say: Done.")
		cfg.DataDir = t.TempDir()
		var log strings.Builder
		cfg.Logger = zerolog.New(&log)
		c := start(t, cfg)
		draft := c.attach("", "kept.csv", "a\n1\n")
		before := blobsIn(t, cfg.DataDir)
		c.attach(draft, "lost.txt", "x")
		for _, name := range blobsIn(t, cfg.DataDir) {
			if !slices.Contains(before, name) {
				if err := os.Remove(filepath.Join(cfg.DataDir, "files", name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		item := c.settle(c.createItem(object{"agent_id": workerID, "work_item_id": draft}))
		if item["status"] != "ERROR" || item["thread_id"] != nil {
			t.Errorf("item %v", item)
		}
		if got := blobsIn(t, cfg.DataDir); !slices.Equal(got, before) {
			t.Errorf("files %q, before %q", got, before)
		}
		if got := get[listing](c, http.MethodGet, "/agents/"+workerID+"/conversations", ""); len(got.Data) != 0 {
			t.Errorf("conversations %v", got.Data)
		}
		if !strings.Contains(log.String(), "lost.txt") {
			t.Errorf("log %s", log.String())
		}
	})
}
