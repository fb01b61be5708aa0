package openaichat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// The transports of an MCP server, as the vendor's API v2 names them.
const (
	transportAuto           = "auto"
	transportStreamableHTTP = "streamable-http"
	transportSSE            = "sse"
	transportStdio          = "stdio"
)

// Server is an MCP server attached to an agent. It has a URL or a Command, as
// Transport wants it; Transport is streamable-http, sse, stdio, or auto or "" to
// go by these two.
type Server struct {
	ID, Name, Transport string
	URL                 string
	Headers             map[string]string // sent with every request; secret
	Command             string
	Args                []string
	Env                 map[string]string // beside a few variables of this process; secret
	Cwd                 string
	ForceSerial         bool // its tools run one after another
}

const (
	connectWithin = 30 * time.Second // to connect and list the tools; a command may have to be installed first
	callWithin    = 10 * time.Minute // agents behind a tool work for minutes
	killWithin    = time.Second      // for what a stopped command has started
	maxMCPAnswer  = 64 << 20
)

var (
	errCommands    = errors.New("it is started by a command, which is not allowed here; set " + EnvAllowCommands + "=1 to let agents start programs on this machine")
	errURLless     = errors.New("it has no URL")
	errCommandless = errors.New("it has neither a URL nor a command")
	errNoServer    = errors.New("there is no MCP server of this transport at its URL; check the two")
	errMCPKey      = errors.New("it refuses the key, or wants one (status 401); check the server's headers")
	errStopped     = errors.New("its command ended, or the connection was cut")
	errTooSlow     = errors.New("it did not answer in time")
)

// connection is a server that is connected to for one turn.
type connection struct {
	server  Server
	client  *client.Client
	tools   []mcp.Tool
	secrets secrets
}

// connect connects to a server and lists its tools. ctx is the turn's: the
// connection does not outlive it.
func (m *Mind) connect(ctx context.Context, server Server, invocation string) (*connection, error) {
	c := &connection{server: server}
	c.secrets.addNamed(server.Headers)
	c.secrets.addNamed(server.Env)
	if address, err := url.Parse(server.URL); err == nil {
		c.secrets.addURL(address)
	}
	way, err := m.transport(ctx, server, invocation)
	if err != nil {
		return nil, c.reason(err)
	}
	c.client = client.NewClient(way)
	// Without this, calls would wait for the answers of a stream that is gone.
	c.client.OnConnectionLost(func(error) { _ = way.Close() })
	within, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	if err := c.greet(ctx, within); err != nil {
		c.close()
		if ctx.Err() == nil && within.Err() != nil {
			err = errTooSlow
		}
		return nil, c.reason(err)
	}
	return c, nil
}

func (c *connection) greet(ctx, within context.Context) error {
	if err := c.client.Start(ctx); err != nil {
		return err
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "sema4-local-tenant", Version: "2"} // of the API
	greeted, err := c.client.Initialize(within, hello)
	if err != nil {
		return err
	}
	listed, err := c.client.ListTools(within, mcp.ListToolsRequest{})
	if err != nil {
		if greeted.Capabilities.Tools == nil && within.Err() == nil {
			return nil // it has prompts or resources alone
		}
		return err
	}
	c.tools = listed.Tools
	return nil
}

func (c *connection) close() { _ = c.client.Close() }

// reason says in words why a server cannot be used or a call failed. The errors
// of the client carry URLs, and what a server answered.
func (c *connection) reason(err error) error {
	var (
		failed     *url.Error
		wantsLogin *transport.AuthorizationRequiredError
	)
	switch {
	case errors.As(err, &wantsLogin):
		return errMCPKey
	case errors.Is(err, transport.ErrSessionTerminated) || errors.Is(err, transport.ErrLegacySSEServer):
		return errNoServer
	case errors.Is(err, transport.ErrTransportClosed):
		return errStopped
	case errors.Is(err, context.DeadlineExceeded):
		return errTooSlow
	case errors.As(err, &failed):
		err = failed.Err
	}
	return errors.New(quoted(c.secrets.hide(err.Error())))
}

// transport is how a server is reached.
func (m *Mind) transport(ctx context.Context, server Server, invocation string) (transport.Interface, error) {
	silent := slog.New(slog.DiscardHandler) // what goes wrong comes back as an error; the log would get URLs
	kind := server.kind()
	if kind == transportStdio {
		if !m.config.AllowCommands {
			return nil, errCommands
		}
		if server.Command == "" { // which would panic in mcp-go
			return nil, errCommandless
		}
		return transport.NewStdioWithOptions(server.Command, nil, server.Args,
			transport.WithCommandFunc(server.process), transport.WithCommandLogger(silent)), nil
	}
	address, err := url.Parse(server.URL)
	if err != nil || address.Host == "" {
		return nil, errURLless
	}
	web := &http.Client{CheckRedirect: sameHost, Transport: &signed{
		next: m.web, turn: ctx, host: address.Host, headers: server.headers(invocation),
	}}
	switch kind {
	case transportSSE:
		return transport.NewSSE(server.URL, transport.WithHTTPClient(web), transport.WithSSELogger(silent),
			transport.WithEndpointTimeout(connectWithin), transport.WithResponseTimeout(callWithin))
	case transportStreamableHTTP:
		return transport.NewStreamableHTTP(server.URL, transport.WithHTTPBasicClient(web), transport.WithHTTPLogger(silent))
	default:
		return nil, fmt.Errorf("no transport is called %q; use streamable-http, sse, stdio or auto", kind)
	}
}

// kind is the transport, which auto leaves to the URL.
func (s Server) kind() string {
	switch {
	case s.Transport != "" && s.Transport != transportAuto:
		return s.Transport
	case s.URL == "":
		return transportStdio
	case strings.Contains(s.URL, "/sse"):
		return transportSSE
	default:
		return transportStreamableHTTP
	}
}

func (s Server) headers(invocation string) http.Header {
	headers := http.Header{}
	headers.Set(invocationHeader, invocation)
	for name, value := range s.Headers {
		headers.Set(name, value)
	}
	return headers
}

// inherited are the variables that programs need to run at all. The rest of the
// environment stays here: there are keys in it.
var inherited = []string{
	"PATH", "HOME", "LANG", "LC_ALL", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
	"APPDATA", "LOCALAPPDATA", "PATHEXT", "PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE",
}

// process is the command of a stdio server.
func (s Server) process(ctx context.Context, command string, _, args []string) (*exec.Cmd, error) {
	p := exec.CommandContext(ctx, command, args...)
	p.Dir, p.WaitDelay = s.Cwd, killWithin
	p.Env = []string{} // nil would stand for all of this process's
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			p.Env = append(p.Env, name+"="+value)
		}
	}
	for name, value := range s.Env {
		p.Env = append(p.Env, name+"="+value)
	}
	return p, nil
}

// signed adds a server's headers to the requests for its own host, so that no
// redirect carries them away, and sends nothing once the turn is over.
type signed struct {
	next    http.RoundTripper
	turn    context.Context
	host    string
	headers http.Header
}

// RoundTrip is of [http.RoundTripper].
func (s *signed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := s.turn.Err(); err != nil {
		return nil, err
	}
	if r.URL.Host == s.host {
		r = r.Clone(r.Context())
		for name, values := range s.headers {
			r.Header[name] = values
		}
	}
	response, err := s.next.RoundTrip(r)
	if err == nil {
		response.Body = bounded{io.LimitReader(response.Body, maxMCPAnswer), response.Body}
	}
	return response, err
}

type bounded struct {
	io.Reader
	io.Closer
}
