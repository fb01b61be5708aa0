package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Model is a PublicSdm, a semantic data model of the vendor's API v2; Definition
// is its `semantic_model` object, as it came.
type Model struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Source      string          `json:"source"` // seed, api, scaffold or import: how it came here
	IsMutable   bool            `json:"is_mutable"`
	Definition  json.RawMessage `json:"semantic_model"`
}

const modelColumns = `id, name, description, source, model`

// modelRow is a model as its columns hold it.
type modelRow struct {
	Model
	definition string
}

func (r *modelRow) fields() []any {
	return []any{&r.ID, &r.Name, &r.Description, &r.Source, &r.definition}
}

// model is what was read. Every model can be changed.
func (r *modelRow) model() Model {
	r.IsMutable = true
	r.Definition = json.RawMessage(r.definition)
	return r.Model
}

func modelPage(stored Page[modelRow]) Page[Model] {
	page := Page[Model]{Items: make([]Model, len(stored.Items)), Next: stored.Next}
	for i := range stored.Items {
		page.Items[i] = stored.Items[i].model()
	}
	return page
}

func (m Model) values() []any {
	row := modelRow{Model: m, definition: string(m.Definition)}
	return row.fields()
}

const listAllModels = `SELECT position, ` + modelColumns + ` FROM semantic_data_models
	WHERE position > ? ORDER BY position LIMIT ?`

// Models lists the semantic data models, oldest first.
func (s *Store) Models(ctx context.Context, w Window) (Page[Model], error) {
	rows, err := s.db.Read.QueryContext(ctx, listAllModels, w.After, w.Limit+1)
	if err != nil {
		return Page[Model]{}, fmt.Errorf("list semantic data models: %w", err)
	}
	stored, err := collect(rows, w.Limit, (*modelRow).fields)
	return modelPage(stored), err
}

// Model finds a semantic data model by id.
func (s *Store) Model(ctx context.Context, id string) (Model, error) {
	var row modelRow
	err := s.db.Read.QueryRowContext(ctx, `SELECT `+modelColumns+` FROM semantic_data_models WHERE id = ?`, id).Scan(row.fields()...)
	if err != nil {
		return Model{}, explain(err, "semantic data model", id)
	}
	return row.model(), nil
}

// AddModel stores a model unless one with this id is already there.
func (s *Store) AddModel(ctx context.Context, m Model) error {
	return s.transact(ctx, "add semantic data model "+m.ID, func(tx *sql.Tx) error { return insertModel(ctx, tx, m) })
}

func insertModel(ctx context.Context, tx *sql.Tx, m Model) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO semantic_data_models (`+modelColumns+`)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, m.values()...)
	return err
}

// ReplaceModel stores a model over the one with the same id, which keeps its
// source and its agents.
func (s *Store) ReplaceModel(ctx context.Context, m Model) error {
	result, err := s.db.Write.ExecContext(ctx, `UPDATE semantic_data_models SET name = ?, description = ?, model = ? WHERE id = ?`,
		m.Name, m.Description, string(m.Definition), m.ID)
	return changed(result, err, "semantic data model", m.ID)
}

// DeleteModel deletes a model, which detaches it from its agents.
func (s *Store) DeleteModel(ctx context.Context, id string) error {
	result, err := s.db.Write.ExecContext(ctx, `DELETE FROM semantic_data_models WHERE id = ?`, id)
	return changed(result, err, "semantic data model", id)
}

// AgentModels are the models of the version of an agent that its users have,
// oldest first.
func (s *Store) AgentModels(ctx context.Context, agentID string) ([]Model, error) {
	page, err := listModels(ctx, s.db.Read, usersVersion, agentID, everything)
	return page.Items, err
}

// EditedModels lists the models of the version of an agent that its editors have:
// the draft, else live.
func (s *Store) EditedModels(ctx context.Context, agentID string, w Window) (Page[Model], error) {
	if _, err := s.Agent(ctx, agentID); err != nil {
		return Page[Model]{}, err
	}
	return listModels(ctx, s.db.Read, editorsVersion, agentID, w)
}

func listModels(ctx context.Context, db queryer, which, agentID string, w Window) (Page[Model], error) {
	rows, err := db.QueryContext(ctx, `SELECT m.position, m.id, m.name, m.description, m.source, m.model FROM agents
		JOIN version_semantic_data_models l ON l.version_id = `+which+` JOIN semantic_data_models m ON m.id = l.model_id
		WHERE agents.id = ? AND m.position > ? ORDER BY m.position LIMIT ?`, agentID, w.After, w.Limit+1)
	if err != nil {
		return Page[Model]{}, fmt.Errorf("list semantic data models: %w", err)
	}
	stored, err := collect(rows, w.Limit, (*modelRow).fields)
	return modelPage(stored), err
}

// AddAgentModel stores a model and attaches it to an agent's draft, which it opens
// if there is none.
func (s *Store) AddAgentModel(ctx context.Context, agentID string, m Model, now time.Time) error {
	return s.transact(ctx, "add semantic data model "+m.ID, func(tx *sql.Tx) error {
		if err := insertModel(ctx, tx, m); err != nil {
			return err
		}
		draft, err := openDraft(ctx, tx, agentID, now)
		if err != nil {
			return err
		}
		return attachedModel.link(ctx, tx, draft, m.ID)
	})
}
