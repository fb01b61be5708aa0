package bridge

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// AgentTools says when a tenant's server lists a message_<x> tool for each agent.
type AgentTools string

// The settings of --agent-tools.
const (
	AgentToolsAuto   AgentTools = "auto" // while there are at most 20 agents
	AgentToolsAlways AgentTools = "always"
	AgentToolsNever  AgentTools = "never"
)

// Config is what a [Tenant] may be told; zero values mean the defaults.
type Config struct {
	CallBudget       time.Duration // longest a tool call is held; default 50 s
	ProgressInterval time.Duration // of the time beat; default 10 s
	OnDisconnect     OnDisconnect  // of a run whose caller goes away; default DisconnectKeep
	CatalogueTTL     time.Duration // how old a cached agent may be; default 30 s
	StreamIdle       time.Duration // longest silence of an agent that is taken for work; default 15 min
	AgentTools       AgentTools    // default AgentToolsAuto
	Toolsets         []Toolset     // of a whole tenant's server, beside ToolsetAgents
	ReadOnly         bool          // offer only tools that change nothing
	Agents           []string      // ids or names: offer these agents and no other; none means all
	Granted          []string      // ids or names of message tools: of those, let the caller reach these alone; none means all
	Version          string        // of the program, told to clients
	TaskTTL          time.Duration // how long a task can be asked for; default 24 h
	Run              run.Config

	// FilesDirs are directories of this machine that callers may send files
	// from and save files in. Without any, a call brings its files as text.
	FilesDirs []string

	// Sealer is that of the API key, for the questions to users that callers
	// carry with them. Without one they are good in this process alone.
	Sealer *Sealer

	// RefreshKey reads the API key again after the tenant has refused it; nil where
	// it cannot change.
	RefreshKey func(context.Context) (string, error)

	// Remembered is what was known of the agents before; nil where that is not kept.
	Remembered Memory
	// OperatorsKey says that the API key is the operator's: callers are not told to
	// look after it.
	OperatorsKey bool

	Logger zerolog.Logger
}

// The defaults of [Config].
const (
	DefaultCallBudget       = 50 * time.Second
	DefaultProgressInterval = 10 * time.Second
	DefaultCatalogueTTL     = 30 * time.Second
	DefaultTaskTTL          = 24 * time.Hour
	DefaultStreamIdle       = 15 * time.Minute
)

func (c Config) withDefaults() Config {
	if c.CallBudget <= 0 {
		c.CallBudget = DefaultCallBudget
	}
	if c.ProgressInterval <= 0 {
		c.ProgressInterval = DefaultProgressInterval
	}
	if c.CatalogueTTL <= 0 {
		c.CatalogueTTL = DefaultCatalogueTTL
	}
	if c.TaskTTL <= 0 {
		c.TaskTTL = DefaultTaskTTL
	}
	if c.StreamIdle <= 0 {
		c.StreamIdle = DefaultStreamIdle
	}
	if c.AgentTools == "" {
		c.AgentTools = AgentToolsAuto
	}
	if c.Sealer == nil {
		c.Sealer = ownSealer()
	}
	return c
}

// Offers tells whether Agents leaves the agent in.
func (c Config) Offers(agent restclient.Agent) bool { return offer(c.Agents).has(agent) }

// forCertainAgents tells whether not all agents of the tenant may be reached.
func (c Config) forCertainAgents() bool { return len(c.Agents) > 0 || len(c.Granted) > 0 }

// Tenant is what one caller can see of a Sema4.ai tenant, as MCP servers.
type Tenant struct {
	client    *restclient.Client
	config    Config
	catalogue *catalogue
	files     localFiles
	runs      *run.Manager
	waiting   waiting
	shelf     *shelf
	glances   glances
	tasks     taskNotes

	listening    context.Context // of all who listen to changes
	endListening context.CancelFunc
	audience     *audience

	mu      sync.Mutex // guards all below
	servers map[string]builtServer
}

// builtServer is an MCP server and what it was made of: it is made anew when
// that has changed.
type builtServer struct {
	mcp  *server.MCPServer
	made string
}

// NewTenant returns a Tenant that reaches the agents through client.
func NewTenant(client *restclient.Client, config Config) *Tenant {
	config = config.withDefaults()
	listening, endListening := context.WithCancel(context.Background())
	catalogue := newCatalogue(client, config)
	t := &Tenant{
		listening: listening, endListening: endListening,
		client:    client,
		config:    config,
		catalogue: catalogue,
		files:     config.FilesDirs,
		runs:      run.NewManager(client, config.Run, config.Logger),
		shelf:     &shelf{client: client, known: make(map[shelved]leavings)},
		servers:   make(map[string]builtServer),
	}
	t.audience = newAudience(listening, catalogue, t.drop, config.Logger)
	return t
}

// LiveRuns counts the runs whose agents are at work.
func (t *Tenant) LiveRuns() int { return t.runs.Live() }

// Drain refuses new messages and waits for the agents at work until ctx ends.
func (t *Tenant) Drain(ctx context.Context) {
	t.endListening()
	t.runs.Drain(ctx)
}

// Close ends all runs, which stops their agents, and waits for that.
func (t *Tenant) Close() {
	t.endListening()
	t.audience.close()
	t.catalogue.last.close()
	t.runs.Close()
}
