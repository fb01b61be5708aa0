package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sema4mcp/cmd/internal/baseurl"
	"sema4mcp/restclient"
)

const noAnswer = "the tenant does not answer"

func (d *Doctor) tenant(ctx context.Context) []Finding {
	if d.upstream.BaseURL == "" || d.key == "" {
		return one(Skipped, "no tenant or no key")
	}
	client, err := d.newClient(d.upstream.Transport)
	if err != nil {
		return problem(logIn, "%v", err)
	}
	d.client = client
	began := time.Now()
	_, err = client.Agents.List(ctx, &restclient.AgentListOptions{Limit: 1})
	answer, _ := errors.AsType[*restclient.APIError](err)
	_, lost := errors.AsType[*restclient.ConnectionError](err)
	switch {
	case err == nil:
		d.answers = true
		return one(OK, "answers in %v", rounded(time.Since(began)))
	case answer != nil && (answer.StatusCode == 401 || answer.StatusCode == 403):
		return problem("Make a new key under Configuration > API Keys in the Sema4.ai application, then run sema4-mcp-bridge login", "the key is refused (%d)", answer.StatusCode)
	case lost:
		return problem("See the connection above", "%v", err)
	default:
		return problem("See the base URL below", "%v", err)
	}
}

// baseURL tries other forms where the one that is set has no REST API.
func (d *Doctor) baseURL(ctx context.Context) []Finding {
	if d.client == nil {
		return one(Skipped, "no tenant or no key")
	}
	if d.answers {
		return one(OK, "%s is right", d.client.BaseURL())
	}
	forms, err := baseurl.Forms(d.upstream.BaseURL)
	if err != nil {
		return problem(logIn, "%v", err)
	}
	found, err := baseurl.Find(ctx, forms, d.key, d.UserAgent, d.upstream.Transport)
	_, nowhere := errors.AsType[*baseurl.NotFoundError](err)
	switch {
	case err == nil:
		return problem("Set base_url to that, or run sema4-mcp-bridge login", "the REST API is at %s", found)
	case nowhere:
		return problem(logIn, "%v", err)
	case errors.Is(err, baseurl.ErrKeyRefused):
		return one(Skipped, "the key is refused at %s", found)
	default:
		return one(Skipped, noAnswer)
	}
}

// agentsAtOnce bounds how many agents are looked at together.
const agentsAtOnce = 4

func (d *Doctor) eachAgent(ctx context.Context) []Finding {
	if !d.answers {
		return one(Skipped, noAnswer)
	}
	config := d.Settings.Bridge(d.Logger)
	known := make(map[string]bool)
	for agent, err := range d.client.Agents.All(ctx, nil) {
		if err != nil {
			return problem("Run doctor again; if it stays, tell Sema4.ai's support", "the agents cannot be listed: %v", err)
		}
		known[agent.ID], known[strings.ToLower(agent.Name)] = true, true
		if config.Offers(agent) {
			d.agents = append(d.agents, agent)
		}
	}
	found := d.lookAtAgents(ctx)
	for _, wanted := range d.Settings.Agents {
		if !known[wanted] && !known[strings.ToLower(wanted)] {
			found = append(found, problem("Correct the setting agents: it takes names and ids", "there is no agent %s", wanted)...)
		}
	}
	if len(found) == 0 {
		return one(Note, "this workspace has none that the key can see")
	}
	return found
}

func (d *Doctor) lookAtAgents(ctx context.Context) []Finding {
	found := make([]Finding, len(d.agents))
	var looks errgroup.Group
	looks.SetLimit(agentsAtOnce)
	for i, agent := range d.agents {
		looks.Go(func() error {
			began := time.Now()
			_, err := d.client.Conversations.List(ctx, agent.ID, &restclient.ListOptions{Limit: 1})
			if err != nil {
				found[i] = problem("Open the agent in the Sema4.ai application", "%s: %v", agent.Name, err)[0]
				return nil
			}
			found[i] = one(OK, "%s answers in %v", agent.Name, rounded(time.Since(began)))[0]
			return nil
		})
	}
	_ = looks.Wait() // every failure is a finding
	return found
}
