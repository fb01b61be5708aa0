package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/datasource"
	"sema4mcp/internal/localtenant/sdm"
	"sema4mcp/internal/localtenant/store"
)

const maxScaffoldedTables = 100

// connectionNames are the names of the data connections of a model, by id. One
// that is gone has none.
func (s *server) connectionNames(ctx context.Context, definition json.RawMessage) (map[string]string, error) {
	used, err := sdm.Connections(definition)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, id := range used {
		connection, err := s.Store.DataConnection(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names[id] = connection.Name
	}
	return names, nil
}

// scaffoldModel drafts a model over the tables of a data connection, and stores
// it.
func (s *server) scaffoldModel(w http.ResponseWriter, r *http.Request, _ ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	connectionID := body.requiredText("data_connection_id", notBlank)
	tables := body.tableNames()
	name := body.optionalText("name", notBlank, atMost(maxName))
	description := body.textOr("description", "", atMost(maxDescription))
	if err := body.err(); err != nil {
		return err
	}
	connection, err := s.Store.DataConnection(r.Context(), connectionID)
	if errors.Is(err, store.ErrNotFound) {
		return unknownAs("data_connection_id", err)
	}
	if err != nil {
		return err
	}
	if name == nil {
		name = &connection.Name
	}
	found, err := s.Sources.Tables(r.Context(), connection.ID, tables)
	if unknown, ok := errors.AsType[*datasource.UnknownTableError](err); ok {
		return invalid("body -> tables", unknown.Error())
	}
	if err != nil {
		return badSource(err)
	}
	definition, err := sdm.Scaffold(*name, description, connection.ID, found)
	if err != nil {
		return err
	}
	model, err := newModel("tables", definition)
	if err != nil {
		return err
	}
	model.ID, model.Source = uuid.NewString(), "scaffold"
	if err := s.Store.AddModel(r.Context(), model); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, model)
}

// tableNames reads `tables`: names, or objects with a name and maybe a schema.
func (f *fields) tableNames() []string {
	if !f.given("tables") {
		f.fault("tables", "is required")
		return nil
	}
	var names []string
	for i, raw := range f.optionalArray("tables") {
		at := fmt.Sprintf("tables -> %d", i)
		if table, ok := fieldsOf(f.at(at), raw); ok {
			key := "name"
			if !table.given(key) && table.given("table") {
				key = "table"
			}
			name := table.requiredText(key, notBlank, atMost(maxName))
			if schema := table.textOr("schema", "", atMost(maxName)); schema != "" {
				name = schema + "." + name
			}
			f.faults = append(f.faults, table.faults...)
			names = append(names, name)
			continue
		}
		names = append(names, f.text(at, raw, []textRule{notBlank, atMost(maxName)}))
	}
	switch {
	case len(names) == 0 && len(f.faults) == 0:
		f.fault("tables", "must not be empty")
	case len(names) > maxScaffoldedTables:
		f.fault("tables", fmt.Sprintf("must not have more than %d elements", maxScaffoldedTables))
	}
	return names
}

// importModel stores an exported model, unless the agent it is for has the same
// already.
func (s *server) importModel(w http.ResponseWriter, r *http.Request, _ ids) error {
	body, err := readFields(r)
	if err != nil {
		return err
	}
	exported := body.objectOrText("semantic_model")
	agentID := body.optionalText("agent_id", notBlank)
	if err := body.err(); err != nil {
		return err
	}
	arrival := arrival{Resolved: map[string]string{}, Warnings: []string{}}
	model, err := s.resolveModel(r, exported, &arrival)
	if err != nil {
		return err
	}
	if agentID == nil {
		err = s.Store.AddModel(r.Context(), model)
	} else {
		model.ID, err = s.importForAgent(r, *agentID, model, &arrival)
	}
	if err != nil {
		return err
	}
	arrival.ModelID = model.ID
	return writeJSON(w, http.StatusOK, arrival)
}

// arrival is the answer to an import.
type arrival struct {
	ModelID     string            `json:"semantic_data_model_id"`
	Resolved    map[string]string `json:"resolved_data_connections"` // id by name
	IsDuplicate bool              `json:"is_duplicate"`
	Warnings    []string          `json:"warnings"`
}

// objectOrText is a member that must be one of these, as it was sent.
func (f *fields) objectOrText(name string) json.RawMessage {
	var text string
	if raw, ok := f.members[name]; ok && json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		f.requiredText(name, notBlank)
		return raw
	}
	return f.requiredObject(name)
}

// resolveModel finds the data connections that a model names.
func (s *server) resolveModel(r *http.Request, exported json.RawMessage, a *arrival) (store.Model, error) {
	var failed error
	definition, unknown, err := sdm.Import(exported, func(name string) (string, bool) {
		ids, err := s.Store.DataConnectionIDs(r.Context(), name)
		failed = errors.Join(failed, err)
		if len(ids) == 0 {
			return "", false
		}
		if _, known := a.Resolved[name]; !known && len(ids) > 1 {
			a.Warnings = append(a.Warnings, fmt.Sprintf("%d data connections are called %q; the oldest is used", len(ids), name))
		}
		a.Resolved[name] = ids[0]
		return ids[0], true
	})
	if failed != nil {
		return store.Model{}, failed
	}
	if err != nil {
		return store.Model{}, invalid("body -> semantic_model", err.Error())
	}
	if len(unknown) > 0 {
		return store.Model{}, &problem{
			status:  http.StatusBadRequest,
			message: fmt.Sprintf("No data connection is called %s; create it first.", strings.Join(unknown, ", ")),
		}
	}
	model, err := newModel("body -> semantic_model", definition)
	if err != nil {
		return store.Model{}, err
	}
	model.ID, model.Source = uuid.NewString(), "import"
	return model, s.warnOfMissing(r, definition, a)
}

// warnOfMissing tells of data connections that a model has by id and that are not
// here.
func (s *server) warnOfMissing(r *http.Request, definition json.RawMessage, a *arrival) error {
	names, err := s.connectionNames(r.Context(), definition)
	if err != nil {
		return err
	}
	used, err := sdm.Connections(definition)
	for _, id := range used {
		if _, ok := names[id]; !ok {
			a.Warnings = append(a.Warnings, fmt.Sprintf("there is no data connection with the id %q", id))
		}
	}
	return err
}

// importForAgent attaches the model to an agent, and gives its id: that of the
// agent's own where it has the same.
func (s *server) importForAgent(r *http.Request, agentID string, model store.Model, a *arrival) (string, error) {
	attached, err := s.Store.EditedModels(r.Context(), agentID, store.Window{Limit: math.MaxInt32})
	if err != nil {
		return "", err
	}
	for _, own := range attached.Items {
		if store.SameJSON(own.Definition, model.Definition) {
			a.IsDuplicate = true
			return own.ID, nil
		}
		if own.Name == model.Name {
			a.Warnings = append(a.Warnings, fmt.Sprintf("the agent has another semantic data model called %q", own.Name))
		}
	}
	return model.ID, s.Store.AddAgentModel(r.Context(), agentID, model, time.Now())
}
