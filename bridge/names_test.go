package bridge

import (
	"regexp"
	"strings"
	"testing"

	"sema4mcp/restclient"
)

func TestAgentNames(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Sales Analyst":       "sales_analyst_agent",
		"Invoice Helper (EU)": "invoice_helper_eu_agent",
		"Support Agent":       "support_agent",
		"agent":               "agent",
		"R2-D2":               "r2d2_agent",
		"  spaced  ":          "spaced_agent",
		"Agenté Ünïcode 🚀":    "agente_unicode_agent",
		"Δέλτα":               "delta_agent",
		"🚀🚀":                  "_agent",
		"":                    "_agent",
	}
	for name, want := range tests {
		if got := agentName(restclient.Agent{ID: "1", Name: name}); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestLongNames(t *testing.T) {
	t.Parallel()
	valid := regexp.MustCompile(`^[a-z0-9_]+$`)
	vendors := restclient.Agent{Name: strings.Repeat("accounts payable ", 4)}
	if got := agentName(vendors); got != vendorName(vendors.Name) {
		t.Errorf("got %q, want the vendor's own name as it is", got)
	}
	for _, name := range []string{strings.Repeat("very long ", 40), strings.Repeat("größe ", 40)} {
		one := agentName(restclient.Agent{Name: name})
		other := agentName(restclient.Agent{Name: name + "x"})
		if !valid.MatchString(one) || len("get_"+one+"_thread_messages") > maxVendorToolName {
			t.Errorf("%q is not a tool's name", one)
		}
		if one == other {
			t.Errorf("two long names became the same %q", one)
		}
	}
	if got := "message_" + agentName(restclient.Agent{Name: strings.Repeat("größe ", 40)}); len(got) > maxToolName {
		t.Errorf("%q has %d characters, want %d at most", got, len(got), maxToolName)
	}
}

func TestAgentsOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	a, b, c := restclient.Agent{ID: "a", Name: "Helper"}, restclient.Agent{ID: "b", Name: "helper"}, restclient.Agent{ID: "c", Name: "Other"}
	names := agentNames([]restclient.Agent{a, b, c})
	if names["a"] == names["b"] || !strings.HasPrefix(names["a"], "helper_agent_") || names["c"] != "other_agent" {
		t.Errorf("got %v", names)
	}
	turned := agentNames([]restclient.Agent{c, b, a})
	for id, name := range names {
		if turned[id] != name {
			t.Errorf("in another order %s is called %q, not %q", id, turned[id], name)
		}
	}
}

func TestFindAgent(t *testing.T) {
	t.Parallel()
	agents := []restclient.Agent{{ID: "1", Name: "Sales Analyst"}, {ID: "2", Name: "Twin"}, {ID: "3", Name: "twin"}, {ID: "4", Name: "TWIN"}, {ID: "5", Name: "Agenté Ünïcode 🚀"}}
	for wanted, id := range map[string]string{
		"1": "1", "Sales Analyst": "1", "sales analyst": "1", "sales_analyst_agent": "1", "message_sales_analyst_agent": "1",
		"Twin": "2", "agente_unicode_agent": "5", "AGENTÉ ÜNÏCODE 🚀": "5",
	} {
		got, err := findAgent(agents, wanted)
		if err != nil || got.ID != id {
			t.Errorf("%q: got %q, %v, want %q", wanted, got.ID, err, id)
		}
	}
	for wanted, says := range map[string]string{"tWiN": "3 agents", "Nobody": "“Sales Analyst”"} {
		if _, err := findAgent(agents, wanted); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want it to say %q", wanted, err, says)
		}
	}
	if _, err := findAgent(nil, "x"); err == nil || !strings.Contains(err.Error(), "no agents") {
		t.Errorf("got %v", err)
	}
	if _, err := findAgent(make([]restclient.Agent, 30), "x"); err == nil || !strings.Contains(err.Error(), "list_agents") {
		t.Errorf("got %v, want it to point to list_agents rather than to list them all", err)
	}
}
