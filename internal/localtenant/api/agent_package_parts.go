package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sema4mcp/internal/localtenant/agentpackage"
	"sema4mcp/internal/localtenant/store"
)

// importOf is what a package makes of an agent, without its files.
func (s *server) importOf(ctx context.Context, p *agentpackage.Package) (store.Import, error) {
	i := store.Import{NewAgent: store.NewAgent{
		Name: p.Name, Description: p.Description, RunbookText: p.Runbook,
		ArchitectureName: p.Architecture, ArchitectureVersion: "1", Mode: p.Mode,
	}}
	if i.Mode == "" {
		i.Mode = store.Conversational
	}
	var err error
	if i.Settings, err = json.Marshal(p.Settings); err != nil {
		return store.Import{}, fmt.Errorf("settings of package: %w", err)
	}
	if i.Models, err = s.modelsOf(ctx, p); err != nil {
		return store.Import{}, err
	}
	for _, server := range p.MCPServers {
		i.MCPServers = append(i.MCPServers, store.NamedServer{Name: server.Name, URL: filled(server.URL)})
	}
	return i, nil
}

// modelsOf are the models of a package, with the tenant's data connections.
func (s *server) modelsOf(ctx context.Context, p *agentpackage.Package) ([]store.Model, error) {
	resolve := func(table map[string]json.RawMessage) error {
		var name string
		if json.Unmarshal(table["data_connection_name"], &name) != nil || name == "" {
			return nil // a model may be complete without a connection
		}
		id, err := s.connectionCalled(ctx, name)
		if err != nil {
			return err
		}
		if id == "" {
			return &problem{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(
				"The package needs a data connection called %q, which the tenant does not have; create it, then import again.", name)}
		}
		delete(table, "data_connection_name")
		table["data_connection_id"] = quoted(id)
		return nil
	}
	models := make([]store.Model, len(p.Models))
	for i, m := range p.Models {
		definition, err := eachBaseTable(m.Definition, resolve)
		if err != nil {
			return nil, err
		}
		models[i] = store.Model{Name: m.Name, Description: m.Description, Definition: definition}
	}
	return models, nil
}

// eachBaseTable changes the base tables of a semantic data model.
func eachBaseTable(definition json.RawMessage, change func(map[string]json.RawMessage) error) (json.RawMessage, error) {
	var model map[string]json.RawMessage
	var tables []map[string]json.RawMessage
	if json.Unmarshal(definition, &model) != nil || json.Unmarshal(model["tables"], &tables) != nil {
		return definition, nil // no tables, no base tables
	}
	for _, table := range tables {
		var base map[string]json.RawMessage
		if json.Unmarshal(table["base_table"], &base) != nil || base == nil {
			continue
		}
		if err := change(base); err != nil {
			return nil, err
		}
		var err error
		if table["base_table"], err = json.Marshal(base); err != nil {
			return nil, err
		}
	}
	var err error
	if model["tables"], err = json.Marshal(tables); err != nil {
		return nil, err
	}
	return json.Marshal(model)
}

func quoted(text string) json.RawMessage {
	data, _ := json.Marshal(text) // a text can always be written
	return data
}

// connectionCalled is the id of the data connection of that name, in any case, or
// "".
func (s *server) connectionCalled(ctx context.Context, name string) (string, error) {
	ids, err := s.Store.DataConnectionIDs(ctx, name)
	if len(ids) == 0 {
		return "", err
	}
	return ids[0], err // the oldest, where several have the name
}

// connectionName is the name of a data connection, or "" when there is none of that
// id.
func (s *server) connectionName(ctx context.Context, id string) (string, error) {
	connection, err := s.Store.DataConnection(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return connection.Name, err
}

// packageOf is an agent as a package, without a secret.
func (s *server) packageOf(ctx context.Context, agent store.PackagedAgent) (*agentpackage.Package, error) {
	p := &agentpackage.Package{
		Name: agent.Name, Description: agent.Description, Version: agent.Version,
		Architecture: agent.ArchitectureName, Mode: agent.Mode, Runbook: agent.RunbookText,
	}
	if err := json.Unmarshal(agent.Settings, &p.Settings); err != nil {
		return nil, fmt.Errorf("settings of agent: %w", err)
	}
	for _, server := range agent.MCPServers {
		packaged := agentpackage.MCPServer{
			Name: server.Name, Transport: server.Transport, URL: server.URL, ForceSerialToolCalls: server.ForceSerialToolCalls,
		}
		if server.Headers != nil {
			packaged.Headers = server.Headers // they mask themselves
		}
		p.MCPServers = append(p.MCPServers, packaged)
	}
	for _, file := range agent.Files {
		p.Files = append(p.Files, agentpackage.File{
			Ref: file.BlobID, Name: file.Name, MIMEType: file.MIMEType, Size: file.Size, Open: s.openBlob(file.BlobID),
		})
	}
	return p, s.addModels(ctx, p, agent.Models)
}

// addModels adds models to a package, whose data connections it knows by name.
func (s *server) addModels(ctx context.Context, p *agentpackage.Package, models []store.Model) error {
	byName := func(table map[string]json.RawMessage) error {
		var id string
		if json.Unmarshal(table["data_connection_id"], &id) != nil {
			return nil
		}
		name, err := s.connectionName(ctx, id)
		if err == nil && name != "" {
			delete(table, "data_connection_id")
			table["data_connection_name"] = quoted(name)
		}
		return err
	}
	for _, m := range models {
		definition, err := eachBaseTable(m.Definition, byName)
		if err != nil {
			return err
		}
		p.Models = append(p.Models, agentpackage.Model{Name: m.Name, Description: m.Description, Definition: definition})
	}
	return nil
}
