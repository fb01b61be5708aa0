package bridge

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sema4mcp/restclient"
)

// catalogue is what a key can see of a tenant's agents. It asks the tenant at
// most once in its time to live, however many callers there are. A failure to
// list them is remembered for a moment only: long enough for the steps of one
// call, each of which would wait for a tenant that is away.
type catalogue struct {
	client *restclient.Client
	ttl    time.Duration
	group  singleflight.Group

	mu     sync.Mutex // guards all below
	agents map[string]sighted
	list   []restclient.Agent
	listed time.Time
	failed error
	at     time.Time // of failed
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

// agent returns one agent, at most ttl old. Its errors are the client's.
func (c *catalogue) agent(ctx context.Context, id string) (restclient.Agent, error) {
	c.mu.Lock()
	seen, ok := c.agents[id]
	c.mu.Unlock()
	if ok && time.Since(seen.at) < c.ttl {
		return seen.agent, nil
	}
	return shared(ctx, &c.group, "agent/"+id, func(ctx context.Context) (restclient.Agent, error) {
		agent, err := c.client.Agents.Get(ctx, id)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			delete(c.agents, id)
			return restclient.Agent{}, err
		}
		c.agents[id] = sighted{*agent, time.Now()}
		return *agent, nil
	})
}

// all returns every agent, at most ttl old, in the tenant's order. The slice
// must not be changed.
func (c *catalogue) all(ctx context.Context) ([]restclient.Agent, error) {
	c.mu.Lock()
	list, listed, failed, at := c.list, c.listed, c.failed, c.at
	c.mu.Unlock()
	if !listed.IsZero() && time.Since(listed) < c.ttl {
		return list, nil
	}
	if failed != nil && time.Since(at) < min(c.ttl, failureTTL) {
		return nil, failed
	}
	return shared(ctx, &c.group, "all", func(ctx context.Context) ([]restclient.Agent, error) {
		agents, err := c.listAll(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.failed, c.at = err, time.Now()
			return nil, err
		}
		c.list, c.listed, c.failed = agents, time.Now(), nil
		return agents, nil
	})
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
