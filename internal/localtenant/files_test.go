package localtenant_test

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant"
)

// upload sends files into a conversation and gives what is answered.
func (c *client) upload(conversation string, files ...formPart) []object {
	c.t.Helper()
	sender, body := c.form(files...)
	return get[[]object](sender, http.MethodPost, conversation+"/files", body)
}

func (c *client) refuseUpload(status int, conversation string, files ...formPart) string {
	c.t.Helper()
	sender, body := c.form(files...)
	return sender.refuse(status, http.MethodPost, conversation+"/files", body)
}

func (c *client) files(conversation string) []object {
	c.t.Helper()
	return get[[]object](c, http.MethodGet, conversation+"/files", "")
}

func (c *client) download(conversation, ref string) (int, string, http.Header) {
	c.t.Helper()
	status, body, header := c.do(http.MethodGet, conversation+"/files/download?file_ref="+url.QueryEscape(ref), "")
	return status, string(body), header
}

func refs(files []object) []string {
	all := []string{}
	for _, f := range files {
		all = append(all, f["file_ref"].(string))
	}
	return all
}

func TestFiles(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	if got := c.files(conversation); got == nil || len(got) != 0 {
		t.Errorf("a new conversation has files: %v", got)
	}
	names := []string{"notes.txt", "Übersicht – 2026 🚀.pdf", "with space.bin", `quo"te.txt`, "empty"}
	contents := []string{"hello", "%PDF-1.7 x", "\x00\x01", "q", ""}
	var files []formPart
	for i := range names {
		files = append(files, file(names[i], contents[i]))
	}
	uploaded := c.upload(conversation, files...)
	if got := c.files(conversation); fmt.Sprint(got) != fmt.Sprint(uploaded) || !slices.Equal(refs(got), names) {
		t.Errorf("listed %v, uploaded %v", got, uploaded)
	}
	first := uploaded[0]
	if _, err := uuid.Parse(first["file_id"].(string)); err != nil || first["agent_id"] != localtenant.EchoID ||
		!strings.HasSuffix(conversation, first["thread_id"].(string)) || first["mime_type"] != "text/plain" || first["file_size_raw"] != 5.0 ||
		first["file_hash"] != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" || first["created_at"] == "" {
		t.Errorf("file %v: %v", first, err)
	}
	for _, key := range []string{"file_path", "embedded", "file_path_expiration", "user_id", "file_url", "work_item_id"} {
		if _, ok := first[key]; !ok {
			t.Errorf("the file has no %s", key)
		}
	}
	for i, name := range names {
		status, body, header := c.download(conversation, name)
		if status != http.StatusOK || body != contents[i] || header.Get("Content-Length") != fmt.Sprint(len(contents[i])) {
			t.Errorf("%s: status %d, %q, %v", name, status, body, header)
		}
		if _, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition")); err != nil || parameters["filename"] != name {
			t.Errorf("%s: %q, %v", name, header.Get("Content-Disposition"), err)
		}
	}
}

func TestMediaTypesOfFiles(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	for _, test := range []struct {
		file formPart
		want string
	}{
		{typed("a", "image/webp", "x"), "image/webp"},
		{typed("b", "text/plain; charset=latin1", "x"), "text/plain; charset=latin1"},
		{typed("c.csv", "application/octet-stream", "a"), "text/csv"},
		{typed("d", "nonsense", "\x89PNG\r\n\x1a\n"), "image/png"},
		{typed("e", "", "words"), "text/plain; charset=utf-8"},
		{typed("F.JSON", "", "{}"), "application/json"},
		{typed("g", "", "\x00\x01"), "application/octet-stream"},
	} {
		if got := c.upload(conversation, test.file)[0]["mime_type"]; got != test.want {
			t.Errorf("%v: %v, want %s", test.file, got, test.want)
		}
		if _, _, header := c.download(conversation, test.file.name); header.Get("Content-Type") != test.want {
			t.Errorf("%v: downloaded as %s", test.file, header.Get("Content-Type"))
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	c := start(t, localtenant.Config{})
	for sent, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\Users\me\report.pdf`: "report.pdf", "/abs/x": "x", " padded ": "padded", "dir/": "dir",
		"%2e%2e": "%2e%2e", "a\tb": "ab", strings.Repeat("é", 255): strings.Repeat("é", 255), "…": "…",
	} {
		if got := c.upload(c.converse(localtenant.EchoID), file(sent, "x"))[0]["file_ref"]; got != want {
			t.Errorf("%q is called %q, want %q", sent, got, want)
		}
	}
	conversation := c.converse(localtenant.EchoID)
	for name, says := range map[string]string{
		"": "needs a name", "..": "needs a name", ".": "needs a name", "/": "needs a name", `a\..`: "needs a name", "\t": "needs a name",
		strings.Repeat("é", 256): "not be longer than 255",
	} {
		if got := c.refuseUpload(http.StatusUnprocessableEntity, conversation, file("good", "x"), file(name, "x")); !strings.Contains(got, says) {
			t.Errorf("%q: %q", name, got)
		}
	}
	if got := c.files(conversation); len(got) != 0 {
		t.Errorf("of refused uploads there are %v", refs(got))
	}
}

func TestFilesAreReplacedByName(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	conversation, other := c.converse(localtenant.EchoID), c.converse(localtenant.EchoID)
	c.upload(other, file("a.csv", "x\n9"))
	first := c.upload(conversation, file("a.csv", "x\n1"), file("b", "2"))
	second := c.upload(conversation, file("a.csv", "x\n3\n4"))
	if first[0]["file_id"] == second[0]["file_id"] {
		t.Error("another content under the same id")
	}
	if got := refs(c.files(conversation)); !slices.Equal(got, []string{"b", "a.csv"}) {
		t.Errorf("files %q", got)
	}
	if _, body, _ := c.download(conversation, "a.csv"); body != "x\n3\n4" {
		t.Errorf("content %q", body)
	}
	if frames := c.frames(conversation, "?num_samples=-1"); len(frames) != 1 || frames[0]["name"] != "a" || frames[0]["num_rows"] != 2.0 {
		t.Errorf("frames %v", frames)
	}
	if _, body, _ := c.download(other, "a.csv"); body != "x\n9" {
		t.Errorf("another conversation's file: %q", body)
	}
	if got := len(blobsIn(t, dir)); got != 3 {
		t.Errorf("%d files on the disk, want 3", got)
	}
	get[object](c, http.MethodDelete, conversation, "")
	if got := len(blobsIn(t, dir)); got != 1 {
		t.Errorf("after the conversation, %d files on the disk, want 1", got)
	}
}

func TestFilesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	tenant, err := localtenant.New(t.Context(), localtenant.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	conversation := c.converse(localtenant.EchoID)
	before := c.upload(conversation, file("a.csv", "x\n1"))
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(dir, "files", uuid.NewString()+".blob")
	if err := os.WriteFile(stray, []byte("what a crash left"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := changeStored(t, dir, `INSERT INTO data_frames (id, conversation_id, name, description, input_id_type, columns, num_rows, created_at, complete)
		SELECT 'half', id, 'half', '', 'file', '[]', 0, '', 0 FROM conversations`); err != nil {
		t.Fatal(err)
	}
	c = start(t, localtenant.Config{DataDir: dir})
	if after := c.files(conversation); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("files %v, want %v", after, before)
	}
	if _, body, _ := c.download(conversation, "a.csv"); body != "x\n1" {
		t.Errorf("content %q", body)
	}
	if got := c.rows(conversation, "a", ""); fmt.Sprint(got) != "[map[x:1]]" {
		t.Errorf("rows %v", got)
	}
	if got := len(blobsIn(t, dir)); got != 1 {
		t.Errorf("%d files on the disk", got)
	}
}

func TestRangesOfFiles(t *testing.T) {
	c := start(t, localtenant.Config{})
	conversation := c.converse(localtenant.EchoID)
	c.upload(conversation, file("a.txt", "0123456789"))
	path := conversation + "/files/download?file_ref=a.txt"
	status, body, header := c.with("Range", "bytes=2-4").do(http.MethodGet, path, "")
	if status != http.StatusPartialContent || string(body) != "234" || header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("status %d, %q, %v", status, body, header)
	}
	if got := c.with("Range", "bytes=20-").refuse(http.StatusRequestedRangeNotSatisfiable, http.MethodGet, path, ""); !strings.Contains(got, "no such range") {
		t.Errorf("message %q", got)
	}
	status, _, _ = c.with("If-None-Match", header.Get("ETag")).do(http.MethodGet, path, "")
	if status != http.StatusNotModified {
		t.Errorf("status %d for a file that is known", status)
	}
	if status, body, header := c.do(http.MethodHead, path, ""); status != http.StatusOK || len(body) != 0 || header.Get("Content-Length") != "10" {
		t.Errorf("HEAD: status %d, %d bytes, %v", status, len(body), header)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	conversation := c.converse(localtenant.EchoID)
	foreign := strings.Replace(conversation, localtenant.EchoID, localtenant.UnicodeID, 1)
	c.upload(conversation, file("kept", "x"))
	unknown := "/agents/" + localtenant.EchoID + "/conversations/%2e%2e%2f🚀"
	for _, path := range []string{foreign, unknown, "/agents/x/conversations/y"} {
		c.refuseUpload(http.StatusNotFound, path, file("a", "x"))
		c.refuse(http.StatusNotFound, http.MethodGet, path+"/files", "")
		c.refuse(http.StatusNotFound, http.MethodGet, path+"/files/download?file_ref=kept", "")
	}
	for query, status := range map[string]int{"": 422, "?file_ref=": 422, "?file_ref=..%2Ftenant.sqlite": 404, "?file_ref=KEPT": 404, "?file_ref=" + url.QueryEscape("🚀"): 404} {
		c.refuse(status, http.MethodGet, conversation+"/files/download"+query, "")
	}
	if got := c.refuseUpload(http.StatusUnprocessableEntity, conversation); !strings.Contains(got, "files: is required") {
		t.Errorf("no parts: %q", got)
	}
	if got := c.refuseUpload(http.StatusUnprocessableEntity, conversation, fileIn("file", "a", "x")); !strings.Contains(got, "files: is required") {
		t.Errorf("another field: %q", got)
	}
	if got := c.refuseUpload(http.StatusUnprocessableEntity, conversation, file("a", "x"), file("x/a", "y")); !strings.Contains(got, `"a" is there twice`) {
		t.Errorf("twice: %q", got)
	}
	if got := c.refuseUpload(http.StatusUnprocessableEntity, conversation, manyFiles(101)...); !strings.Contains(got, "more than 100") {
		t.Errorf("many: %q", got)
	}
	c.refuse(http.StatusBadRequest, http.MethodPost, conversation+"/files", `{"files":[]}`)
	sender, body := c.form(file("a", "x"), file("b", strings.Repeat("y", 10_000)))
	sender.refuse(http.StatusBadRequest, http.MethodPost, conversation+"/files", body[:5000])
	if got := refs(c.files(conversation)); !slices.Equal(got, []string{"kept"}) || len(blobsIn(t, dir)) != 1 {
		t.Errorf("files %q, %d on the disk", got, len(blobsIn(t, dir)))
	}
	status, answer, header := c.do(http.MethodDelete, conversation+"/files", "")
	if status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, POST" {
		t.Errorf("status %d: %s", status, answer)
	}
	// A file whose bytes are gone is not found; a disk that fails is our fault.
	if err := os.RemoveAll(filepath.Join(dir, "files")); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := c.download(conversation, "kept"); status != http.StatusNotFound {
		t.Errorf("status %d: %s", status, body)
	}
	if err := os.WriteFile(filepath.Join(dir, "files"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.refuseUpload(http.StatusInternalServerError, conversation, file("a", "x"))
	if status, body, _ := c.download(conversation, "kept"); status != http.StatusInternalServerError {
		t.Errorf("status %d: %s", status, body)
	}
}

func manyFiles(n int) []formPart {
	files := make([]formPart, n)
	for i := range files {
		files[i] = file(fmt.Sprint(i), "x")
	}
	return files
}

// A large upload is refused when the limit is reached, without ever being in
// memory.
func TestLargeUpload(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	conversation := c.converse(localtenant.EchoID)
	const size = 200 << 20
	sender, head := c.form(file("small", "x"), file("large.csv", ""))
	end := strings.LastIndex(head, "\r\n--")
	read := &counter{r: io.LimitReader(endless{}, size)}
	body := io.MultiReader(strings.NewReader(head[:end]), read, strings.NewReader(head[end:]))
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.base+conversation+"/files", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = sender.header
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := c.http.Do(request)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(answer), "large.csv") {
		t.Errorf("status %d: %s, %v", response.StatusCode, answer, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d bytes were allocated meanwhile", grown)
	}
	if n := read.n.Load(); n != size { // else the sender might hear nothing but a cut connection
		t.Errorf("%d bytes were read", n)
	}
	if got := c.files(conversation); len(got) != 0 || len(blobsIn(t, dir)) != 0 {
		t.Errorf("files %v, %d on the disk", got, len(blobsIn(t, dir)))
	}
}

// counter counts what is read of r, also while that goes on.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func removeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// endless is a text of the letter x.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestUploadsAtOnce(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	conversation := c.converse(localtenant.EchoID)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			sender, body := c.form(file("same.csv", fmt.Sprintf("n\n%d", i)), file(fmt.Sprintf("%d.csv", i), "n\n1\n2"))
			if status, answer, _ := sender.do(http.MethodPost, conversation+"/files", body); status != http.StatusOK {
				t.Errorf("status %d: %s", status, answer)
			}
		})
	}
	all.Wait()
	if got := c.files(conversation); len(got) != 13 || len(blobsIn(t, dir)) != 13 {
		t.Errorf("%d files, %d on the disk", len(got), len(blobsIn(t, dir)))
	}
	if got := c.frames(conversation, ""); len(got) != 13 {
		t.Errorf("%d frames", len(got))
	}
}

// Whoever uploads hears of the own file, and whoever downloads gets one, while
// others replace it.
func TestFilesThatAreReplacedMeanwhile(t *testing.T) {
	c := start(t, localtenant.Config{DataDir: t.TempDir()})
	conversation := c.converse(localtenant.EchoID)
	c.upload(conversation, file("same", "x"))
	var uploads, downloads sync.WaitGroup
	for i := range 4 {
		uploads.Go(func() {
			content := strings.Repeat("x", i+1)
			for range 25 {
				sender, body := c.form(file("same", content))
				status, answer, _ := sender.do(http.MethodPost, conversation+"/files", body)
				if status != http.StatusOK || !strings.Contains(string(answer), fmt.Sprintf(`"file_size_raw":%d,`, len(content))) {
					t.Errorf("%d bytes were sent; status %d: %s", len(content), status, answer)
				}
			}
		})
	}
	over := make(chan struct{})
	for range 2 {
		downloads.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if status, body, _ := c.download(conversation, "same"); status != http.StatusOK || strings.Trim(body, "x") != "" {
					t.Errorf("download: status %d: %s", status, body)
				}
			}
		})
	}
	uploads.Wait()
	close(over)
	downloads.Wait()
}
