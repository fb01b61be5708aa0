package localtenant_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

// changeStored changes a tenant's database from outside.
func changeStored(t *testing.T, dir, statement string, arguments ...any) error {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement, arguments...)
	return err
}

func TestDataSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "da ta?#")
	cfg := localtenant.Config{DataDir: dir, Agents: []localtenant.AgentSpec{{Name: "Mine", Description: "first"}}}
	tenant, err := localtenant.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	conversation := c.converse(localtenant.EchoID)
	before := c.post(conversation, "keep me")
	if err := tenant.UpdateAgent(t.Context(), localtenant.EchoID, func(s *localtenant.AgentSpec) { s.Name = "Renamed" }); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	cfg.Agents[0].Description = "second"
	c = start(t, cfg)
	if after := c.messages(conversation); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("messages %v, want %v", after, before)
	}
	got := names(get[listing](c, http.MethodGet, "/agents", ""))
	if want := []string{"Sales Analyst", "Storyteller", "Renamed", "Agenté Ünïcode 🚀", "Invoice Clerk", "Mine"}; !slices.Equal(got, want) {
		t.Errorf("agents %q, want %q", got, want)
	}
	if mine := get[listing](c, http.MethodGet, "/agents?name=mine", "").Data[0]; mine["description"] != "first" {
		t.Errorf("a stored agent was overwritten: %v", mine)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := localtenant.New(t.Context(), localtenant.Config{DataDir: file}); err == nil {
		t.Error("a file was taken for a directory")
	}
	newer := t.TempDir()
	start(t, localtenant.Config{DataDir: newer})
	if err := changeStored(t, newer, `PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	if _, err := localtenant.New(t.Context(), localtenant.Config{DataDir: newer}); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a newer database: %v", err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, "sales.sqlite"), []byte(strings.Repeat("garbage ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := localtenant.New(t.Context(), localtenant.Config{DataDir: garbage}); err == nil || !strings.Contains(err.Error(), "sales database") {
		t.Errorf("a broken sales database: %v", err)
	}
	if _, err := localtenant.New(t.Context(), localtenant.Config{Faults: "explode"}); err == nil || !strings.Contains(err.Error(), `no fault is called "explode"`) {
		t.Errorf("an unknown fault: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := localtenant.New(ended, localtenant.Config{}); err == nil {
		t.Error("started although the context had ended")
	}
}

func TestManyConversationsAtOnce(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"memory": "", "files": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			c := start(t, localtenant.Config{DataDir: dir})
			agents := slices.Concat(
				slices.Repeat([]string{localtenant.EchoID, localtenant.UnicodeID}, 4), []string{localtenant.SalesAnalystID},
			)
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					text := fmt.Sprintf("What were the top %d products?", i%7+1)
					status, data, _ := c.do(http.MethodPost, "/agents/"+agents[i%len(agents)]+"/conversations", `{"name":"many"}`)
					conversation := fmt.Sprintf("/agents/%s/conversations/%s", agents[i%len(agents)], strings.Split(string(data), `"`)[3])
					if status != http.StatusOK {
						t.Errorf("create: %d %s", status, data)
						return
					}
					status, data, _ = c.do(http.MethodPost, conversation+"/messages", content(text))
					if status != http.StatusOK || !strings.Contains(string(data), text) || strings.Count(string(data), `"commited":true`) != 2 {
						t.Errorf("message: %d %s", status, data)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestPostOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- wait: 1m\n- say: done")
		c := start(t, cfg)
		conversation := c.converse(agent)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if response, err := c.send(ctx, http.MethodPost, conversation+"/messages", content("x")); err == nil {
			response.Body.Close()
			t.Fatalf("answered within a second: %s", response.Status)
		}
		time.Sleep(time.Minute)
		if got := c.messages(conversation); len(got) != 2 || texts(got[1]) != "done" || got[1]["complete"] != true {
			t.Errorf("messages %v", got)
		}
	})
}

func TestDeletingAConversationCancelsItsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- say: working\n- wait: 1h")
		c := start(t, cfg)
		conversation := c.converse(agent)
		s := c.stream(conversation, "one")
		defer s.close()
		s.until(t, "message_content")
		posted := make(chan string, 1)
		go func() {
			posted <- c.refuse(http.StatusNotFound, http.MethodPost, conversation+"/messages", content("two"))
		}()
		synctest.Wait() // the second message waits behind the first
		get[object](c, http.MethodDelete, conversation, "")
		failure := s.until(t, "agent_error").data["error"].(object)
		if failure["code"] != "not_found" || !strings.Contains(failure["message"].(string), "deleted") {
			t.Errorf("error %v", failure)
		}
		if got := <-posted; !strings.Contains(got, "deleted") {
			t.Errorf("the message behind it: %q", got)
		}
	})
}

// A stream that has begun to wait can no longer answer 404: it says so inside.
func TestDeletingTheConversationOfAWaitingStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- wait: 1h")
		c := start(t, cfg)
		conversation := c.converse(agent)
		first := c.stream(conversation, "one")
		defer first.close()
		waiting := c.stream(conversation, "two") // returns with the first comment
		defer waiting.close()
		get[object](c, http.MethodDelete, conversation, "")
		events, err := waiting.rest()
		if types := eventTypes(events); err != nil || !slices.Equal(types, []string{"agent_error"}) {
			t.Errorf("events %q, %v", types, err)
		}
	})
}

func TestCloseEndsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, agent := withScript("- say: working\n- wait: 1h")
		c := start(t, cfg)
		s := c.stream(c.converse(agent), "one")
		defer s.close()
		s.until(t, "message_content")
		conversation := c.converse(agent)
		posted := make(chan string, 1)
		go func() {
			posted <- c.refuse(http.StatusServiceUnavailable, http.MethodPost, conversation+"/messages", content("two"))
		}()
		synctest.Wait() // both runs are at work
		if err := c.tenant.Close(); err != nil {
			t.Fatal(err)
		}
		if got := <-posted; !strings.Contains(got, "shutting down") {
			t.Errorf("the post in flight: %q", got)
		}
		events, _ := s.rest()
		if types := eventTypes(events); slices.Contains(types, "agent_finished") || slices.Contains(types, "agent_error") {
			t.Errorf("the stream in flight: %q", types)
		}
		if err := c.tenant.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		if _, err := c.send(t.Context(), http.MethodGet, "/ok", ""); err == nil {
			t.Error("the transport still connects")
		}
		recorder := httptest.NewRecorder()
		c.tenant.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/api/v2/ok", nil))
		if recorder.Code != http.StatusServiceUnavailable {
			t.Errorf("the handler after Close: status %d", recorder.Code)
		}
	})
}

// stored asks a tenant's database from outside.
func stored[T any](t *testing.T, dir, query string, arguments ...any) T {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite")}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var value T
	if err := db.QueryRowContext(t.Context(), query, arguments...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
