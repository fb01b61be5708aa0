package bridge

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"sema4mcp/restclient"
)

// suggest is the suggester of a scope. Where what was filled in before names
// nothing, there is nothing to suggest.
func (s scope) suggest(ctx context.Context, b blank) (suggestions, error) {
	found, err := s.suggestFor(ctx, b)
	if _, nothing := errors.AsType[*failure](err); nothing || errors.Is(err, ErrNotOffered) || isNotFound(err) || isStatus(err, http.StatusUnprocessableEntity) {
		return suggestions{}, nil
	}
	return found, err
}

func (s scope) suggestFor(ctx context.Context, b blank) (suggestions, error) {
	switch b.name {
	case "agent", "agent_id":
		return s.suggestAgents(ctx)
	case "thread", "thread_id":
		return s.suggestThreads(ctx, b)
	case "name":
		return s.suggestNames(ctx, b)
	case "format":
		return suggestions{values: []suggestion{{value: "csv"}, {value: "json"}}}, nil
	}
	return suggestions{}, nil
}

// suggestAgents are names, which people know, but ids where two agents share one.
func (s scope) suggestAgents(ctx context.Context) (suggestions, error) {
	agents, _, err := s.agentsAtHand(ctx)
	if err != nil {
		return suggestions{}, err
	}
	holders := make(map[string]int, len(agents))
	for _, agent := range agents {
		holders[agent.Name]++
	}
	tools := agentNames(agents)
	var found suggestions
	for _, agent := range agents {
		each := suggestion{value: agent.Name, id: agent.ID, also: []string{tools[agent.ID]}}
		if holders[agent.Name] > 1 || agent.Name == "" {
			each = suggestion{value: agent.ID, id: agent.ID, also: []string{agent.Name}}
		}
		found.values = append(found.values, each)
	}
	return found, nil
}

// agentOf is the agent whose threads are asked for: the scope's, else the one that
// was filled in before.
func (s scope) agentOf(ctx context.Context, b blank) (restclient.Agent, error) {
	if s.agent != nil {
		return *s.agent, nil
	}
	agents, err := s.tenant.catalogue.all(ctx)
	if err != nil {
		return restclient.Agent{}, err
	}
	named := b.others["agent"]
	if b.template != "" {
		named = b.others["agent_id"]
	}
	return findAgent(agents, named)
}

// suggestThreads are names, the newest first. In a template, where an id may
// stand as well, they are ids for all but the newest of a name.
func (s scope) suggestThreads(ctx context.Context, b blank) (suggestions, error) {
	agent, err := s.agentOf(ctx, b)
	if err != nil {
		return suggestions{}, err
	}
	threads, err := glance(ctx, &s.tenant.glances, "threads "+agent.ID, func(ctx context.Context) (some[restclient.Conversation], error) {
		return firstOf(s.tenant.client.Conversations.All(ctx, agent.ID, &restclient.ListOptions{Limit: 200}))
	})
	found := suggestions{more: threads.more}
	known := make(map[string]bool, len(threads.items))
	for _, thread := range threads.items {
		switch {
		case thread.Name != "" && !known[thread.Name]:
			found.values = append(found.values, suggestion{value: thread.Name, id: thread.ID})
		case b.template != "":
			found.values = append(found.values, suggestion{value: thread.ID, id: thread.ID, also: []string{thread.Name}})
		}
		known[thread.Name] = true
	}
	return found, err
}

// suggestNames are of a thread's files or data frames, as the template has it.
func (s scope) suggestNames(ctx context.Context, b blank) (suggestions, error) {
	agent, err := s.agentOf(ctx, b)
	if err != nil || b.others["thread_id"] == "" {
		return suggestions{}, err
	}
	names, err := glance(ctx, &s.tenant.glances, b.template+" "+agent.ID+" "+b.others["thread_id"], func(ctx context.Context) (some[string], error) {
		return s.namesIn(ctx, agent.ID, b)
	})
	found := suggestions{more: names.more}
	for _, name := range names.items {
		found.values = append(found.values, suggestion{value: name})
	}
	return found, err
}

func (s scope) namesIn(ctx context.Context, agentID string, b blank) (some[string], error) {
	thread, err := s.threadID(ctx, agentID, b.others["thread_id"])
	if err != nil {
		return some[string]{}, err
	}
	conversations := s.tenant.client.Conversations
	if b.template == frameTemplate {
		return firstOf(named(conversations.AllDataFrames(ctx, agentID, thread, nil), func(f restclient.DataFrame) string { return f.Name }))
	}
	return firstOf(named(conversations.AllFiles(ctx, agentID, thread, nil), func(f restclient.File) string { return f.Name() }))
}

func named[T any](all iter.Seq2[T, error], name func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range all {
			if !yield(name(item), err) {
				return
			}
		}
	}
}
