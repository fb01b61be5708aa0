package localtenant_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/internal/localtenant"
)

const scheduledID = "7e570000-0000-4000-8000-000000000002"

func withScheduled(cfg localtenant.Config) localtenant.Config {
	cfg.Agents = append(cfg.Agents, localtenant.AgentSpec{ID: scheduledID, Name: "Scheduled", Mode: "worker"})
	return cfg
}

func TestSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins at midnight of January 1, 2000
		c := start(t, withScheduled(localtenant.Config{}))
		path := "/agents/" + scheduledID + "/schedules"
		if got := get[listing](c, http.MethodGet, path, ""); got.Data == nil || len(got.Data) != 0 {
			t.Errorf("at first: %+v", got)
		}
		plain := get[object](c, http.MethodPost, path, `{"cron_expression":"30 9 * * MON-FRI"}`)
		if plain["timezone"] != "UTC" || plain["enabled"] != true || plain["next_run_at"] != "2000-01-03T09:30:00.000000+00:00" ||
			plain["work_item_name"] != nil || plain["message"] != nil || plain["payload"] != nil {
			t.Errorf("defaults: %v", plain)
		}
		full := get[object](c, http.MethodPost, path, `{"cron_expression":"0 0 29 2 *","timezone":"America/New_York",
			"work_item_name":"../Leap 🚀","message":"m","payload":{"n":1.50}}`)
		if full["next_run_at"] != "2000-02-29T05:00:00.000000+00:00" || full["work_item_name"] != "../Leap 🚀" || full["message"] != "m" || encoded(full["payload"]) != `{"n":1.5}` {
			t.Errorf("all given: %v", full)
		}
		one := path + "/" + full["id"].(string)
		if got := get[object](c, http.MethodGet, one, ""); encoded(got) != encoded(full) {
			t.Errorf("read again: %v, want %v", got, full)
		}
		time.Sleep(70 * 24 * time.Hour)
		if got := get[object](c, http.MethodGet, one, ""); got["next_run_at"] != "2004-02-29T05:00:00.000000+00:00" {
			t.Errorf("later: %v", got)
		}
		replaced := get[object](c, http.MethodPut, one, `{"cron_expression":"* * * * *","timezone":null}`)
		if replaced["id"] != full["id"] || replaced["timezone"] != "UTC" || replaced["message"] != nil || replaced["payload"] != nil ||
			replaced["next_run_at"] != "2000-03-11T00:01:00.000000+00:00" {
			t.Errorf("replaced in full: %v", replaced)
		}
		third := get[object](c, http.MethodPost, path, `{"cron_expression":"0 12 * * *"}`)
		want := []string{plain["id"].(string), full["id"].(string), third["id"].(string)}
		if got := allPages(c, path, 2); !slices.Equal(got, want) {
			t.Errorf("oldest first: %q, want %q", got, want)
		}
		c.nothing(http.MethodDelete, one, "")
		c.refuse(http.StatusNotFound, http.MethodGet, one, "")
		c.refuse(http.StatusNotFound, http.MethodDelete, one, "")
		c.refuse(http.StatusNotFound, http.MethodPut, one, `{"cron_expression":"* * * * *"}`)
	})
}

func TestScheduleBodies(t *testing.T) {
	c := start(t, withScheduled(localtenant.Config{}))
	path := "/agents/" + scheduledID + "/schedules"
	one := path + "/" + get[object](c, http.MethodPost, path, `{"cron_expression":"1 2 3 4 5"}`)["id"].(string)
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{``, 400, "not JSON"},
		{`{}`, 422, "body -> cron_expression: is required"},
		{`{"cron_expression":5}`, 422, "must be a string"},
		{`{"cron_expression":""}`, 422, "must have five fields"},
		{`{"cron_expression":"* * * *"}`, 422, "must have five fields"},
		{`{"cron_expression":"* * * * * *"}`, 422, "must have five fields"},
		{`{"cron_expression":"@daily"}`, 422, "must have five fields"},
		{`{"cron_expression":"TZ=UTC * * * *"}`, 422, "must have five fields"},
		{`{"cron_expression":"60 * * * *"}`, 422, "is no cron expression"},
		{`{"cron_expression":"*/0 * * * *"}`, 422, "is no cron expression"},
		{`{"cron_expression":"0 0 30 2 *"}`, 422, "never comes due"},
		{`{"cron_expression":"` + strings.Repeat("1,", 200) + `1 * * * *"}`, 422, "must not be longer"},
		{`{"cron_expression":"* * * * *","timezone":"Mars/Olympus"}`, 422, "body -> timezone: is no time zone"},
		{`{"cron_expression":"* * * * *","timezone":"../../etc/passwd"}`, 422, "is no time zone"},
		{`{"cron_expression":"* * * * *","timezone":"Local"}`, 422, "must be the IANA name"},
		{`{"cron_expression":"* * * * *","timezone":""}`, 422, "must be the IANA name"},
		{`{"cron_expression":"* * * * *","work_item_name":" "}`, 422, "body -> work_item_name: must not be empty"},
		{encoded(object{"cron_expression": "* * * * *", "work_item_name": strings.Repeat("x", 256)}), 422, "must not be longer"},
		{encoded(object{"cron_expression": "* * * * *", "message": strings.Repeat("x", 100_001)}), 422, "must not be longer"},
		{`{"cron_expression":"* * * * *","message":{}}`, 422, "body -> message: must be a string"},
		{`{"cron_expression":"* * * * *","payload":[1]}`, 422, "body -> payload: must be an object"},
	} {
		for method, path := range map[string]string{http.MethodPost: path, http.MethodPut: one} {
			if got := c.refuse(test.status, method, path, test.body); !strings.Contains(got, test.says) {
				t.Errorf("%s %.80s: %q does not say %q", method, test.body, got, test.says)
			}
		}
	}
	if got := get[listing](c, http.MethodGet, path, ""); len(got.Data) != 1 || got.Data[0]["cron_expression"] != "1 2 3 4 5" {
		t.Errorf("stored although refused: %v", got.Data)
	}
	conversational := "/agents/" + localtenant.EchoID + "/schedules"
	for _, request := range [][2]string{{http.MethodPost, conversational}, {http.MethodPut, conversational + "/x"}} {
		if got := c.refuse(http.StatusBadRequest, request[0], request[1], `{"cron_expression":"* * * * *"}`); !strings.Contains(got, "only worker agents") {
			t.Errorf("%s %s: %q", request[0], request[1], got)
		}
	}
	if got := get[listing](c, http.MethodGet, conversational, ""); len(got.Data) != 0 {
		t.Errorf("schedules of a conversational agent: %v", got.Data)
	}
	c.refuse(http.StatusNotFound, http.MethodGet, conversational+"/x", "")
	c.refuse(http.StatusNotFound, http.MethodDelete, conversational+"/x", "")
	for _, id := range []string{"x", "%2e%2e", "a%2Fb", "%F0%9F%9A%80"} {
		c.refuse(http.StatusNotFound, http.MethodGet, path+"/"+id, "")
	}
}

// A schedule of one agent is none of another, and goes with its agent.
func TestSchedulesOfAgents(t *testing.T) {
	c := start(t, withScheduled(localtenant.Config{Agents: []localtenant.AgentSpec{{Name: "Other", Mode: "worker"}}}))
	id := get[object](c, http.MethodPost, "/agents/"+scheduledID+"/schedules", `{"cron_expression":"* * * * *"}`)["id"].(string)
	other := "/agents/" + get[listing](c, http.MethodGet, "/agents?name=other", "").Data[0]["id"].(string) + "/schedules/" + id
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		c.refuse(http.StatusNotFound, method, other, `{"cron_expression":"* * * * *"}`)
	}
	get[object](c, http.MethodGet, "/agents/"+scheduledID+"/schedules/"+id, "")
	c.nothing(http.MethodDelete, "/agents/"+scheduledID, "")
	c.refuse(http.StatusNotFound, http.MethodGet, "/agents/"+scheduledID+"/schedules/"+id, "")
}

// A time zone that is gone leaves the schedule readable.
func TestScheduleWithoutItsZone(t *testing.T) {
	dir := t.TempDir()
	c := start(t, withScheduled(localtenant.Config{DataDir: dir}))
	path := "/agents/" + scheduledID + "/schedules"
	get[object](c, http.MethodPost, path, `{"cron_expression":"* * * * *"}`)
	if err := changeStored(t, dir, `UPDATE schedules SET timezone = 'Mars/Olympus'`); err != nil {
		t.Fatal(err)
	}
	if got := get[listing](c, http.MethodGet, path, "").Data[0]; got["next_run_at"] != nil || got["timezone"] != "Mars/Olympus" {
		t.Errorf("schedule %v", got)
	}
}

func TestDocumentIntelligence(t *testing.T) {
	c := start(t, localtenant.Config{})
	if got := get[json.RawMessage](c, http.MethodGet, "/document-intelligence", ""); string(got) != `{"data_connection_id":null,"integrations":[]}` {
		t.Errorf("configuration %s", got)
	}
	if got := c.refuse(http.StatusPreconditionFailed, http.MethodGet, "/document-intelligence/ok", ""); !strings.Contains(got, "not configured") {
		t.Errorf("ok: %q", got)
	}
	for _, path := range []string{"branding", "settings", "llms", "llms/defaults", "observability/integrations", "document-intelligence/x"} {
		c.refuse(http.StatusNotFound, http.MethodGet, fmt.Sprint("/", path), "")
	}
}
