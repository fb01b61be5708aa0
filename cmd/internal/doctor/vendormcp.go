package doctor

import (
	"context"
	"net/http"
	"strings"
)

// vendorMCP finds out whether the deployment has MCP endpoints of its own, by one
// agent's.
func (d *Doctor) vendorMCP(ctx context.Context) []Finding {
	if !d.answers || len(d.agents) == 0 {
		return one(Skipped, "no agent to look for")
	}
	endpoint, ok := vendorEndpoint(d.client.BaseURL(), d.agents[0].ID)
	if !ok {
		return one(Skipped, "the base URL does not tell where it would be")
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		return one(Skipped, "the base URL does not tell where it would be")
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("User-Agent", d.UserAgent)
	response, err := d.upstream.Transport.RoundTrip(request) // follows no redirect, which would carry the key along
	if err != nil {
		return one(Note, "cannot be asked: %v", err)
	}
	_ = response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return one(OK, "is on, at %s", endpoint)
	case http.StatusNotFound:
		return one(OK, "is off; this program does not need it")
	default:
		return one(Note, "answers with %s at %s; this program does not need it", response.Status, endpoint)
	}
}

// vendorEndpoint is an agent's own MCP endpoint, which stays on v1.
func vendorEndpoint(base, agentID string) (string, bool) {
	i := strings.LastIndex(base, "/api/")
	if i < 0 {
		return "", false
	}
	return base[:i] + "/api/v1/agent-mcp/" + agentID + "/mcp/", true
}
