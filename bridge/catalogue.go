package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// catalogue is what a key can see of a tenant's agents. It asks the tenant at
// most once in its time to live, however many callers there are. A failure to
// list them is remembered for a moment only: long enough for the steps of one
// call, each of which would wait for a tenant that is away.
type catalogue struct {
	client  *restclient.Client
	ttl     time.Duration
	only    offer
	granted grant
	log     zerolog.Logger
	group   singleflight.Group
	news    chan struct{} // one slot: something of it is known to have changed
	last    *lastKnown

	mu      sync.Mutex // guards all below
	agents  map[string]sighted
	list    listing
	listed  time.Time
	failed  error
	at      time.Time // of failed
	missing string    // names of the offer that were logged as matching nothing
	changes int       // counts forget: what was asked before is neither kept nor shared after
}

// listing is agents as they were listed, and what clients see of all of them, which
// is too much to be put together for each request.
type listing struct {
	agents     []restclient.Agent
	appearance appearance
}

func listingOf(agents []restclient.Agent) listing { return listing{agents, appearanceOfAll(agents)} }

func newCatalogue(client *restclient.Client, config Config) *catalogue {
	return &catalogue{client: client, ttl: config.CatalogueTTL, only: config.Agents, granted: config.Granted, log: config.Logger,
		news: make(chan struct{}, 1), last: newLastKnown(config.Remembered), agents: make(map[string]sighted)}
}

// ErrNotOffered is returned for an agent that the tenant has and
// [Config.Agents] leaves out.
var ErrNotOffered = errors.New("this server does not offer that agent")

// ErrNotGranted is returned for an agent that [Config.Granted] leaves out. It is an
// ErrNotOffered, too.
var ErrNotGranted = fmt.Errorf("%w to this caller", ErrNotOffered)

// grant is the ids and names of the message tools of the only agents that a caller
// may reach; an empty one leaves none out. Agents' names are none of its: whoever
// may name an agent could take another's place.
type grant []string

func (g grant) has(agent restclient.Agent) bool {
	for _, granted := range g {
		if granted == agent.ID || strings.TrimPrefix(granted, "message_") == agentName(agent) {
			return true
		}
	}
	return len(g) == 0
}

// refusal is why the agent may not be seen, or nil. Who is not granted an agent is
// not told whether it is offered.
func (c *catalogue) refusal(agent restclient.Agent) error {
	switch {
	case !c.granted.has(agent):
		return ErrNotGranted
	case !c.only.has(agent):
		return ErrNotOffered
	}
	return nil
}

// offer is the ids and names of the only agents that may be seen; an empty one
// leaves none out.
type offer []string

func (o offer) has(agent restclient.Agent) bool {
	for _, wanted := range o {
		if wanted == agent.ID || strings.EqualFold(wanted, agent.Name) {
			return true
		}
	}
	return len(o) == 0
}

// missing is what of the offer matches none of the agents.
func (o offer) missing(agents []restclient.Agent) []string {
	var missing []string
	for _, wanted := range o {
		if !slices.ContainsFunc(agents, offer{wanted}.has) {
			missing = append(missing, wanted)
		}
	}
	return missing
}

// failureTTL bounds the time for which a failure is remembered.
const failureTTL = time.Second

type sighted struct {
	agent restclient.Agent
	at    time.Time
}

// lookupTimeout bounds what a caller waits for; the tenant answers such a
// request in well under a second.
const lookupTimeout = 20 * time.Second

// agent returns one agent, at most ttl old. Its errors are the client's,
// ErrNotOffered and ErrNotGranted.
func (c *catalogue) agent(ctx context.Context, id string) (restclient.Agent, error) {
	c.mu.Lock()
	seen, ok := c.agents[id]
	changes := c.changes
	c.mu.Unlock()
	if ok && time.Since(seen.at) < c.ttl {
		return seen.agent, nil
	}
	return shared(ctx, &c.group, fmt.Sprintf("agent/%d/%s", changes, id), func(ctx context.Context) (restclient.Agent, error) {
		agent, err := c.client.Agents.Get(ctx, id)
		if err == nil {
			err = c.refusal(*agent)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			delete(c.agents, id)
			return restclient.Agent{}, err
		}
		if c.changes == changes {
			c.agents[id] = sighted{*agent, time.Now()}
		}
		return *agent, nil
	})
}

// idOf is the agent's own id, where it was seen by another lately.
func (c *catalogue) idOf(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seen, ok := c.agents[id]; ok {
		return seen.agent.ID
	}
	return id
}

// forget makes the next look at any agent a fresh one: something was changed.
func (c *catalogue) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last.outdate()
	clear(c.agents)
	c.list, c.listed, c.failed = listing{}, time.Time{}, nil
	c.changes++
	c.tellNews()
}

// tellNews waits for nobody.
func (c *catalogue) tellNews() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// due is how long the list is still good for.
func (c *catalogue) due() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(c.listed.Add(c.ttl))
}

// all returns every agent, at most ttl old, in the tenant's order. The slice
// must not be changed.
func (c *catalogue) all(ctx context.Context) ([]restclient.Agent, error) {
	list, err := c.listing(ctx)
	return list.agents, err
}

// listing returns what all does, with what is seen of it.
func (c *catalogue) listing(ctx context.Context) (listing, error) {
	c.mu.Lock()
	list, listed, failed, at, changes := c.list, c.listed, c.failed, c.at, c.changes
	c.mu.Unlock()
	if !listed.IsZero() && time.Since(listed) < c.ttl {
		return list, nil
	}
	if failed != nil && time.Since(at) < min(c.ttl, failureTTL) {
		return listing{}, failed
	}
	return shared(ctx, &c.group, fmt.Sprintf("all/%d", changes), func(ctx context.Context) (listing, error) {
		all, err := c.listAll(ctx)
		list := listingOf(c.offered(all))
		if c.keep(list, err, changes) {
			c.last.learn(all)
		}
		return list, err
	})
}

// keep takes what was listed, or the failure to, unless something has changed
// meanwhile. It tells whether there are agents to keep for longer.
func (c *catalogue) keep(list listing, err error, changes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return false
	}
	if err != nil {
		c.failed, c.at = err, time.Now()
		return false
	}
	if c.failed != nil || list.appearance != c.list.appearance {
		c.tellNews()
	}
	c.list, c.listed, c.failed = list, time.Now(), nil
	c.compare(list.agents)
	c.warn(list.agents)
	return true
}

// atHand returns the agents as they were last known until the tenant has been
// asked, which begins, and where it cannot be; now tells that they are not those.
func (c *catalogue) atHand(ctx context.Context) (agents []restclient.Agent, now bool, err error) {
	if known, ok := c.remembered(); ok {
		return known, false, nil
	}
	agents, err = c.all(ctx)
	if known, ok := c.last.get(); err != nil && ok {
		return c.offered(known), false, nil
	}
	return agents, true, err
}

// remembered returns the agents that were known before this process could ask, as
// long as it has not, and begins to.
func (c *catalogue) remembered() ([]restclient.Agent, bool) {
	known, ok := c.last.before()
	if !ok {
		return nil, false
	}
	left, leave := context.WithCancel(context.Background())
	leave() // nobody waits for it
	_, _ = c.all(left)
	return c.offered(known), true
}

// compare drops what is known of single agents and no longer so. It wants c.mu
// held.
func (c *catalogue) compare(agents []restclient.Agent) {
	listed := make(map[string]appearance, len(agents))
	for _, agent := range agents {
		listed[agent.ID] = appearanceOf(agent)
	}
	for id, seen := range c.agents {
		if listed[id] != appearanceOf(seen.agent) {
			delete(c.agents, id)
		}
	}
}

func (c *catalogue) listAll(ctx context.Context) ([]restclient.Agent, error) {
	var agents []restclient.Agent
	for agent, err := range c.client.Agents.All(ctx, &restclient.AgentListOptions{Limit: 200}) {
		if err != nil {
			return nil, err
		}
		agents = append(agents, agent)
	}
	return agents, nil
}

// offered are those of the agents that may be seen.
func (c *catalogue) offered(all []restclient.Agent) []restclient.Agent {
	var agents []restclient.Agent
	for _, agent := range all {
		if c.refusal(agent) == nil {
			agents = append(agents, agent)
		}
	}
	return agents
}

// warn logs which names of the offer match no agent, when that has changed. It
// wants c.mu held.
func (c *catalogue) warn(agents []restclient.Agent) {
	missing := strings.Join(c.only.missing(agents), ", ")
	if missing != "" && missing != c.missing {
		c.log.Warn().Str("agents", missing).Msg("--agents names what is no agent of this workspace")
	}
	c.missing = missing
}

// shared runs work once for all who ask at the same time. It goes on when one
// of them leaves.
func shared[T any](ctx context.Context, group *singleflight.Group, key string, work func(context.Context) (T, error)) (T, error) {
	answer := group.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		return work(ctx)
	})
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case result := <-answer:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(T), nil
	}
}
