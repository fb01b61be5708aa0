package agentpackage

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Write writes a package. The same package gives the same bytes.
func Write(w io.Writer, p *Package) error {
	archive := zip.NewWriter(w)
	agent, models := p.spec()
	data, err := toYAML(specOf(agent))
	if err != nil {
		return fmt.Errorf("write %s: %w", specFile, err)
	}
	if err := writeText(archive, specFile, data); err != nil {
		return err
	}
	if err := writeText(archive, runbookFile, []byte(p.Runbook)); err != nil {
		return err
	}
	for i, model := range p.Models {
		data, err := toYAML(model.Definition)
		if err != nil {
			return fmt.Errorf("write semantic data model %q: %w", model.Name, err)
		}
		if err := writeText(archive, modelFolder+models[i], data); err != nil {
			return err
		}
	}
	for _, file := range p.Files {
		if err := writeFile(archive, file); err != nil {
			return fmt.Errorf("write file %q: %w", file.Name, err)
		}
	}
	return archive.Close()
}

// spec is the package's specification, and the names of the models' files.
func (p *Package) spec() (agentSpec, []string) {
	agent := agentSpec{
		Name: p.Name, Description: p.Description, Version: p.Version, Architecture: p.Architecture,
		Runbook: runbookFile, Settings: p.Settings, MCPServers: p.MCPServers,
	}
	if p.Mode != "" {
		agent.Metadata = map[string]json.RawMessage{"mode": json.RawMessage(`"` + p.Mode + `"`)}
	}
	models := modelFiles(p.Models)
	for _, name := range models {
		agent.Models = append(agent.Models, modelSpec{name})
	}
	for _, file := range p.Files {
		agent.Files = append(agent.Files, fileSpec{file.Ref, file.Name, file.MIMEType})
	}
	return agent, models
}

func specOf(agent agentSpec) spec {
	var s spec
	s.Package.SpecVersion, s.Package.Agents = specVersion, []agentSpec{agent}
	return s
}

// modelFiles makes a file name of each model's name, safe on any disk, and no two
// the same.
func modelFiles(models []Model) []string {
	var names []string
	taken := map[string]bool{}
	for _, model := range models {
		base := fileName(model.Name)
		name := base + ".yaml"
		for i := 2; taken[name]; i++ {
			name = fmt.Sprintf("%s-%d.yaml", base, i)
		}
		taken[name] = true
		names = append(names, name)
	}
	return names
}

const longestFileName = 60 // characters

func fileName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	name = strings.Join(words, "-")
	if name == "" {
		return "model"
	}
	return name[:min(len(name), longestFileName)]
}

func writeText(archive *zip.Writer, name string, data []byte) error {
	entry, err := archive.Create(name)
	if err == nil {
		_, err = entry.Write(data)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func writeFile(archive *zip.Writer, file File) error {
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	entry, err := archive.Create(agentFilesName + file.Ref)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, content)
	return err
}
