package contracttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"sema4mcp/internal/contracttest"
)

func post(t *testing.T, client *http.Client, url, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// form makes a multipart body of fields; a name that ends in ! is a file's.
func form(t *testing.T, fields ...string) (contentType, body string) {
	t.Helper()
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	for _, field := range fields {
		name, content, _ := strings.Cut(field, "=")
		name, file := strings.CutSuffix(name, "!")
		create := w.CreateFormField
		if file {
			create = func(name string) (io.Writer, error) { return w.CreateFormFile(name, "a.txt") }
		}
		part, err := create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), buffer.String()
}

func TestForms(t *testing.T) {
	const stored = `{"work_item_id":"` + id + `"}`
	for name, test := range map[string]struct {
		fields []string
		change func(contentType, body string) (string, string)
		says   []string
	}{
		"a file":            {fields: []string{"file!=x"}},
		"a file and an id":  {fields: []string{"work_item_id=" + id, "file!=x"}},
		"a name for a file": {fields: []string{"file=x"}},
		"a big file":        {fields: []string{"file!=" + strings.Repeat("x", 2<<20)}},
		"no file":           {fields: []string{"data!=x"}, says: []string{"(uploadWorkItemFile)", `property "file" is missing`}},
		"no form": {fields: []string{"file!=x"}, says: []string{"body is not a form"},
			change: func(contentType, body string) (string, string) { return contentType, body[:len(body)-9] }},
		"no boundary": {fields: []string{"file!=x"}, says: []string{"no boundary"},
			change: func(_, body string) (string, string) { return "multipart/form-data", body }},
		"JSON": {says: []string{"application/json is not listed"},
			change: func(_, _ string) (string, string) { return "application/json", "{}" }},
	} {
		t.Run(name, func(t *testing.T) {
			contentType, body := form(t, test.fields...)
			if test.change != nil {
				contentType, body = test.change(contentType, body)
			}
			for _, put := range places {
				to := &recorder{}
				s := sample{request: "POST /work-items/upload-file", header: "Content-Type: " + contentType, body: body, reply: stored}
				client, base := put(t, contracttest.New(to), http.HandlerFunc(s.serve))
				s.send(t, client, base)
				to.expect(t, test.says...)
			}
		})
	}
}

// A field that may come again is a list.
func TestFormWithManyFiles(t *testing.T) {
	contentType, body := form(t, "files!=x", "files!=y")
	s := sample{request: "POST " + files, header: "Content-Type: " + contentType, body: body, reply: "[]"}
	to := &recorder{}
	client, base := places["transport"](t, contracttest.New(to), http.HandlerFunc(s.serve))
	s.send(t, client, base)
	to.expect(t)
}

// A handler that answers before it has read the request cannot be said to have
// taken a wrong one.
func TestUnreadRequest(t *testing.T) {
	for status, says := range map[int][]string{http.StatusRequestEntityTooLarge: nil, http.StatusOK: nil, http.StatusAccepted: {"status 202 is not listed"}} {
		s := sample{request: "POST " + conversations, body: `{"nothing":1}`, reply: conversation}
		if status >= 400 {
			s.reply = envelope
		}
		to := &recorder{}
		client, base := places["handler"](t, contracttest.New(to), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, s.reply)
		}))
		s.send(t, client, base)
		to.expect(t, says...)
	}
}

// Of what is large, in either direction, little is held in memory.
func TestBigBodiesPass(t *testing.T) {
	const size = 64 << 20
	contentType, head := form(t, "files!=")
	start, end, _ := strings.Cut(head, "\r\n\r\n")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodPost {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "[]")
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.Copy(w, io.LimitReader(zeros{}, size))
	})
	for place, put := range places {
		t.Run(place, func(t *testing.T) {
			to := &recorder{}
			client, base := put(t, contracttest.New(to), handler)
			upload := io.MultiReader(strings.NewReader(start+"\r\n\r\n"), io.LimitReader(zeros{}, size), strings.NewReader(end))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for _, request := range []*http.Request{
				newRequest(t, http.MethodPost, base+"/api/v2"+files, upload),
				newRequest(t, http.MethodGet, base+"/api/v2"+files+"/download?file_ref=a", nil),
			} {
				request.Header.Set("Content-Type", contentType)
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
				t.Errorf("%d MiB allocated for %d MiB that passed", allocated>>20, 2*size>>20)
			}
			to.expect(t)
		})
	}
}

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	return request
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// JSON beyond the bound is not checked but for its head.
func TestBigJSON(t *testing.T) {
	reply := `{"ok":"` + strings.Repeat("x", 2<<20) + `"}`
	s := sample{request: "GET /ok", reply: reply}
	to := &recorder{}
	client, base := places["transport"](t, contracttest.New(to), http.HandlerFunc(s.serve))
	s.send(t, client, base)
	to.expect(t)
}

// A transport may send a request a second time from GetBody.
func TestRequestThatIsSentAgain(t *testing.T) {
	to := &recorder{}
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.CopyN(io.Discard, r.Body, 5)
		again, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, again)
		return answer(r, conversation), nil
	})
	client := &http.Client{Transport: contracttest.New(to).Wrap(next)}
	post(t, client, "http://x/api/v2"+conversations, `{"name":"x"}`).Body.Close()
	to.expect(t)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// Errors of the transport and of the context come through as they are.
func TestErrorsPass(t *testing.T) {
	to := &recorder{}
	broken := errors.New("broken")
	transport := contracttest.New(to).Wrap(roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Context().Err() != nil {
			return nil, context.Cause(r.Context())
		}
		return nil, broken
	}))
	if _, err := transport.RoundTrip(newRequest(t, http.MethodGet, "http://x/nothing", nil)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := transport.RoundTrip(newRequest(t, http.MethodGet, "http://x/nothing", nil).WithContext(ctx)); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	to.expect(t)
}

// A client may close an answer it has read no more of than it needs.
func TestAnswerClosedEarly(t *testing.T) {
	for name, test := range map[string]struct {
		read int64
		says []string
	}{
		"before its end": {read: 3},
		"at its end":     {read: int64(len(`{"ok":1}`)), says: []string{"/ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			to := &recorder{}
			transport := contracttest.New(to).Wrap(roundTrip(func(r *http.Request) (*http.Response, error) { return answer(r, `{"ok":1}`), nil }))
			response, err := transport.RoundTrip(newRequest(t, http.MethodGet, "http://x/api/v2/ok", nil))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.CopyN(io.Discard, response.Body, test.read)
			response.Body.Close()
			to.expect(t, test.says...)
		})
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	closed := 0
	next := struct {
		roundTrip
		closer
	}{nil, func() { closed++ }}
	for _, transport := range []http.RoundTripper{next, roundTrip(nil)} {
		(&http.Client{Transport: contracttest.New(&recorder{}).Wrap(transport)}).CloseIdleConnections()
	}
	if closed != 1 {
		t.Errorf("closed %d times", closed)
	}
}

type closer func()

func (c closer) CloseIdleConnections() { c() }
