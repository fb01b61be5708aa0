package localtenant_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
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
		time.Sleep(time.Second) // in the time of a synctest bubble
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

func TestCreateWorkItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, withWorker("- say: ok"))
		callbacks := []object{{"url": "https://hooks.example/wi", "signature_secret": "s", "on_status": "CANCELLED"}, {"url": "http://hooks.example"}}
		created := get[object](c, http.MethodPost, "/work-items", encoded(object{
			"agent_id": workerID, "work_item_name": "Invoice 1042 é🚀 ../%2f", "payload": object{"invoice": 1042, "deep": object{"a": []any{nil, "<&>\u2028"}}},
			"messages":  []object{{"role": "user", "content": []object{{"kind": "text", "text": "Check this invoice."}}}},
			"callbacks": callbacks,
			"unknown":   1,
		}))
		path := "/work-items/" + created["work_item_id"].(string)
		for field, want := range map[string]any{
			"agent_id": workerID, "status": "PENDING", "thread_id": nil, "work_item_name": "Invoice 1042 é🚀 ../%2f",
			"completed_by": nil, "status_updated_by": "SYSTEM", "work_item_url": c.base + path, "created_by": "local", "user_id": "local", "user_subject": "local",
		} {
			if created[field] != want {
				t.Errorf("%s is %v, want %v", field, created[field], want)
			}
		}
		for _, field := range []string{"created_at", "updated_at", "status_updated_at"} {
			if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(created[field])); err != nil {
				t.Errorf("%s: %v", field, err)
			}
		}
		if got := encoded(created["payload"]); got != encoded(object{"invoice": 1042, "deep": object{"a": []any{nil, "<&>\u2028"}}}) {
			t.Errorf("payload %s", got)
		}
		callbacks[1]["on_status"], callbacks[1]["signature_secret"] = "NEEDS_REVIEW", nil
		if got := encoded(created["callbacks"]); got != encoded(callbacks) {
			t.Errorf("callbacks %s", got)
		}
		initial := created["initial_messages"].([]any)
		if len(initial) != 1 || texts(initial[0].(object)) != "Check this invoice." || encoded(created["messages"]) != encoded(initial) || initial[0].(object)["message_id"] == "" {
			t.Errorf("messages %v, %v", created["messages"], initial)
		}
		done := c.settle(path)
		if without := get[object](c, http.MethodGet, path, ""); encoded(without["messages"]) != "[]" || without["status"] != "COMPLETED" {
			t.Errorf("without results: %v", without)
		}
		if messages := done["messages"].([]any); len(messages) != 3 || !strings.HasPrefix(texts(messages[1].(object)), "Work item payload:\n\n{") {
			t.Errorf("with results: %v", messages)
		}
		minimal := get[object](c, http.MethodPost, "/work-items", encoded(object{"agent_id": workerID, "payload": nil, "messages": nil, "callbacks": nil, "work_item_name": " ", "work_item_id": nil}))
		if encoded(minimal["payload"]) != "{}" || encoded(minimal["messages"]) != "[]" || encoded(minimal["callbacks"]) != "[]" || minimal["work_item_name"] != "" {
			t.Errorf("minimal: %v", minimal)
		}
		c.settle("/work-items/" + minimal["work_item_id"].(string))
	})
}

func TestBadWorkItems(t *testing.T) {
	c := start(t, localtenant.Config{})
	with := func(member string) string {
		return `{"agent_id":"` + localtenant.InvoiceClerkID + `",` + member + `}`
	}
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{``, 400, "not JSON"},
		{`[]`, 422, "body: must be an object"},
		{`{}`, 422, "body -> agent_id: is required"},
		{`{"agent_id":7}`, 422, "body -> agent_id: must be a string"},
		{`{"agent_id":""}`, 422, "body -> agent_id: must not be empty"},
		{`{"agent_id":"../%2f 🚀"}`, 404, "not found"},
		{`{"agent_id":"` + localtenant.EchoID + `"}`, 400, "only worker agents take work items"},
		{with(`"payload":[1]`), 422, "body -> payload: must be an object"},
		{with(`"payload":"x"`), 422, "body -> payload: must be an object"},
		{with(`"work_item_name":1`), 422, "body -> work_item_name: must be a string"},
		{with(`"work_item_name":"` + strings.Repeat("ü", 256) + `"`), 422, "longer than 255"},
		{with(`"work_item_id":"../x"`), 404, "not found"},
		{with(`"work_item_id":1`), 422, "body -> work_item_id: must be a string"},
		{with(`"messages":{}`), 422, "body -> messages: must be an array"},
		{with(`"messages":["x"]`), 422, "body -> messages -> 0: must be an object"},
		{with(`"messages":[{}]`), 422, "body -> messages -> 0 -> role: is required; body -> messages -> 0 -> content: is required"},
		{with(`"messages":[{"role":"boss","content":"x"}]`), 422, "role: must be one of user, agent; body -> messages -> 0 -> content: must be an array"},
		{with(`"messages":[{"role":"user","content":[{"kind":"chart"}]}]`), 422, "content -> 0 -> kind: must be one of text; body -> messages -> 0 -> content -> 0 -> text: is required"},
		{with(`"messages":[{"role":"user","content":[{"kind":"text","text":" "}]}]`), 422, "text: must not be empty"},
		{with(`"callbacks":{}`), 422, "body -> callbacks: must be an array"},
		{with(`"callbacks":[{}]`), 422, "body -> callbacks -> 0 -> url: is required"},
		{with(`"callbacks":[{"url":""}]`), 400, "body -> callbacks -> 0 -> url: must be an address"},
		{with(`"callbacks":[{"url":"file:///etc/passwd"}]`), 400, "begins with http:// or https://"},
		{with(`"callbacks":[{"url":"http://%zz"}]`), 400, "begins with http:// or https://"},
		{with(`"callbacks":[{"url":"http://h","on_status":"PENDING"}]`), 422, "on_status: must be one of COMPLETED, ERROR, NEEDS_REVIEW, CANCELLED, INDETERMINATE"},
		{with(`"callbacks":[{"url":"http://h","signature_secret":5}]`), 422, "signature_secret: must be a string"},
		{with(`"callbacks":[{"url":"http://h"},{"url":"http://i","on_status":"NEEDS_REVIEW"}]`), 400, "a callback for NEEDS_REVIEW already"},
		{with(`"payload":{"x":"` + strings.Repeat("x", 100<<10) + `"}`), 413, "larger than 102400 bytes"},
	} {
		if got := c.refuse(test.status, http.MethodPost, "/work-items", test.body); !strings.Contains(got, test.says) {
			t.Errorf("%.80s: %q does not say %q", test.body, got, test.says)
		}
	}
	if got := get[recordList](c, http.MethodGet, "/work-items", ""); len(got.Records) != 0 || got.NextOffset != nil {
		t.Errorf("stored: %v", got)
	}
}

func TestUnknownWorkItems(t *testing.T) {
	c := start(t, localtenant.Config{})
	for _, id := range []string{"x", "%2e%2e", "a%2fb", "%20", "%F0%9F%9A%80", "%00", localtenant.EchoID} {
		path := "/work-items/" + id
		c.refuse(http.StatusNotFound, http.MethodGet, path, "")
		c.refuse(http.StatusNotFound, http.MethodGet, path+"?results=true", "")
		c.refuse(http.StatusNotFound, http.MethodPatch, path, `{"work_item_name":"x"}`)
		for _, action := range []string{"continue", "restart", "cancel", "complete"} {
			c.refuse(http.StatusNotFound, http.MethodPost, path+"/"+action, "")
		}
	}
	c.refuse(http.StatusMethodNotAllowed, http.MethodDelete, "/work-items/x", "")
	c.refuse(http.StatusMethodNotAllowed, http.MethodGet, "/work-items/x/cancel", "")
	c.refuse(http.StatusMethodNotAllowed, http.MethodGet, "/work-items/upload-file", "")
}

func TestRenameWorkItem(t *testing.T) {
	c := start(t, localtenant.Config{})
	path := "/work-items/" + c.attach("", "a.txt", "x")
	for name, want := range map[string]string{
		"Zürich 🚀":                 "Zürich 🚀",
		strings.Repeat("ü", 255):   strings.Repeat("ü", 255),
		strings.Repeat("ü", 256):   strings.Repeat("ü", 252) + "...",
		strings.Repeat("🚀", 10000): strings.Repeat("🚀", 252) + "...",
	} {
		renamed := get[object](c, http.MethodPatch, path, encoded(object{"work_item_name": name}))
		if renamed["work_item_name"] != want || encoded(c.item(path)) != encoded(renamed) || renamed["status"] != "DRAFT" {
			t.Errorf("%.20q: %v", name, renamed)
		}
	}
	before := c.item(path)
	for body, status := range map[string]int{
		`{"work_item_name":"  "}`: 400, `{"work_item_name":""}`: 400, `{"work_item_name":null}`: 422, `{"work_item_name":1}`: 422, `{}`: 422, `x`: 400,
	} {
		c.refuse(status, http.MethodPatch, path, body)
	}
	if after := c.item(path); encoded(after) != encoded(before) {
		t.Errorf("changed to %v", after)
	}
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, path+"?results=maybe", "")
}

// names of the items of a list.
func itemNames(list recordList) []string {
	all := []string{}
	for _, item := range list.Records {
		all = append(all, item["work_item_name"].(string))
	}
	return all
}

func TestListWorkItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReacher(t)
		var paths []string
		for i, status := range []string{"COMPLETED", "ERROR", "COMPLETED", "NEEDS_REVIEW", "DRAFT"} {
			path := r.reach(status)
			time.Sleep(time.Minute)
			get[object](r.client, http.MethodPatch, path, encoded(object{"work_item_name": []string{"Alpha 100%", "Beta_1", "STRASSE", "Ünïcode", "alphabet"}[i]}))
			paths = append(paths, path)
		}
		for query, want := range map[string][]string{
			"":                          {"alphabet", "Ünïcode", "STRASSE", "Beta_1", "Alpha 100%"},
			"limit=2":                   {"alphabet", "Ünïcode"},
			"limit=2&offset=4":          {"Alpha 100%"},
			"offset=9":                  {},
			"name_search=ALPHA":         {"alphabet", "Alpha 100%"},
			"name_search=%25":           {"Alpha 100%"},
			"name_search=_":             {"Beta_1"},
			"name_search=u%CC%88N":      {"Ünïcode"},
			"name_search=stra%C3%9Fe":   {"STRASSE"},
			"name_search=%F0%9F%9A%80":  {},
			"name_search=100%25":        {"Alpha 100%"},
			"name_search=a_1":           {"Beta_1"},
			"name_search=lph*":          {},
			"name_search=%22alpha%22":   {},
			"name_search=alpha+OR+beta": {},
			"name_search=alpha&work_item_status=DRAFT&work_item_status=ERROR":                   {"alphabet"},
			"name_search=alpha&created_by=other":                                                {},
			"name_search=alpha&limit=1&offset=1":                                                {"Alpha 100%"},
			"work_item_status=COMPLETED":                                                        {"STRASSE", "Alpha 100%"},
			"work_item_status=COMPLETED&limit=1":                                                {"STRASSE"},
			"work_item_status=DRAFT&work_item_status=ERROR&work_item_status=DRAFT":              {"alphabet", "Beta_1"},
			"work_item_status=COMPLETED&work_item_status=ERROR&work_item_status=DRAFT&offset=1": {"STRASSE", "Beta_1", "Alpha 100%"},
			"agent_id=" + r.agents["COMPLETED"]:                                                 {"STRASSE", "Alpha 100%"},
			"agent_id=" + r.agents["COMPLETED"] + "&name_search=a&work_item_status=COMPLETED":   {"STRASSE", "Alpha 100%"},
			"agent_id=" + r.agents["ERROR"] + "&work_item_status=COMPLETED":                     {},
			"agent_id=..%2f":   {},
			"created_by=local": {"alphabet", "Ünïcode", "STRASSE", "Beta_1", "Alpha 100%"},
			"created_by=other": {},
		} {
			got := get[recordList](r.client, http.MethodGet, "/work-items?"+query, "")
			if names := itemNames(got); !slices.Equal(names, want) {
				t.Errorf("%s: %q, want %q", query, names, want)
			}
			for _, item := range got.Records {
				if encoded(item["messages"]) != "[]" || item["initial_messages"] == nil {
					t.Errorf("%s: item %v", query, item)
				}
			}
		}
		for query, want := range map[string]string{"": "null", "?limit=5": "5", "?limit=2": "2", "?limit=2&offset=2": "4", "?limit=2&offset=4": "null", "?limit=5&offset=5": "null"} {
			if got := get[recordList](r.client, http.MethodGet, "/work-items"+query, ""); encoded(got.NextOffset) != want {
				t.Errorf("%s: next_offset %s, want %s", query, encoded(got.NextOffset), want)
			}
		}
		for _, query := range []string{"limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "offset=-1", "offset=x", "work_item_status=DONE", "work_item_status=completed", "work_item_status=PRECREATED"} {
			if got := r.refuse(http.StatusUnprocessableEntity, http.MethodGet, "/work-items?"+query, ""); !strings.HasPrefix(got, "query -> ") {
				t.Errorf("%s: %q", query, got)
			}
		}
		// Renamed in the same instant as the last: who is changed last is first.
		get[object](r.client, http.MethodPatch, paths[0], `{"work_item_name":"first"}`)
		if got := itemNames(get[recordList](r.client, http.MethodGet, "/work-items?limit=1", "")); got[0] != "first" {
			t.Errorf("first is %q", got)
		}
	})
}

// One request gets no more than a page, whatever it asks for, and is told where the
// next one begins.
func TestLongListsOfWorkItems(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	if err := changeStored(t, dir, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
		INSERT INTO work_items (id, status, name, search_name, payload, messages, initial_messages, callbacks, url,
			status_updated_by, created_by, created_at, updated_at, status_updated_at)
		SELECT printf('%08x-0000-4000-8000-000000000000', i), 'DRAFT', 'Item ' || i, 'item ' || i, '{}', '[]', '[]', '[]', 'http://x', 'SYSTEM', 'local',
			'2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00'
		FROM n`); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]struct {
		count int
		next  string
	}{
		"":                           {100, "100"},
		"?limit=1000":                {1000, "1000"},
		"?limit=1001":                {1000, "1000"},
		"?limit=2000000000":          {1000, "1000"},
		"?limit=1001&offset=1":       {1000, "1001"},
		"?limit=2000000000&offset=2": {999, "null"},
	} {
		if got := get[recordList](c, http.MethodGet, "/work-items"+query, ""); len(got.Records) != want.count || encoded(got.NextOffset) != want.next {
			t.Errorf("%s: %d items, next_offset %s; want %v", query, len(got.Records), encoded(got.NextOffset), want)
		}
	}
}

func TestWorkItemSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startReacher(t)
		if got := get[[]object](r.client, http.MethodGet, "/work-items/summary", ""); got == nil || len(got) != 0 {
			t.Errorf("without items: %v", got)
		}
		for _, status := range []string{"COMPLETED", "COMPLETED", "CANCELLED", "EXECUTING", "DRAFT"} {
			r.reach(status)
		}
		got := encoded(get[[]object](r.client, http.MethodGet, "/work-items/summary", ""))
		want := encoded([]object{
			{"agent_id": r.agents["EXECUTING"], "agent_name": "EXECUTING", "work_items_status_counts": object{"CANCELLED": 1, "EXECUTING": 1}},
			{"agent_id": r.agents["COMPLETED"], "agent_name": "COMPLETED", "work_items_status_counts": object{"COMPLETED": 2}},
		})
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
