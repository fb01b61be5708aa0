package localtenant_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/localtenant/store"
)

func names(list listing) []string {
	all := []string{}
	for _, entry := range list.Data {
		all = append(all, entry["name"].(string))
	}
	return all
}

func TestSeededAgents(t *testing.T) {
	c := start(t, localtenant.Config{})
	got := names(get[listing](c, http.MethodGet, "/agents", ""))
	want := []string{"Sales Analyst", "Storyteller", "Echo", "Agenté Ünïcode 🚀", "Invoice Clerk"}
	if !slices.Equal(got, want) {
		t.Errorf("agents %q, want %q", got, want)
	}
	for id, mode := range map[string]string{
		localtenant.SalesAnalystID: "conversational", localtenant.StorytellerID: "conversational", localtenant.EchoID: "conversational",
		localtenant.UnicodeID: "conversational", localtenant.InvoiceClerkID: "worker",
	} {
		agent := get[object](c, http.MethodGet, "/agents/"+id, "")
		if agent["id"] != id || agent["state"] != "live" || agent["mode"] != mode ||
			agent["version"] != "1" || agent["live_version_id"] == nil {
			t.Errorf("agent %v", agent)
		}
		for _, field := range []string{"description", "runbook_text", "architecture_name", "architecture_version", "created_by", "created_at", "updated_at"} {
			if agent[field] == "" || agent[field] == nil {
				t.Errorf("agent %v has no %s", agent["name"], field)
			}
		}
	}
}

func TestAgentsByName(t *testing.T) {
	c := start(t, localtenant.Config{Agents: []localtenant.AgentSpec{{Name: "E%cho"}, {Name: "STRASSE"}}})
	for prefix, want := range map[string][]string{
		"s":              {"Sales Analyst", "Storyteller", "STRASSE"},
		"SALES A":        {"Sales Analyst"},
		"agenté ü":       {"Agenté Ünïcode 🚀"},
		"AGENTE\u0301 U": {},                   // Ü is no U
		"AGENTE\u0301 Ü": {"Agenté Ünïcode 🚀"}, // composed otherwise
		"straß":          {"STRASSE"},
		"e%":             {"E%cho"},
		"cho":            {},
		"":               {"Sales Analyst", "Storyteller", "Echo", "Agenté Ünïcode 🚀", "Invoice Clerk", "E%cho", "STRASSE"},
	} {
		got := names(get[listing](c, http.MethodGet, "/agents?name="+url.QueryEscape(prefix), ""))
		if !slices.Equal(got, want) {
			t.Errorf("name %q: %q, want %q", prefix, got, want)
		}
	}
}

func TestAgentPages(t *testing.T) {
	t.Parallel()
	var specs []localtenant.AgentSpec
	for i := range 215 {
		specs = append(specs, localtenant.AgentSpec{Name: fmt.Sprintf("Agent %03d", i)})
	}
	c := start(t, localtenant.Config{Agents: specs})
	for query, want := range map[string]int{"": 50, "?limit=7": 7, "?limit=200": 200, "?limit=100000": 200} {
		if got := get[listing](c, http.MethodGet, "/agents"+query, ""); len(got.Data) != want || !got.HasMore || got.Next == nil {
			t.Errorf("%q: %d agents, has_more %v", query, len(got.Data), got.HasMore)
		}
	}
	if got := allPages(c, "/agents", 44); len(got) != 220 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 220 {
		t.Errorf("%d agents on all pages", len(got))
	}
	for _, query := range []string{"limit=0", "limit=-1", "limit=ten", "limit=1.5", "limit=99999999999999999999", "next=x", "next=bm90aGluZw"} {
		if got := c.refuse(http.StatusUnprocessableEntity, http.MethodGet, "/agents?"+query, ""); !strings.HasPrefix(got, "query -> ") {
			t.Errorf("%s: %q", query, got)
		}
	}
}

// allPages turns the pages of a list and gives all ids.
func allPages(c *client, path string, limit int) []string {
	c.t.Helper()
	ids := []string{}
	next := ""
	for {
		page := get[listing](c, http.MethodGet, fmt.Sprintf("%s?limit=%d&next=%s", path, limit, next), "")
		for _, entry := range page.Data {
			id, ok := entry["id"].(string)
			if !ok {
				id = entry["message_id"].(string)
			}
			ids = append(ids, id)
		}
		if page.HasMore != (page.Next != nil) {
			c.t.Errorf("has_more %v with next %v", page.HasMore, page.Next)
		}
		if page.Next == nil {
			return ids
		}
		next = *page.Next
	}
}

func TestAgentSpecs(t *testing.T) {
	for name, test := range map[string]struct {
		specs []localtenant.AgentSpec
		says  string
	}{
		"no name":      {[]localtenant.AgentSpec{{}}, "needs a name"},
		"bad id":       {[]localtenant.AgentSpec{{Name: "A", ID: "x"}}, "no UUID"},
		"architecture": {[]localtenant.AgentSpec{{Name: "A", Architecture: "x"}}, "verified-queries, payload-checks, openai-chat, scripted, echo"},
		"mode":         {[]localtenant.AgentSpec{{Name: "A", Mode: "x"}}, "conversational or worker"},
		"twins":        {[]localtenant.AgentSpec{{Name: "A"}, {Name: "A"}}, "same id"},
		"model":        {[]localtenant.AgentSpec{{Name: "A", SemanticDataModels: []string{"x"}}}, `semantic data model "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := localtenant.New(t.Context(), localtenant.Config{Agents: test.specs})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v does not say %q", err, test.says)
			}
		})
	}
}

func TestUpdateAgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testUpdateAgent)
}

func testUpdateAgent(t *testing.T) {
	c := start(t, localtenant.Config{})
	ctx := t.Context()
	rename := func(spec *localtenant.AgentSpec) { spec.Name = "Écho" }
	if err := c.tenant.UpdateAgent(ctx, localtenant.EchoID, rename); err != nil {
		t.Fatal(err)
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=%C3%A9c", "")); !slices.Equal(got, []string{"Écho"}) {
		t.Errorf("after the renaming: %q", got)
	}
	if err := c.tenant.UpdateAgent(ctx, "unknown", rename); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown agent: %v", err)
	}
	for says, change := range map[string]func(*localtenant.AgentSpec){
		"cannot change":           func(s *localtenant.AgentSpec) { s.ID = localtenant.UnicodeID },
		"needs a name":            func(s *localtenant.AgentSpec) { s.Name = "" },
		`semantic data model "x"`: func(s *localtenant.AgentSpec) { s.SemanticDataModels = []string{"x"} },
	} {
		if err := c.tenant.UpdateAgent(ctx, localtenant.EchoID, change); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
	// An agent made into an analyst answers as one.
	if err := c.tenant.UpdateAgent(ctx, localtenant.EchoID, func(s *localtenant.AgentSpec) {
		s.Architecture, s.SemanticDataModels = "verified-queries", []string{localtenant.SalesModelID}
	}); err != nil {
		t.Fatal(err)
	}
	answer := c.post(c.converse(localtenant.EchoID), "Total sales?")[1]
	if got := items(answer)[1]["name"]; got != "query_semantic_data_model" {
		t.Errorf("the second item is a call of %v", got)
	}
}
