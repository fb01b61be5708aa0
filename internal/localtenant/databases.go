package localtenant

import (
	"context"
	"errors"
	"fmt"

	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/minds"
	"sema4mcp/internal/localtenant/minds/verified"
	"sema4mcp/internal/localtenant/store"
)

// settings finds where a data connection leads.
func (t *Tenant) settings(ctx context.Context, connectionID string) (datasource.Settings, error) {
	connection, err := t.store.DataConnection(ctx, connectionID)
	return datasource.Settings{Engine: connection.Engine, Configuration: connection.Configuration}, err
}

// models reads an agent's semantic data models for the verified queries.
func (t *Tenant) models(ctx context.Context, agentID string) ([]verified.Model, error) {
	stored, err := t.store.AgentModels(ctx, agentID)
	if err != nil {
		return nil, err
	}
	models := make([]verified.Model, len(stored))
	for i, m := range stored {
		if models[i], err = verified.ParseModel(m.Definition); err != nil {
			return nil, fmt.Errorf("semantic data model %q: %w", m.Name, err)
		}
	}
	return models, nil
}

// databases lets minds query data connections.
type databases struct{ sources *datasource.Registry }

// Query is for the checks of payloads.
func (d databases) Query(ctx context.Context, connectionID, sql string, named map[string]any) ([]string, [][]any, error) {
	result, err := d.run(ctx, connectionID, sql, named)
	return result.Columns, result.Rows, err
}

// verify runs a verified query.
func (d databases) verify(ctx context.Context, connectionID, sql string, parameters map[string]any) (verified.Result, error) {
	result, err := d.run(ctx, connectionID, sql, parameters)
	if errors.Is(err, store.ErrNotFound) {
		return verified.Result{}, verified.ErrNoConnection
	}
	return verified.Result{Dialect: result.Dialect, Columns: result.Columns, Rows: result.Rows, More: result.More}, err
}

// run makes what a database has to say something that a user may read.
func (d databases) run(ctx context.Context, connectionID, sql string, parameters map[string]any) (datasource.Result, error) {
	result, err := d.sources.Query(ctx, connectionID, datasource.Query{SQL: sql, Parameters: parameters})
	if failure, ok := errors.AsType[*datasource.Failure](err); ok {
		return datasource.Result{}, &minds.Failure{Code: "bad_request", Message: "The database did not answer: " + failure.Message + "."}
	}
	return result, err
}
