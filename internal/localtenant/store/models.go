package store

import (
	"context"
	"database/sql"
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

func (m *Model) fields() []any {
	return []any{&m.ID, &m.Name, &m.Description, (*[]byte)(&m.Definition)}
}

// AddModel stores a model unless one with this id is already there.
func (s *Store) AddModel(ctx context.Context, m Model) error {
	return s.transact(ctx, "add semantic data model "+m.ID, func(tx *sql.Tx) error { return insertModel(ctx, tx, m) })
}

func insertModel(ctx context.Context, tx *sql.Tx, m Model) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO semantic_data_models (id, name, description, model)
		VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, m.ID, m.Name, m.Description, string(m.Definition))
	return err
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
	rows, err := db.QueryContext(ctx, `SELECT m.position, m.id, m.name, m.description, m.model FROM agents
		JOIN version_semantic_data_models l ON l.version_id = `+which+` JOIN semantic_data_models m ON m.id = l.model_id
		WHERE agents.id = ? AND m.position > ? ORDER BY m.position LIMIT ?`, agentID, w.After, w.Limit+1)
	if err != nil {
		return Page[Model]{}, fmt.Errorf("list semantic data models: %w", err)
	}
	return collect(rows, w.Limit, (*Model).fields)
}
