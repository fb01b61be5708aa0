package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// Model is a semantic data model of the vendor's API v2; Definition is its
// `semantic_model` object.
type Model struct {
	ID          string
	Name        string
	Description string
	Definition  json.RawMessage
}

// AddModel stores a model unless one with this id is already there.
func (s *Store) AddModel(ctx context.Context, m Model) error {
	_, err := s.db.Write.ExecContext(ctx, `INSERT INTO semantic_data_models (id, name, description, model)
		VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, m.ID, m.Name, m.Description, string(m.Definition))
	if err != nil {
		return fmt.Errorf("add semantic data model %q: %w", m.ID, err)
	}
	return nil
}

// AgentModels are the models attached to an agent, oldest first.
func (s *Store) AgentModels(ctx context.Context, agentID string) ([]Model, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id, name, description, model FROM semantic_data_models
		JOIN agent_semantic_data_models ON model_id = id WHERE agent_id = ? ORDER BY position`, agentID)
	if err != nil {
		return nil, fmt.Errorf("list semantic data models: %w", err)
	}
	defer rows.Close()
	var models []Model
	for rows.Next() {
		var m Model
		var definition string
		if err := rows.Scan(&m.ID, &m.Name, &m.Description, &definition); err != nil {
			return nil, fmt.Errorf("read semantic data model: %w", err)
		}
		m.Definition = json.RawMessage(definition)
		models = append(models, m)
	}
	return models, rows.Err()
}
