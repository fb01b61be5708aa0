package agentpackage

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/uuid"
)

const (
	specVersion    = "v2"
	specFile       = "agent-spec.yaml"
	runbookFile    = "runbook.md"
	modelFolder    = "semantic-data-models/"
	agentFilesName = "agent-files/"
)

// spec is agent-spec.yaml.
type spec struct {
	Package struct {
		SpecVersion string      `json:"spec-version"`
		Agents      []agentSpec `json:"agents"`
	} `json:"agent-package"`
}

type agentSpec struct {
	Name         string `json:"name"`
	Description  string `json:"description"`
	Version      any    `json:"version"` // some write it without quotes
	Architecture string `json:"architecture"`
	Runbook      string `json:"runbook"`
	Settings
	Models     []modelSpec                `json:"semantic-data-models,omitempty"`
	Files      []fileSpec                 `json:"shared-files,omitempty"`
	MCPServers []MCPServer                `json:"mcp-servers,omitempty"`
	Metadata   map[string]json.RawMessage `json:"metadata,omitempty"`
}

type modelSpec struct {
	Name string `json:"name"` // of the file, in modelFolder
}

type fileSpec struct {
	Ref      string `json:"file-ref"` // of the file, in agentFilesName
	Name     string `json:"name"`
	MIMEType string `json:"mime-type"`
}

// parseSpec reads the one agent of a specification.
func parseSpec(data []byte) (agentSpec, error) {
	object, err := fromYAML(data)
	if err != nil {
		return agentSpec{}, &InvalidError{specFile, err.Error()}
	}
	var s spec
	if err := json.Unmarshal(object, &s); err != nil {
		return agentSpec{}, mistyped(err)
	}
	switch agents := s.Package.Agents; {
	case s.Package.SpecVersion != specVersion:
		return agentSpec{}, &InvalidError{specFile, fmt.Sprintf("agent-package.spec-version is %q; only %s is read here", s.Package.SpecVersion, specVersion)}
	case len(agents) == 0:
		return agentSpec{}, &InvalidError{specFile, "agent-package.agents is empty: a package holds one agent"}
	case len(agents) > 1:
		return agentSpec{}, &InvalidError{specFile, fmt.Sprintf("agent-package.agents has %d agents: a package holds one; make a package of each", len(agents))}
	}
	return s.Package.Agents[0], s.Package.Agents[0].check()
}

// mistyped says which field of the specification has the wrong type.
func mistyped(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return &InvalidError{specFile, err.Error()}
	}
	want := "a text"
	switch wrong.Type.Kind() {
	case reflect.Slice:
		want = "a list"
	case reflect.Struct, reflect.Map:
		want = "a mapping"
	case reflect.Bool:
		want = "true or false"
	}
	field := wrong.Field
	if field == "" {
		field = "the document"
	}
	return &InvalidError{specFile, fmt.Sprintf("%s must be %s, and is a JSON %s", field, want, wrong.Value)}
}

func (a *agentSpec) check() error {
	at := func(field, reason string) error { return &InvalidError{specFile, field + " " + reason} }
	if strings.TrimSpace(a.Name) == "" {
		return at("name", "is missing")
	}
	if _, err := a.mode(); err != nil {
		return err
	}
	if a.Runbook == "" {
		a.Runbook = runbookFile
	}
	for i, model := range a.Models {
		if model.Name == "" {
			return at(fmt.Sprintf("semantic-data-models.%d.name", i), "is missing")
		}
	}
	for i, server := range a.MCPServers {
		if strings.TrimSpace(server.Name) == "" {
			return at(fmt.Sprintf("mcp-servers.%d.name", i), "is missing")
		}
	}
	seen := map[string]bool{}
	for i, file := range a.Files {
		if _, err := uuid.Parse(file.Ref); err != nil {
			return at(fmt.Sprintf("shared-files.%d.file-ref", i), "must be a UUID")
		}
		if strings.TrimSpace(file.Name) == "" {
			return at(fmt.Sprintf("shared-files.%d.name", i), "is missing")
		}
		if seen[file.Name] {
			return at(fmt.Sprintf("shared-files.%d.name", i), fmt.Sprintf("is %q, as that of another file", file.Name))
		}
		seen[file.Name] = true
	}
	return nil
}

func (a *agentSpec) mode() (string, error) {
	raw, given := a.Metadata["mode"]
	if !given {
		return "", nil
	}
	var mode string
	if json.Unmarshal(raw, &mode) != nil || (mode != "conversational" && mode != "worker") {
		return "", &InvalidError{specFile, "metadata.mode must be conversational or worker"}
	}
	return mode, nil
}

func (a *agentSpec) version() string {
	if a.Version == nil {
		return ""
	}
	return fmt.Sprint(a.Version)
}
