package exchange

import (
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Peer is what a client has said of itself: on stdio once for the connection,
// over HTTP in each request anew. It is safe for concurrent use.
type Peer struct {
	// Questions is where the client's answers to an [Asker] arrive; nil for one
	// whose answers do not. Not to be changed once the Peer is used.
	Questions *Questions
	// Session tells the client from others whose answers arrive there; "" for
	// the only one. Not to be changed once the Peer is used.
	Session string

	mu           sync.Mutex // guards all below
	info         mcp.Implementation
	capabilities mcp.ClientCapabilities
	version      string
	logLevel     mcp.LoggingLevel
}

// NewPeer returns a Peer that speaks the protocol version which its transport
// names for it; "" where it names none.
func NewPeer(version string) *Peer { return &Peer{version: version} }

var (
	_ server.SessionWithClientInfo      = (*Exchange)(nil)
	_ server.SessionWithLogging         = (*Exchange)(nil)
	_ server.SessionWithProtocolVersion = (*Exchange)(nil)
)

// SessionID is unique to the exchange: mcp-go keys cancellations by it.
func (x *Exchange) SessionID() string { return x.id }

// Initialize does nothing: an exchange is ready from the start.
func (x *Exchange) Initialize() {}

// Initialized is always true: notifications may be sent at once.
func (x *Exchange) Initialized() bool { return true }

// NotificationChannel is where mcp-go puts a handler's notifications.
func (x *Exchange) NotificationChannel() chan<- mcp.JSONRPCNotification { return x.notifications }

// Declare has the client declare capabilities that it was known to have before.
func (p *Peer) Declare(capabilities mcp.ClientCapabilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capabilities = capabilities
}

// ProtocolVersion is what initialize settled on, or the transport says, or "".
func (p *Peer) ProtocolVersion() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version
}

// SetClientInfo records who the client says it is.
func (x *Exchange) SetClientInfo(info mcp.Implementation) {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	x.peer.info = info
}

// GetClientInfo returns who the client said it is.
func (x *Exchange) GetClientInfo() mcp.Implementation {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	return x.peer.info
}

// SetClientCapabilities records what the client declared.
func (x *Exchange) SetClientCapabilities(capabilities mcp.ClientCapabilities) {
	x.peer.Declare(capabilities)
}

// GetClientCapabilities returns what the client declared.
func (x *Exchange) GetClientCapabilities() mcp.ClientCapabilities {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	return x.peer.capabilities
}

// SetProtocolVersion records the version that initialize settled on.
func (x *Exchange) SetProtocolVersion(version string) {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	x.peer.version = version
}

// ProtocolVersion returns the version that initialize settled on, or the
// transport says, or "".
func (x *Exchange) ProtocolVersion() string { return x.peer.ProtocolVersion() }

// SetLogLevel records the least severe level of log messages the client wants.
func (x *Exchange) SetLogLevel(level mcp.LoggingLevel) {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	x.peer.logLevel = level
}

// GetLogLevel returns the level the client set, or info.
func (x *Exchange) GetLogLevel() mcp.LoggingLevel {
	x.peer.mu.Lock()
	defer x.peer.mu.Unlock()
	if x.peer.logLevel == "" {
		return mcp.LoggingLevelInfo
	}
	return x.peer.logLevel
}
