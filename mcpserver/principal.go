package mcpserver

import (
	"context"
	"net/http"
	"strings"
	"time"

	"sema4mcp/bridge"
)

// gate decides who may come in: by a key of the tenant, or by a token of an
// authorization server. All that lies behind it knows principals alone.
type gate interface {
	// identify tells who sends a request.
	identify(*http.Request) (identity, *refusal)
	// ready tells whether the gate can identify anybody.
	ready(context.Context) error
	// probes are URLs of the tenants' hosts; the server is of use while one answers.
	probes() []string
	// metadata are the documents that tell where to get a token, and the prefixes of
	// the paths of the resources that they are about; none where none are published.
	metadata() (prefixes []string, document http.Handler)
	// advice tells people how to come in, as HTML.
	advice() string
	// renew fetches anew what the gate holds of keys. What it has stays where that
	// fails.
	renew(context.Context) error
	close()
}

// identity is who sends a request, before it is known which tenant for.
type identity interface {
	// principals are what the sender is at a tenant, "" for a path that names none:
	// one or more, to be tried in this order while an agent is not granted to one.
	principals(tenant string) ([]principal, *refusal)
	// refused is what the sender is told of an error on the way to an MCP server.
	refused(error) *refusal
}

// principal is who calls, and as whom the tenant sees it.
type principal struct {
	base string // URL of the tenant's REST API
	key  string // the tenant's, which goes upstream

	// refreshKey returns the key as it is after the tenant has refused it; nil where
	// it is the sender's own.
	refreshKey func(context.Context) (string, error)

	// secret is known to nobody else but who has the key. What the principal is
	// given to carry is bound to it: sessions, questions, the states of requests.
	secret string
	// access tells apart what one principal may do by one token and by another; what
	// it has in flight is bound to both.
	access string
	// owner is a secret that the runs belong to; nil where they belong to the key.
	owner []byte
	// expires is when the principal is no longer let in; zero for never.
	expires time.Time

	readOnly bool
	agents   []string // those alone; nil for all that the server offers
}

// config narrows what the server offers to what the principal may reach.
func (p principal) config(config bridge.Config) bridge.Config {
	config.Sealer = bridge.SealerFor(p.secret)
	config.ReadOnly = config.ReadOnly || p.readOnly
	config.Granted = p.agents
	config.Run.Owner = p.owner
	config.RefreshKey, config.OperatorsKey = p.refreshKey, p.refreshKey != nil
	return config
}

// whileLetIn ends with ctx, or when the principal is no longer let in.
func (p principal) whileLetIn(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.expires.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, p.expires)
}

// bearer is the caller's key or token, "" where there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
