package agentpackage

import (
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"
)

// Read reads a package of size bytes; its files stay in r until they are opened.
// The error is an [*InvalidError], or wraps [ErrDamaged] or r's own.
func Read(r io.ReaderAt, size int64) (*Package, error) {
	archive, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	data, err := archive.text(specFile)
	if err != nil {
		return nil, err
	}
	agent, err := parseSpec(data)
	if err != nil {
		return nil, err
	}
	runbook, err := archive.text(agent.Runbook)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(runbook) {
		return nil, &InvalidError{agent.Runbook, "is not UTF-8 text"}
	}
	mode, err := agent.mode()
	if err != nil {
		return nil, err
	}
	p := &Package{
		Name: agent.Name, Description: agent.Description, Version: agent.version(), Architecture: agent.Architecture,
		Mode: mode, Runbook: string(runbook), Settings: agent.Settings, MCPServers: agent.MCPServers,
	}
	return p, p.readParts(archive, agent)
}

func (p *Package) readParts(archive *archive, agent agentSpec) error {
	for _, m := range agent.Models {
		model, err := archive.model(m.Name)
		if err != nil {
			return err
		}
		p.Models = append(p.Models, model)
	}
	for _, f := range agent.Files {
		file, err := archive.file(f)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, file)
	}
	return nil
}

// model reads a semantic data model by the name of its file.
func (a *archive) model(file string) (Model, error) {
	name := modelFolder + file
	data, err := a.text(name)
	if err != nil {
		return Model{}, err
	}
	definition, err := fromYAML(data)
	if err != nil {
		return Model{}, &InvalidError{name, err.Error()}
	}
	var head struct {
		Name        *string           `json:"name"`
		Description string            `json:"description"`
		Tables      []json.RawMessage `json:"tables"`
		Schemas     []json.RawMessage `json:"schemas"`
	}
	switch err := json.Unmarshal(definition, &head); {
	case err != nil:
		return Model{}, &InvalidError{name, "is no semantic data model: it must be a mapping with a name, a description and a list of tables"}
	case len(head.Tables) == 0 && len(head.Schemas) == 0:
		return Model{}, &InvalidError{name, "has neither tables nor schemas"}
	}
	model := Model{Name: strings.TrimSuffix(strings.TrimSuffix(file, ".yaml"), ".yml"), Description: head.Description, Definition: definition}
	if head.Name != nil && strings.TrimSpace(*head.Name) != "" {
		model.Name = *head.Name
	}
	return model, nil
}
