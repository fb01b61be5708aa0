package openaichat

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

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
		wrapped    *transport.Error
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
	case errors.As(err, &wrapped):
		err = wrapped.Err
	}
	return errors.New(quoted(c.secrets.hide(err.Error())))
}
