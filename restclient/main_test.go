package restclient

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

const testKey = "s4w_0123456789abcdef"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve makes a client of a server that answers everything with handler, below
// a base path as tenants have it.
func serve(t testing.TB, handler http.HandlerFunc, opts ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/tenants/acme/api/v2", handler))
	t.Cleanup(server.Close)
	client, err := New(server.URL+"/tenants/acme/api/v2/", testKey, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// answer is a handler that says the same every time.
func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// streams returns the recorded streams by name.
func streams(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/streams/*.sse")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded streams: %v", err)
	}
	recorded := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		recorded[strings.TrimSuffix(filepath.Base(path), ".sse")] = string(content)
	}
	return recorded
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func contains(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q does not say %q", what, text, part)
		}
	}
}

func equalSlices[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
