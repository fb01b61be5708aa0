package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"sema4mcp/internal/localtenant/thread"
)

// Agent is a PublicAgent of the vendor's API v2. Times are ISO 8601 text.
type Agent struct {
	ID                  string  `json:"id"`
	Name                string  `json:"name"`
	Description         string  `json:"description"`
	RunbookText         string  `json:"runbook_text"`
	State               string  `json:"state"` // draft or live
	Version             string  `json:"version"`
	LiveVersionID       *string `json:"live_version_id"`
	ArchitectureName    string  `json:"architecture_name"`
	ArchitectureVersion string  `json:"architecture_version"`
	Mode                string  `json:"mode"` // conversational or worker
	CreatedBy           string  `json:"created_by"`
	CreatedAt           string  `json:"created_at"`
	UpdatedAt           string  `json:"updated_at"`
}

// NewLiveAgent is a conversational agent in its first published version.
func NewLiveAgent(id string, now time.Time) Agent {
	version := "1"
	at := thread.Timestamp(now).String()
	return Agent{
		ID: id, State: "live", Version: version, LiveVersionID: &version,
		ArchitectureVersion: "1", Mode: "conversational",
		CreatedBy: localUser, CreatedAt: at, UpdatedAt: at,
	}
}

const agentColumns = `id, name, description, runbook_text, state, version, live_version_id,
	architecture_name, architecture_version, mode, created_by, created_at, updated_at`

func (a *Agent) fields() []any {
	return []any{
		&a.ID, &a.Name, &a.Description, &a.RunbookText, &a.State, &a.Version, &a.LiveVersionID,
		&a.ArchitectureName, &a.ArchitectureVersion, &a.Mode, &a.CreatedBy, &a.CreatedAt, &a.UpdatedAt,
	}
}

// searchName is equal for names that differ in case or in how Unicode composes
// their letters, which SQLite's own comparison tells apart outside ASCII.
func searchName(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

// Agents lists the agents whose name starts with prefix, in any case, oldest first.
func (s *Store) Agents(ctx context.Context, prefix string, w Window) (Page[Agent], error) {
	key := searchName(prefix)
	rows, err := s.db.Read.QueryContext(ctx, `SELECT position, `+agentColumns+` FROM agents
		WHERE position > ? AND substr(search_name, 1, length(?)) = ? ORDER BY position LIMIT ?`,
		w.After, key, key, w.Limit+1)
	if err != nil {
		return Page[Agent]{}, fmt.Errorf("list agents: %w", err)
	}
	return collect(rows, w.Limit, (*Agent).fields)
}

const findAgent = `SELECT ` + agentColumns + ` FROM agents WHERE id = ?`

// Agent finds an agent by id.
func (s *Store) Agent(ctx context.Context, id string) (Agent, error) {
	var agent Agent
	if err := s.findAgent.QueryRowContext(ctx, id).Scan(agent.fields()...); err != nil {
		return Agent{}, explain(err, "agent", id)
	}
	return agent, nil
}

// AddAgent stores an agent, with the semantic data models it answers from, unless
// one with this id is already there: that one is left as it is.
func (s *Store) AddAgent(ctx context.Context, agent Agent, models []string) error {
	return s.transact(ctx, "add agent "+agent.ID, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO agents (search_name, `+agentColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			append([]any{searchName(agent.Name)}, agent.fields()...)...)
		if err != nil {
			return err
		}
		if added, err := result.RowsAffected(); err != nil || added == 0 {
			return err
		}
		return attachModels(ctx, tx, agent.ID, models)
	})
}

// ReplaceAgent stores an agent, and the models it answers from, over the one
// with the same id.
func (s *Store) ReplaceAgent(ctx context.Context, agent Agent, models []string) error {
	return s.transact(ctx, "replace agent "+agent.ID, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE agents SET (search_name, `+agentColumns+`) =
			(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`,
			append(append([]any{searchName(agent.Name)}, agent.fields()...), agent.ID)...)
		if err != nil {
			return err
		}
		if changed, err := result.RowsAffected(); err != nil || changed == 0 {
			return errors.Join(err, notFound("agent", agent.ID))
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM agent_semantic_data_models WHERE agent_id = ?`, agent.ID); err != nil {
			return err
		}
		return attachModels(ctx, tx, agent.ID, models)
	})
}

func attachModels(ctx context.Context, tx *sql.Tx, agentID string, models []string) error {
	for _, modelID := range models {
		_, err := tx.ExecContext(ctx, `INSERT INTO agent_semantic_data_models (agent_id, model_id) VALUES (?, ?)`, agentID, modelID)
		if isForeignKeyViolation(err) {
			return notFound("semantic data model", modelID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
