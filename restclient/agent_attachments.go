package restclient

import (
	"context"
	"iter"
)

const (
	modelsCollection     = "semantic-data-models"
	mcpServersCollection = "mcp-servers"
)

// SemanticDataModels fetches one page of the models attached to an agent.
func (s *AgentsService) SemanticDataModels(ctx context.Context, agentID string, opts *ListOptions) (*Page[SemanticDataModel], error) {
	o := valueOf(opts)
	return s.models(agentID, o).page(ctx, o.Cursor)
}

// AllSemanticDataModels walks the models attached to an agent from opts.Cursor on.
func (s *AgentsService) AllSemanticDataModels(ctx context.Context, agentID string, opts *ListOptions) iter.Seq2[SemanticDataModel, error] {
	o := valueOf(opts)
	return s.models(agentID, o).all(ctx, o.Cursor)
}

func (s *AgentsService) models(agentID string, o ListOptions) list[SemanticDataModel] {
	return newList[SemanticDataModel](s.client, cursorParameter, o.Limit, "agents", agentID, modelsCollection)
}

// AttachSemanticDataModel lets an agent use a model. The vendor does not publish
// how: where a deployment refuses this, [Client.Raw] sends what its own
// description, [Client.OpenAPI], asks for. The same holds for the other three.
func (s *AgentsService) AttachSemanticDataModel(ctx context.Context, agentID, modelID string) error {
	return s.attach(ctx, agentID, modelsCollection, "semantic_data_model_id", modelID)
}

// DetachSemanticDataModel takes a model from an agent. The model stays.
func (s *AgentsService) DetachSemanticDataModel(ctx context.Context, agentID, modelID string) error {
	return s.client.send(ctx, remove("agents", agentID, modelsCollection, modelID))
}

// MCPServers fetches one page of the MCP servers attached to an agent.
func (s *AgentsService) MCPServers(ctx context.Context, agentID string, opts *ListOptions) (*Page[MCPServer], error) {
	o := valueOf(opts)
	return s.servers(agentID, o).page(ctx, o.Cursor)
}

// AllMCPServers walks the MCP servers attached to an agent from opts.Cursor on.
func (s *AgentsService) AllMCPServers(ctx context.Context, agentID string, opts *ListOptions) iter.Seq2[MCPServer, error] {
	o := valueOf(opts)
	return s.servers(agentID, o).all(ctx, o.Cursor)
}

func (s *AgentsService) servers(agentID string, o ListOptions) list[MCPServer] {
	return newList[MCPServer](s.client, cursorParameter, o.Limit, "agents", agentID, mcpServersCollection).private()
}

// AttachMCPServer gives an agent the tools of an MCP server.
func (s *AgentsService) AttachMCPServer(ctx context.Context, agentID, serverID string) error {
	return s.attach(ctx, agentID, mcpServersCollection, "mcp_server_id", serverID)
}

// DetachMCPServer takes the tools of an MCP server from an agent. The server
// stays.
func (s *AgentsService) DetachMCPServer(ctx context.Context, agentID, serverID string) error {
	return s.client.send(ctx, remove("agents", agentID, mcpServersCollection, serverID))
}

func (s *AgentsService) attach(ctx context.Context, agentID, collection, member, id string) error {
	req := post(map[string]string{member: id}, "agents", agentID, collection)
	return s.client.send(ctx, req.needs(id != "", "the id of what is to be attached is empty"))
}
