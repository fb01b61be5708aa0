package restclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWorkItemIsReadWhole(t *testing.T) {
	const wire = `{"work_item_id":"w1","agent_id":null,"status":"PAUSED","thread_id":null,"payload":{"n":5432.0},` +
		`"messages":[],"initial_messages":[{"role":"user","content":[{"kind":"text","text":"q"}]}],` +
		`"callbacks":[{"url":"https://h.example","signature_secret":null,"on_status":"NEW","x":1.0}],"work_item_name":"",` +
		`"completed_by":null,"status_updated_by":"ROBOT","work_item_url":"https://h.example/w1","created_by":"u",` +
		`"created_at":"2026-07-02T09:15:30.5Z","user_id":"u","user_subject":7,"tenant":{"a":[1.0]}}`
	client := serve(t, answer(200, "application/json", wire))
	item, err := client.WorkItems.Get(t.Context(), "w1", nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", item.Status, "PAUSED")
	equal(t, "settled", item.Status.Settled(), true)
	equal(t, "payload", string(item.Payload), `{"n":5432.0}`)
	checkResult(t, item, endpoint{want: wire})
}

func TestSettled(t *testing.T) {
	for status, want := range map[WorkItemStatus]bool{
		WorkItemDraft: false, "PRECREATED": false, WorkItemPending: false, WorkItemExecuting: false, WorkItemNeedsReview: true,
		WorkItemCompleted: true, WorkItemError: true, WorkItemCancelled: true, WorkItemIndeterminate: true, "NEWER": true,
	} {
		equal(t, string(status), status.Settled(), want)
	}
}

func TestActionThatCannotBeReadAfterwards(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	_, err := client.WorkItems.Cancel(t.Context(), "w1")
	if _, ok := errors.AsType[*APIError](err); !ok {
		t.Fatalf("got %v, want an APIError inside", err)
	}
	contains(t, "error", err.Error(), "POST /work-items/w1/cancel was accepted, but what came of it cannot be read: GET /work-items/w1: 404")

	_, err = client.Agents.Publish(t.Context(), "a1", nil)
	contains(t, "error", err.Error(), "the agent is published, but its state cannot be read: GET /agents/a1/state: 404")
	_, err = client.Agents.ImportOver(t.Context(), "a1", strings.NewReader("PK"))
	contains(t, "error", err.Error(), "PUT /agents/a1/import was accepted, but what came of it cannot be read: GET /agents/a1: 404")
}

// progressing answers a work item that becomes status after so many looks.
func progressing(looks int, status WorkItemStatus, asked *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		current := WorkItemExecuting
		if len(*asked) > looks {
			current = status
		}
		_, _ = fmt.Fprintf(w, `{"work_item_id":"w1","status":%q}`, current)
	}
}

func TestWaitLooksInGrowingPauses(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		var asked []string
		client := dial(progressing(5, WorkItemNeedsReview, &asked))
		began := time.Now()
		item, err := client.WorkItems.Wait(t.Context(), "w1", &WorkItemWaitOptions{FirstPause: 2 * time.Second, MaxPause: 4 * time.Second, Results: true})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "status", item.Status, WorkItemNeedsReview)
		equal(t, "waited", time.Since(began), (2+3+4+4+4)*time.Second)
		equal(t, "looks", len(asked), 7)
		equal(t, "last look", asked[6], "/api/v2/work-items/w1?results=true")
	})
}

// statuses answers a work item with one status after the other.
func statuses(asked *[]string, statuses ...WorkItemStatus) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RawQuery)
		_, _ = fmt.Fprintf(w, `{"work_item_id":"w1","status":%q}`, statuses[min(len(*asked), len(statuses))-1])
	}
}

func TestWaitGoesOnWhereTheResultsAreNotSettled(t *testing.T) {
	var asked []string
	client := serve(t, statuses(&asked, WorkItemNeedsReview, WorkItemPending, WorkItemExecuting, WorkItemCompleted, WorkItemCompleted))
	item, err := client.WorkItems.Wait(t.Context(), "w1", &WorkItemWaitOptions{FirstPause: 1, Results: true})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", item.Status, WorkItemCompleted)
	equalSlices(t, "looks", asked, []string{"", "results=true", "", "", "results=true"})
}

func TestWaitForAWorkItemWithoutAStatus(t *testing.T) {
	for name, given := range map[string][]WorkItemStatus{"at once": {""}, "in the results": {WorkItemCompleted, ""}} {
		var asked []string
		client := serve(t, statuses(&asked, given...))
		item, err := client.WorkItems.Wait(t.Context(), "w1", &WorkItemWaitOptions{FirstPause: 1, Results: true})
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		contains(t, name, err.Error(), "does not say what the status")
		equal(t, "last seen", item.ID, "w1")
		equal(t, "looks", len(asked), len(given))
	}
}

func TestWaitByDefaults(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		var asked []string
		client := dial(progressing(20, WorkItemCompleted, &asked))
		began := time.Now()
		if _, err := client.WorkItems.Wait(t.Context(), "w1", nil); err != nil {
			t.Fatal(err)
		}
		equal(t, "looks", len(asked), 21)
		if waited := time.Since(began); waited < 2*time.Minute || waited > 20*15*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		var asked []string
		client := dial(progressing(1e6, WorkItemCompleted, &asked))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		item, err := client.WorkItems.Wait(ctx, "w1", nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the context's error", err)
		}
		equal(t, "error", err.Error(), "the work item is still EXECUTING: context deadline exceeded")
		equal(t, "last seen", item.Status, WorkItemExecuting)
	})
}

func TestWaitThatFails(t *testing.T) {
	for name, failing := range map[string]func(looks int, r *http.Request) bool{
		"at the second look": func(looks int, _ *http.Request) bool { return looks == 2 },
		"at the results":     func(_ int, r *http.Request) bool { return r.URL.RawQuery != "" },
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			next := progressing(1, WorkItemError, &asked)
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if failing(len(asked)+1, r) {
					w.WriteHeader(http.StatusForbidden)
				}
				next(w, r)
			})
			item, err := client.WorkItems.Wait(t.Context(), "w1", &WorkItemWaitOptions{FirstPause: 1, Results: true})
			if refused, ok := errors.AsType[*APIError](err); !ok || refused.StatusCode != http.StatusForbidden {
				t.Fatalf("got %v, want a 403", err)
			}
			equal(t, "last seen", item.ID, "w1")
		})
	}
}

func TestAttachFilesIntoOneDraft(t *testing.T) {
	var asked []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, described(r))
		if len(asked) == 3 {
			answer(400, "application/json", `{"error":{"code":"bad_request","message":"a file of that name is there"}}`)(w, r)
			return
		}
		answer(200, "application/json", `{"work_item_id":"w 1"}`)(w, r)
	})
	file := func(name string) FileUpload {
		return FileUpload{Name: name, ContentType: "text/plain", Content: strings.NewReader(name)}
	}
	id, err := client.WorkItems.AttachFiles(t.Context(), "", file("a"), file("b"), file("b"), file("c"))
	equal(t, "id", id, "w 1")
	contains(t, "error", err.Error(), "a file of that name is there")
	equalSlices(t, "requests", asked, []string{
		"POST /work-items/upload-file multipart/form-data file=a(text/plain):a",
		"POST /work-items/upload-file?work_item_id=w+1 multipart/form-data file=b(text/plain):b",
		"POST /work-items/upload-file?work_item_id=w+1 multipart/form-data file=b(text/plain):b",
	})
	id, err = client.WorkItems.AttachFiles(t.Context(), "w 1", file("d"))
	equal(t, "id", id, "w 1")
	equal(t, "error", err, nil)
	_, err = client.WorkItems.AttachFiles(t.Context(), "")
	contains(t, "error", err.Error(), "there is no file to upload")
}

// presigning is a tenant that wants files at a storage, and that storage.
func presigning(t *testing.T, storage http.HandlerFunc) (client *Client, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		equal(t, "key at the storage", r.Header.Get("Authorization"), "")
		equal(t, "the length is known", r.ContentLength > 0, true)
		*asked = append(*asked, "storage: "+described(r))
		storage(w, r)
	}))
	t.Cleanup(bucket.Close)
	client = serve(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, described(r))
		_, _ = fmt.Fprintf(w, `{"work_item_id":"w1","file_id":"f1","file_ref":"i.pdf",
			"upload_url":"%s/bucket?X-Signature=topsecretsignature","upload_form_data":{"policy":"topsecretpolicy","key":"k"}}`, bucket.URL)
	})
	return client, asked
}

func TestPresignedUpload(t *testing.T) {
	client, asked := presigning(t, answer(204, "", ""))
	content := strings.NewReader("skipped %PDF")
	if _, err := content.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	uploaded, err := client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "i.pdf", ContentType: "application/pdf", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "id", uploaded.WorkItemID, "w1")
	equalSlices(t, "requests", *asked, []string{
		"POST /work-items/upload-file multipart/form-data file=i.pdf(application/pdf):%PDF",
		"storage: POST /bucket?X-Signature=topsecretsignature multipart/form-data key=k policy=topsecretpolicy file=i.pdf(application/pdf):%PDF",
		`POST /work-items/w1/confirm-file application/json {"file_id":"f1","file_ref":"i.pdf"}`,
	})
}

// slowContent stands still in its second Read and tells of a Seek meanwhile.
type slowContent struct {
	*strings.Reader
	t       *testing.T
	reads   int
	reading atomic.Bool
	began   chan struct{}
	release chan struct{}
}

func (c *slowContent) Read(p []byte) (int, error) {
	if c.reads++; c.reads == 2 {
		c.reading.Store(true)
		close(c.began)
		<-c.release
		c.reading.Store(false)
	}
	return c.Reader.Read(p)
}

func (c *slowContent) Seek(offset int64, whence int) (int64, error) {
	if c.reading.Load() {
		c.t.Error("it is sought while it is read")
	}
	return c.Reader.Seek(offset, whence)
}

// answeringEarly answers an upload with another address before it has the file;
// left is called when the client is gone.
func answeringEarly(t *testing.T, content *slowContent, left func()) *Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		answer := fmt.Sprintf(`{"work_item_id":"w1","file_id":"f1","upload_url":"http://%s/tenants/acme/api/v2/bucket"}`, r.Host)
		if r.URL.Path != "/work-items/upload-file" {
			_, _ = io.Copy(io.Discard, r.Body)
			return
		}
		<-content.began
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = io.WriteString(w, answer)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(io.Discard, r.Body)
		left()
	})
}

func newSlowContent(t *testing.T) *slowContent {
	return &slowContent{Reader: strings.NewReader(strings.Repeat("x", 1<<20)), t: t, began: make(chan struct{}), release: make(chan struct{})}
}

func TestPresignedUploadIsNotSoughtWhileItIsRead(t *testing.T) {
	content := newSlowContent(t)
	client := answeringEarly(t, content, func() { close(content.release) })
	if _, err := client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "i.pdf", Content: content}); err != nil {
		t.Error(err)
	}
}

func TestPresignedUploadWaitsNoLongerThanItsContext(t *testing.T) {
	content := newSlowContent(t)
	defer close(content.release)
	ctx, cancel := context.WithCancel(t.Context())
	client := answeringEarly(t, content, cancel)
	uploaded, err := client.WorkItems.UploadFile(ctx, "", FileUpload{Name: "i.pdf", Content: content})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's error", err)
	}
	equal(t, "id", uploaded.WorkItemID, "w1")
}

func TestPresignedUploadToTheOriginOfTheTenantCarriesNoKey(t *testing.T) {
	var keys []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		keys = append(keys, r.URL.Path+" "+r.Header.Get("Authorization"))
		_, _ = fmt.Fprintf(w, `{"work_item_id":"w1","file_id":"f1","upload_url":"http://%s/tenants/acme/api/v2/bucket"}`, r.Host)
	})
	uploaded, err := client.WorkItems.PresignFile(t.Context(), "", "i.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.WorkItems.SendFile(t.Context(), uploaded, FileUpload{Name: "i.pdf", Content: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	equalSlices(t, "requests", keys, []string{"/work-items/upload-file Bearer " + testKey, "/bucket "})
}

func TestPresignedUploadThatIsRefused(t *testing.T) {
	client, asked := presigning(t, answer(403, "application/xml",
		"<Error><Code>SignatureDoesNotMatch</Code><Given>topsecretsignature topsecretpolicy</Given></Error>"))
	uploaded, err := client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "i.pdf", Content: strings.NewReader("x")})
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "status", refused.StatusCode, 403)
	contains(t, "error", err.Error(), "SignatureDoesNotMatch", redactedSecret)
	if shown := err.Error() + fmt.Sprintf("%v %+v %#v", uploaded, *uploaded, *uploaded); strings.Contains(shown, "topsecret") {
		t.Errorf("%s gives a signature away", shown)
	}
	equal(t, "requests", len(*asked), 2)
}

func TestPresignedUploadOfWhatCannotBeReadAgain(t *testing.T) {
	client, asked := presigning(t, answer(204, "", ""))
	_, err := client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "i.pdf", Content: io.MultiReader(strings.NewReader("x"))})
	contains(t, "error", err.Error(), `the file "i.pdf" at another address`, "PresignFile, SendFile and ConfirmFile")
	_, err = client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "i.pdf", Content: &unseekable{strings.NewReader("x"), 4}})
	contains(t, "error", err.Error(), `reading the file "i.pdf": illegal seek`)
	equal(t, "requests", len(*asked), 2)
}

func TestPresignedAddressThatIsNone(t *testing.T) {
	client := serve(t, nil)
	for _, address := range []Secret{"", "/bucket", "ftp://storage.example/x", "https://", "http://%zz"} {
		err := client.WorkItems.SendFile(t.Context(), &WorkItemUpload{UploadURL: address}, FileUpload{Name: "n", Content: strings.NewReader("")})
		if err == nil {
			t.Fatalf("%q: no error", string(address))
		}
		contains(t, "error", err.Error(), "not a URL of the web")
	}
}
