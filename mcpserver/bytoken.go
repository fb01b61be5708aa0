package mcpserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge"
	"sema4mcp/internal/loopback"
	"sema4mcp/mcpserver/oauth"
	"sema4mcp/restclient"
)

// OAuth has callers come in with access tokens of an authorization server. The keys
// of the tenants are then the server's own, and no token is ever passed on.
type OAuth struct {
	// Issuer is the authorization server's identifier, an https URL.
	Issuer string
	// Transport carries the requests to it; nil means one of the server's own.
	Transport http.RoundTripper
	// PublicURL is where clients reach the server. Without one, requests that name
	// this machine are answered as what they name, and others are refused: whoever
	// could choose the audience that counts could use tokens made for others.
	PublicURL string
	// Audiences are accepted in tokens beside the URL of the MCP endpoint and
	// PublicURL: what an authorization server calls this resource that goes by names
	// of its own.
	Audiences []string
	// Scopes are those that clients are told to ask for; default [oauth.Scope].
	Scopes []string

	// Tenants are those that the server holds the keys of. Renew fetches them anew,
	// when a tenant does not accept its key and for [Server.RenewKeys].
	Tenants []HeldTenant
	Renew   func(context.Context) ([]HeldTenant, error)

	// Secret is what the users' sessions, runs, tasks and questions are bound to, at
	// least 32 characters. Without one it is the key of the tenant that the process
	// held first: they outlive a change of the key, but not a restart after it.
	Secret string
}

// byToken is the gate of callers who bring an access token.
type byToken struct {
	config OAuth
	issuer *oauth.Issuer
	public *url.URL // nil where requests say it
	held   *held
	log    zerolog.Logger

	transport *http.Transport // nil where it is not the server's own
}

func newByToken(config OAuth, log zerolog.Logger) (*byToken, error) {
	g := &byToken{config: config, log: log}
	var err error
	if g.public, err = parsePublicURL(config.PublicURL); err != nil {
		return nil, err
	}
	if g.held, err = newHeld(config); err != nil {
		return nil, err
	}
	if len(config.Scopes) == 0 {
		g.config.Scopes = []string{oauth.Scope}
	}
	for _, scope := range g.config.Scopes {
		if _, ok := oauth.ParseGrant(scope); !ok {
			return nil, fmt.Errorf("%q is no scope of this server: they read %s[:read][:tenant:ID][:agent:ID]", scope, oauth.Scope)
		}
	}
	if config.Transport == nil {
		g.transport = http.DefaultTransport.(*http.Transport).Clone()
		config.Transport = g.transport
	}
	g.issuer, err = oauth.NewIssuer(oauth.IssuerConfig{URL: config.Issuer, Transport: config.Transport, Fetched: func(err error) {
		if err != nil {
			log.Warn().Err(err).Msg("the keys of the authorization server cannot be fetched")
			return
		}
		log.Debug().Msg("fetched the keys of the authorization server")
	}})
	return g, err
}

func parsePublicURL(text string) (*url.URL, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if text == "" {
		return nil, nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return nil, errors.New("the public URL must read like https://HOST, with the path under which a proxy serves this server, if any")
	}
	if strings.Contains(parsed.Path, "/api/v1") {
		return nil, errors.New("the public URL ends before /tenants and /api/v1: it is that of the server, not of one MCP endpoint")
	}
	return parsed, nil
}

// publicURL is what clients reach the server by.
func (g *byToken) publicURL(r *http.Request) (*url.URL, *refusal) {
	switch {
	case g.public != nil:
		return g.public, nil
	case !loopback.Is(r.Host):
		return nil, &refusal{status: http.StatusForbidden, code: jsonrpc2.CodeInvalidRequest,
			message: "this server does not know that it is reached by this name: start it with --public-url"}
	case r.TLS != nil:
		return &url.URL{Scheme: "https", Host: r.Host}, nil
	}
	return &url.URL{Scheme: "http", Host: r.Host}, nil
}

func (g *byToken) identify(r *http.Request) (identity, *refusal) {
	public, refused := g.publicURL(r)
	if refused != nil {
		return nil, refused
	}
	path := r.URL.EscapedPath()
	holder := &tokenHolder{gate: g, agent: r.PathValue("aid"), tenant: r.PathValue("tenant"),
		metadata: public.Scheme + "://" + public.Host + oauth.WellKnown + public.EscapedPath() + path}
	token := bearer(r)
	if token == "" {
		return nil, holder.challenged(http.StatusUnauthorized, oauth.Challenge{},
			"there is no access token: get one from the authorization server that this answer's WWW-Authenticate header leads to")
	}
	audiences := append([]string{public.String() + path, public.String()}, g.config.Audiences...)
	verified, err := g.issuer.Verify(r.Context(), token, audiences)
	if invalid, ok := errors.AsType[*oauth.InvalidTokenError](err); ok {
		zerolog.Ctx(r.Context()).Debug().Str("reason", invalid.Reason).Msg("refused a token")
		return nil, holder.challenged(http.StatusUnauthorized, oauth.Challenge{Error: oauth.InvalidToken, Description: invalid.Reason}, invalid.Reason)
	}
	if err != nil { // which Fetched has logged
		return nil, &refusal{status: http.StatusServiceUnavailable, code: jsonrpc2.CodeInternalError, retryAfter: retryIssuer,
			message: "the authorization server cannot be reached, so that no token can be checked: try again in a moment"}
	}
	holder.token, holder.grants = verified, oauth.GrantsOf(verified.Scopes)
	return holder, nil
}

// retryIssuer is when the authorization server is asked again, in seconds.
const retryIssuer = 5

func (g *byToken) ready(ctx context.Context) error { return g.issuer.Ready(ctx) }

func (g *byToken) probes() []string { return g.held.probes() }

func (g *byToken) advice() string {
	issuer := html.EscapeString(g.config.Issuer)
	return "Give a client the address alone: it signs you in at <code>" + issuer + "</code>. Clients that are not led there send an access token of it as <code>Authorization: Bearer TOKEN</code>."
}

func (g *byToken) renew(ctx context.Context) error { return g.held.renew(ctx) }

func (g *byToken) refreshKey(ctx context.Context, of heldTenant) (string, error) {
	key, err := g.held.keyAfterRefusal(ctx, of.id, of.base)
	if err != nil {
		g.log.Warn().Err(err).Msg("the tenant does not accept its key, and it cannot be fetched anew")
	}
	return key, err
}

func (g *byToken) close() {
	g.held.close()
	g.issuer.Close()
	if g.transport != nil {
		g.transport.CloseIdleConnections()
	}
}

// metadata is published for resources as this server has their paths and, where a
// proxy serves it under a path, as clients have them.
func (g *byToken) metadata() ([]string, http.Handler) {
	prefixes := []string{""}
	if g.public != nil && g.public.Path != "" {
		prefixes = append(prefixes, g.public.EscapedPath())
	}
	return prefixes, http.HandlerFunc(g.describe)
}

func (g *byToken) describe(w http.ResponseWriter, r *http.Request) {
	public, refused := g.publicURL(r)
	if refused != nil {
		http.Error(w, refused.message, refused.status)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), oauth.WellKnown)
	if prefix := public.EscapedPath(); prefix != "" {
		path = strings.TrimPrefix(path, prefix)
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	writeJSON(w, http.StatusOK, oauth.Metadata{
		Resource:             public.String() + path,
		AuthorizationServers: []string{g.issuer.URL()},
		ScopesSupported:      g.config.Scopes,
		BearerMethods:        []string{"header"},
		Name:                 "Sema4.ai agents",
	})
}

// tokenHolder is somebody with a token, on the way to one resource.
type tokenHolder struct {
	gate          *byToken
	metadata      string // the URL of the document about the resource
	tenant, agent string // of the path

	token   oauth.Token
	grants  oauth.Grants
	limited bool // to certain agents, of which the path's is none by its id
}

func (h *tokenHolder) principals(tenant string) ([]principal, *refusal) {
	found, unknown := h.gate.held.find(tenant)
	accesses := h.grants.At(found.id)
	switch {
	case len(accesses) == 0 && (unknown == nil || tenant != ""):
		return nil, h.insufficient()
	case unknown != nil:
		return nil, refusalOf(errNoSuchTenant{unknown})
	}
	h.limited = true
	principals := make([]principal, len(accesses))
	for i, access := range accesses {
		h.limited = h.limited && access.Agents != nil && !slices.Contains(access.Agents, h.agent)
		principals[i] = principal{
			base: found.base, key: found.key, expires: h.token.Expires,
			secret:   string(derive(found.root, "sema4-mcp principal, version 2", h.token.Issuer, h.token.Subject, found.id)),
			access:   string(derive(found.root, "sema4-mcp access, version 1", access)),
			owner:    derive(found.root, "sema4-mcp owner of runs, version 1", h.token.Issuer, h.token.Subject, found.id),
			readOnly: access.ReadOnly, agents: access.Agents,
			refreshKey: func(ctx context.Context) (string, error) { return h.gate.refreshKey(ctx, found) },
		}
	}
	return principals, nil
}

// derive makes a secret for a purpose: the same in every process that has the
// same root, and known to nobody else, the token's holder included.
func derive(root string, of ...any) []byte {
	encoded, _ := json.Marshal(of) // texts and plain structs always encode
	mac := hmac.New(sha256.New, []byte(root))
	mac.Write(encoded)
	return mac.Sum(nil)
}

func (h *tokenHolder) refused(err error) *refusal {
	r := refusalOf(err)
	answer, ofTenant := errors.AsType[*restclient.APIError](err)
	switch {
	case errors.Is(err, bridge.ErrNotGranted):
		return h.insufficient()
	case ofTenant && r.status == http.StatusNotFound && h.limited: // which agents there are is not theirs to find out
		return h.insufficient()
	case ofTenant && answer.StatusCode == http.StatusUnauthorized:
		// A 401 of ours would send the client for another token, again and again.
		return &refusal{status: http.StatusBadGateway, code: jsonrpc2.CodeInternalError,
			message: "the tenant does not accept the API key that this server holds: its operator has to renew it"}
	case ofTenant && answer.StatusCode == http.StatusForbidden:
		r.message = "the API key that this server holds may not use this agent: " + err.Error()
	}
	return r
}

func isPlain(segment string) bool { return segment == "" || plainSegment.MatchString(segment) }

// insufficient refuses a token that is good, but not for this.
func (h *tokenHolder) insufficient() *refusal {
	const why = "the scopes of the access token do not allow this"
	return h.challenged(http.StatusForbidden, oauth.Challenge{Error: oauth.InsufficientScope, Description: why}, why)
}

func (h *tokenHolder) challenged(status int, challenge oauth.Challenge, message string) *refusal {
	challenge.Scopes = h.gate.config.Scopes
	if isPlain(h.tenant) && isPlain(h.agent) { // or the path could say any scopes
		challenge.Scopes = oauth.Wanted(challenge.Scopes, h.tenant, h.agent)
	}
	challenge.Metadata = h.metadata
	return &refusal{status: status, code: jsonrpc2.CodeInvalidRequest, message: message, challenge: challenge.String()}
}
