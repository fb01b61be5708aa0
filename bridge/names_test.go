package bridge

import (
	"fmt"
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
	vendors := restclient.Agent{ID: "1", Name: strings.Repeat("accounts payable ", 4)}
	if got := agentName(vendors); got != vendorName(vendors.Name) {
		t.Errorf("got %q, want the vendor's own name as it is", got)
	}
	if got := agentNames([]restclient.Agent{vendors})["1"]; len("message_"+got) > maxToolName {
		t.Errorf("beside other agents: %q has %d characters, want %d at most", got, len(got), maxToolName)
	}
	if found, err := findAgent([]restclient.Agent{vendors}, MessageTool(vendors)); err != nil || found.ID != "1" {
		t.Errorf("by the tool of its own server: got %v, %v", found, err)
	}
	for _, name := range []string{strings.Repeat("very long ", 40), strings.Repeat("größe ", 40), strings.Repeat("größe ", 7)} {
		one := agentName(restclient.Agent{Name: name})
		other := agentName(restclient.Agent{Name: name + "x"})
		if !valid.MatchString(one) || len("message_"+one) > maxToolName {
			t.Errorf("%q is not a tool's name", one)
		}
		if one == other {
			t.Errorf("two long names became the same %q", one)
		}
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

// TestManyAgentsOfOneNameAreToldApart: of so many, some ids begin with the same
// six digits.
func TestManyAgentsOfOneNameAreToldApart(t *testing.T) {
	agents := make([]restclient.Agent, 20_000)
	for i := range agents {
		agents[i] = restclient.Agent{ID: fmt.Sprint(i), Name: strings.Repeat("twin ", 1+i%2*10)}
	}
	taken := make(map[string]bool, len(agents))
	for _, name := range agentNames(agents) {
		if len(name) > maxName {
			t.Fatalf("%q has %d characters", name, len(name))
		}
		taken[name] = true
	}
	if len(taken) != len(agents) {
		t.Errorf("%d agents share %d names", len(agents), len(taken))
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
