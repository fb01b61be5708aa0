package api_test

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	work, err := worker.Start(t.Context(), s, nil, runner, zerolog.Nop())
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
		Architectures: []string{"echo"}, DefaultArchitecture: "echo",
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
		{http.MethodPost, "/agents", `{"name":"x"}`},
		{http.MethodGet, "/agents?name=x", ""},
		{http.MethodGet, "/agents/a", ""},
		{http.MethodPatch, "/agents/a", `{"name":"x"}`},
		{http.MethodDelete, "/agents/a", ""},
		{http.MethodGet, "/agents/a/state", ""},
		{http.MethodPost, "/agents/a/edit", ""},
		{http.MethodPost, "/agents/a/publish", `{}`},
		{http.MethodPost, "/agents/a/discard-draft", `{}`},
		{http.MethodGet, "/agents/a/export", ""},
		{http.MethodPut, "/agents/a/import", ""},
		{http.MethodPost, "/agents/a/diff", ""},
		{http.MethodGet, "/agents/a/semantic-data-models", ""},
		{http.MethodPost, "/agents/a/semantic-data-models", `{"id":"m"}`},
		{http.MethodDelete, "/agents/a/semantic-data-models/m", ""},
		{http.MethodGet, "/agents/a/mcp-servers", ""},
		{http.MethodPost, "/agents/a/mcp-servers", `{"id":"m"}`},
		{http.MethodDelete, "/agents/a/mcp-servers/m", ""},
		{http.MethodGet, "/agents/a/schedules", ""},
		{http.MethodPost, "/agents/a/schedules", `{"cron_expression":"* * * * *"}`},
		{http.MethodGet, "/agents/a/schedules/s", ""},
		{http.MethodDelete, "/agents/a/schedules/s", ""},
		{http.MethodGet, "/mcp-servers", ""},
		{http.MethodPost, "/mcp-servers", `{"name":"x","command":"x"}`},
		{http.MethodGet, "/mcp-servers/m", ""},
		{http.MethodPut, "/mcp-servers/m", `{"name":"x","command":"x"}`},
		{http.MethodDelete, "/mcp-servers/m", ""},
		{http.MethodGet, "/agents/a/conversations", ""},
		{http.MethodGet, "/agents/a/conversations/c/files", ""},
		{http.MethodPost, "/agents/a/conversations/c/files", ""},
		{http.MethodGet, "/agents/a/conversations/c/files/download?file_ref=x", ""},
		{http.MethodGet, "/agents/a/conversations/c/data-frames", ""},
		{http.MethodGet, "/agents/a/conversations/c/data-frames/f", ""},
		{http.MethodGet, "/data-connections", ""},
		{http.MethodGet, "/data-connections/d", ""},
		{http.MethodGet, "/data-connections/d/semantic-views", ""},
		{http.MethodPut, "/data-connections/d", "{}"},
		{http.MethodDelete, "/data-connections/d", ""},
		{http.MethodGet, "/semantic-data-models", ""},
		{http.MethodGet, "/semantic-data-models/m", ""},
		{http.MethodGet, "/semantic-data-models/m/export", ""},
		{http.MethodPost, "/semantic-data-models", `{"semantic_model":{"tables":[{}]}}`},
		{http.MethodPut, "/semantic-data-models/m", "{}"},
		{http.MethodDelete, "/semantic-data-models/m", ""},
		{http.MethodPost, "/semantic-data-models/import", `{"semantic_model":{"tables":[{"data_connection_name":"x"}]}}`},
		{http.MethodPost, "/semantic-data-models/import", `{"semantic_model":{"tables":[{}]},"agent_id":"x"}`},
		{http.MethodPost, "/semantic-data-models/scaffold-from-tables", `{"data_connection_id":"x","tables":["t"]}`},
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

// A package that is too large, or that the disk does not take, is not imported.
func TestPackagesThatAreNotKept(t *testing.T) {
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runner := runs.NewRunner(s, nil, zerolog.Nop())
	defer runner.Close()
	defer api.LimitPackages(1000)()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		dir    string
		size   int
		status int
		says   string
	}{
		"too large": {t.TempDir(), 1001, http.StatusRequestEntityTooLarge, "larger than 1000 bytes"},
		"fits":      {t.TempDir(), 1000, http.StatusBadRequest, "no zip archive"},
		"no disk":   {filepath.Join(file, "files"), 10, http.StatusInternalServerError, "Something went wrong"},
	} {
		kept := blobs.Open(test.dir)
		handler := api.New(api.Config{TenantID: "t", Key: "the-key", Store: s, Runner: runner, Blobs: kept, Faults: &faults.Switches{}, Logger: zerolog.Nop()})
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("file", "agent.zip")
		if err == nil {
			_, err = part.Write(bytes.Repeat([]byte("x"), test.size))
		}
		if err := errors.Join(err, form.Close()); err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(http.MethodPost, "/api/v2/agents/import", &body)
		request.Header.Set("Authorization", "Bearer the-key")
		request.Header.Set("Content-Type", form.FormDataContentType())
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != test.status || !strings.Contains(recorder.Body.String(), test.says) {
			t.Errorf("%s: status %d: %s", name, recorder.Code, recorder.Body)
		}
		if entries, _ := os.ReadDir(test.dir); len(entries) > 0 {
			t.Errorf("%s: %d files are left", name, len(entries))
		}
	}
}
