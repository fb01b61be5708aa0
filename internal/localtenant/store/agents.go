package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"sema4mcp/internal/localtenant/thread"
)

// Agent is one version of a PublicAgent of the vendor's API v2. Times are ISO 8601
// text.
type Agent struct {
	ID                  string  `json:"id"`
	Name                string  `json:"name"`
	Description         string  `json:"description"`
	RunbookText         string  `json:"runbook_text"`
	State               string  `json:"state"`           // of this version: draft or live
	Version             string  `json:"version"`         // "1", "2", …
	LiveVersionID       *string `json:"live_version_id"` // of the agent; nil before it is published
	ArchitectureName    string  `json:"architecture_name"`
	ArchitectureVersion string  `json:"architecture_version"`
	Mode                string  `json:"mode"` // conversational or worker; never changes
	CreatedBy           string  `json:"created_by"`
	CreatedAt           string  `json:"created_at"`
	UpdatedAt           string  `json:"updated_at"`
}

// The modes of agents.
const (
	Conversational = "conversational"
	Worker         = "worker"
)

// NewLiveAgent is a conversational agent in its first published version.
func NewLiveAgent(id string, now time.Time) Agent {
	agent := newAgent(id, now)
	version := uuid.NewString()
	agent.State, agent.LiveVersionID = "live", &version
	return agent
}

func newAgent(id string, now time.Time) Agent {
	at := thread.Timestamp(now).String()
	return Agent{
		ID: id, State: "draft", Version: "1", ArchitectureVersion: "1", Mode: Conversational,
		CreatedBy: localUser, CreatedAt: at, UpdatedAt: at,
	}
}

// The version of an agent that its users have, and the one that its editors have.
const (
	usersVersion   = `COALESCE(agents.live_version, agents.draft_version)`
	editorsVersion = `COALESCE(agents.draft_version, agents.live_version)`
)

const agentColumns = `agents.id, v.name, v.description, v.runbook_text,
	iif(v.id = agents.live_version, 'live', 'draft'), CAST(v.number AS TEXT), agents.live_version,
	v.architecture_name, v.architecture_version, agents.mode, agents.created_by, agents.created_at, v.updated_at`

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

const (
	listAgents   = `SELECT agents.position, ` + agentColumns + ` FROM agents JOIN agent_versions v ON v.id = ` + usersVersion
	allAgents    = listAgents + ` WHERE agents.position > ? ORDER BY agents.position LIMIT ?`
	agentsByName = listAgents + ` WHERE (search_name, agents.position) > (?, ?) AND search_name < ?
		ORDER BY search_name, agents.position LIMIT ?`
)

// Agents lists the agents whose name starts with prefix, in any case, as their
// users have them: all of them oldest first, or those with a prefix by name.
func (s *Store) Agents(ctx context.Context, prefix string, w Window) (Page[Agent], error) {
	key := searchName(prefix)
	if key == "" {
		return s.agents(ctx, w, allAgents, w.After)
	}
	// No text has the byte 0xff, which is behind all that start with key.
	page, err := s.agents(ctx, w, agentsByName, max(key, w.AfterName), w.After, key+"\xff")
	if page.Next != 0 {
		page.NextName = searchName(page.Items[len(page.Items)-1].Name)
	}
	return page, err
}

func (s *Store) agents(ctx context.Context, w Window, query string, arguments ...any) (Page[Agent], error) {
	rows, err := s.db.Read.QueryContext(ctx, query, append(arguments, w.Limit+1)...)
	if err != nil {
		return Page[Agent]{}, fmt.Errorf("list agents: %w", err)
	}
	return collect(rows, w.Limit, (*Agent).fields)
}

const (
	findAgent      = `SELECT ` + agentColumns + ` FROM agents JOIN agent_versions v ON v.id = ` + usersVersion + ` WHERE agents.id = ?`
	findAgentDraft = `SELECT ` + agentColumns + ` FROM agents JOIN agent_versions v ON v.id = agents.draft_version WHERE agents.id = ?`
)

// Agent finds an agent by id, as its users have it: live, else the draft.
func (s *Store) Agent(ctx context.Context, id string) (Agent, error) {
	var agent Agent
	if err := s.findAgent.QueryRowContext(ctx, id).Scan(agent.fields()...); err != nil {
		return Agent{}, explain(err, "agent", id)
	}
	return agent, nil
}

func agentIn(ctx context.Context, tx *sql.Tx, find, id string) (Agent, error) {
	var agent Agent
	if err := tx.QueryRowContext(ctx, find, id).Scan(agent.fields()...); err != nil {
		return Agent{}, explain(err, "agent", id)
	}
	return agent, nil
}

// AddAgent stores a live agent, with the semantic data models it answers from,
// unless one with this id is already there: that one is left as it is. Agents that
// the program brings along may share a name.
func (s *Store) AddAgent(ctx context.Context, agent Agent, models []string) error {
	return s.transact(ctx, "add agent "+agent.ID, func(tx *sql.Tx) error {
		added, err := insertAgent(ctx, tx, agent)
		if err != nil || !added {
			return err
		}
		if err := insertVersion(ctx, tx, *agent.LiveVersionID, agent); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE agents SET live_version = ? WHERE id = ?`, agent.LiveVersionID, agent.ID); err != nil {
			return err
		}
		return linkModels(ctx, tx, *agent.LiveVersionID, models)
	})
}

func insertAgent(ctx context.Context, tx *sql.Tx, a Agent) (added bool, err error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO agents (id, search_name, mode, created_by, created_at)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, a.ID, searchName(a.Name), a.Mode, a.CreatedBy, a.CreatedAt)
	if err != nil {
		return false, err
	}
	count, err := result.RowsAffected()
	return count == 1, err
}

// insertVersion stores the first version of an agent.
func insertVersion(ctx context.Context, tx *sql.Tx, id string, a Agent) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO agent_versions (id, agent_id, number, name, description, runbook_text,
		architecture_name, architecture_version, updated_at) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)`,
		id, a.ID, a.Name, a.Description, a.RunbookText, a.ArchitectureName, a.ArchitectureVersion, a.UpdatedAt)
	return err
}

// ReplaceAgent stores an agent, and the models it answers from, over what its
// users have, without a new version.
func (s *Store) ReplaceAgent(ctx context.Context, agent Agent, models []string) error {
	return s.transact(ctx, "replace agent "+agent.ID, func(tx *sql.Tx) error {
		version, err := versionOf(ctx, tx, usersVersion, agent.ID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE agents SET search_name = ?, mode = ? WHERE id = ?`, searchName(agent.Name), agent.Mode, agent.ID)
		if err == nil {
			err = updateVersion(ctx, tx, version, agent)
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM version_semantic_data_models WHERE version_id = ?`, version)
		}
		if err != nil {
			return err
		}
		return linkModels(ctx, tx, version, models)
	})
}

func updateVersion(ctx context.Context, tx *sql.Tx, id string, a Agent) error {
	_, err := tx.ExecContext(ctx, `UPDATE agent_versions SET name = ?, description = ?, runbook_text = ?,
		architecture_name = ?, architecture_version = ?, updated_at = ? WHERE id = ?`,
		a.Name, a.Description, a.RunbookText, a.ArchitectureName, a.ArchitectureVersion, a.UpdatedAt, id)
	return err
}

// versionOf finds a version of an agent: which is usersVersion or editorsVersion.
func versionOf(ctx context.Context, db queryer, which, agentID string) (string, error) {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT `+which+` FROM agents WHERE id = ?`, agentID).Scan(&version); err != nil {
		return "", explain(err, "agent", agentID)
	}
	return version, nil
}

// AgentState is what the vendor's API v2 says of an agent's versions.
type AgentState struct {
	State         string  `json:"state"` // draft until the agent is published, then live
	LiveVersionID *string `json:"live_version_id"`
	HasDraft      bool    `json:"has_draft"`
}

// AgentState says which versions an agent has.
func (s *Store) AgentState(ctx context.Context, id string) (AgentState, error) {
	var state AgentState
	row := s.db.Read.QueryRowContext(ctx, `SELECT iif(live_version IS NULL, 'draft', 'live'), live_version, draft_version IS NOT NULL
		FROM agents WHERE id = ?`, id)
	if err := row.Scan(&state.State, &state.LiveVersionID, &state.HasDraft); err != nil {
		return AgentState{}, explain(err, "agent", id)
	}
	return state, nil
}

// DeleteAgent deletes an agent with all its versions, conversations and schedules.
func (s *Store) DeleteAgent(ctx context.Context, id string) error {
	result, err := s.db.Write.ExecContext(ctx, `DELETE FROM agents WHERE id = ?`, id)
	return changed(result, err, "agent", id)
}
