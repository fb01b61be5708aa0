package bridge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sema4mcp/bridge"
	"sema4mcp/internal/localtenant"
)

// said is what a server says of itself when it is met.
type said struct {
	Instructions string
	ServerInfo   serverInfo
	Meta         map[string]serverInfo `json:"_meta"`
	TTL          *int                  `json:"ttlMs"`
	Scope        string                `json:"cacheScope"`
}

type serverInfo struct {
	Name, Title, Version string
	Icons                []struct {
		Src, MIMEType string
		Sizes         []string
	}
}

// meet is initialize, or server/discover in the modern era.
func (d *desk) meet(agentID, version string) said {
	d.t.Helper()
	method, params := "initialize", args{"protocolVersion": version, "capabilities": args{}, "clientInfo": args{"name": "host", "version": "1"}}
	if version == "2026-07-28" {
		method, params = "server/discover", args{}
	}
	reply := d.ask(agentID, version, method, params)
	var got said
	if reply.Error != nil || json.Unmarshal(reply.Result, &got) != nil {
		d.t.Fatalf("got %s, %v", reply.Result, reply.Error)
	}
	if version == "2026-07-28" {
		got.ServerInfo = got.Meta["io.modelcontextprotocol/serverInfo"]
	}
	return got
}

func TestInstructionsAreMadeOfWhatTheTenantSaysOfItsAgents(t *testing.T) {
	d := newDesk(t, nil)
	for _, version := range []string{"2024-11-05", "2025-11-25", "2026-07-28"} {
		all := d.meet("", version).Instructions
		for _, part := range []string{"ask_agent sends a message", "\n- Storyteller: Tells a story", "\n- Echo: Says back what you say, at once.", "\n- Agenté Ünïcode 🚀: Answers in many scripts at once: emoji, combining marks, right-to-left and CJK.\n"} {
			if !strings.Contains(all, part) {
				t.Errorf("%s: no %q in %q", version, part, all)
			}
		}
		if own := d.meet(echo, version).Instructions; !strings.Contains(own, "message_echo_agent") || strings.Contains(own, "Storyteller") {
			t.Errorf("%s: got %q", version, own)
		}
	}
	some := newDeskOf(t, d.tenant, func(c *bridge.Config) { c.Agents, c.ReadOnly = []string{"Echo"}, true })
	if got := some.meet("", "2025-11-25").Instructions; !strings.Contains(got, "only reads") || !strings.Contains(got, "- Echo: ") || strings.Contains(got, "Storyteller") || strings.Contains(got, "ask_agent") {
		t.Errorf("got %q", got)
	}
}

// TestWhatHostsCutIsShortEnough generates agents that say more than hosts read.
func TestWhatHostsCutIsShortEnough(t *testing.T) {
	for name, specs := range map[string][]localtenant.AgentSpec{
		"long":  {{Name: strings.Repeat("Long Näme 🚀 ", 15), Description: strings.Repeat("An endless sentence of 👩‍👩‍👧‍👦 and 日本語 ", 200)}, {Name: "Lines", Description: strings.Repeat("line\n", 2000)}, {Name: "x" + strings.Repeat("y", 190)}},
		"many":  manyTalkers(19),
		"crowd": manyTalkers(300),
	} {
		d := newDesk(t, func(c *bridge.Config) {
			c.AgentTools, c.Toolsets = bridge.AgentToolsAlways, []bridge.Toolset{bridge.ToolsetAll}
		}, specs...)
		servers := []string{""}
		for _, spec := range specs[:3] {
			servers = append(servers, d.tenant.AgentID(spec.Name))
		}
		short := func(what, text string) {
			if len(text) >= 2048 || !utf8.ValidString(text) {
				t.Errorf("%s: %s has %d bytes: %.80q", name, what, len(text), text)
			}
		}
		for _, server := range servers {
			instructions := d.meet(server, "2026-07-28").Instructions
			short("instructions", instructions)
			if name == "crowd" && server == "" && (!strings.Contains(instructions, " more: see list_agents") || strings.Count(instructions, "\n- ") < 8) {
				t.Errorf("got %q", instructions)
			}
			for _, tool := range d.tools(server) {
				short(tool.Name, tool.Description)
				short(tool.Name, tool.Title)
			}
			for _, prompt := range d.prompts(server) {
				short(prompt.Name, prompt.Description)
				short(prompt.Name, prompt.Title)
			}
			for _, page := range d.pages(server) {
				for _, resource := range page {
					short(resource.URI, resource.Description)
					short(resource.URI, resource.Name+resource.Title)
				}
			}
		}
	}
}

func manyTalkers(count int) []localtenant.AgentSpec {
	specs := make([]localtenant.AgentSpec, count)
	for i := range specs {
		specs[i] = localtenant.AgentSpec{Name: fmt.Sprintf("Talker %d 🦜", i), Description: "Talks of this and that, at length and in detail, with everybody who asks! " + strings.Repeat("And on. ", 300)}
	}
	return specs
}

func TestIconsAreDataForVersionsThatKnowThem(t *testing.T) {
	d := newDesk(t, nil)
	for version, want := range map[string]int{"2024-11-05": 0, "2025-03-26": 0, "2025-06-18": 0, "2025-11-25": 2, "2026-07-28": 2} {
		for agentID, title := range map[string]string{"": "Sema4.ai agents", echo: "Echo"} {
			info := d.meet(agentID, version).ServerInfo
			size := 0
			for _, icon := range info.Icons {
				if size += len(icon.Src); !strings.HasPrefix(icon.Src, "data:"+icon.MIMEType+";base64,") || len(icon.Sizes) != 1 {
					t.Errorf("got %+v", icon)
				}
			}
			if len(info.Icons) != want || size > 1024 || info.Name != "sema4" || info.Title != title || info.Version != "test" {
				t.Errorf("%s: got %d icons of %d bytes, %+v", version, len(info.Icons), size, info)
			}
		}
	}
	if other := d.ask("", "2026-07-28", "tools/list", args{}); strings.Contains(string(other.Result), "data:image") {
		t.Error("a result carries icons that are not wanted there")
	}
}

func TestEveryListAndReadSaysHowLongItIsGoodFor(t *testing.T) {
	d := newDesk(t, nil)
	d.begin(echo, echoTool, "hello")
	for _, server := range []string{"", echo} {
		for method, want := range map[string]int{"server/discover": 30_000, "tools/list": 30_000, "prompts/list": 30_000, "resources/templates/list": 30_000, "resources/list": 10_000, "resources/read": 0} {
			params := args{}
			if method == "resources/read" {
				params["uri"] = "sema4://agents/" + echo
			}
			var got said
			reply := d.ask(server, "2026-07-28", method, params)
			if reply.Error != nil || json.Unmarshal(reply.Result, &got) != nil || got.TTL == nil || *got.TTL != want || got.Scope != "private" {
				t.Errorf("%s: got %v, %q, %v", method, got.TTL, got.Scope, reply.Error)
			}
			if method == "server/discover" {
				continue
			}
			delete(params, "_meta")
			if legacy := d.ask(server, "2025-11-25", method, params); legacy.Error != nil || strings.Contains(string(legacy.Result), "ttlMs") || strings.Contains(string(legacy.Result), "resultType") {
				t.Errorf("%s in the legacy era: got %.200s, %v", method, legacy.Result, legacy.Error)
			}
		}
	}
}
