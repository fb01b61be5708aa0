package main

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/cmd/internal/cli"
)

// link is the way to the tenant. It is made while the host is already being
// answered: finding the key may take a command, or the user, longer than a host
// waits for the first answer.
type link struct {
	log       zerolog.Logger
	elsewhere bool              // the tenant is not this process's own
	opening   *server.MCPServer // for what a host asks at the start
	made      chan struct{}     // closed when what is below is set
	tenant    *bridge.Tenant    // nil where there is none to connect to
	missing   *server.MCPServer // says what to do about that

	mu    sync.Mutex // guards early, and the closing of made
	early bool       // a list was answered before there was a tenant

	stop context.CancelFunc
	once sync.Once
	undo func()
}

// newLink begins to connect, unless the settings are broken.
func newLink(ctx context.Context, settings *cli.Settings, broken error, log zerolog.Logger) *link {
	ctx, stop := context.WithCancel(ctx)
	config := settings.Bridge(log)
	l := &link{log: log, elsewhere: !settings.Local, opening: bridge.Unconfigured(config, ""), made: make(chan struct{}), stop: stop, undo: func() {}}
	go func() {
		defer l.settle()
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

// settle says that the link is made, or will never be.
func (l *link) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.early && l.tenant != nil {
		l.tenant.Conceal()
	}
	close(l.made)
}

// withoutTenant answers a list without the tenant: the host has to hear when it is there.
func (l *link) withoutTenant() *server.MCPServer {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.early = true
	select {
	case <-l.made:
		if l.tenant != nil {
			l.tenant.Conceal()
		}
	default:
	}
	return l.opening
}

// close ends all runs. A second call does nothing.
func (l *link) close() {
	l.stop()
	<-l.made
	l.once.Do(l.undo)
}

// listWithin bounds how long the list of tools waits for a tenant elsewhere: for
// all of a start, the least patient host leaves 10 s.
const listWithin = 5 * time.Second

// choose answers what hosts ask at the start without the tenant: from what is
// remembered of its agents, or it does without the tools of single agents while the
// tenant cannot be asked.
func (l *link) choose(ctx context.Context, request exchange.Message) *server.MCPServer {
	method := request.Method
	if bridge.IsTaskMethod(method) {
		method = string(mcp.MethodToolsCall)
	}
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsList, mcp.MethodResourcesList, mcp.MethodPromptsList:
		if l.elsewhere {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, listWithin)
			defer cancel()
		}
	case mcp.MethodToolsCall, mcp.MethodResourcesRead, mcp.MethodPromptsGet, mcp.MethodCompletionComplete, mcp.MethodSubscriptionsListen:
	default:
		return l.opening
	}
	select {
	case <-l.made:
	case <-ctx.Done():
		return l.withoutTenant()
	}
	if l.tenant == nil {
		return l.missing
	}
	if remembered := l.tenant.RememberedServer(request); remembered != nil {
		return remembered
	}
	found, err := l.tenant.Server(ctx)
	if err != nil {
		l.log.Warn().Err(err).Msg("the agents cannot be listed")
		return l.tenant.OfflineServer()
	}
	return found
}

// listenAgainAfter is for a key that the tenant has refused: it may have been in
// trouble.
const listenAgainAfter = time.Minute

// announce tells a host of the legacy era when the tools and resources that it
// was shown have changed.
func (l *link) announce(ctx context.Context, tell func(mcp.JSONRPCNotification) error) {
	select {
	case <-l.made:
	case <-ctx.Done():
		return
	}
	if l.tenant == nil {
		return // the tools that say so stay
	}
	listener := l.tenant.Listen("")
	for {
		err := listener.Tell(ctx, func(changes []mcp.JSONRPCNotification) error { return tellAll(tell, changes) })
		listener.Close()
		if err != nil {
			return // the host has gone
		}
		select {
		case <-time.After(listenAgainAfter):
			listener = listener.Again()
		case <-ctx.Done():
			return
		}
	}
}

func tellAll(tell func(mcp.JSONRPCNotification) error, changes []mcp.JSONRPCNotification) error {
	for _, change := range changes {
		if err := tell(change); err != nil {
			return err
		}
	}
	return nil
}
