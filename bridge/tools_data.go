package bridge

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

var (
	connectionIDInput = input{name: "data_connection_id", required: true, description: "The id that list_data_connections shows."}
	modelIDInput      = input{name: "semantic_data_model_id", required: true, description: "The id that list_semantic_data_models shows."}
)

// dataTools read what agents answer from.
func (t *Tenant) dataTools() []tool {
	return []tool{t.listConnectionsTool(), t.getConnectionTool(), t.listModelsTool(), t.getModelTool()}
}

// shownConnection is a data connection without its configuration: that may hold
// passwords, under names that nobody can list.
type shownConnection struct {
	ID          string   `json:"data_connection_id"`
	Name        string   `json:"name"`
	Engine      string   `json:"engine"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	CreatedAt   string   `json:"created_at,omitempty"`
	UpdatedAt   string   `json:"updated_at,omitempty"`
}

func connectionShown(c restclient.DataConnection) shownConnection {
	return shownConnection{c.ID, c.Name, c.Engine, c.Description, c.Tags, timestamp(c.CreatedAt), timestamp(c.UpdatedAt)}
}

func (t *Tenant) listConnectionsTool() tool {
	return tool{
		name:        "list_data_connections",
		title:       "List data connections",
		description: "List the connections of this workspace to databases and other sources. How they are configured is never shown.",
		inputs:      []input{cursorInput},
		hints:       reads,
		call:        t.listConnections,
	}
}

func (t *Tenant) listConnections(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	all := t.client.DataConnections.All(ctx, &restclient.ListOptions{Limit: 200})
	part, next, err := partOf(all, args.text(cursorInput.name), func(connection restclient.DataConnection) shownConnection {
		shown := connectionShown(connection)
		shown.Description = cut(shown.Description, maxDescription)
		return shown
	})
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Connections []shownConnection `json:"data_connections"`
		Next        string            `json:"next_cursor,omitempty"`
	}{part, next})
}

func (t *Tenant) getConnectionTool() tool {
	return tool{
		name:        "get_data_connection",
		title:       "Look at a data connection",
		description: "Get one data connection: its engine, name, description and tags. How it is configured is never shown.",
		inputs:      []input{connectionIDInput},
		hints:       reads,
		call:        t.getConnection,
	}
}

func (t *Tenant) getConnection(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(connectionIDInput.name)
	connection, err := t.client.DataConnections.Get(ctx, id)
	if err != nil {
		return nil, unknownID(err, connectionThing, id)
	}
	return statusResult(connectionShown(*connection))
}

// listedModel is a semantic data model as the list shows it.
type listedModel struct {
	ID          string `json:"semantic_data_model_id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Source      string `json:"source,omitempty"`
	Mutable     *bool  `json:"is_mutable,omitempty"`
}

func modelListed(m restclient.SemanticDataModel) listedModel {
	return listedModel{m.ID, m.Name, cut(m.Description, maxDescription), m.Source, m.IsMutable}
}

func (t *Tenant) listModelsTool() tool {
	return tool{
		name:        "list_semantic_data_models",
		title:       "List semantic data models",
		description: "List the semantic data models of this workspace. They tell agents what the tables of a data connection mean.",
		inputs:      []input{cursorInput},
		hints:       reads,
		call:        t.listModels,
	}
}

func (t *Tenant) listModels(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	all := t.client.SemanticDataModels.All(ctx, &restclient.ListOptions{Limit: 200})
	part, next, err := partOf(all, args.text(cursorInput.name), modelListed)
	if err != nil {
		return nil, err
	}
	return statusResult(struct {
		Models []listedModel `json:"semantic_data_models"`
		Next   string        `json:"next_cursor,omitempty"`
	}{part, next})
}

func (t *Tenant) getModelTool() tool {
	return tool{
		name:  "get_semantic_data_model",
		title: "Read a semantic data model",
		description: "Read one semantic data model as JSON: its tables with what their columns mean, relationships, and verified queries. " +
			"A long one comes in parts: pass the cursor of the last part for the next.",
		inputs: []input{modelIDInput, {name: "cursor", description: "Where to go on, as the last part said."}},
		hints:  reads,
		call:   t.getModel,
	}
}

func (t *Tenant) getModel(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
	id := args.text(modelIDInput.name)
	model, err := t.client.SemanticDataModels.Get(ctx, id)
	if err != nil {
		return nil, unknownID(err, modelThing, id)
	}
	shown := struct {
		listedModel
		Model any `json:"semantic_model"`
	}{modelListed(*model), withoutSecrets(model.Model)}
	return longJSON(shown, args, fmt.Sprintf("get_semantic_data_model with %s %q and", modelIDInput.name, id))
}

// unknownID names what is not there, and the tool that shows what is.
func unknownID(err error, what thing, id string) error {
	if !isNotFound(err) {
		return err
	}
	return &failure{what: fmt.Sprintf("There is no %s with the id %s.", what.name, quoted(id)), lister: what.lister}
}
