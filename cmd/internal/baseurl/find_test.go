package baseurl_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/cmd/internal/baseurl"
	"sema4mcp/restclient"
)

// find looks for a REST API that answers below a path with a status and body; all
// else there is a page of the application.
func find(t *testing.T, at string, status int, body string) (string, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at == "" || !strings.HasPrefix(r.URL.Path, at+"/agents") {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>The application</html>"))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	forms, err := baseurl.Forms(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := restclient.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	found, err := baseurl.Find(t.Context(), forms, "the-key-1", "test", transport)
	return strings.TrimPrefix(found, server.URL), err
}

func TestFind(t *testing.T) {
	const agents = `{"data":[],"next":null,"has_more":false}`
	for _, at := range []string{"/api/v2", "/tenants/spar/api/v2", "/api/public/v1"} {
		if found, err := find(t, at, http.StatusOK, agents); err != nil || found != at {
			t.Errorf("%s: got %s, %v", at, found, err)
		}
	}
	if found, err := find(t, "/tenants/spar/api/v2", http.StatusUnauthorized, `{"error":{"code":"unauthorized","message":"no"}}`); !errors.Is(err, baseurl.ErrKeyRefused) || found == "" {
		t.Errorf("a wrong key: got %q, %v", found, err)
	}
	_, err := find(t, "", 0, "")
	nowhere, ok := errors.AsType[*baseurl.NotFoundError](err)
	if !ok || len(nowhere.Attempts) != 4 || !strings.Contains(err.Error(), "/api/v2 (not its answer), ") {
		t.Errorf("no API: got %v", err)
	}
	if _, err := find(t, "/api", http.StatusNotFound, "{}"); err == nil || strings.Contains(err.Error(), "the-key-1") {
		t.Errorf("404: got %v", err)
	}
	_, err = find(t, "/api/v2", http.StatusServiceUnavailable, "{}")
	if answer, ok := errors.AsType[*restclient.APIError](err); !ok || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a tenant in trouble: got %v", err)
	}
}

func TestAKeyThatIsNone(t *testing.T) {
	_, err := baseurl.Find(t.Context(), []string{"https://h.example/api/v2"}, "two words", "test", http.DefaultTransport)
	if err == nil || strings.Contains(err.Error(), "two words") {
		t.Errorf("got %v", err)
	}
}
