package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
)

// Upstream is the tenant that a command talks to.
type Upstream struct {
	BaseURL   string
	Transport http.RoundTripper
	Local     *localtenant.Tenant // nil for a tenant elsewhere
}

// Upstream opens the tenant that the settings name; a [*UsageError] where they
// name none.
func (s *Settings) Upstream(ctx context.Context, log zerolog.Logger) (Upstream, error) {
	if !s.Local {
		if s.BaseURL == "" {
			return Upstream{}, &UsageError{noTenant}
		}
		transport, err := s.Transport()
		if err != nil {
			return Upstream{}, err
		}
		return Upstream{BaseURL: s.BaseURL, Transport: transport}, nil
	}
	llm, err := LLM(ctx)
	if err != nil {
		return Upstream{}, err
	}
	local, err := localtenant.New(ctx, localtenant.Config{DataDir: s.LocalData, Logger: log, LLM: llm})
	if err != nil {
		return Upstream{}, fmt.Errorf("the local tenant cannot start: %w", err)
	}
	return Upstream{BaseURL: local.BaseURL(), Transport: local.Transport(), Local: local}, nil
}

// Close ends a local tenant, and the connections to one elsewhere.
func (u Upstream) Close() error {
	if u.Local == nil {
		if idle, ok := u.Transport.(interface{ CloseIdleConnections() }); ok {
			idle.CloseIdleConnections()
		}
		return nil
	}
	return u.Local.Close()
}

// Bridge is the configuration of the bridge that the settings give.
func (s *Settings) Bridge(log zerolog.Logger) bridge.Config {
	toolsets, _ := bridge.ParseToolsets(s.Toolsets) // checked by Complete
	send, _ := run.ParseSending(s.Send)             // likewise
	return bridge.Config{
		Run:              run.Config{Send: send, TenantEnds: s.Local, Quiet: s.RunQuiet, PostedQuiet: s.PostedQuiet},
		CallBudget:       s.CallBudget,
		ProgressInterval: s.ProgressInterval,
		OnDisconnect:     bridge.OnDisconnect(s.OnDisconnect),
		AgentTools:       bridge.AgentTools(s.AgentTools),
		Toolsets:         toolsets,
		ReadOnly:         s.ReadOnly,
		Agents:           s.Agents,
		FilesDirs:        s.FilesDirs,
		StreamIdle:       s.StreamIdle,
		Version:          Version(),
		Logger:           log,
	}
}
