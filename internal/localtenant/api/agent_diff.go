package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"sema4mcp/internal/localtenant/agentpackage"
	"sema4mcp/internal/localtenant/store"
)

// agentDiff is an AgentDiff of the vendor's API v2: what importing a package and
// publishing it would change of what users have.
type agentDiff struct {
	IsSynced   bool                `json:"is_synced"`
	Changes    []agentChange       `json:"changes"`
	Attach     []store.NamedServer `json:"mcp_servers_to_attach"`
	Unresolved []store.NamedServer `json:"unresolved_mcp_servers"`
	AddFiles   []string            `json:"files_to_add"`
}

type agentChange struct {
	Change   string `json:"change"` // add, update or delete
	Field    string `json:"field_path"`
	Deployed any    `json:"deployed_value"`
	Package  any    `json:"package_value"`
}

func (s *server) diffAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	agent, err := s.Store.PackagedAgent(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	return s.withPackage(r, func(p *agentpackage.Package) error {
		diff, err := s.diff(r.Context(), agent, p)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, diff)
	})
}

func (s *server) diff(ctx context.Context, agent store.PackagedAgent, p *agentpackage.Package) (*agentDiff, error) {
	i, err := s.importOf(ctx, p)
	if err != nil {
		return nil, err
	}
	d := &agentDiff{Changes: []agentChange{}, Attach: []store.NamedServer{}, Unresolved: []store.NamedServer{}, AddFiles: []string{}}
	d.texts(agent, i, p)
	if err := d.settings(agent.Settings, i.Settings); err != nil {
		return nil, err
	}
	d.models(agent.Models, i.Models)
	if err := d.servers(ctx, s.Store, agent.MCPServers, i.MCPServers); err != nil {
		return nil, err
	}
	d.files(agent.Files, p.Files)
	d.IsSynced = len(d.Changes)+len(d.Attach)+len(d.Unresolved)+len(d.AddFiles) == 0
	return d, nil
}

func (d *agentDiff) change(field string, deployed, packaged any) {
	change := "update"
	switch {
	case deployed == nil:
		change = "add"
	case packaged == nil:
		change = "delete"
	}
	d.Changes = append(d.Changes, agentChange{change, field, deployed, packaged})
}

func (d *agentDiff) texts(agent store.PackagedAgent, i store.Import, p *agentpackage.Package) {
	for _, text := range []struct{ field, deployed, packaged string }{
		{"name", agent.Name, i.Name},
		{"description", agent.Description, i.Description},
		{"runbook_text", agent.RunbookText, i.RunbookText},
		{"architecture_name", agent.ArchitectureName, i.ArchitectureName},
	} {
		if text.deployed != text.packaged {
			d.change(text.field, text.deployed, text.packaged)
		}
	}
	if p.Mode != "" && p.Mode != agent.Mode {
		d.change("mode", agent.Mode, p.Mode)
	}
}

// settings compares what only packages know of, member by member.
func (d *agentDiff) settings(deployed, packaged json.RawMessage) error {
	var before, after map[string]json.RawMessage
	if err := json.Unmarshal(deployed, &before); err != nil {
		return err
	}
	if err := json.Unmarshal(packaged, &after); err != nil {
		return err
	}
	for _, name := range sortedNames(before, after) {
		if old, now := before[name], after[name]; !store.SameJSON(old, now) {
			d.change(name, orNil(old), orNil(now))
		}
	}
	return nil
}

// sortedNames are the keys of both maps.
func sortedNames(a, b map[string]json.RawMessage) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// orNil keeps an absent value from being a nil in an interface that is not.
func orNil(value json.RawMessage) any {
	if value == nil {
		return nil
	}
	return value
}

// models compares semantic data models by name.
func (d *agentDiff) models(deployed, packaged []store.Model) {
	before, after := definitions(deployed), definitions(packaged)
	for _, name := range sortedNames(before, after) {
		if old, now := before[name], after[name]; !store.SameJSON(old, now) {
			d.change("semantic_data_models."+name, orNil(old), orNil(now))
		}
	}
}

func definitions(models []store.Model) map[string]json.RawMessage {
	byName := map[string]json.RawMessage{}
	for _, m := range models {
		byName[m.Name] = m.Definition
	}
	return byName
}

func (d *agentDiff) servers(ctx context.Context, s *store.Store, deployed []store.MCPServer, packaged []store.NamedServer) error {
	wanted := map[string]bool{}
	for _, named := range packaged {
		server, found, err := s.FindMCPServer(ctx, named)
		switch {
		case err != nil:
			return err
		case !found:
			d.Unresolved = append(d.Unresolved, named)
		case !slices.ContainsFunc(deployed, func(other store.MCPServer) bool { return other.ID == server.ID }):
			d.Attach = append(d.Attach, named)
		}
		wanted[server.ID] = true
	}
	for _, server := range deployed {
		if !wanted[server.ID] {
			d.change("mcp_servers."+server.Name, store.NamedServer{Name: server.Name, URL: server.URL}, nil)
		}
	}
	return nil
}

func (d *agentDiff) files(deployed []store.AgentFile, packaged []agentpackage.File) {
	for _, file := range packaged {
		if !slices.ContainsFunc(deployed, func(other store.AgentFile) bool { return other.Name == file.Name }) {
			d.AddFiles = append(d.AddFiles, file.Name)
		}
	}
}
