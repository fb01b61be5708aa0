package restclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func openFile(t *testing.T, client *Client) *Download {
	t.Helper()
	file, err := client.Conversations.DownloadFile(t.Context(), "a1", "t1", `reports\..\2026/a.csv`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestDownloadIsNeverHeldInMemory(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, &zeros{large}) })
	used := allocated(func() {
		n, err := io.Copy(io.Discard, openFile(t, client))
		equal(t, "bytes", n, large)
		equal(t, "error", err, nil)
	})
	if used > 8<<20 {
		t.Errorf("it took %d bytes of memory", used)
	}
}

func TestDownloadComesWhileItIsWritten(t *testing.T) {
	seen := make(chan struct{})
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-seen
		_, _ = io.WriteString(w, " last")
	})
	file := openFile(t, client)
	first := make([]byte, 5)
	_, err := io.ReadFull(file, first)
	equal(t, "first", string(first), "first")
	equal(t, "error", err, nil)
	close(seen)
	rest, err := io.ReadAll(file)
	equal(t, "rest", string(rest), " last")
	equal(t, "error", err, nil)
	equal(t, "size", file.Size, -1)
}

func TestDownloadTellsWhatItIs(t *testing.T) {
	for disposition, want := range map[string]string{
		"":                             "a.csv",
		"attachment":                   "a.csv",
		`attachment; filename="b.csv"`: "b.csv",
		`attachment; filename*=UTF-8''%C3%BC%2F..%2Fgr%C3%B6%C3%9Fe.csv`: "größe.csv",
		`attachment; filename="../../etc/passwd"`:                        "passwd",
		`attachment; filename="C:\\temp\\x.csv"`:                         "x.csv",
		`attachment; filename=".."`:                                      "a.csv",
		`attachment; filename="/"`:                                       "a.csv",
		`attachment; filename="a` + "\t" + `b"`:                          "a b",
	} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			equal(t, "Accept", r.Header.Get("Accept"), "*/*")
			if disposition != "" {
				w.Header().Set("Content-Disposition", disposition)
			}
			answer(200, "Text/CSV; charset=utf-8", "a,b")(w, r)
		})
		file := openFile(t, client)
		equal(t, disposition, file.Name, want)
		equal(t, "content type", file.ContentType, "Text/CSV; charset=utf-8")
		equal(t, "media type", file.MediaType(), "text/csv")
		equal(t, "size", file.Size, 3)
	}
}

func TestDownloadThatIsCut(t *testing.T) {
	client := serve(t, cutInTheBody)
	content, err := io.ReadAll(openFile(t, client))
	equal(t, "content", string(content), `{"id":`)
	lost, ok := errors.AsType[*ConnectionError](err)
	if !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v, want a ConnectionError", err)
	}
	equal(t, "not sent", lost.NotSent, false)
	equal(t, "path", lost.Path, "/agents/a1/conversations/t1/files/download")
}

// firstHalf sends something and then nothing, until the client has gone.
func firstHalf(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "first")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	client := serve(t, firstHalf)
	ctx, cancel := context.WithCancel(t.Context())
	file, err := client.Agents.Export(ctx, "a1")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, err = io.ReadFull(file, make([]byte, 5))
	equal(t, "error", err, nil)
	cancel()
	_, err = io.ReadAll(file)
	if _, lost := errors.AsType[*ConnectionError](err); lost || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error alone", err)
	}
	_, err = client.Agents.Export(ctx, "a1")
	equal(t, "a call after that", errors.Is(err, context.Canceled), true)
}

func TestDownloadThatIsClosed(t *testing.T) {
	file := openFile(t, serve(t, firstHalf))
	for range 2 {
		equal(t, "close", file.Close(), nil)
	}
	_, err := io.ReadAll(file)
	equal(t, "closed", errors.Is(err, ErrStreamClosed), true)
}

func TestDownloadEndsWithSilence(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		client := dial(firstHalf, WithStreamIdleTimeout(10*time.Minute))
		file := openFile(t, client)
		began := time.Now()
		_, err := io.ReadAll(file)
		if _, lost := errors.AsType[*ConnectionError](err); !lost || !errors.Is(err, ErrStreamIdle) {
			t.Errorf("got %v, want the silence", err)
		}
		equal(t, "waited", time.Since(began), 10*time.Minute)
	})
}

func TestDownloadIsAskedForAgain(t *testing.T) {
	bubble(t, func(t *testing.T, dial dialer) {
		var count atomic.Int32
		file := openFile(t, dial(failing(2, &count, answer(503, "text/plain", ""))))
		content, err := io.ReadAll(file)
		equal(t, "error", err, nil)
		contains(t, "content", string(content), "Invoices")
		equal(t, "requests", count.Load(), 3)
	})
}

func TestDownloadFromElsewhereDoesNotCarryTheKeyAway(t *testing.T) {
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		equal(t, "key", r.Header.Get("Authorization"), "")
		_, _ = io.WriteString(w, "from the storage")
	}))
	defer storage.Close()
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, storage.URL, http.StatusFound) })
	content, err := io.ReadAll(openFile(t, client))
	equal(t, "content", string(content), "from the storage")
	equal(t, "error", err, nil)
}

func TestDownloadOfAPageThatStandsInTheWay(t *testing.T) {
	client := serve(t, answer(200, "text/html; charset=utf-8", "<title>Sign in</title>"+strings.Repeat("x", maxErrorBytes)))
	_, err := client.Agents.Export(t.Context(), "a1")
	if err == nil || !isResponseError(err) {
		t.Fatalf("got %v, want a ResponseError", err)
	}
	contains(t, "error", err.Error(), "it is not the file", "Sign in")
}

func TestOpenAPIIsAskedForWithoutTheKeyAndWithoutASlash(t *testing.T) {
	var asked, key string
	tenant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, key = r.RequestURI, r.Header.Get("Authorization")
		answer(200, "application/x-yaml", "openapi: 3.1.0")(w, r)
	}))
	defer tenant.Close()
	client, err := New(tenant.URL+"/tenants/acme/api/v2/", testKey)
	if err != nil {
		t.Fatal(err)
	}
	document, err := client.OpenAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer document.Close()
	defer client.CloseIdleConnections()
	equal(t, "asked", asked, "/tenants/acme/api/v2")
	equal(t, "key", key, "")
	equal(t, "media type", document.MediaType(), "application/x-yaml")
}
