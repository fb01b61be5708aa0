package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
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

// Models lists the semantic data models, oldest first.
func (s *Store) Models(ctx context.Context, w Window) (Page[Model], error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT position, `+modelColumns+` FROM semantic_data_models
		WHERE position > ? ORDER BY position LIMIT ?`, w.After, w.Limit+1)
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
	_, err := s.db.Write.ExecContext(ctx, `INSERT INTO semantic_data_models (`+modelColumns+`)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, m.values()...)
	if err != nil {
		return fmt.Errorf("add semantic data model %q: %w", m.ID, err)
	}
	return nil
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

// AgentModels are the models attached to an agent, oldest first.
func (s *Store) AgentModels(ctx context.Context, agentID string) ([]Model, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT position, `+modelColumns+` FROM semantic_data_models
		JOIN agent_semantic_data_models ON model_id = id WHERE agent_id = ? ORDER BY position`, agentID)
	if err != nil {
		return nil, fmt.Errorf("list semantic data models: %w", err)
	}
	stored, err := collect(rows, math.MaxInt32, (*modelRow).fields)
	return modelPage(stored).Items, err
}

// AddAgentModel stores a model and attaches it to an agent.
func (s *Store) AddAgentModel(ctx context.Context, agentID string, m Model) error {
	return s.transact(ctx, "add semantic data model "+m.ID, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO semantic_data_models (`+modelColumns+`) VALUES (?, ?, ?, ?, ?)`, m.values()...)
		if err != nil {
			return err
		}
		return attachModels(ctx, tx, agentID, []string{m.ID})
	})
}
