package localtenant_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

var allStatuses = []string{"DRAFT", "PENDING", "EXECUTING", "NEEDS_REVIEW", "COMPLETED", "ERROR", "CANCELLED", "INDETERMINATE"}

// legalActions is the vendor's table.
var legalActions = map[string]string{
	"DRAFT":         "continue restart cancel",
	"PENDING":       "cancel",
	"EXECUTING":     "cancel complete",
	"NEEDS_REVIEW":  "continue restart complete",
	"INDETERMINATE": "continue restart complete",
	"ERROR":         "continue restart complete",
	"COMPLETED":     "continue restart",
	"CANCELLED":     "continue restart complete",
}

// reacher brings items into each status by what a user can do.
type reacher struct {
	*client
	agents map[string]string // by the status their items get
}

// startReacher starts a tenant whose worker has no task left for what is to stay
// pending.
func startReacher(t testing.TB) reacher {
	r := reacher{agents: map[string]string{}}
	cfg := localtenant.Config{Logger: quiet}
	for i, agent := range []struct{ status, runbook string }{
		{"EXECUTING", "- say: One moment.\n- wait: 1h"},
		{"NEEDS_REVIEW", "- ask: Well?"},
		{"COMPLETED", "- say: Done."},
		{"ERROR", "- fail: boom"},
		{"INDETERMINATE", "- think: Hm."},
	} {
		id := fmt.Sprintf("7e570000-0000-4000-8000-0000000001%02d", i)
		r.agents[agent.status] = id
		cfg.Agents = append(cfg.Agents, localtenant.AgentSpec{ID: id, Name: agent.status, Architecture: "scripted", Mode: "worker", Runbook: agent.runbook})
	}
	r.client = start(t, cfg)
	return r
}

// reach makes an item of that status.
func (r reacher) reach(status string) string {
	r.t.Helper()
	switch status {
	case "DRAFT":
		return "/work-items/" + r.attach("", "a.txt", "x")
	case "PENDING": // what is taken up already leaves no task for it
		for range 10 {
			r.reach("EXECUTING")
		}
		return r.createItem(object{"agent_id": r.agents["COMPLETED"]})
	case "EXECUTING":
		path := r.createItem(object{"agent_id": r.agents["EXECUTING"]})
		synctest.Wait()
		return path
	case "CANCELLED":
		path := r.reach("EXECUTING")
		r.act(path, "cancel")
		return path
	}
	path := r.createItem(object{"agent_id": r.agents[status], "messages": []object{{"role": "user", "content": []object{{"kind": "text", "text": "Hello"}}}}})
	r.settle(path)
	return path
}

func TestEveryActionInEveryStatus(t *testing.T) {
	for _, status := range allStatuses {
		for _, action := range []string{"continue", "restart", "cancel", "complete"} {
			t.Run(status+"/"+action, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := startReacher(t)
					path := r.reach(status)
					before := r.item(path)
					if before["status"] != status {
						t.Fatalf("the item is %v", before["status"])
					}
					if strings.Contains(legalActions[status], action) {
						r.checkAction(path, action)
						return
					}
					got := r.refuse(http.StatusPreconditionFailed, http.MethodPost, path+"/"+action, "")
					if !strings.HasPrefix(got, "cannot "+action+" work item") || !strings.Contains(got, status) {
						t.Errorf("message %q", got)
					}
					if after := r.item(path); encoded(after) != encoded(before) {
						t.Errorf("the item changed to %v from %v", after, before)
					}
				})
			})
		}
	}
}

// checkAction does an action that is legal.
func (r reacher) checkAction(path, action string) {
	r.t.Helper()
	answer := r.act(path, action)
	after := r.item(path)
	switch action {
	case "cancel", "complete":
		if encoded(answer) != `{"status":"ok"}` {
			r.t.Errorf("answer %v", answer)
		}
		want := map[string]object{
			"cancel":   {"status": "CANCELLED", "status_updated_by": "HUMAN", "completed_by": nil},
			"complete": {"status": "COMPLETED", "status_updated_by": "HUMAN", "completed_by": "HUMAN"},
		}[action]
		synctest.Wait() // for a verdict that comes too late
		for field, value := range want {
			if got := r.item(path)[field]; got != value || after[field] != value {
				r.t.Errorf("%s is %v, then %v; want %v", field, after[field], got, value)
			}
		}
	default:
		if answer["status"] != "PENDING" || answer["status_updated_by"] != "HUMAN" || answer["completed_by"] != nil {
			r.t.Errorf("answer %v", answer)
		}
	}
}

// Nothing is done about a draft that was never filled, but it is not left waiting.
func TestDraftWithoutAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReacher(t)
		path := r.reach("DRAFT")
		r.act(path, "continue")
		if item := r.settle(path); item["status"] != "ERROR" || item["agent_id"] != nil || item["thread_id"] != nil {
			t.Errorf("item %v", item)
		}
	})
}

func TestContinueTakesUpWhatUsersSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := withWorker("- say: \"I heard {{message}}.\"\n- ask: And now?")
		c := start(t, cfg)
		path := c.createItem(object{"agent_id": workerID, "work_item_name": "Talk", "payload": object{"a": 1}})
		item := c.settle(path)
		if lastText(item) != "I heard Work item payload:\n\n{\"a\":1}.\nAnd now?" {
			t.Errorf("first: %q", lastText(item))
		}
		conversations := get[listing](c, http.MethodGet, "/agents/"+workerID+"/conversations", "").Data
		if len(conversations) != 1 || conversations[0]["name"] != "Talk" || conversations[0]["id"] != item["thread_id"] {
			t.Errorf("conversations %v of %v", conversations, item)
		}
		c.say(item, "more")
		c.act(path, "continue")
		again := c.settle(path)
		if len(again["messages"].([]any)) != 5 || !strings.HasPrefix(lastText(again), "I heard more.") || again["thread_id"] != item["thread_id"] {
			t.Errorf("then: %v", again["messages"])
		}
	})
}

func TestRestartBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, withWorker("- say: ok"))
		path := c.createItem(object{"agent_id": workerID, "payload": object{"a": 1}, "messages": []object{
			{"role": "user", "content": []object{{"kind": "text", "text": "one"}, {"kind": "text", "text": "two"}}},
			{"role": "agent", "content": []object{{"kind": "text", "text": "three"}}},
		}})
		first := c.settle(path)
		pending := c.act(path, "restart")
		if pending["thread_id"] != nil || pending["completed_by"] != nil || pending["status"] != "PENDING" {
			t.Errorf("restarted: %v", pending)
		}
		initial, renewed := pending["initial_messages"].([]any), pending["messages"].([]any)
		if len(initial) != 2 || len(renewed) != 2 {
			t.Fatalf("%d initial messages, %d messages", len(initial), len(renewed))
		}
		for i := range renewed {
			old, fresh := initial[i].(object), renewed[i].(object)
			if old["message_id"] == fresh["message_id"] || old["role"] != fresh["role"] || encoded(old["content"]) != encoded(fresh["content"]) {
				t.Errorf("message %v of %v", fresh, old)
			}
		}
		second := c.settle(path)
		if second["thread_id"] == first["thread_id"] || len(second["messages"].([]any)) != 4 || second["status"] != "COMPLETED" {
			t.Errorf("second thread: %v", second)
		}
		if got := second["messages"].([]any)[0].(object)["message_id"]; got != renewed[0].(object)["message_id"] {
			t.Errorf("message %v in the thread, %v before it began", got, renewed[0])
		}
		if name := get[listing](c, http.MethodGet, "/agents/"+workerID+"/conversations", "").Data[0]["name"]; name != "Work Item "+strings.TrimPrefix(path, "/work-items/") {
			t.Errorf("thread %q", name)
		}
	})
}

// The verdict of an execution that a person has overtaken is dropped, also when the
// item is executing again.
func TestLateVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReacher(t)
		path := r.reach("EXECUTING")
		for _, action := range []string{"cancel", "complete"} {
			r.act(path, action)
			r.act(path, "restart")
			synctest.Wait()
			if item := r.item(path); item["status"] != "EXECUTING" || item["completed_by"] != nil {
				t.Errorf("after %s and restart: %v", action, item)
			}
		}
		time.Sleep(2 * time.Hour)
		if item := r.item(path); item["status"] != "COMPLETED" || item["completed_by"] != "AGENT" {
			t.Errorf("in the end: %v", item)
		}
	})
}

func TestOneTransitionWins(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "files": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			cfg := withWorker("- wait: 1h")
			cfg.DataDir = dir
			c := start(t, cfg)
			for range 5 {
				path := c.createItem(object{"agent_id": workerID})
				var won, lost atomic.Int32
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						switch status, body, _ := c.do(http.MethodPost, path+"/cancel", ""); status {
						case http.StatusOK:
							won.Add(1)
						case http.StatusPreconditionFailed:
							lost.Add(1)
						default:
							t.Errorf("status %d: %s", status, body)
						}
					})
				}
				all.Wait()
				if won.Load() != 1 || lost.Load() != 19 {
					t.Errorf("%d won, %d lost", won.Load(), lost.Load())
				}
			}
		})
	}
}

func TestManyItemsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, withWorker("- wait: 1m\n- say: \"done with {{message}}\""))
		paths := make([]string, 50)
		var all sync.WaitGroup
		for i := range paths {
			all.Go(func() { paths[i] = c.createItem(object{"agent_id": workerID, "payload": object{"n": i}}) })
		}
		all.Wait()
		synctest.Wait()
		executing := get[recordList](c, http.MethodGet, "/work-items?work_item_status=EXECUTING", "")
		pending := get[recordList](c, http.MethodGet, "/work-items?work_item_status=PENDING", "")
		if len(executing.Records) != 10 || len(pending.Records) != 40 {
			t.Errorf("%d are executing, %d pending", len(executing.Records), len(pending.Records))
		}
		busy := 0
		for _, task := range get[map[string][]object](c, http.MethodGet, "/work-items/status", "")["status"] {
			if task["status"] == "executing" && task["work_item_id"] != nil && task["task_id"] != "" {
				busy++
			}
		}
		if busy != 10 {
			t.Errorf("%d tasks are executing", busy)
		}
		begun := time.Now()
		for i, path := range paths {
			if item := c.settle(path); item["status"] != "COMPLETED" || !strings.Contains(lastText(item), fmt.Sprintf(`{"n":%d}`, i)) {
				t.Errorf("item %d: %v", i, item)
			}
		}
		if took := time.Since(begun).Round(time.Minute); took != 5*time.Minute {
			t.Errorf("they took %v", took)
		}
		for _, task := range get[map[string][]object](c, http.MethodGet, "/work-items/status", "")["status"] {
			if task["status"] != "idle" || task["work_item_id"] != nil {
				t.Errorf("task %v", task)
			}
		}
	})
}

func TestWorkItemsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	cfg := withWorker("- say: ok")
	cfg.DataDir = dir
	var waiting, torn, lost string
	synctest.Test(t, func(t *testing.T) {
		cfg := withWorker("- say: Working\n- wait: 1h")
		cfg.DataDir = dir
		tenant, err := localtenant.New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		c := connect(t, tenant)
		torn = c.createItem(object{"agent_id": workerID, "payload": object{"n": 1}})
		lost = c.createItem(object{"agent_id": workerID})
		synctest.Wait()
		for range 8 {
			c.createItem(object{"agent_id": workerID})
		}
		synctest.Wait()
		waiting = c.createItem(object{"agent_id": workerID, "payload": object{"n": 2}})
		if err := tenant.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if err := changeStored(t, dir, `UPDATE agent_versions SET runbook_text = '- say: ok' WHERE agent_id = ?`, workerID); err != nil {
		t.Fatal(err)
	}
	if err := changeStored(t, dir, `UPDATE work_items SET conversation_id = NULL WHERE id = ?`, strings.TrimPrefix(lost, "/work-items/")); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := start(t, cfg)
		if item := c.settle(waiting); item["status"] != "COMPLETED" || lastText(item) != "ok" {
			t.Errorf("what waited: %v", item)
		}
		item := c.settle(torn)
		if item["status"] != "ERROR" || item["status_updated_by"] != "SYSTEM" || lastText(item) != "The tenant stopped while the agent was at work." {
			t.Errorf("what was being worked on: %v", item)
		}
		c.act(torn, "continue")
		if item := c.settle(torn); item["status"] != "COMPLETED" || lastText(item) != "ok" {
			t.Errorf("continued: %v", item)
		}
		if item := c.settle(lost); item["status"] != "ERROR" {
			t.Errorf("what had no thread yet: %v", item)
		}
	})
}

func TestThreadDeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReacher(t)
		path := r.reach("EXECUTING")
		item := r.item(path)
		get[object](r.client, http.MethodDelete, fmt.Sprintf("/agents/%s/conversations/%s", item["agent_id"], item["thread_id"]), "")
		if item = r.settle(path); item["status"] != "ERROR" || item["thread_id"] != nil {
			t.Errorf("item %v", item)
		}
		r.act(path, "continue")
		synctest.Wait()
		if item = r.item(path); item["status"] != "EXECUTING" || item["thread_id"] == nil {
			t.Errorf("in a new thread: %v", item)
		}
	})
}

func TestAgentDeletedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	cfg := withWorker("- wait: 1s\n- say: late")
	cfg.DataDir = dir
	synctest.Test(t, func(t *testing.T) {
		c := start(t, cfg)
		path := c.createItem(object{"agent_id": workerID})
		synctest.Wait()
		db, err := sql.Open("sqlite", (&url.URL{
			Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite"), RawQuery: "_pragma=foreign_keys(1)",
		}).String())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), `DELETE FROM agents WHERE id = ?`, workerID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		c.refuse(http.StatusNotFound, http.MethodGet, path, "")
		for _, task := range get[map[string][]object](c, http.MethodGet, "/work-items/status", "")["status"] {
			if task["status"] != "idle" {
				t.Errorf("task %v", task)
			}
		}
	})
}
