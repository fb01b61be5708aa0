package bridge

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

func (t *Tenant) createModelTool() tool {
	return tool{
		name:  "create_semantic_data_model",
		title: "Make a semantic data model",
		description: "Make a first semantic data model from tables of a data connection: the workspace reads their columns. It can be refined in the Sema4.ai application. " +
			"Then let an agent work with it with attach_to_agent.",
		inputs: []input{
			{name: "data_connection_id", required: true, description: "The id of the data connection."},
			{name: "tables", kind: array, required: true, description: "The names of the tables to describe."},
			{name: "name", required: true, description: "What to call the model."},
		},
		hints: adds,
		call:  changing(t.createModel),
	}
}

func (t *Tenant) createModel(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	from := restclient.SemanticModelScaffold{DataConnectionID: args.text("data_connection_id"), Tables: args.list("tables"), Name: args.text("name")}
	if len(from.Tables) == 0 {
		return nil, &failure{what: "No table is named.", next: "Call again with the tables to describe."}
	}
	model, err := t.client.SemanticDataModels.Scaffold(ctx, from)
	if err != nil {
		return nil, err
	}
	return statusResult(modelListed(*model))
}

func (t *Tenant) deleteModelTool() tool {
	return tool{
		name:        "delete_semantic_data_model",
		title:       "Delete a semantic data model",
		description: "Delete a semantic data model for good. Agents that it is attached to can no longer answer from it.",
		inputs:      []input{{name: modelIDInput.name, required: true, description: "The model's id."}},
		hints:       changes,
		call:        changing(t.deleteModel),
	}
}

func (t *Tenant) deleteModel(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(modelIDInput.name)
	if err := t.client.SemanticDataModels.Delete(ctx, id); err != nil {
		return nil, unknownID(err, modelThing, id)
	}
	return statusResult(deleted{Deleted: kindModel, ID: id})
}

func (t *Tenant) documentIntelligenceTool() tool {
	return tool{
		name:        "get_document_intelligence",
		title:       "Look at Document Intelligence",
		description: "Tell whether Document Intelligence is configured in this workspace, and with which services. Keys are never shown.",
		hints:       reads,
		call:        t.documentIntelligence,
	}
}

func (t *Tenant) documentIntelligence(ctx context.Context, _ arguments) (*mcp.CallToolResult, error) {
	type integration struct {
		ID       string `json:"external_id,omitempty"`
		Type     string `json:"type,omitempty"`
		Endpoint string `json:"endpoint,omitempty"`
	}
	shown := struct {
		Configured   bool          `json:"configured"`
		Integrations []integration `json:"integrations"`
		ConnectionID string        `json:"data_connection_id,omitempty"`
	}{Integrations: []integration{}}
	configuration, err := t.client.DocumentIntelligence.Get(ctx)
	if errors.Is(err, restclient.ErrNotConfigured) {
		return statusResult(shown)
	}
	if err != nil {
		return nil, err
	}
	for _, i := range configuration.Integrations {
		shown.Integrations = append(shown.Integrations, integration{i.ExternalID, i.Type, address(i.Endpoint)})
	}
	shown.Configured, shown.ConnectionID = len(shown.Integrations) > 0, configuration.DataConnectionID
	return statusResult(shown)
}
