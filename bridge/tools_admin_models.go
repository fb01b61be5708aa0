package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

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

func (t *Tenant) replaceModelTool() tool {
	return tool{
		name:  "replace_semantic_data_model",
		title: "Replace a semantic data model",
		description: "Replace all of a semantic data model, for all agents that it is attached to: its tables, what their columns mean, relationships and verified queries. " +
			"What the new model leaves out is gone: begin with the semantic_model that the old one has.",
		inputs: []input{{name: modelIDInput.name, required: true, description: "The model's id."},
			{name: "semantic_model", kind: document, required: true,
				description: `The whole new model: a JSON object, written as a string, with name, and tables or schemas, such as {"name": "sales", "tables": [{"name": "orders", …}]}.`}},
		hints: changes,
		call:  changing(t.replaceModel),
	}
}

func (t *Tenant) replaceModel(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id, definition := args.text(modelIDInput.name), args.document("semantic_model")
	if strings.Contains(string(definition), withheld) {
		return nil, &failure{what: "The semantic_model holds a text that stands in the place of what may be a secret: " + withheld + ".",
			next: "Put the secret there, or change the model in the Sema4.ai application."}
	}
	var given struct{ Tables, Schemas []json.RawMessage }
	if err := json.Unmarshal(definition, &given); err != nil || len(given.Tables)+len(given.Schemas) == 0 {
		return nil, &failure{what: "The semantic_model has no tables and no schemas.", next: "Call again with the whole model: tables, or schemas, is a list that is not empty."}
	}
	model, err := t.client.SemanticDataModels.Get(ctx, id)
	if err != nil {
		return nil, unknownID(err, modelThing, id)
	}
	model.Model = definition
	replaced, err := t.client.SemanticDataModels.Replace(ctx, id, *model)
	if onlyUnread(err) {
		return mcp.NewToolResultText("It is done, but how the semantic data model stands now could not be read."), nil
	}
	if err != nil {
		return nil, unknownID(err, modelThing, id)
	}
	return statusResult(modelListed(*replaced))
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
