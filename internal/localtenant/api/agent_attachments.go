package api

import (
	"encoding/json"
	"net/http"
	"time"

	"sema4mcp/internal/localtenant/store"
)

// The lists below are of the version an editor works on, which attaching and
// detaching change: the draft, else live.

func (s *server) listAgentModels(w http.ResponseWriter, r *http.Request, ids ids) error {
	list := "semantic data models of " + ids["agent"]
	window, err := window(r, list)
	if err != nil {
		return err
	}
	models, err := s.Store.EditedModels(r.Context(), ids["agent"], window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, mapPage(models, newAttachedModel)))
}

// attachedModel is a PublicSdm of the vendor's API v2.
type attachedModel struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	Source        *string         `json:"source"`
	IsMutable     bool            `json:"is_mutable"`
	SemanticModel json.RawMessage `json:"semantic_model"`
}

func newAttachedModel(m store.Model) attachedModel {
	return attachedModel{ID: m.ID, Name: m.Name, Description: m.Description, IsMutable: true, SemanticModel: m.Definition}
}

// mapPage makes a page of other items.
func mapPage[From, To any](p store.Page[From], to func(From) To) store.Page[To] {
	mapped := store.Page[To]{Items: make([]To, len(p.Items)), Next: p.Next, NextName: p.NextName}
	for i, item := range p.Items {
		mapped.Items[i] = to(item)
	}
	return mapped
}

func (s *server) attachModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	model, err := attachedID(r, "semantic_data_model_id")
	if err != nil {
		return err
	}
	if err := s.Store.AttachModel(r.Context(), ids["agent"], model, time.Now()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// attachedID is what a body names by id, under the member name or "id".
func attachedID(r *http.Request, name string) (string, error) {
	body, err := readFields(r)
	if err != nil {
		return "", err
	}
	id := body.optionalText("id", notBlank)
	if id == nil || body.given(name) {
		named := body.requiredText(name, notBlank)
		id = &named
	}
	return *id, body.err()
}

func (s *server) detachModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DetachModel(r.Context(), ids["agent"], ids["model"], time.Now()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) listAgentMCPServers(w http.ResponseWriter, r *http.Request, ids ids) error {
	list := "MCP servers of " + ids["agent"]
	window, err := window(r, list)
	if err != nil {
		return err
	}
	servers, err := s.Store.EditedMCPServers(r.Context(), ids["agent"], window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, servers))
}

func (s *server) attachMCPServer(w http.ResponseWriter, r *http.Request, ids ids) error {
	server, err := attachedID(r, "mcp_server_id")
	if err != nil {
		return err
	}
	if err := s.Store.AttachMCPServer(r.Context(), ids["agent"], server, time.Now()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) detachMCPServer(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DetachMCPServer(r.Context(), ids["agent"], ids["server"], time.Now()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
