// Package openaichat is the mind that a language model gives: it speaks to any
// endpoint with OpenAI's chat completions, streaming, and lets the model call the
// tools of the MCP servers attached to the agent.
//
// Start from [Config] and [NewMind]. The model gets the runbook as its system
// message, then the conversation with the tool calls of earlier turns, then the
// message. The servers are connected to for one turn; one that cannot be reached
// is told of in a thought, and the turn goes on without its tools. Where the
// conversation has files, the model is told which, and has a tool that reads them.
package openaichat

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"sema4mcp/internal/localtenant/minds"
)

// Architecture is the architecture_name of agents with this mind.
const Architecture = "openai-chat"

// The variables that people set a [Config] with; failures name them.
const (
	EnvURL           = "SEMA4_LOCAL_LLM_URL"
	EnvKey           = "SEMA4_LOCAL_LLM_KEY"
	EnvModel         = "SEMA4_LOCAL_LLM_MODEL"
	EnvAllowCommands = "SEMA4_LOCAL_MCP_COMMANDS"
)

// maxRounds bounds how often the model may call tools in one turn.
const maxRounds = 16

// Config says which model to ask and where tools come from.
type Config struct {
	// URL is the base of the API, such as http://127.0.0.1:11434/v1, or the whole
	// address with /chat/completions. When it is empty, every turn fails with a
	// [minds.Failure] that says what to set.
	URL string
	// Key is the bearer key; "" sends none, as local servers want it.
	Key string
	// Model names the model; "" leaves it to the endpoint, where that has one.
	Model string
	// AllowCommands lets MCP servers with the transport stdio be started. Whoever
	// may create an MCP server can then run any program on this machine.
	AllowCommands bool
	// Transport reaches the endpoint and the MCP servers; nil for the network.
	Transport http.RoundTripper
	// Servers gives the MCP servers attached to an agent; nil for none.
	Servers func(ctx context.Context, agentID string) ([]Server, error)
	// TenantID is told to MCP servers.
	TenantID string
}

// Mind is a [minds.Mind]. Close it when no turn is on its way any more.
type Mind struct {
	config   Config
	endpoint *endpoint // nil when there is no URL
	web      http.RoundTripper
	close    func()
}

var errURL = errors.New(EnvURL + " is not the address of an HTTP API; give it the base of an OpenAI-compatible one, such as http://127.0.0.1:11434/v1")

// NewMind makes a mind. A URL that is none is an error, which does not quote it:
// there may be a key inside.
func NewMind(config Config) (*Mind, error) {
	m := &Mind{config: config, web: config.Transport, close: func() {}}
	if m.web == nil {
		// One of its own, so that Close ends its connections and no others.
		network := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: idleConnections}
		m.web, m.close = network, network.CloseIdleConnections
	}
	if config.URL == "" {
		return m, nil
	}
	address, err := url.Parse(config.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return nil, errURL
	}
	m.endpoint = newEndpoint(address, config, m.web)
	return m, nil
}

// Close drops the connections that are kept for later turns.
func (m *Mind) Close() { m.close() }

// Answer asks the model, runs the tools it calls, and asks again with their
// results until it answers in words alone. Whatever the endpoint does wrong is a
// [minds.Failure] that says what to do.
func (m *Mind) Answer(ctx context.Context, turn minds.Turn, out minds.Emitter) error {
	if m.endpoint == nil {
		return failure("precondition_failed", "This agent needs a language model, and none is set. Set %s to the base of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1, "+
			"with %s and, where it wants one, %s; then start the local tenant again.", EnvURL, EnvModel, EnvKey)
	}
	history, err := turn.History(ctx)
	if err != nil {
		return err
	}
	tools, err := m.openToolbox(ctx, turn, out)
	if err != nil {
		return err
	}
	defer tools.close()
	messages := conversation(turn, history, tools)
	spoken := false
	for range maxRounds {
		said, err := m.endpoint.ask(ctx, messages, tools.specs, out)
		if err != nil {
			return err
		}
		spoken = spoken || said.spoken()
		if len(said.calls) == 0 {
			return said.conclude(spoken, out)
		}
		messages = append(messages, said.message())
		messages = append(messages, tools.run(ctx, said.calls, out)...)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return failure("unexpected_error", "The model called tools %d times over without coming to an answer, and was stopped. What the tools gave stands above. Ask for less at once, or take another model with %s.", maxRounds, EnvModel)
}
