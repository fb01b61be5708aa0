package bridge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/mozillazg/go-unidecode"

	"sema4mcp/restclient"
)

// Lengths of tool names. Hosts put their own prefix before a name and most cut
// or refuse what is then longer than 64 characters, MCP itself 128.
const (
	maxToolName       = 40
	maxVendorToolName = 128
	suffixLength      = 7 // "_" and six hex digits
)

// agentNames gives each agent, by id, the <x> of its tools' names: message_<x>
// and so on. A name depends on the agent's own name alone, unless two agents
// share it; then all of them carry a suffix made of their ids. So names stay as
// they are over restarts and in whatever order the agents come.
func agentNames(agents []restclient.Agent) map[string]string {
	holders := make(map[string]int)
	for _, agent := range agents {
		holders[agentName(agent)]++
	}
	names := make(map[string]string, len(agents))
	for _, agent := range agents {
		name := agentName(agent)
		if holders[name] > 1 {
			name = withSuffix(name, agent.ID, len(name)+suffixLength)
		}
		names[agent.ID] = name
	}
	return names
}

// MessageTool is the name of an agent's message tool on its own server.
func MessageTool(agent restclient.Agent) string { return "message_" + agentName(agent) }

// agentName is the vendor's own rule for ASCII names. The vendor drops every
// other character; here they are transliterated first, as a name in another
// script would otherwise vanish.
func agentName(agent restclient.Agent) string {
	ascii := unidecode.Unidecode(agent.Name)
	name := vendorName(ascii)
	limit := maxToolName - len("message_")
	if ascii == agent.Name {
		limit = maxVendorToolName - len("get__thread_messages")
	}
	if len(name) > limit {
		return withSuffix(name, agent.Name, limit)
	}
	return name
}

// vendorName: lower case, spaces to underscores, nothing but [a-z0-9_], ending
// in "agent".
func vendorName(name string) string {
	mapped := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
			return c
		case c == ' ':
			return '_'
		default:
			return -1
		}
	}, strings.ToLower(strings.TrimSpace(name)))
	if strings.HasSuffix(mapped, "agent") {
		return mapped
	}
	return mapped + "_agent"
}

// withSuffix cuts name to length, ending in six digits that stand for origin.
func withSuffix(name, origin string, length int) string {
	sum := sha256.Sum256([]byte(origin))
	return name[:min(len(name), length-suffixLength)] + "_" + hex.EncodeToString(sum[:3])
}

// askAnyPrompt is the prompt of a tenant's server for whichever agent.
const askAnyPrompt = "ask_agent"

// askPromptName is ask_<x> beside that one, which is not for an agent called
// Agent alone.
func askPromptName(agent restclient.Agent, name string) string {
	if "ask_"+name == askAnyPrompt {
		name = withSuffix(name, agent.ID, len(name)+suffixLength)
	}
	return "ask_" + name
}

// threadNameFor names a new thread after what is asked in it.
func threadNameFor(question string) string {
	words := strings.FieldsFunc(strings.ToLower(unidecode.Unidecode(cut(question, 200))), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	name := strings.Join(words[:min(len(words), 4)], "-")
	return strings.TrimPrefix(cut(name, maxToolName)+"-"+strings.ToLower(rand.Text()[:6]), "-")
}
