package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"

	"sema4mcp/bridge"
	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
	"sema4mcp/restclient"
)

// greet says, for people, where the server is and what to try. Of a tenant
// elsewhere it can name no agents, as the server has no key.
func greet(ctx context.Context, out io.Writer, address net.Addr, upstream cli.Upstream, oauth oauthSettings, config bridge.Config) error {
	root := "http://" + reachable(address)
	if oauth.auth == authOAuth {
		_, err := fmt.Fprintf(out, `Serving on %s
for users of %s

  one agent:   %s/tenants/TENANT/api/v1/agent-mcp/AGENT_ID/mcp/
  all agents:  %s/tenants/TENANT/api/v1/mcp/

With one tenant, both also answer without /tenants/TENANT. Give a client one of these addresses: it signs its user in.
`, root, oauth.issuer, cmp.Or(oauth.publicURL, root), cmp.Or(oauth.publicURL, root))
		return err
	}
	if upstream.Local == nil {
		_, err := fmt.Fprintf(out, `Serving on %s
the agents of %s

  one agent:   %s/api/v1/agent-mcp/AGENT_ID/mcp/
  all agents:  %s/api/v1/mcp/

Both also answer behind /tenants/TENANT. Callers send their API key as Authorization: Bearer KEY.
`, root, upstream.BaseURL, root, root)
		return err
	}
	client, err := restclient.New(upstream.BaseURL, localtenant.APIKey, restclient.WithTransport(upstream.Transport))
	if err != nil {
		return err
	}
	prefix := root + "/tenants/" + localtenant.TenantID + "/api/v1"
	fmt.Fprintf(out, "Serving on %s\na local tenant with working agents; its API key is %s.\n\nAll agents\n  %s/mcp/\n", root, localtenant.APIKey, prefix)
	for agent, err := range client.Agents.All(ctx, nil) {
		if err != nil {
			return err
		}
		if !config.Offers(agent) {
			continue
		}
		url := prefix + "/agent-mcp/" + agent.ID + "/mcp/"
		fmt.Fprintf(out, "\n%s\n  %s\n", agent.Name, url)
		if !config.ReadOnly {
			fmt.Fprintf(out, "  %s\n", curl(url, bridge.MessageTool(agent), question(agent.ID)))
		}
	}
	fmt.Fprintln(out)
	return nil
}

// reachable is an address that can be pasted: one that stands for all of this
// machine's is none that a client can connect to everywhere.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return address.String()
}

// question is something that the agent can answer.
func question(agentID string) string {
	switch agentID {
	case localtenant.SalesAnalystID:
		return "What were total sales by region?"
	case localtenant.StorytellerID:
		return "Tell me a 20-second story"
	default:
		return "Hello"
	}
}

// curl is a command line to paste; the progress token makes the agent visible
// at work.
func curl(url, tool, question string) string {
	return fmt.Sprintf(`curl -sN %s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' `+
		`-d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{"message":"%s","thread_identifier":"first-k3x9qa"},"_meta":{"progressToken":1}}}'`,
		url, localtenant.APIKey, tool, question)
}
