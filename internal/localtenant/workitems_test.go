package localtenant_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

// workerID is a worker agent that follows a script.
const workerID = "7e570000-0000-4000-8000-0000000000e1"

func withWorker(runbook string) localtenant.Config {
	return localtenant.Config{Logger: quiet, Agents: []localtenant.AgentSpec{
		{ID: workerID, Name: "Worker", Architecture: "scripted", Mode: "worker", Runbook: runbook},
	}}
}

type recordList struct {
	Records    []object `json:"records"`
	NextOffset *int     `json:"next_offset"`
}

// createItem makes a work item and gives its path.
func (c *client) createItem(fields object) string {
	c.t.Helper()
	item := get[object](c, http.MethodPost, "/work-items", encoded(fields))
	return "/work-items/" + item["work_item_id"].(string)
}

func (c *client) item(path string) object {
	c.t.Helper()
	return get[object](c, http.MethodGet, path+"?results=true", "")
}

// settle polls, as clients do, until nothing more is done about an item.
func (c *client) settle(path string) object {
	c.t.Helper()
	for {
		item := c.item(path)
		if !slices.Contains([]any{"PENDING", "EXECUTING"}, item["status"]) {
			return item
		}
		time.Sleep(time.Millisecond) // in the bubble's time
	}
}

func TestVerdicts(t *testing.T) {
	for runbook, want := range map[string]object{
		"- say: Done.":            {"status": "COMPLETED", "completed_by": "AGENT", "status_updated_by": "AGENT"},
		"- ask: Which one?":       {"status": "NEEDS_REVIEW", "completed_by": nil, "status_updated_by": "AGENT"},
		"- think: Hm.":            {"status": "INDETERMINATE", "completed_by": nil, "status_updated_by": "AGENT"},
		"- say: Oh\n- fail: boom": {"status": "ERROR", "completed_by": nil, "status_updated_by": "SYSTEM"},
		"no steps":                {"status": "ERROR", "completed_by": nil, "status_updated_by": "SYSTEM"},
	} {
		t.Run(fmt.Sprint(want["status"]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, withWorker(runbook))
				item := c.settle(c.createItem(object{"agent_id": workerID, "payload": object{"n": 1}}))
				for field, value := range want {
					if item[field] != value {
						t.Errorf("%s is %v, want %v", field, item[field], value)
					}
				}
			})
		})
	}
}
