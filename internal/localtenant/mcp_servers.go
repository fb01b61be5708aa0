package localtenant

import (
	"context"

	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/store"
)

// mcpServers are the MCP servers of the version of an agent that its users have,
// with their secrets.
func (t *Tenant) mcpServers(ctx context.Context, agentID string) ([]openaichat.Server, error) {
	stored, err := t.store.AgentMCPServers(ctx, agentID)
	if err != nil {
		return nil, err
	}
	servers := make([]openaichat.Server, len(stored))
	for i, s := range stored {
		servers[i] = openaichat.Server{
			ID: s.ID, Name: s.Name, Transport: s.Transport, URL: valueOf(s.URL), Headers: serverValues(s.Headers),
			Command: valueOf(s.Command), Args: s.Args, Env: serverValues(s.Env), Cwd: valueOf(s.CWD), ForceSerial: s.ForceSerialToolCalls,
		}
	}
	return servers, nil
}

func serverValues(stored map[string]store.ServerValue) map[string]string {
	values := make(map[string]string, len(stored))
	for name, value := range stored {
		values[name] = valueOf(value.Value)
	}
	return values
}

func valueOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
