package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"sema4mcp/internal/localtenant/store"
)

const maxRunbook = 1_000_000 // characters

func (s *server) agentRoutes() []route {
	const agent = "agents/{agent}"
	return []route{
		newRoute("agents", methods{http.MethodGet: s.listAgents, http.MethodPost: s.createAgent}),
		newUploadRoute("agents/import", methods{http.MethodPost: s.importAgent}),
		newRoute(agent, methods{http.MethodGet: s.getAgent, http.MethodPatch: s.changeAgent, http.MethodDelete: s.deleteAgent}),
		newRoute(agent+"/state", methods{http.MethodGet: s.getAgentState}),
		newRoute(agent+"/edit", methods{http.MethodPost: s.editAgent}),
		newRoute(agent+"/publish", methods{http.MethodPost: s.publishAgent}),
		newRoute(agent+"/discard-draft", methods{http.MethodPost: s.discardDraft}),
		newRoute(agent+"/export", methods{http.MethodGet: s.exportAgent}),
		newUploadRoute(agent+"/import", methods{http.MethodPut: s.importDraft}),
		newUploadRoute(agent+"/diff", methods{http.MethodPost: s.diffAgent}),
		newRoute(agent+"/semantic-data-models", methods{http.MethodGet: s.listAgentModels, http.MethodPost: s.attachModel}),
		newRoute(agent+"/semantic-data-models/{model}", methods{http.MethodDelete: s.detachModel}),
		newRoute(agent+"/mcp-servers", methods{http.MethodGet: s.listAgentMCPServers, http.MethodPost: s.attachMCPServer}),
		newRoute(agent+"/mcp-servers/{server}", methods{http.MethodDelete: s.detachMCPServer}),
	}
}

func (s *server) listAgents(w http.ResponseWriter, r *http.Request, _ ids) error {
	list, prefix := "agents", r.URL.Query().Get("name")
	if prefix != "" {
		list = "agents named " + prefix
	}
	window, err := window(r, list)
	if err != nil {
		return err
	}
	agents, err := s.Store.Agents(r.Context(), prefix, window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, agents))
}

func (s *server) getAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	agent, err := s.Store.Agent(r.Context(), ids["agent"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, agent)
}

func (s *server) createAgent(w http.ResponseWriter, r *http.Request, _ ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	agent := store.NewAgent{
		Name:                body.requiredText("name", notBlank, atMost(maxName)),
		Description:         body.textOr("description", "", atMost(maxDescription)),
		RunbookText:         body.textOr("runbook_text", "", atMost(maxRunbook)),
		ArchitectureName:    body.textOr("architecture_name", s.DefaultArchitecture, oneOf(s.Architectures...)),
		ArchitectureVersion: body.textOr("architecture_version", "1", notBlank, atMost(maxName)),
	}
	if err := body.err(); err != nil {
		return err
	}
	agent.Mode = s.modeOf(agent.ArchitectureName)
	created, err := s.Store.CreateAgent(r.Context(), agent, time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, created)
}

// modeOf is the mode of an agent that was not made in one: the API has no field to
// ask for it, so that it follows from what the agent can do.
func (s *server) modeOf(architecture string) string {
	if slices.Contains(s.WorkerArchitectures, architecture) {
		return store.Worker
	}
	return store.Conversational
}

func (s *server) changeAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	change := store.AgentChange{
		Name:        body.optionalText("name", notBlank, atMost(maxName)),
		Description: body.optionalText("description", atMost(maxDescription)),
		RunbookText: body.optionalText("runbook_text", atMost(maxRunbook)),
	}
	if err := body.err(); err != nil {
		return err
	}
	if change == (store.AgentChange{}) {
		return invalid("body", "changes nothing; give one of name, description, runbook_text")
	}
	draft, err := s.Store.ChangeAgent(r.Context(), ids["agent"], change, time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, draft)
}

// deleteAgent deletes first: a run that begins meanwhile finds nothing to write
// into, and ends by itself.
func (s *server) deleteAgent(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DeleteAgent(r.Context(), ids["agent"]); err != nil {
		return err
	}
	// The agent is gone now, and its runs and files go with it when its deleter has gone.
	ctx := context.WithoutCancel(r.Context())
	if err := s.Runner.CancelAgent(ctx, ids["agent"]); err != nil {
		return err
	}
	s.files.Sweep(ctx)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
