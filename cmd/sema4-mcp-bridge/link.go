package main

import (
	"context"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/cmd/internal/cli"
)

// link is the way to the tenant. It is made while the host is already being
// answered: finding the key may take a command, or the user, longer than a host
// waits for the first answer.
type link struct {
	log     zerolog.Logger
	opening *server.MCPServer // for what a host asks at the start
	made    chan struct{}     // closed when what is below is set
	tenant  *bridge.Tenant    // nil where there is none to connect to
	missing *server.MCPServer // says what to do about that

	stop context.CancelFunc
	once sync.Once
	undo func()
}

// newLink begins to connect, unless the settings are broken.
func newLink(ctx context.Context, settings *cli.Settings, broken error, log zerolog.Logger) *link {
	ctx, stop := context.WithCancel(ctx)
	config := settings.Bridge(log)
	l := &link{log: log, opening: bridge.Unconfigured(config, ""), made: make(chan struct{}), stop: stop, undo: func() {}}
	go func() {
		defer close(l.made)
		tenant, closeTenant, err := connect(ctx, settings, broken, log)
		if err != nil {
			// A host would show a program that ends here as a mere red dot.
			log.Warn().Err(err).Msg("not connected to a tenant; tools will say so")
			l.missing = bridge.Unconfigured(config, err.Error())
			return
		}
		l.tenant, l.undo = tenant, closeTenant
	}()
	return l
}

// close ends all runs. A second call does nothing.
func (l *link) close() {
	l.stop()
	<-l.made
	l.once.Do(l.undo)
}

// choose answers what hosts ask at the start without the tenant, and does
// without the tools of single agents while the tenant cannot be asked.
func (l *link) choose(ctx context.Context, method string) *server.MCPServer {
	if bridge.IsTaskMethod(method) {
		method = string(mcp.MethodToolsCall)
	}
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsList, mcp.MethodToolsCall, mcp.MethodResourcesRead, mcp.MethodSubscriptionsListen:
	default:
		return l.opening
	}
	select {
	case <-l.made:
	case <-ctx.Done():
		return l.opening
	}
	if l.tenant == nil {
		return l.missing
	}
	found, err := l.tenant.Server(ctx)
	if err != nil {
		l.log.Warn().Err(err).Msg("the agents cannot be listed")
		return l.tenant.OfflineServer()
	}
	return found
}
