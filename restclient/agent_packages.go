package restclient

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// ImportedAgent is an agent as made from a package.
type ImportedAgent struct {
	Agent
	// UnresolvedMCPServers are those the package names and the tenant has not:
	// create and attach them, or the agent lacks their tools.
	UnresolvedMCPServers []MCPServerReference
}

// MCPServerReference names an MCP server in a package.
type MCPServerReference struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

const unresolvedMCPServers = "unresolved_mcp_servers"

// UnmarshalJSON reads an [Agent] and its unresolved MCP servers.
func (a *ImportedAgent) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.Agent); err != nil {
		return err
	}
	a.UnresolvedMCPServers = nil
	if json.Unmarshal(a.Extra[unresolvedMCPServers], &a.UnresolvedMCPServers) == nil && a.UnresolvedMCPServers != nil {
		delete(a.Extra, unresolvedMCPServers)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (a ImportedAgent) MarshalJSON() ([]byte, error) {
	agent, err := NewRawObject(a.Agent)
	if err != nil {
		return nil, err
	}
	return encodeMembers(struct {
		MCPServers []MCPServerReference `json:"unresolved_mcp_servers,omitzero"`
	}{a.UnresolvedMCPServers}, agent)
}

// Export opens the package of an agent, a zip file in which secrets are masked.
// Close it when done with it.
func (s *AgentsService) Export(ctx context.Context, id string) (*Download, error) {
	return s.client.download(ctx, get("agents", id, "export"), "text/html", jsonMediaType)
}

// Import creates an agent from a package, read as it is sent. The error is
// [ErrConflict] if the agent's name is taken. A server that says nothing leaves
// the agent to be found by its name.
func (s *AgentsService) Import(ctx context.Context, pkg io.Reader) (*ImportedAgent, error) {
	req := uploadPackage(http.MethodPost, pkg, "agents", "import")
	req.optional = true
	imported, err := call[ImportedAgent](ctx, s.client, req)
	return imported, taken(err)
}

// ImportOver replaces the draft of an agent by a package, read as it is sent.
// Files of the agent are only added to. UnresolvedMCPServers is nil where
// the server does not say which there are, and empty where it says there are none;
// [AgentsService.Diff] tells before the import.
func (s *AgentsService) ImportOver(ctx context.Context, id string, pkg io.Reader) (*ImportedAgent, error) {
	req := uploadPackage(http.MethodPut, pkg, "agents", id, "import")
	imported, err := change[ImportedAgent](ctx, s.client, req, get("agents", id))
	return imported, taken(err)
}

func uploadPackage(method string, pkg io.Reader, segments ...string) request {
	form := newForm()
	form.file("file", FileUpload{Name: "agent.zip", ContentType: "application/zip", Content: pkg})
	return form.into(newRequest(method, segments...))
}

// AgentDiff is what importing a package over an agent would change.
type AgentDiff struct {
	IsSynced             bool                 `json:"is_synced,omitzero"`
	Changes              []AgentChange        `json:"changes,omitzero"`
	MCPServersToAttach   []MCPServerReference `json:"mcp_servers_to_attach,omitzero"`
	UnresolvedMCPServers []MCPServerReference `json:"unresolved_mcp_servers,omitzero"`
	FilesToAdd           []string             `json:"files_to_add,omitzero"`
	Extra                RawObject            `json:"-"`
}

// AgentChange is one difference. Its values are JSON of any type.
type AgentChange struct {
	Change        string          `json:"change"` // "update" and others
	FieldPath     string          `json:"field_path"`
	DeployedValue json.RawMessage `json:"deployed_value"`
	PackageValue  json.RawMessage `json:"package_value"`
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (d *AgentDiff) UnmarshalJSON(data []byte) error {
	type plain AgentDiff
	return decodeMembers(data, (*plain)(d), &d.Extra)
}

// ContentChanges are the changes without those of state and live_version_id,
// which no package holds and every diff shows.
func (d *AgentDiff) ContentChanges() []AgentChange {
	var changes []AgentChange
	for _, change := range d.Changes {
		if change.FieldPath != "state" && change.FieldPath != "live_version_id" {
			changes = append(changes, change)
		}
	}
	return changes
}

// Diff compares an agent with a package, read as it is sent, and changes
// nothing.
func (s *AgentsService) Diff(ctx context.Context, id string, pkg io.Reader) (*AgentDiff, error) {
	return call[AgentDiff](ctx, s.client, uploadPackage(http.MethodPost, pkg, "agents", id, "diff"))
}
