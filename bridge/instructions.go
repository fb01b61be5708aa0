package bridge

import (
	"fmt"
	"strings"

	"sema4mcp/restclient"
)

const runInstructions = `Agents may work for minutes. A call that is not finished in time returns a run_id: wait with get_run, and do not send the message again. ` +
	`Use a new thread_identifier for a new topic, and the same one to go on with a topic. ` +
	`What an agent asks back is put to the user where this client can do that; else the result says how to answer.`

const readOnlyInstructions = "This server only reads: what agents were asked, answered and left, not ask them."

// instructions are a tenant's: how to go about its agents, and which there are.
func (t *Tenant) instructions(agents []restclient.Agent) string {
	how := "Each Sema4.ai agent of this workspace can be asked: list_agents shows them, ask_agent sends a message to one. " + runInstructions +
		" Worker agents take work items besides: create_work_item, then get_work_item for the outcome."
	if t.config.ReadOnly {
		how = "list_agents shows the Sema4.ai agents of this workspace, list_threads the conversations with one. " + readOnlyInstructions
	}
	return paragraphs(how, roster(agents, maxInstructions-len(how)-len("\n\n")))
}

// roster is what the tenant says of as many of its agents as there is room for.
func roster(agents []restclient.Agent, room int) string {
	if len(agents) == 0 {
		return ""
	}
	text := "The agents:"
	for i, agent := range agents {
		line := "\n- " + cut(oneLine(agent.Name), 100)
		if sentence := firstSentence(agent.Description); sentence != "" {
			line += ": " + sentence
		}
		others := fmt.Sprintf("\n- and %d more: see list_agents", len(agents)-i)
		if i == len(agents)-1 {
			others = ""
		}
		if len(text)+len(line)+len(others) > room {
			return text + fmt.Sprintf("\n- and %d more: see list_agents", len(agents)-i)
		}
		text += line
	}
	return text
}

// firstSentence is how a description begins.
func firstSentence(description string) string {
	text := oneLine(description)
	for _, end := range []string{". ", "! ", "? "} {
		if i := strings.Index(text, end); i >= 0 {
			text = text[:i+1]
		}
	}
	if short := cut(text, maxSentence); short != text {
		text = strings.TrimSpace(short) + " …"
	}
	return text
}

// How much of a server's instructions hosts read, and how much of an agent's
// description is in those of a tenant.
const (
	maxInstructions = 2000
	maxSentence     = 160
)

func (t *Tenant) agentInstructions(agent restclient.Agent, name string) string {
	if t.config.ReadOnly {
		return fmt.Sprintf("list_%s_threads shows the conversations with the Sema4.ai agent %s. %s%s", name, quoted(agent.Name), about(agent), readOnlyInstructions)
	}
	return fmt.Sprintf("Send messages to the Sema4.ai agent %s with message_%s. %s%s", quoted(agent.Name), name, about(agent), runInstructions)
}

// about is an agent's own description as far as it fits into a tool's.
func about(agent restclient.Agent) string {
	description := strings.TrimSpace(agent.Description)
	if description == "" {
		return ""
	}
	if short := cut(description, maxDescription); short != description {
		description = strings.TrimSpace(short) + " …"
	}
	return "The agent says of itself: " + description + "\n\n"
}

// maxDescription leaves room for our own words under the 2 KB at which hosts
// cut a description.
const maxDescription = 1200

func quoted(name string) string { return "“" + cut(name, 200) + "”" }
