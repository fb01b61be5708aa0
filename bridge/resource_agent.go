package bridge

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// readAgent is an agent's card: what people and models want to know before they
// ask it something.
func (s scope) readAgent(ctx context.Context, at resourceURI, agent restclient.Agent) (mcp.ResourceContents, error) {
	w, err := at.newWindow()
	if err != nil {
		return nil, err
	}
	card, err := s.card(ctx, agent)
	if err != nil {
		return nil, err
	}
	if len(card) > maxResource && !at.ranged {
		return nil, at.tooLarge("card", len(card), "")
	}
	_, _ = w.Write([]byte(card)) // it says when it has enough
	return w.contents(at.uri, markdownType)
}

// card holds no secret: of an MCP server it has the name alone, and nothing of
// its address and headers.
func (s scope) card(ctx context.Context, agent restclient.Agent) (string, error) {
	agents := s.tenant.client.Agents
	models, err := namesOf(agents.AllSemanticDataModels(ctx, agent.ID, nil), func(m restclient.SemanticDataModel) string { return cmp.Or(m.Name, m.ID) })
	if err != nil {
		return "", err
	}
	servers, err := namesOf(agents.AllMCPServers(ctx, agent.ID, nil), func(m restclient.MCPServer) string { return cmp.Or(m.Name, m.ID) })
	if err != nil {
		return "", err
	}
	tools, err := s.cardTools(ctx, agent)
	if err != nil {
		return "", err
	}
	return paragraphs(
		"# "+oneLine(agent.Name),
		strings.TrimSpace(agent.Description),
		cardFacts(agent),
		section("Tools", tools),
		section("Semantic data models", models),
		section("MCP servers", servers),
		runbookSection(agent),
	) + "\n", nil
}

func cardFacts(agent restclient.Agent) string {
	var lines []string
	for _, fact := range []struct{ name, value string }{
		{"Agent id", agent.ID}, {"Mode", agent.Mode}, {"State", agent.State}, {"Version", agent.Version}, {"Changed", timestamp(agent.UpdatedAt)},
	} {
		if fact.value != "" {
			lines = append(lines, fmt.Sprintf("- %s: %s", fact.name, fact.value))
		}
	}
	return strings.Join(lines, "\n")
}

// section is a list under a heading, or "" for an empty one.
func section(heading string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "## " + heading + "\n\n- " + strings.Join(lines, "\n- ")
}

func runbookSection(agent restclient.Agent) string {
	runbook := strings.TrimSpace(agent.RunbookText)
	if runbook == "" {
		return ""
	}
	return "## Runbook\n\n" + runbook
}

// cardTools are the tools by which the agent is reached on this server.
func (s scope) cardTools(ctx context.Context, agent restclient.Agent) ([]string, error) {
	tools := s.conversationTools()
	if agent.Mode == workerMode {
		tools = append(tools, s.workItemTools()...)
	}
	if s.agent == nil {
		agents, err := s.tenant.catalogue.all(ctx)
		if err != nil {
			return nil, err
		}
		for _, each := range s.each(agents) {
			if each.agent.ID == agent.ID {
				tools = append(tools, each.messageTool(each.replyTool))
			}
		}
	}
	var lines []string
	for _, tool := range s.tenant.allowed(tools) {
		line := fmt.Sprintf("`%s`: %s", tool.name, tool.title)
		if slices.ContainsFunc(tool.inputs, func(in input) bool { return in.name == agentInput.name }) {
			line = fmt.Sprintf("`%s` with agent `%s`: %s", tool.name, agent.ID, tool.title)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// namesOf is nil where the deployment does not list such things, or not to this
// key.
func namesOf[T any](all iter.Seq2[T, error], name func(T) string) ([]string, error) {
	var names []string
	for item, err := range all {
		if notOffered(err) || isStatus(err, http.StatusForbidden) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, oneLine(name(item)))
	}
	return names, nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
