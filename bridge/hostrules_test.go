package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/exchange"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// shown is what a server shows a host.
type shown struct {
	ServerInfo   struct{ Name, Title string }
	Instructions string
	Tools        []shownTool
}

type shownTool struct {
	Name, Title, Description string
	Annotations              mcp.ToolAnnotation
	InputSchema              map[string]any
}

// rule is what a host demands. Faults are what of a server breaks it, each with
// its place.
type rule struct {
	host, says string
	faults     func(shown) []string
}

var hostRules = []rule{
	{"Claude Desktop", "its directory wants titles and hints", ofTools(titled)},
	{"Claude Code", "names after mcp__sema4__ have at most 128 characters", ofTools(namedWithin("mcp__sema4__", 128))},
	{"Claude Code", "descriptions are cut at 2 KB", ofTools(described)},
	{"Claude Code", "instructions are cut at 2 KB", instructed},
	{"Claude Code", "no anyOf, oneOf or allOf at the root", ofTools(plainRoot)},
	{"VS Code", "names after mcp_sema4_ are cut at 64 characters, and must differ until there", distinctWithin("mcp_sema4_", 64)},
	{"VS Code", "names are of a-z, 0-9, _ and -", ofTools(lowerCase)},
	{"VS Code", "at most 128 tools in one request", atMost(128)},
	{"VS Code", "arrays have items", ofSchemas(arraysHaveItems)},
	{"VS Code", "schemas are of draft-07", ofSchemas(draft07)},
	{"Cursor", "server and tool have at most 60 characters together", distinctWithin("sema4", 60)},
	{"Windsurf", "at most 100 tools", atMost(100)},
	{"Codex", "names after mcp__sema4__ are cut at 64 characters, and must differ until there", distinctWithin("mcp__sema4__", 64)},
	{"Gemini CLI", "no _ in the server's name", serverNamed},
	{"Gemini CLI", "names after mcp_sema4_ are cut at 63 characters, and must differ until there", distinctWithin("mcp_sema4_", 63)},
	{"Cline", "names after sema4__ are cut at 64 characters, and must differ until there", distinctWithin("sema4__", 64)},
	{"every host", "the server has a name of at most 10 characters", serverNamed},
	{"every host", "at most 20 tools that stand for an agent each", fewMessageTools},
	{"every host", "the root is an object with properties", ofTools(objectRoot)},
	{"every host", "no $ref", ofSchemas(without("$ref", "$defs", "definitions", "$dynamicRef", "$anchor", "$id"))},
	{"every host", "no combinators", ofSchemas(without("anyOf", "oneOf", "allOf", "not", "if"))},
	{"every host", "one type, and never null", ofSchemas(oneType)},
	{"every host", "no header of its own for an argument", ofSchemas(without("x-mcp-header"))},
	{"every host", "what is required is there", ofSchemas(requiresWhatIsThere)},
	{"every host", "every argument is described", ofSchemas(argumentsDescribed)},
	{"every host", "hints are truthful", ofTools(truthful)},
}

// checkHostRules fails with the host, the tool and the place of each fault.
func checkHostRules(t *testing.T, where string, s shown) {
	t.Helper()
	for _, rule := range hostRules {
		for _, fault := range rule.faults(s) {
			t.Errorf("%s: %s (%s): %s", where, rule.host, rule.says, fault)
		}
	}
}

func ofTools(faults func(shownTool) []string) func(shown) []string {
	return func(s shown) (all []string) {
		for _, tool := range s.Tools {
			for _, fault := range faults(tool) {
				all = append(all, tool.Name+": "+fault)
			}
		}
		return all
	}
}

// ofSchemas looks at each schema in each tool's input schema.
func ofSchemas(faults func(schema map[string]any) []string) func(shown) []string {
	return ofTools(func(tool shownTool) (all []string) {
		var visit func(place string, schema map[string]any)
		visit = func(place string, schema map[string]any) {
			for _, fault := range faults(schema) {
				all = append(all, place+": "+fault)
			}
			if items, ok := schema["items"].(map[string]any); ok {
				visit(place+"[]", items)
			}
			properties, _ := schema["properties"].(map[string]any)
			for name, property := range properties {
				inner, ok := property.(map[string]any)
				if !ok {
					all = append(all, fmt.Sprintf("%s.%s: the schema is %v", place, name, property))
					continue
				}
				visit(place+"."+name, inner)
			}
		}
		visit("inputSchema", tool.InputSchema)
		return all
	})
}

// unless is a fault where something does not hold.
func unless(holds bool, format string, args ...any) []string {
	if holds {
		return nil
	}
	return []string{fmt.Sprintf(format, args...)}
}

func titled(tool shownTool) []string {
	h := tool.Annotations
	set := h.ReadOnlyHint != nil && h.DestructiveHint != nil && h.IdempotentHint != nil && h.OpenWorldHint != nil
	return unless(tool.Title != "" && h.Title == tool.Title && set, "the title is %q, the annotations are %+v", tool.Title, h)
}

// verbs are what the names of tools that only read, or that destroy, begin with.
var verbs = regexp.MustCompile(`^(get|list|read)_|^(cancel|delete|replace|update|act)_`)

func truthful(tool shownTool) []string {
	found := verbs.FindStringSubmatch(tool.Name)
	h := tool.Annotations
	properties, _ := tool.InputSchema["properties"].(map[string]any)
	_, saves := properties["save_as"]
	switch reads := found != nil && found[1] != "" && !saves; {
	case h.ReadOnlyHint == nil || h.DestructiveHint == nil:
		return []string{"it has no hints"}
	case *h.ReadOnlyHint != reads:
		return []string{fmt.Sprintf("its readOnlyHint is %t", *h.ReadOnlyHint)}
	case *h.ReadOnlyHint && *h.DestructiveHint, found != nil && found[2] != "" && !*h.DestructiveHint:
		return []string{fmt.Sprintf("its destructiveHint is %t", *h.DestructiveHint)}
	}
	return nil
}

func namedWithin(prefix string, limit int) func(shownTool) []string {
	return func(tool shownTool) []string {
		return unless(len(prefix+tool.Name) <= limit, "%d characters with the prefix", len(prefix+tool.Name))
	}
}

func distinctWithin(prefix string, limit int) func(shown) []string {
	return func(s shown) (faults []string) {
		holders := make(map[string]string)
		for _, tool := range s.Tools {
			cut := prefix + tool.Name
			cut = cut[:min(len(cut), limit)]
			if holder, taken := holders[cut]; taken {
				faults = append(faults, fmt.Sprintf("%s: cut, it is %s, as %s is", tool.Name, cut, holder))
			}
			holders[cut] = tool.Name
		}
		return faults
	}
}

var ourName = regexp.MustCompile(`^[a-z0-9_-]+$`)

func lowerCase(tool shownTool) []string {
	return unless(ourName.MatchString(tool.Name), "other characters than these")
}

func described(tool shownTool) []string {
	return unless(tool.Description != "" && len(tool.Description) < 2048, "the description has %d bytes", len(tool.Description))
}

func instructed(s shown) []string {
	return unless(s.Instructions != "" && len(s.Instructions) < 2048, "they have %d bytes", len(s.Instructions))
}

func serverNamed(s shown) []string {
	name := s.ServerInfo.Name
	return unless(name != "" && len(name) <= 10 && !strings.Contains(name, "_") && s.ServerInfo.Title != "", "the server is called %q, %q", name, s.ServerInfo.Title)
}

func atMost(limit int) func(shown) []string {
	return func(s shown) []string { return unless(len(s.Tools) <= limit, "there are %d", len(s.Tools)) }
}

func fewMessageTools(s shown) []string {
	n := 0
	for _, tool := range s.Tools {
		if strings.HasPrefix(tool.Name, "message_") {
			n++
		}
	}
	return unless(n <= manyAgents, "there are %d", n)
}

func objectRoot(tool shownTool) []string {
	_, listed := tool.InputSchema["properties"].(map[string]any)
	return unless(tool.InputSchema["type"] == "object" && listed && tool.InputSchema["additionalProperties"] == false, "the root is %v", tool.InputSchema)
}

func plainRoot(tool shownTool) []string {
	return without("anyOf", "oneOf", "allOf", "not", "enum", "const")(tool.InputSchema)
}

func without(words ...string) func(map[string]any) []string {
	return func(schema map[string]any) (faults []string) {
		for _, word := range words {
			if _, has := schema[word]; has {
				faults = append(faults, "has "+word)
			}
		}
		return faults
	}
}

func oneType(schema map[string]any) []string {
	kind, one := schema["type"].(string)
	return unless(one && slices.Contains([]string{"object", "array", "string", "integer", "number", "boolean"}, kind), "the type is %v", schema["type"])
}

func arraysHaveItems(schema map[string]any) []string {
	_, has := schema["items"].(map[string]any)
	return unless(has == (schema["type"] == "array"), "the type is %v, the items are %v", schema["type"], schema["items"])
}

// draft07 are the words of it that hosts take from us, and formats: of those,
// draft-07 lets one pass that it does not know.
func draft07(schema map[string]any) (faults []string) {
	for word := range schema {
		faults = append(faults, unless(slices.Contains([]string{"type", "description", "format", "enum", "minimum", "items", "properties", "required", "additionalProperties"}, word), "has %s", word)...)
	}
	if format, has := schema["format"]; has {
		faults = append(faults, unless(slices.Contains([]any{"date-time", "date", "uri", "uuid"}, format), "the format is %v", format)...)
	}
	return faults
}

func requiresWhatIsThere(schema map[string]any) (faults []string) {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		text, _ := name.(string)
		if _, there := properties[text]; !there {
			faults = append(faults, fmt.Sprintf("requires %v", name))
		}
	}
	return faults
}

func argumentsDescribed(schema map[string]any) (faults []string) {
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		inner, _ := property.(map[string]any)
		text, _ := inner["description"].(string)
		faults = append(faults, unless(text != "", "%s is not described", name)...)
	}
	return faults
}

// show is what the server of an agent, or for "" that of all, shows. Every page
// but the first one is one that some host never asks for.
func show(t testing.TB, tenant *Tenant, agentID string) shown {
	t.Helper()
	find := func(ctx context.Context) (*server.MCPServer, error) { return tenant.AgentServer(ctx, agentID) }
	if agentID == "" {
		find = tenant.Server
	}
	s, err := find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return showOf(t, s)
}

func showOf(t testing.TB, s *server.MCPServer) (seen shown) {
	t.Helper()
	for method, params := range map[string]string{
		"initialize": `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"host","version":"1"}}`, "tools/list": `{}`,
	} {
		batch, fault := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
		if fault != nil {
			t.Fatal(fault)
		}
		var out result
		if err := exchange.Carry(t.Context(), s, batch.Messages[0], new(exchange.Peer), &out); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.raw, &seen); err != nil {
			t.Fatalf("%s: %v in %s", method, err, out.raw)
		}
		if strings.Contains(string(out.raw), "nextCursor") {
			t.Errorf("%s comes in pages", method)
		}
	}
	return seen
}

// result is what a request that must succeed is answered with.
type result struct{ raw json.RawMessage }

func (*result) Notify(mcp.JSONRPCNotification) error { return nil }

func (r *result) Reply(reply exchange.Reply) error {
	if reply.Error != nil {
		return errors.New(reply.Error.Message)
	}
	r.raw = reply.Result
	return nil
}

// settings are those that change what tools there are, or what they say.
func settings(t testing.TB) map[string]Config {
	all := []Toolset{ToolsetAll}
	return map[string]Config{
		"plain":     {},
		"toolsets":  {Toolsets: all},
		"files":     {Toolsets: all, FilesDirs: []string{t.TempDir()}},
		"read only": {Toolsets: all, ReadOnly: true},
		"data":      {Toolsets: []Toolset{ToolsetData}, AgentTools: AgentToolsNever},
	}
}

func TestSeededAgentsKeepTheHostsRules(t *testing.T) {
	local := testtenant.Start(t)
	for name, config := range settings(t) {
		config.Version = "test"
		tenant := NewTenant(local.Client(), config)
		t.Cleanup(tenant.Close)
		checkHostRules(t, name+", tenant", show(t, tenant, ""))
		agents := 0
		for agent, err := range local.Client().Agents.All(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			agents++
			checkHostRules(t, name+", "+agent.Name, show(t, tenant, agent.ID))
		}
		if agents < 5 {
			t.Errorf("only %d agents were looked at", agents)
		}
		checkHostRules(t, name+", offline", showOf(t, tenant.OfflineServer()))
		checkHostRules(t, name+", unconfigured", showOf(t, Unconfigured(config, strings.Repeat("Set this and that. ", 200))))
	}
}

// tenantOf is a Tenant that has just seen these agents.
func tenantOf(t testing.TB, config Config, agents ...restclient.Agent) *Tenant {
	t.Helper()
	config.Logger = zerolog.Nop()
	tenant := NewTenant(nil, config)
	t.Cleanup(tenant.Close)
	tenant.catalogue.list, tenant.catalogue.listed = listingOf(agents), time.Now()
	for i := range agents {
		for _, text := range []*string{&agents[i].Name, &agents[i].Description} {
			*text = strings.ToValidUTF8(*text, "\ufffd") // as it is once it was JSON
		}
	}
	for _, agent := range agents {
		tenant.catalogue.agents[agent.ID] = sighted{agent, time.Now()}
	}
	return tenant
}

// nastyNames are what agents could be called, alone and beside one another.
func nastyNames() []string {
	long := strings.Repeat("accounts payable reconciliation ", 8)
	return []string{
		"", " ", "🚀", "🚀🚀", "agent", "Agent", "AGENT agent", "message_", "list agents", "ask_agent", "get_run",
		long + "Europe", long + "Asia", "a" + long, strings.Repeat("x", 300), strings.Repeat("x", 24), strings.Repeat("x", 25), strings.Repeat("x", 27),
		strings.Repeat("größe ", 60), strings.Repeat("日本語", 90), "Δέλτα", "مساعد", "ไทย", "\u202eevil", "\x00\n\t", "a\u0301", "ﬁ",
		`"quoted" \ back`, "{{x}}", "<script>", "../..", "%2e%2e", "sema4://agents/1", "mcp__sema4__x", "twin", "Twin", "TWIN ", "\xff\xfe",
	}
}

func TestNastyAgentsKeepTheHostsRules(t *testing.T) {
	names := nastyNames()
	for _, count := range []int{0, 1, manyAgents, manyAgents + 1, 1000} {
		agents := make([]restclient.Agent, count)
		for i := range agents {
			name := names[i%len(names)]
			agents[i] = restclient.Agent{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Name: name, Mode: []string{"conversational", "worker"}[i%2],
				Description: []string{"", strings.Repeat("größe und 🚀 ", 500), strings.Repeat("\x80", 4000), name}[i%4]}
		}
		for setting, config := range settings(t) {
			where := fmt.Sprintf("%s, %d agents", setting, count)
			tenant := tenantOf(t, config, agents...)
			seen := show(t, tenant, "")
			checkHostRules(t, where, seen)
			if lists := setting == "plain" && count <= manyAgents; lists && len(seen.Tools) != len(showOf(t, tenant.OfflineServer()).Tools)+count {
				t.Errorf("%s: %d tools: not every agent has one", where, len(seen.Tools))
			}
			for _, agent := range agents[:min(count, len(names))] {
				checkHostRules(t, fmt.Sprintf("%s, alone %q", where, agent.Name), show(t, tenant, agent.ID))
			}
		}
	}
}

// TestHostRulesAreNoticed: each rule by a server that breaks it.
func TestHostRulesAreNoticed(t *testing.T) {
	yes, no := true, false
	good := func() shown {
		s := shown{Instructions: "Do.", Tools: []shownTool{{Name: "get_run", Title: "Get", Description: "Gets.",
			Annotations: mcp.ToolAnnotation{Title: "Get", ReadOnlyHint: &yes, DestructiveHint: &no, IdempotentHint: &yes, OpenWorldHint: &no},
			InputSchema: map[string]any{"type": "object", "additionalProperties": false, "required": []any{"a"},
				"properties": map[string]any{"a": map[string]any{"type": "array", "description": "A.", "items": map[string]any{"type": "string"}}}}}}}
		s.ServerInfo.Name, s.ServerInfo.Title = "sema4", "Sema4"
		return s
	}
	checkHostRules(t, "a good server", good())
	argument := func(s *shown) map[string]any {
		return s.Tools[0].InputSchema["properties"].(map[string]any)["a"].(map[string]any)
	}
	repeated := func(s *shown, n int, name string) {
		for i := range n {
			tool := s.Tools[0]
			tool.Name = fmt.Sprintf(name, i)
			s.Tools = append(s.Tools, tool)
		}
	}
	for says, breaks := range map[string]func(*shown){
		"titles and hints":            func(s *shown) { s.Tools[0].Title = "" },
		"hints are truthful":          func(s *shown) { s.Tools[0].Annotations.ReadOnlyHint = &no },
		"at most 128 characters":      func(s *shown) { s.Tools[0].Name = strings.Repeat("x", 117) },
		"descriptions are cut":        func(s *shown) { s.Tools[0].Description = strings.Repeat("ü", 1024) },
		"instructions are cut":        func(s *shown) { s.Instructions = strings.Repeat("x", 2048) },
		"at the root":                 func(s *shown) { s.Tools[0].InputSchema["anyOf"] = []any{} },
		"mcp_sema4_ are cut at 64":    func(s *shown) { repeated(s, 2, "get_"+strings.Repeat("x", 50)+"%d") },
		"mcp_sema4_ are cut at 63":    func(s *shown) { repeated(s, 2, "get_"+strings.Repeat("x", 49)+"%d") },
		"mcp__sema4__ are cut at 64":  func(s *shown) { repeated(s, 2, "get_"+strings.Repeat("x", 48)+"%d") },
		"sema4__ are cut at 64":       func(s *shown) { repeated(s, 2, "get_"+strings.Repeat("x", 53)+"%d") },
		"60 characters together":      func(s *shown) { repeated(s, 2, "get_"+strings.Repeat("x", 51)+"%d") },
		"a-z, 0-9, _ and -":           func(s *shown) { s.Tools[0].Name = "get_Run" },
		"at most 128 tools":           func(s *shown) { repeated(s, 128, "get_%d") },
		"at most 100 tools":           func(s *shown) { repeated(s, 100, "get_%d") },
		"stand for an agent":          func(s *shown) { repeated(s, 21, "message_%d") },
		"arrays have items":           func(s *shown) { delete(argument(s), "items") },
		"draft-07":                    func(s *shown) { argument(s)["prefixItems"] = []any{} },
		"no _":                        func(s *shown) { s.ServerInfo.Name = "sema_4" },
		"a name of at most 10":        func(s *shown) { s.ServerInfo.Name = "sema4agents" },
		"an object with properties":   func(s *shown) { delete(s.Tools[0].InputSchema, "properties") },
		"no $ref":                     func(s *shown) { argument(s)["items"] = map[string]any{"type": "string", "$ref": "#/x"} },
		"no combinators":              func(s *shown) { argument(s)["oneOf"] = []any{} },
		"never null":                  func(s *shown) { argument(s)["type"] = []any{"array", "null"} },
		"no header of its own":        func(s *shown) { argument(s)["x-mcp-header"] = "X" },
		"what is required is there":   func(s *shown) { s.Tools[0].InputSchema["required"] = []any{"b"} },
		"every argument is described": func(s *shown) { delete(argument(s), "description") },
	} {
		broken := good()
		breaks(&broken)
		if !slices.ContainsFunc(hostRules, func(r rule) bool { return strings.Contains(r.says, says) && len(r.faults(broken)) > 0 }) {
			t.Errorf("no rule that says %q noticed", says)
		}
	}
}
