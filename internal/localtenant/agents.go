package localtenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/minds/checks"
	"sema4mcp/internal/localtenant/minds/echo"
	"sema4mcp/internal/localtenant/minds/openaichat"
	"sema4mcp/internal/localtenant/minds/scripted"
	"sema4mcp/internal/localtenant/minds/verified"
	"sema4mcp/internal/localtenant/store"
	"sema4mcp/internal/localtenant/thread"
)

// AgentSpec describes an agent, which is live from the start.
type AgentSpec struct {
	ID           string // a UUID; when empty, one that follows from Name
	Name         string // required
	Description  string
	Runbook      string // Markdown; the steps of a scripted agent
	Architecture string // verified-queries, payload-checks, openai-chat, scripted or echo (the default)
	Mode         string // conversational (the default) or worker
	// SemanticDataModels are the ids of the models a verified-queries agent answers
	// from, such as SalesModelID.
	SemanticDataModels []string
}

var (
	architectures = []string{verified.Architecture, checks.Architecture, openaichat.Architecture, scripted.Architecture, echo.Architecture}
	// Those whose agents are workers when they are made through the API, which cannot
	// say so: a payload is what a work item has.
	workerArchitectures = []string{checks.Architecture}
	modes               = []string{store.Conversational, store.Worker}
)

// complete fills in the defaults and checks the rest.
func (spec *AgentSpec) complete() error {
	if strings.TrimSpace(spec.Name) == "" {
		return errors.New("an agent needs a name")
	}
	if spec.ID == "" {
		spec.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("agent:"+spec.Name)).String()
	}
	if spec.Architecture == "" {
		spec.Architecture = echo.Architecture
	}
	if spec.Mode == "" {
		spec.Mode = modes[0]
	}
	if _, err := uuid.Parse(spec.ID); err != nil {
		return fmt.Errorf("agent %q: the id %q is no UUID", spec.Name, spec.ID)
	}
	if !slices.Contains(architectures, spec.Architecture) {
		return fmt.Errorf("agent %q: no architecture is called %q; use %s", spec.Name, spec.Architecture, strings.Join(architectures, ", "))
	}
	if !slices.Contains(modes, spec.Mode) {
		return fmt.Errorf("agent %q: no mode is called %q; use %s", spec.Name, spec.Mode, strings.Join(modes, " or "))
	}
	return nil
}

func (spec *AgentSpec) apply(agent store.Agent) store.Agent {
	agent.Name, agent.Description, agent.RunbookText = spec.Name, spec.Description, spec.Runbook
	agent.ArchitectureName, agent.Mode = spec.Architecture, spec.Mode
	agent.UpdatedAt = thread.Timestamp(time.Now()).String()
	return agent
}

func (t *Tenant) addAgents(ctx context.Context, specs []AgentSpec) error {
	nameOf := map[string]string{}
	for _, spec := range specs {
		if err := spec.complete(); err != nil {
			return err
		}
		if other, taken := nameOf[spec.ID]; taken {
			return fmt.Errorf("agents %q and %q have the same id; give each its own", other, spec.Name)
		}
		nameOf[spec.ID] = spec.Name
		agent := spec.apply(store.NewLiveAgent(spec.ID, time.Now()))
		if err := t.store.AddAgent(ctx, agent, spec.SemanticDataModels); err != nil {
			return err
		}
	}
	return nil
}

// UpdateAgent changes an agent, a seeded one too. The id stays as it is. The
// error wraps store.ErrNotFound when there is no such agent.
func (t *Tenant) UpdateAgent(ctx context.Context, id string, change func(*AgentSpec)) error {
	agent, err := t.store.Agent(ctx, id)
	if err != nil {
		return err
	}
	models, err := t.store.AgentModels(ctx, id)
	if err != nil {
		return err
	}
	spec := AgentSpec{
		ID: agent.ID, Name: agent.Name, Description: agent.Description, Runbook: agent.RunbookText,
		Architecture: agent.ArchitectureName, Mode: agent.Mode,
	}
	for _, model := range models {
		spec.SemanticDataModels = append(spec.SemanticDataModels, model.ID)
	}
	change(&spec)
	if err := spec.complete(); err != nil {
		return err
	}
	if spec.ID != id {
		return fmt.Errorf("agent %q: the id of an agent cannot change", spec.Name)
	}
	return t.store.ReplaceAgent(ctx, spec.apply(agent), spec.SemanticDataModels)
}
