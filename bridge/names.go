package bridge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"

	"sema4mcp/restclient"
)

// Lengths of tool names. Hosts put their own prefix before a name, and most cut
// or refuse what is then longer than 64 characters, all of them what is longer
// than 128.
const (
	maxToolName  = 40
	maxName      = maxToolName - len("message_")
	maxVendor    = 128 - len("mcp__"+serverName+"__get__thread_messages")
	suffixDigits = 6
)

// agentNames gives each agent, by id, the <x> of its message_<x> on a server of
// many agents. A name depends on the agent's own name alone, unless two agents
// share it; then all of them carry a suffix made of their ids. So names stay as
// they are over restarts and in whatever order the agents come.
func agentNames(agents []restclient.Agent) map[string]string {
	holders := make(map[string][]string, len(agents)) // their ids, by the name
	for _, agent := range agents {
		name := nameWithin(agent, maxName)
		holders[name] = append(holders[name], agent.ID)
	}
	names := make(map[string]string, len(agents))
	for name, ids := range holders {
		if len(ids) == 1 {
			names[ids[0]] = name
			continue
		}
		for digits := suffixDigits; !suffixed(names, name, ids, digits); digits += suffixDigits {
		}
	}
	return names
}

// suffixed gives the agents that share a name suffixes of so many digits, and
// tells whether they are all different.
func suffixed(names map[string]string, name string, ids []string, digits int) bool {
	holders := make(map[string]string, len(ids))
	for _, id := range ids {
		suffixed := withSuffix(name, id, maxName, digits)
		if holder, taken := holders[suffixed]; taken && holder != id {
			return false
		}
		names[id], holders[suffixed] = suffixed, id
	}
	return true
}

// MessageTool is the name of an agent's message tool on its own server.
func MessageTool(agent restclient.Agent) string { return "message_" + agentName(agent) }

// agentName is the <x> of the tools on an agent's own server: the vendor's own
// name where that is ASCII, as long as every host can call the tool.
func agentName(agent restclient.Agent) string {
	if name := vendorName(agent.Name); isASCII(agent.Name) && len(name) <= maxVendor {
		return name
	}
	return nameWithin(agent, maxName)
}

// nameWithin follows the vendor's rule for ASCII names. The vendor drops every
// other character; here they are transliterated first, as a name in another
// script would otherwise vanish.
func nameWithin(agent restclient.Agent, limit int) string {
	name := vendorName(unidecode.Unidecode(agent.Name))
	if len(name) > limit {
		return withSuffix(name, agent.Name, limit, suffixDigits)
	}
	return name
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(c rune) bool { return c > unicode.MaxASCII }) < 0
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

// withSuffix cuts name to the limit, ending in hexadecimal digits that stand for
// origin.
func withSuffix(name, origin string, limit, digits int) string {
	sum := sha256.Sum256([]byte(origin))
	return name[:min(len(name), limit-digits-1)] + "_" + hex.EncodeToString(sum[:])[:digits]
}

// askAnyPrompt is the prompt of a tenant's server for whichever agent.
const askAnyPrompt = "ask_agent"

// askPromptName is ask_<x> beside that one, which is not for an agent called
// Agent alone.
func askPromptName(agent restclient.Agent, name string) string {
	if "ask_"+name == askAnyPrompt {
		name = withSuffix(name, agent.ID, len(name)+1+suffixDigits, suffixDigits)
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
