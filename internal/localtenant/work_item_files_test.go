package localtenant_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"sema4mcp/internal/localtenant"
)

// attach sends a file and gives the id of its item.
func (c *client) attach(id, name, content string) string {
	c.t.Helper()
	sender, body := c.form(fileIn("file", name, content))
	path := "/work-items/upload-file"
	if id != "" {
		path += "?work_item_id=" + id
	}
	return get[map[string]string](sender, http.MethodPost, path, body)["work_item_id"]
}

func TestUploadsMakeDrafts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cfg := withWorker("- say: \"{{message}}\"")
		cfg.DataDir = dir
		c := start(t, cfg)
		id := c.attach("", "invoice 1 é🚀.pdf", "%PDF")
		draft := c.item("/work-items/" + id)
		if draft["status"] != "DRAFT" || draft["agent_id"] != nil || draft["thread_id"] != nil || draft["work_item_name"] != "" || encoded(draft["payload"]) != "{}" {
			t.Errorf("draft %v", draft)
		}
		if again := c.attach(id, "second.txt", ""); again != id {
			t.Errorf("the second file went to %s", again)
		}
		sender, body := c.form(fileIn("file", "../../etc/third.txt", "x"), value("work_item_id", " "+id+"\n"))
		if got := get[map[string]string](sender, http.MethodPost, "/work-items/upload-file", body); got["work_item_id"] != id {
			t.Errorf("with the id after the file: %v", got)
		}
		if got := len(blobsIn(t, dir)); got != 3 {
			t.Errorf("%d files are kept", got)
		}
		filled := get[object](c, http.MethodPost, "/work-items", encoded(object{"agent_id": workerID, "work_item_id": id, "payload": object{"n": 1}, "work_item_name": "Filled"}))
		if filled["work_item_id"] != id || filled["status"] != "PENDING" || filled["created_at"] != draft["created_at"] {
			t.Errorf("filled: %v", filled)
		}
		item := c.settle("/work-items/" + id)
		const want = "Work item payload:\n\n{\"n\":1}\n\nAttached files:\n\n- invoice 1 é🚀.pdf\n- second.txt\n- third.txt"
		if item["status"] != "COMPLETED" || lastText(item) != want {
			t.Errorf("item %v", item)
		}
		got := c.refuse(http.StatusBadRequest, http.MethodPost, "/work-items", encoded(object{"agent_id": workerID, "work_item_id": id}))
		if !strings.Contains(got, "COMPLETED") {
			t.Errorf("filled twice: %q", got)
		}
	})
}

// A file of a work item is called, and taken for, what it would be in a
// conversation.
func TestWorkItemFilesAreKeptAsOthers(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	conversation := c.converse(localtenant.EchoID)
	for _, sent := range []formPart{
		{field: "file", name: `..\..\evil.txt`, content: "x"},
		{field: "file", name: "../a", mimeType: "TEXT/Plain;charset=latin1", content: "x"},
		{field: "file", name: "b", mimeType: "nonsense <script>", content: "\x89PNG\r\n\x1a\n"},
		{field: "file", name: "c.csv", mimeType: "application/octet-stream", content: "a"},
		{field: "file", name: "d", content: ""},
	} {
		sender, body := c.form(sent)
		id := get[map[string]string](sender, http.MethodPost, "/work-items/upload-file", body)["work_item_id"]
		kept := stored[string](t, dir, `SELECT name || ': ' || mime_type FROM work_item_files WHERE work_item_id = ?`, id)
		sent.field = "files"
		other := c.upload(conversation, sent)[0]
		if want := fmt.Sprintf("%s: %s", other["file_ref"], other["mime_type"]); kept != want {
			t.Errorf("%+v: %s, want %s", sent, kept, want)
		}
	}
}

func TestBadUploads(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	draft := c.attach("", "a.txt", "x")
	started := c.attach("", "a.txt", "x")
	c.act("/work-items/"+started, "cancel")
	kept := len(blobsIn(t, dir))
	file := fileIn("file", "b.txt", "x")
	for name, test := range map[string]struct {
		query  string
		parts  []formPart
		status int
		says   string
	}{
		"no file":            {"", []formPart{value("other", "x")}, 422, "body -> file: is required"},
		"nothing":            {"", nil, 422, "body -> file: is required"},
		"a name, presigned":  {"", []formPart{value("file", "b.txt")}, 400, "send the file itself"},
		"two files":          {"", []formPart{file, fileIn("file", "c.txt", "x")}, 400, "one file at a time"},
		"same name":          {"?work_item_id=" + draft, []formPart{fileIn("file", "a.txt", "y")}, 400, "a.txt"},
		"started, in query":  {"?work_item_id=" + started, []formPart{file}, 400, "CANCELLED"},
		"started, in form":   {"", []formPart{file, value("work_item_id", started)}, 400, "CANCELLED"},
		"unknown, in query":  {"?work_item_id=%2e%2e%2f🚀", []formPart{file}, 404, "not found"},
		"unknown, in form":   {"", []formPart{value("work_item_id", "../x"), file}, 404, "not found"},
		"two ids":            {"?work_item_id=" + draft, []formPart{file, value("work_item_id", started)}, 422, "differs"},
		"long name":          {"", []formPart{fileIn("file", strings.Repeat("ü", 256), "x")}, 422, "longer than 255"},
		"no name of its own": {"", []formPart{fileIn("file", "..", "x")}, 422, "needs a name"},
	} {
		sender, body := c.form(test.parts...)
		got := sender.refuse(test.status, http.MethodPost, "/work-items/upload-file"+test.query, body)
		if !strings.Contains(got, test.says) {
			t.Errorf("%s: %q does not say %q", name, got, test.says)
		}
	}
	sender, body := c.form(file)
	contentType := sender.header.Get("Content-Type")
	for name, test := range map[string]struct{ contentType, body, says string }{
		"JSON":             {"application/json", `{"file":"b.txt"}`, "multipart/form-data"},
		"cut in the file":  {contentType, body[:strings.Index(body, "\r\nx")+3], "could not be read to its end"},
		"cut before it":    {contentType, body[:20], "could not be read to its end"},
		"without boundary": {"multipart/form-data", body, "multipart/form-data"},
	} {
		got := c.with("Content-Type", test.contentType).refuse(http.StatusBadRequest, http.MethodPost, "/work-items/upload-file", test.body)
		if !strings.Contains(got, test.says) {
			t.Errorf("%s: %q does not say %q", name, got, test.says)
		}
	}
	if got := len(blobsIn(t, dir)); got != kept {
		t.Errorf("%d files are kept, %d were", got, kept)
	}
	if got := get[recordList](c, http.MethodGet, "/work-items", ""); len(got.Records) != 2 {
		t.Errorf("%d items", len(got.Records))
	}
}

// A file that is too large is refused in an answer, not by a broken connection.
func TestLargeUploads(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	const limit = 100 << 20
	for size, want := range map[int64]int{limit: http.StatusOK, limit + 1<<20: http.StatusBadRequest} {
		head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.bin\"\r\n\r\n"
		body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader("\r\n--b--\r\n"))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/work-items/upload-file", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = c.with("Content-Type", "multipart/form-data; boundary=b").header
		response, err := c.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%d bytes: status %d: %s", size, response.StatusCode, answer)
		}
	}
	if got := len(blobsIn(t, dir)); got != 1 {
		t.Errorf("%d files are kept", got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestConfirmFile(t *testing.T) {
	c := start(t, localtenant.Config{})
	path := "/work-items/" + c.attach("", "a.txt", "x") + "/confirm-file"
	for _, test := range []struct {
		path, body string
		status     int
		says       string
	}{
		{path, `{"file_ref":"a.txt","file_id":"f"}`, 400, "complete at once"},
		{path, `{"file_ref":"a.txt"}`, 422, "body -> file_id: is required"},
		{path, `{"file_ref":1,"file_id":" "}`, 422, "body -> file_ref: must be a string; body -> file_id: must not be empty"},
		{path, `x`, 400, "not JSON"},
		{"/work-items/unknown/confirm-file", `{"file_ref":"a.txt","file_id":"f"}`, 404, "unknown"},
	} {
		if got := c.refuse(test.status, http.MethodPost, test.path, test.body); !strings.Contains(got, test.says) {
			t.Errorf("%s: %q does not say %q", test.body, got, test.says)
		}
	}
}
