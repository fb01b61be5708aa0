package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sema4mcp/internal/localtenant/agentpackage"
	"sema4mcp/internal/localtenant/sdm"
	"sema4mcp/internal/localtenant/store"
)

// importOf is what a package makes of an agent, without its files.
func (s *server) importOf(ctx context.Context, p *agentpackage.Package) (store.Import, error) {
	i := store.Import{NewAgent: store.NewAgent{
		Name: p.Name, Description: p.Description, RunbookText: p.Runbook,
		ArchitectureName: p.Architecture, ArchitectureVersion: "1", Mode: p.Mode,
	}}
	if i.Mode == "" {
		i.Mode = s.modeOf(p.Architecture)
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
	var failed error
	idOf := func(name string) (string, bool) {
		ids, err := s.Store.DataConnectionIDs(ctx, name)
		failed = errors.Join(failed, err)
		if len(ids) == 0 {
			return "", false
		}
		return ids[0], true // the oldest, where several have the name
	}
	models := make([]store.Model, len(p.Models))
	for i, m := range p.Models {
		definition, unknown, err := sdm.Import(m.Definition, idOf)
		if err := errors.Join(failed, err); err != nil {
			return nil, err
		}
		if len(unknown) > 0 {
			return nil, &problem{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(
				"The package needs a data connection called %q, which the tenant does not have; create it, then import again.", unknown[0])}
		}
		models[i] = store.Model{Name: m.Name, Description: m.Description, Definition: definition}
	}
	return models, nil
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
	for _, m := range models {
		names, err := s.connectionNames(ctx, m.Definition)
		if err != nil {
			return err
		}
		definition, err := sdm.Named(m.Definition, names)
		if err != nil {
			return err
		}
		p.Models = append(p.Models, agentpackage.Model{Name: m.Name, Description: m.Description, Definition: definition})
	}
	return nil
}
