package bridge

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/bridge/exchange"
	"sema4mcp/restclient"
)

// lister is one page of the resources that a server lists, from the cursor on,
// and the cursor of the next.
type lister func(ctx context.Context, cursor string) (page []mcp.Resource, next string, err error)

// How much is listed. Hosts show the list to people, who attach something of it
// to a conversation: the cards of all agents come first, then the newest threads.
// Older threads, files and data frames are read by their templates, which are
// completed.
const (
	resourcesAtOnce = 100 // on a page; threads of one agent may make it a little longer
	threadsOfMany   = 10  // of each agent of a tenant, while the agents are few
	threadsOfOne    = 500 // on an agent's own server
	threadsAtOnce   = 100
)

// resourcePlace is where in the list a page begins: at the card of an agent, or
// in its threads. It stays right while agents come and go.
type resourcePlace struct {
	Threads bool   `json:"threads,omitempty"`
	Agent   string `json:"agent,omitempty"` // its id
	At      int    `json:"at,omitempty"`    // where it was, should it be gone
	Next    string `json:"next,omitempty"`  // the tenant's own cursor, in the threads
	Skip    int    `json:"skip,omitempty"`  // threads behind that cursor which were listed, where the tenant gives more than it is asked for
	Listed  int    `json:"listed,omitempty"`
}

// cursor is in base64, as mcp-go looks into it.
func (p resourcePlace) cursor() string {
	encoded, _ := exchange.Encode(p) // texts and numbers
	return base64.StdEncoding.EncodeToString(encoded)
}

func parseResourcePlace(cursor string) (p resourcePlace, err error) {
	if cursor == "" {
		return p, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(decoded, &p) != nil || p.At < 0 || p.Skip < 0 || p.Listed < 0 {
		return p, errBadCursor
	}
	return p, nil
}

// in is the index of the place's agent.
func (p resourcePlace) in(agents []restclient.Agent) int {
	if i := slices.IndexFunc(agents, func(a restclient.Agent) bool { return a.ID == p.Agent }); i >= 0 {
		return i
	}
	return min(p.At, len(agents))
}

// list is the lister of a scope. A page costs the tenant a request for each agent
// whose threads it lists, which are those of a few.
func (s scope) list(ctx context.Context, cursor string) (page []mcp.Resource, next string, err error) {
	place, err := parseResourcePlace(cursor)
	if err != nil {
		return nil, "", err
	}
	agents, now, err := s.agentsAtHand(ctx)
	if err != nil {
		return nil, "", err
	}
	if !place.Threads {
		from := place.in(agents)
		to := min(from+resourcesAtOnce, len(agents))
		for _, agent := range agents[from:to] {
			page = append(page, cardResource(agent))
		}
		if to < len(agents) {
			return page, resourcePlace{Agent: agents[to].ID, At: to}.cursor(), nil
		}
		place = resourcePlace{Threads: true}
	}
	if s.agent == nil && len(agents) > manyAgents {
		return page, "", nil
	}
	if !now && len(page) > 0 {
		return page, place.cursor(), nil // without waiting for a tenant that may be away
	}
	return s.listThreadsFrom(ctx, place, agents, page)
}

// agents are those of the scope.
func (s scope) agents(ctx context.Context) ([]restclient.Agent, error) {
	if s.agent == nil {
		return s.tenant.catalogue.all(ctx)
	}
	agent, err := s.tenant.catalogue.agent(ctx, s.agent.ID)
	return []restclient.Agent{agent}, err
}

// agentsAtHand are those of the scope, or of a whole tenant those last known, where
// now is false.
func (s scope) agentsAtHand(ctx context.Context) (agents []restclient.Agent, now bool, err error) {
	if s.agent == nil {
		return s.tenant.catalogue.atHand(ctx)
	}
	agents, err = s.agents(ctx)
	return agents, true, err
}

// listThreadsFrom fills a page with threads. Where the tenant fails, what was
// listed before is a page of its own, and the next one tells of the failure.
func (s scope) listThreadsFrom(ctx context.Context, place resourcePlace, agents []restclient.Agent, page []mcp.Resource) ([]mcp.Resource, string, error) {
	for i := place.in(agents); i < len(agents); i++ {
		here := resourcePlace{Threads: true, Agent: agents[i].ID, At: i}
		if place.Agent == here.Agent {
			here = place
		}
		if len(page) >= resourcesAtOnce {
			return page, here.cursor(), nil
		}
		threads, rest, err := s.someThreads(ctx, here)
		if isNotFound(err) { // it was just deleted
			continue
		}
		if err != nil && len(page) > 0 {
			return page, here.cursor(), nil
		}
		if err != nil {
			return nil, "", err
		}
		for _, thread := range threads {
			page = append(page, s.threadResource(agents[i], thread))
		}
		if rest != nil {
			return page, rest.cursor(), nil
		}
	}
	return page, "", nil
}

// someThreads are the next threads of the place's agent, by one request, and the
// place of the rest, nil where no more of them are listed.
func (s scope) someThreads(ctx context.Context, place resourcePlace) (threads []restclient.Conversation, rest *resourcePlace, err error) {
	listed := threadsOfMany
	if s.agent != nil {
		listed = threadsOfOne
	}
	limit := min(threadsAtOnce, listed-place.Listed)
	if limit <= 0 {
		return nil, nil, nil
	}
	got, err := s.tenant.client.Conversations.List(ctx, place.Agent, &restclient.ListOptions{Limit: limit, Cursor: place.Next})
	if place.Next != "" && (isStatus(err, http.StatusBadRequest) || isStatus(err, http.StatusUnprocessableEntity)) {
		err = errBadCursor
	}
	if err != nil {
		return nil, nil, err
	}
	threads = got.Items[min(place.Skip, len(got.Items)):]
	if len(threads) > limit { // it pays no heed to limits
		threads, place.Skip = threads[:limit], place.Skip+limit
	} else {
		place.Next, place.Skip = got.Next, 0
	}
	place.Listed += len(threads)
	if place.Listed >= listed || place.Next == "" && place.Skip == 0 {
		return threads, nil, nil
	}
	return threads, &place, nil
}

func cardResource(agent restclient.Agent) mcp.Resource {
	resource := mcp.NewResource(agentURI(agent.ID), shortName(agent.Name),
		mcp.WithResourceDescription(cmp.Or(firstSentence(agent.Description), "A Sema4.ai agent: what it is for, its tools and its runbook.")), mcp.WithMIMEType(markdownType))
	if changed := timestamp(agent.UpdatedAt); changed != "" {
		resource.Annotations = &mcp.Annotations{LastModified: changed}
	}
	return resource
}

func (s scope) threadResource(agent restclient.Agent, thread restclient.Conversation) mcp.Resource {
	name := shortName(cmp.Or(thread.Name, thread.ID))
	return mcp.NewResource(threadURI(agent.ID, thread.ID), name, mcp.WithMIMEType(markdownType),
		mcp.WithResourceTitle(fmt.Sprintf("%s: %s", cut(oneLine(agent.Name), 60), name)),
		mcp.WithResourceDescription(fmt.Sprintf("The conversation with the Sema4.ai agent %s.", quoted(agent.Name))))
}

// shortName is a name as it fits into a list.
func shortName(name string) string { return cut(oneLine(name), 200) }
