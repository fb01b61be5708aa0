package restclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultUserAgent         = "sema4mcp"
	maxRedirects             = 10
	defaultRequestTimeout    = 60 * time.Second
	defaultStreamIdleTimeout = 5 * time.Minute
)

// Client speaks to one deployment with one key. It is safe for concurrent use.
type Client struct {
	Agents               *AgentsService
	Schedules            *SchedulesService
	Conversations        *ConversationsService
	WorkItems            *WorkItemsService
	DataConnections      *DataConnectionsService
	SemanticDataModels   *SemanticDataModelsService
	MCPServers           *MCPServersService
	DocumentIntelligence *DocumentIntelligenceService

	base              *url.URL // never ends in "/"
	http              *http.Client
	keyless           *http.Client // for addresses that must not see the key
	credential        *credential
	userAgent         string
	retry             RetryPolicy
	requestTimeout    time.Duration
	streamIdleTimeout time.Duration
	maxResponseBytes  int64
	operatorsKey      bool
}

// Option changes how a [Client] works.
type Option func(*options)

type options struct {
	transport         http.RoundTripper
	refreshKey        func(context.Context) (string, error)
	operatorsKey      bool
	scheme            authScheme
	userAgent         string
	retry             RetryPolicy
	requestTimeout    time.Duration
	streamIdleTimeout time.Duration
}

// WithTransport sets what carries the requests. The default is a clone of
// [http.DefaultTransport] that keeps more connections to the one host and
// notices dead HTTP/2 connections. A transport of your own must not bound the
// time until the response headers, since the blocking send takes minutes.
func WithTransport(rt http.RoundTripper) Option {
	return func(o *options) { o.transport = rt }
}

// WithUserAgent sets the User-Agent header.
func WithUserAgent(userAgent string) Option {
	return func(o *options) { o.userAgent = userAgent }
}

// WithRetry sets how failed GET requests are repeated; the default is
// [DefaultRetryPolicy].
func WithRetry(policy RetryPolicy) Option {
	return func(o *options) { o.retry = policy }
}

// WithStreamIdleTimeout sets the longest silence on a stream, an upload or a
// download, by default five minutes; zero means no bound. Keep-alive comments
// count as life.
func WithStreamIdleTimeout(d time.Duration) Option {
	return func(o *options) { o.streamIdleTimeout = d }
}

// WithRequestTimeout sets how long one attempt of an ordinary call may take, by
// default a minute; zero means no bound. It applies neither to streams, uploads
// and downloads nor to the blocking send of a message.
func WithRequestTimeout(d time.Duration) Option {
	return func(o *options) { o.requestTimeout = d }
}

// WithKeyRefresh has the key read again when the deployment refuses it with 401,
// as it does after a key was changed: refresh returns the key as it is now. A
// request that was refused is repeated once, with another key only, and the key
// that was read is kept. Refresh is called by one request at a time, and not again
// within a minute while it changes nothing; its error leaves the 401 as it is.
func WithKeyRefresh(refresh func(context.Context) (string, error)) Option {
	return func(o *options) { o.refreshKey = refresh }
}

// WithOperatorsKey says that the key is that of the program's operator, and none of
// those who read its errors: they are not told to look after it.
func WithOperatorsKey() Option {
	return func(o *options) { o.operatorsKey = true }
}

// WithSnowflakeToken sends the key as a Snowflake token instead of a bearer
// key, as deployments hosted on Snowflake expect.
func WithSnowflakeToken() Option {
	return func(o *options) { o.scheme = snowflakeScheme }
}

// New makes a client for the deployment at baseURL, for example
// "https://host/tenants/acme/api/v2". The URL is taken as it is but for
// slashes at its end: no tenant path is added to it.
func New(baseURL, key string, opts ...Option) (*Client, error) {
	base, err := parseBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	o := options{
		scheme:            bearerScheme,
		userAgent:         defaultUserAgent,
		retry:             DefaultRetryPolicy(),
		requestTimeout:    defaultRequestTimeout,
		streamIdleTimeout: defaultStreamIdleTimeout,
	}
	for _, opt := range opts {
		opt(&o)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.transport == nil {
		o.transport = defaultTransport()
	}
	credential := newCredential(key, o)
	c := &Client{
		base: base,
		http: &http.Client{
			Transport:     &authTransport{next: o.transport, origin: originOf(base), credential: credential},
			CheckRedirect: checkRedirect,
		},
		keyless:           &http.Client{Transport: o.transport, CheckRedirect: checkRedirect},
		credential:        credential,
		userAgent:         o.userAgent,
		retry:             o.retry,
		requestTimeout:    o.requestTimeout,
		streamIdleTimeout: o.streamIdleTimeout,
		maxResponseBytes:  maxResponseBytes,
		operatorsKey:      o.operatorsKey,
	}
	c.Agents = &AgentsService{client: c}
	c.Schedules = &SchedulesService{client: c}
	c.Conversations = &ConversationsService{client: c}
	c.WorkItems = &WorkItemsService{client: c}
	c.DataConnections = &DataConnectionsService{client: c}
	c.SemanticDataModels = &SemanticDataModelsService{client: c}
	c.MCPServers = &MCPServersService{client: c}
	c.DocumentIntelligence = &DocumentIntelligenceService{client: c}
	return c, nil
}

// BaseURL returns the base URL, without a slash at its end.
func (c *Client) BaseURL() string { return c.base.String() }

// UseKey has the client send that key from now on, as a program does that learns of
// another one before the deployment refuses the old.
func (c *Client) UseKey(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	c.credential.use(key)
	return nil
}

// CloseIdleConnections closes the connections that no call is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func (o *options) check() error {
	if o.requestTimeout < 0 || o.streamIdleTimeout < 0 {
		return errors.New("a time-out is negative; use 0 for none")
	}
	return o.retry.check()
}

// parseBaseURL never repeats its input in an error: people paste keys into the
// wrong field.
func parseBaseURL(baseURL string) (*url.URL, error) {
	trimmed := strings.TrimRight(strings.TrimSpace(baseURL), "/")
	base, err := url.Parse(trimmed)
	switch {
	case trimmed == "":
		return nil, baseURLError("is empty")
	case err != nil:
		return nil, baseURLError("is not a URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, baseURLError("does not start with http:// or https://")
	case base.Hostname() == "":
		return nil, baseURLError("names no host")
	case base.User != nil:
		return nil, baseURLError("holds a user name or password; the key is a setting of its own")
	case strings.ContainsAny(trimmed, "?#"):
		return nil, baseURLError("holds a query or a fragment; leave out everything from ? or # on")
	}
	return base, nil
}

func baseURLError(fault string) error {
	return fmt.Errorf("the base URL %s; copy it from the application, Configuration > API Keys "+
		"(it looks like https://host/tenants/acme/api/v2)", fault)
}

// defaultTransport keeps one of another type that the program has put in place.
func defaultTransport() http.RoundTripper {
	if _, ok := http.DefaultTransport.(*http.Transport); !ok {
		return http.DefaultTransport
	}
	return NewTransport()
}

// NewTransport is what carries the requests of a client that was given no
// transport: for those who want another proxy or other certificates with it.
func NewTransport() *http.Transport {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if shared, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = shared.Clone()
	}
	// ResponseHeaderTimeout stays unset on purpose: the headers of a blocking send
	// come when the agent is done.
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	transport.MaxIdleConnsPerHost = 32
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	return transport
}

// checkRedirect follows redirects of GET alone, and not for ever. Repeating a
// POST elsewhere could deliver it twice, and net/http would turn some of them
// into GET.
func checkRedirect(_ *http.Request, via []*http.Request) error {
	if via[0].Method != http.MethodGet || len(via) >= maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}
