package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant/api"
	"sema4mcp/internal/localtenant/blobs"
	"sema4mcp/internal/localtenant/faults"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/runs"
	"sema4mcp/internal/localtenant/store"
)

// lingering is a mind that ends its run only when it is let go.
type lingering struct{ release chan struct{} }

func (m lingering) Answer(ctx context.Context, _ minds.Turn, _ minds.Emitter) error {
	<-m.release
	return ctx.Err()
}

// An agent that was published is live, and one that was deleted leaves nothing,
// though the client went away while the runs of its conversations came to their ends.
func TestDoneForAClientThatHasGone(t *testing.T) {
	for _, request := range []struct {
		method, path string
		status       int
		says         string
	}{
		{http.MethodPost, "/publish", http.StatusOK, `"state":"live"`},
		{http.MethodDelete, "", http.StatusNoContent, ""},
	} {
		t.Run(request.method, func(t *testing.T) {
			testDoneForAClientThatHasGone(t, request.method, request.path, request.status, request.says)
		})
	}
}

func testDoneForAClientThatHasGone(t *testing.T, method, path string, status int, says string) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		mind := lingering{make(chan struct{})}
		runner := runs.NewRunner(s, map[string]minds.Mind{"echo": mind}, zerolog.Nop())
		defer runner.Close()
		handler := api.New(api.Config{
			TenantID: "t", Key: "the-key", Store: s, Runner: runner, Blobs: blobs.Open(dir), Faults: &faults.Switches{}, Logger: zerolog.Nop(),
		})
		agent, err := s.CreateAgent(t.Context(), store.NewAgent{Name: "A", ArchitectureName: "echo", Mode: store.Conversational}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		conversation, err := s.CreateConversation(t.Context(), agent.ID, "c")
		if err != nil {
			t.Fatal(err)
		}
		send := func(ctx context.Context, method, path, contentType, body string) *httptest.ResponseRecorder {
			request := httptest.NewRequestWithContext(ctx, method, "/api/v2/agents/"+agent.ID+path, strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer the-key")
			request.Header.Set("Content-Type", contentType)
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			return recorder
		}
		files := strings.Replace(upload, `"file"`, `"files"`, 1)
		if kept := send(t.Context(), http.MethodPost, "/conversations/"+conversation.ID+"/files", "multipart/form-data; boundary=b", files); kept.Code != http.StatusOK {
			t.Fatalf("upload: status %d: %s", kept.Code, kept.Body)
		}
		if _, err := runner.Post(t.Context(), agent.ID, conversation.ID, "x"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the mind is at work

		client, leave := context.WithCancel(t.Context())
		answered := make(chan *httptest.ResponseRecorder, 1)
		go func() { answered <- send(client, method, path, "application/json", "{}") }()
		synctest.Wait() // until it is done, and waits for the run's end
		leave()
		synctest.Wait()
		close(mind.release)
		if answer := <-answered; answer.Code != status || !strings.Contains(answer.Body.String(), says) {
			t.Errorf("status %d: %s", answer.Code, answer.Body)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%d files of the deleted conversation are left, %v", len(entries), err)
		}
	})
}
