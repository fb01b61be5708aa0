package api

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/sdm"
	"sema4mcp/internal/localtenant/store"
)

func (s *server) semanticDataModelRoutes() []route {
	const (
		models = "semantic-data-models"
		model  = models + "/{model}"
	)
	return []route{
		newRoute(models, methods{
			http.MethodGet:  s.listModels,
			http.MethodPost: s.createModel,
		}),
		newRoute(models+"/scaffold-from-tables", methods{http.MethodPost: s.scaffoldModel}),
		newRoute(models+"/import", methods{http.MethodPost: s.importModel}),
		newRoute(model, methods{
			http.MethodGet:    s.getModel,
			http.MethodPut:    s.replaceModel,
			http.MethodDelete: s.deleteModel,
		}),
		newRoute(model+"/export", methods{http.MethodGet: s.exportModel}),
	}
}

func (s *server) listModels(w http.ResponseWriter, r *http.Request, _ ids) error {
	const list = "semantic data models"
	window, err := window(r, list)
	if err != nil {
		return err
	}
	models, err := s.Store.Models(r.Context(), window)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(list, models))
}

func (s *server) getModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	model, err := s.Store.Model(r.Context(), ids["model"])
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, model)
}

func (s *server) createModel(w http.ResponseWriter, r *http.Request, _ ids) error {
	model, err := readModel(r)
	if err != nil {
		return err
	}
	model.ID, model.Source = uuid.NewString(), "api"
	if err := s.Store.AddModel(r.Context(), model); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, model)
}

func (s *server) replaceModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	stored, err := s.Store.Model(r.Context(), ids["model"])
	if err != nil {
		return err
	}
	model, err := readModel(r)
	if err != nil {
		return err
	}
	model.ID, model.Source = stored.ID, stored.Source
	if err := s.Store.ReplaceModel(r.Context(), model); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, model)
}

// readModel reads the body of a model. The thread and version it may name are
// those the vendor's editor works in; a model is the tenant's, so they change
// nothing.
func readModel(r *http.Request) (store.Model, error) {
	body, err := readFields(r)
	if err != nil {
		return store.Model{}, err
	}
	definition := body.requiredObject("semantic_model")
	body.optionalText("thread_id", atMost(maxName))
	body.optionalText("version_id", atMost(maxName))
	if err := body.err(); err != nil {
		return store.Model{}, err
	}
	return newModel("body -> semantic_model", definition)
}

// newModel makes a model of its definition, which where names in errors.
func newModel(where string, definition json.RawMessage) (store.Model, error) {
	head, err := sdm.Check(definition)
	if err != nil {
		return store.Model{}, invalid(where, err.Error())
	}
	return store.Model{Name: head.Name, Description: head.Description, IsMutable: true, Definition: definition}, nil
}

func (s *server) deleteModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	if err := s.Store.DeleteModel(r.Context(), ids["model"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) exportModel(w http.ResponseWriter, r *http.Request, ids ids) error {
	model, err := s.Store.Model(r.Context(), ids["model"])
	if err != nil {
		return err
	}
	names, err := s.connectionNames(r.Context(), model.Definition)
	if err != nil {
		return err
	}
	text, err := sdm.Export(model.Definition, names)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-yaml")
	w.Header().Set("Content-Disposition", disposition(model.Name+".yaml"))
	_, _ = w.Write(text) // a client that has gone does not need its answer
	return nil
}
