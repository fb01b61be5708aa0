package localtenant_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"sema4mcp/internal/localtenant"
)

// nothing checks that a request is answered with 204 and no body.
func (c *client) nothing(method, path, body string) {
	c.t.Helper()
	status, data, _ := c.do(method, path, body)
	if status != http.StatusNoContent || len(data) > 0 {
		c.t.Fatalf("%s %s: status %d: %s", method, path, status, data)
	}
}

// create makes an agent and gives its path.
func (c *client) create(name string) string {
	c.t.Helper()
	return "/agents/" + get[object](c, http.MethodPost, "/agents", encoded(object{"name": name}))["id"].(string)
}

func TestCreatedAgent(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := get[object](c, http.MethodPost, "/agents", `{"name":"../a/%2f 🚀","description":"d","runbook_text":"# r",
		"architecture_name":"scripted","architecture_version":"7","mode":"worker"}`)
	for field, want := range map[string]any{
		"name": "../a/%2f 🚀", "description": "d", "runbook_text": "# r", "architecture_name": "scripted", "architecture_version": "7",
		"state": "draft", "version": "1", "live_version_id": nil, "mode": "conversational", "created_by": "local",
	} {
		if agent[field] != want {
			t.Errorf("%s is %v, want %v", field, agent[field], want)
		}
	}
	if got := get[object](c, http.MethodGet, "/agents/"+agent["id"].(string), ""); encoded(got) != encoded(agent) {
		t.Errorf("read again: %v, want %v", got, agent)
	}
	plain := get[object](c, http.MethodPost, "/agents", `{"name":"Plain","description":null}`)
	if plain["architecture_name"] != "echo" || plain["description"] != "" {
		t.Errorf("defaults: %v", plain)
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=..", "")); !slices.Equal(got, []string{"../a/%2f 🚀"}) {
		t.Errorf("by name: %q", got)
	}
}

// step is one request of a lifecycle.
type step struct {
	method, action, body string
	status               int
	says                 string // in the error, or "version state live-or-not" of an agent
}

// Each lifecycle begins with an agent that was just created.
func TestAgentLifecycle(t *testing.T) {
	patch := step{http.MethodPatch, "", `{"runbook_text":"new"}`, 200, ""}
	edit := step{http.MethodPost, "/edit", "", 200, ""}
	publish := step{http.MethodPost, "/publish", `{}`, 200, ""}
	discard := step{http.MethodPost, "/discard-draft", `{}`, 200, ""}
	with := func(s step, status int, says string) step {
		s.status, s.says = status, says
		return s
	}
	read := func(says string) step { return step{http.MethodGet, "", "", 200, says} }
	state := func(says string) step { return step{http.MethodGet, "/state", "", 200, says} }
	for name, steps := range map[string][]step{
		"a draft":              {read("1 draft not"), state("draft not true")},
		"edit of a draft":      {with(edit, 200, "1 draft not"), state("draft not true")},
		"change of a draft":    {with(patch, 200, "1 draft not"), read("1 draft not")},
		"discard of a draft":   {with(discard, 412, "was never published"), read("1 draft not")},
		"publish":              {with(publish, 200, "1 live live"), read("1 live live"), state("live live false")},
		"publish twice":        {publish, with(publish, 412, "the agent is live and has no draft"), read("1 live live")},
		"discard of nothing":   {publish, with(discard, 412, "no draft"), read("1 live live")},
		"edit":                 {publish, with(edit, 200, "2 draft live"), read("1 live live"), state("live live true")},
		"edit twice":           {publish, edit, with(edit, 200, "2 draft live"), publish, with(publish, 412, "no draft")},
		"change opens a draft": {publish, with(patch, 200, "2 draft live"), read("1 live live"), state("live live true")},
		"publish again":        {publish, patch, with(publish, 200, "2 live live"), read("2 live live"), state("live live false")},
		"discard":              {publish, patch, with(discard, 200, "1 live live"), read("1 live live"), state("live live false")},
		"discard, then edit":   {publish, edit, discard, with(edit, 200, "2 draft live"), with(publish, 200, "2 live live")},
		"body of publish":      {with(step{http.MethodPost, "/publish", "", 0, ""}, 400, "not JSON"), with(step{http.MethodPost, "/publish", "[]", 0, ""}, 422, "an object")},
		"body of discard":      {with(step{http.MethodPost, "/discard-draft", "", 0, ""}, 400, "not JSON")},
		"mappings":             {with(step{http.MethodPost, "/publish", `{"connection_mappings":{"a":"b"},"mcp_server_mappings":{}}`, 0, ""}, 200, "1 live live")},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, localtenant.Config{})
			agent := c.create("Agent")
			for i, s := range steps {
				if s.status != http.StatusOK {
					if got := c.refuse(s.status, s.method, agent+s.action, s.body); !strings.Contains(got, s.says) {
						t.Errorf("step %d: %q does not say %q", i, got, s.says)
					}
					continue
				}
				got := get[object](c, s.method, agent+s.action, s.body)
				live := "not"
				if got["live_version_id"] != nil {
					live = "live"
				}
				says := fmt.Sprint(got["version"], " ", got["state"], " ", live)
				if s.action == "/state" {
					says = fmt.Sprint(got["state"], " ", live, " ", got["has_draft"])
				}
				if s.says != "" && says != s.says {
					t.Errorf("step %d, %s %s: %s, want %s", i, s.method, s.action, says, s.says)
				}
			}
		})
	}
}

func TestUsersStayOnTheLiveVersion(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := "/agents/" + get[object](c, http.MethodPost, "/agents", `{"name":"Agent","architecture_name":"scripted","runbook_text":"- say: one"}`)["id"].(string)
	answer := func() string {
		id := strings.TrimPrefix(agent, "/agents/")
		return texts(c.post(c.converse(id), "x")[1])
	}
	if got := answer(); got != "one" {
		t.Errorf("the draft, which is all there is, says %q", got)
	}
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	get[object](c, http.MethodPatch, agent, `{"runbook_text":"- say: two","name":"Renamed"}`)
	if got := answer(); got != "one" {
		t.Errorf("beside a draft the live version says %q", got)
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=ren", "")); len(got) != 0 {
		t.Errorf("the draft's name is known to users: %q", got)
	}
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	if got := answer(); got != "two" {
		t.Errorf("published, it says %q", got)
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=ren", "")); !slices.Equal(got, []string{"Renamed"}) {
		t.Errorf("published under the name %q", got)
	}
}

func TestPublishingDeletesDraftConversations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, localtenant.Config{})
		agent := get[object](c, http.MethodPost, "/agents", `{"name":"Agent","architecture_name":"scripted","runbook_text":"- say: working\n- wait: 1h"}`)["id"].(string)
		draft := c.converse(agent)
		other := c.converse(localtenant.EchoID)
		s := c.stream(draft, "x")
		defer s.close()
		s.until(t, "message_content")
		get[object](c, http.MethodPost, "/agents/"+agent+"/publish", `{}`)
		if failure := s.until(t, "agent_error").data["error"].(object); failure["code"] != "not_found" {
			t.Errorf("the run that went on: %v", failure)
		}
		c.refuse(http.StatusNotFound, http.MethodGet, draft+"/messages", "")
		c.messages(other)
		kept := c.converse(agent)
		get[object](c, http.MethodPost, "/agents/"+agent+"/edit", "")
		get[object](c, http.MethodPost, "/agents/"+agent+"/publish", `{}`)
		if got := c.messages(kept); len(got) != 0 {
			t.Errorf("messages of the kept conversation: %v", got)
		}
	})
}

func TestDeletedAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, id := withScript("- say: working\n- wait: 1h")
		c := start(t, cfg)
		conversation := c.converse(id)
		s := c.stream(conversation, "x")
		defer s.close()
		s.until(t, "message_content")
		other := c.stream(c.converse(localtenant.StorytellerID), "a 10-second story")
		defer other.close()
		agent := "/agents/" + id
		get[object](c, http.MethodPost, agent+"/edit", "")
		c.nothing(http.MethodDelete, agent, "")
		if failure := s.until(t, "agent_error").data["error"].(object); failure["code"] != "not_found" {
			t.Errorf("the run that went on: %v", failure)
		}
		other.until(t, "agent_finished")
		for _, request := range [][2]string{
			{http.MethodGet, agent}, {http.MethodDelete, agent}, {http.MethodGet, agent + "/state"},
			{http.MethodGet, agent + "/conversations"}, {http.MethodGet, conversation + "/messages"},
		} {
			c.refuse(http.StatusNotFound, request[0], request[1], "")
		}
		if got := names(get[listing](c, http.MethodGet, "/agents?name=scripted", "")); len(got) != 0 {
			t.Errorf("still listed: %q", got)
		}
		c.create("Scripted") // the name is free again
	})
}

func TestNamesAreUnique(t *testing.T) {
	c := start(t, localtenant.Config{})
	street := c.create("STRASSE")
	other := c.create("Other")
	for _, request := range []struct{ method, path, body string }{
		{http.MethodPost, "/agents", `{"name":"straße"}`},
		{http.MethodPost, "/agents", `{"name":"ECHO"}`},
		{http.MethodPost, "/agents", `{"name":"AGENTE\u0301 Ünïcode 🚀"}`},
		{http.MethodPatch, other, `{"name":"Straße","description":"lost"}`},
	} {
		if got := c.refuse(http.StatusConflict, request.method, request.path, request.body); !strings.HasPrefix(got, "agent ") || !strings.HasSuffix(got, ": choose another name") {
			t.Errorf("%s: %q", request.body, got)
		}
	}
	if got := get[object](c, http.MethodGet, other, ""); got["name"] != "Other" || got["description"] != "" {
		t.Errorf("changed although refused: %v", got)
	}
	// An agent may keep its own name, in another case too.
	get[object](c, http.MethodPatch, street, `{"name":"Strasse"}`)
	// A draft's name is not taken before it is published: first come, first served.
	get[object](c, http.MethodPost, other+"/publish", `{}`)
	get[object](c, http.MethodPatch, other, `{"name":"Wanted"}`)
	wanted := c.create("Wanted")
	if got := c.refuse(http.StatusConflict, http.MethodPost, other+"/publish", `{}`); !strings.Contains(got, "Wanted") {
		t.Errorf("publish: %q", got)
	}
	if got := get[object](c, http.MethodGet, other+"/state", ""); got["has_draft"] != true {
		t.Errorf("the draft after a refused publish: %v", got)
	}
	c.nothing(http.MethodDelete, wanted, "")
	get[object](c, http.MethodPost, other+"/publish", `{}`)
}

// What a refusal says begins with what is wrong, not with what the tenant was doing.
func TestRefusalsAreForUsers(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Agent")
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	for request, want := range map[step]string{
		{http.MethodPost, "/agents", `{"name":"ECHO"}`, 409, ""}:                  "agent " + localtenant.EchoID + ` is already called "ECHO": choose another name`,
		{http.MethodPost, agent + "/publish", `{}`, 412, ""}:                      "the agent is live and has no draft; there is nothing to publish: change the agent, or open a draft with edit",
		{http.MethodPost, agent + "/discard-draft", `{}`, 412, ""}:                "the agent is live and has no draft; there is nothing to discard",
		{http.MethodPost, agent + "/mcp-servers", `{"id":"x"}`, 404, ""}:          `MCP server "x": not found`,
		{http.MethodPut, "/mcp-servers/x", `{"name":"x","command":"x"}`, 404, ""}: `MCP server "x": not found`,
		{http.MethodPost, "/agents/x/edit", "", 404, ""}:                          `agent "x": not found`,
		{http.MethodPost, "/work-items/x/cancel", "", 404, ""}:                    `work item "x": not found`,
	} {
		if got := c.refuse(request.status, request.method, request.action, request.body); got != want {
			t.Errorf("%s %s: %q, want %q", request.method, request.action, got, want)
		}
	}
}

// However many publish, edit and change an agent at once, it has one live version
// and at most one draft, and its versions are numbered without a gap.
func TestParallelLifecycles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	agent := c.create("Agent")
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			request := []struct{ method, action, body string }{
				{http.MethodPost, "/edit", ""}, {http.MethodPost, "/publish", `{}`},
				{http.MethodPatch, "", `{"description":"x"}`}, {http.MethodPost, "/discard-draft", `{}`},
			}[i%4]
			status, body, _ := c.do(request.method, agent+request.action, request.body)
			if status != http.StatusOK && status != http.StatusPreconditionFailed {
				t.Errorf("%s %s: status %d: %s", request.method, request.action, status, body)
			}
		})
	}
	all.Wait()
	get[object](c, http.MethodPost, agent+"/edit", "")
	last := get[object](c, http.MethodPost, agent+"/publish", `{}`)
	versions := stored[int](t, dir, `SELECT COUNT(*) FROM agent_versions JOIN agents ON agents.id = agent_id WHERE '/agents/' || agents.id = ?`, agent)
	if fmt.Sprint(versions) != last["version"] {
		t.Errorf("%d versions, the last is %v", versions, last["version"])
	}
	if got := get[object](c, http.MethodGet, agent+"/state", ""); got["has_draft"] != false || got["live_version_id"] != last["live_version_id"] {
		t.Errorf("state %v, want the version %v", got, last)
	}
}

func TestAgentBodies(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Agent")
	long := func(field string, length int) string {
		return encoded(object{"name": "x", field: strings.Repeat("x", length)})
	}
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{http.MethodPost, "/agents", ``, 400, "not JSON"},
		{http.MethodPost, "/agents", `{}`, 422, "body -> name: is required"},
		{http.MethodPost, "/agents", `{"name":" "}`, 422, "body -> name: must not be empty"},
		{http.MethodPost, "/agents", `{"name":1,"description":2}`, 422, "body -> name: must be a string; body -> description: must be a string"},
		{http.MethodPost, "/agents", long("name", 256), 422, "body -> name: must not be longer than 255"},
		{http.MethodPost, "/agents", long("description", 10_001), 422, "body -> description: must not be longer"},
		{http.MethodPost, "/agents", long("runbook_text", 1_000_001), 422, "body -> runbook_text: must not be longer"},
		{http.MethodPost, "/agents", long("runbook_text", 5<<20), 413, "larger than"},
		{http.MethodPost, "/agents", `{"name":"x","architecture_name":"none"}`, 422, "body -> architecture_name: must be one of verified-queries, "},
		{http.MethodPost, "/agents", `{"name":"x","architecture_version":""}`, 422, "body -> architecture_version: must not be empty"},
		{http.MethodPatch, agent, `null`, 422, "body: must be an object"},
		{http.MethodPatch, agent, `{}`, 422, "body: changes nothing"},
		{http.MethodPatch, agent, `{"name":null,"mode":"worker"}`, 422, "body: changes nothing"},
		{http.MethodPatch, agent, `{"name":""}`, 422, "body -> name: must not be empty"},
		{http.MethodPatch, agent, `{"runbook_text":[]}`, 422, "body -> runbook_text: must be a string"},
		{http.MethodPatch, agent, long("description", 10_001), 422, "body -> description: must not be longer"},
	} {
		if got := c.refuse(test.status, test.method, test.path, test.body); !strings.Contains(got, test.says) {
			t.Errorf("%s %.60s: %q does not say %q", test.method, test.body, got, test.says)
		}
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=x", "")); len(got) != 0 {
		t.Errorf("stored although refused: %q", got)
	}
	for _, id := range []string{"x", "%2e%2e", "a%2Fb", "%20", "%F0%9F%9A%80", "7e570000-0000-4000-8000-00000000ffff"} {
		for _, request := range []struct{ method, action, body string }{
			{http.MethodGet, "", ""}, {http.MethodPatch, "", `{"description":"x"}`}, {http.MethodDelete, "", ""}, {http.MethodGet, "/state", ""},
			{http.MethodPost, "/edit", ""}, {http.MethodPost, "/publish", `{}`}, {http.MethodPost, "/discard-draft", `{}`},
			{http.MethodGet, "/export", ""}, {http.MethodGet, "/semantic-data-models", ""}, {http.MethodGet, "/mcp-servers", ""},
			{http.MethodPost, "/semantic-data-models", `{"id":"` + localtenant.SalesModelID + `"}`},
			{http.MethodDelete, "/semantic-data-models/" + localtenant.SalesModelID, ""},
			{http.MethodGet, "/schedules", ""}, {http.MethodPost, "/schedules", `{"cron_expression":"* * * * *"}`},
		} {
			if got := c.refuse(http.StatusNotFound, request.method, "/agents/"+id+request.action, request.body); !strings.HasPrefix(got, `agent "`) {
				t.Errorf("%s %s: %q", request.method, request.action, got)
			}
		}
	}
}

func TestAgentPagesByName(t *testing.T) {
	t.Parallel()
	var specs []localtenant.AgentSpec
	for i := range 30 {
		specs = append(specs, localtenant.AgentSpec{Name: fmt.Sprintf("page %d", (i*7)%30)})
	}
	c := start(t, localtenant.Config{Agents: specs})
	first := get[listing](c, http.MethodGet, "/agents?name=PAGE&limit=4", "")
	if got := names(first); !slices.Equal(got, []string{"page 0", "page 1", "page 10", "page 11"}) {
		t.Errorf("by name: %q", got)
	}
	// The next page does not miss one when the last of this page is deleted.
	c.nothing(http.MethodDelete, "/agents/"+first.Data[3]["id"].(string), "")
	rest := get[listing](c, http.MethodGet, "/agents?name=PAGE&limit=200&next="+*first.Next, "")
	if len(rest.Data) != 26 || rest.Data[0]["name"] != "page 12" {
		t.Errorf("%d more agents, %v first", len(rest.Data), rest.Data[0]["name"])
	}
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, "/agents?name=other&next="+*first.Next, "")
	c.refuse(http.StatusUnprocessableEntity, http.MethodGet, "/agents?next="+*first.Next, "")
}
