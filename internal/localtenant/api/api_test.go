package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/api"
	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/worker"
)

const upload = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n"

// What goes wrong inside is logged, and told to nobody else.
func TestInternalErrors(t *testing.T) {
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	runner := runs.NewRunner(s, nil, zerolog.Nop())
	work, err := worker.Start(t.Context(), s, runner, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	handler := api.New(api.Config{
		TenantID: "t", Key: "the-key", Store: s, Runner: runner, Worker: work, Blobs: blobs.Open(t.TempDir()), Faults: &faults.Switches{}, Logger: zerolog.New(&log),
	})
	send := func(method, path, body string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, "/api/v2"+path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer the-key")
		request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	for _, test := range []struct{ method, path, body string }{
		{http.MethodGet, "/agents", ""},
		{http.MethodGet, "/agents/a", ""},
		{http.MethodGet, "/agents/a/conversations", ""},
		{http.MethodPost, "/agents/a/conversations", `{"name":"x"}`},
		{http.MethodDelete, "/agents/a/conversations/c", ""},
		{http.MethodGet, "/agents/a/conversations/c/messages", ""},
		{http.MethodPost, "/agents/a/conversations/c/messages", `{"content":"x"}`},
		{http.MethodPost, "/agents/a/conversations/c/stream", `{"content":"x"}`},
		{http.MethodGet, "/work-items", ""},
		{http.MethodGet, "/work-items/summary", ""},
		{http.MethodPost, "/work-items", `{"agent_id":"a"}`},
		{http.MethodPost, "/work-items/upload-file", upload},
		{http.MethodPost, "/work-items/upload-file?work_item_id=w", upload},
		{http.MethodGet, "/work-items/w", ""},
		{http.MethodPatch, "/work-items/w", `{"work_item_name":"x"}`},
		{http.MethodPost, "/work-items/w/confirm-file", `{"file_ref":"x","file_id":"y"}`},
		{http.MethodPost, "/work-items/w/restart", ""},
		{http.MethodPost, "/work-items/w/cancel", ""},
	} {
		log.Reset()
		answer := send(test.method, test.path, test.body)
		if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "database") ||
			!strings.Contains(answer.Body.String(), `"unexpected_error"`) {
			t.Errorf("%s %s: status %d: %s", test.method, test.path, answer.Code, answer.Body)
		}
		if !strings.Contains(log.String(), "is closed") || strings.Contains(log.String(), "the-key") {
			t.Errorf("%s %s: log %s", test.method, test.path, log.String())
		}
	}
	runner.Close()
	if answer := send(http.MethodGet, "/agents", ""); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("after Close: status %d: %s", answer.Code, answer.Body)
	}
}
