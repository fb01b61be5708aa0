package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// NewAgent is what an agent begins with.
type NewAgent struct {
	Name, Description, RunbookText        string
	ArchitectureName, ArchitectureVersion string
	Mode                                  string
}

// CreateAgent makes an agent whose only version is a draft. The error wraps
// ErrConflict when another agent has the name.
func (s *Store) CreateAgent(ctx context.Context, n NewAgent, now time.Time) (Agent, error) {
	var agent Agent
	err := s.transact(ctx, "create agent", func(tx *sql.Tx) (err error) {
		agent, _, err = createAgent(ctx, tx, n, now)
		return err
	})
	return agent, err
}

func createAgent(ctx context.Context, tx *sql.Tx, n NewAgent, now time.Time) (_ Agent, draft string, err error) {
	agent := newAgent(uuid.NewString(), now)
	agent.Name, agent.Description, agent.RunbookText = n.Name, n.Description, n.RunbookText
	agent.ArchitectureName, agent.ArchitectureVersion, agent.Mode = n.ArchitectureName, n.ArchitectureVersion, n.Mode
	if err := nameIsFree(ctx, tx, agent.ID, agent.Name); err != nil {
		return Agent{}, "", err
	}
	if _, err := insertAgent(ctx, tx, agent); err != nil {
		return Agent{}, "", err
	}
	draft = uuid.NewString()
	if err := insertVersion(ctx, tx, draft, agent); err != nil {
		return Agent{}, "", err
	}
	_, err = tx.ExecContext(ctx, `UPDATE agents SET draft_version = ? WHERE id = ?`, draft, agent.ID)
	return agent, draft, err
}

// nameIsFree makes sure that no other agent is known to its users by this name.
func nameIsFree(ctx context.Context, tx *sql.Tx, agentID, name string) error {
	var other string
	err := tx.QueryRowContext(ctx, `SELECT id FROM agents WHERE search_name = ? AND id <> ? LIMIT 1`, searchName(name), agentID).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return refuse(ErrConflict, "agent %s is already called %q: choose another name", other, name)
}

// EditAgent opens a draft of an agent from its live version, unless there is one,
// and gives the draft.
func (s *Store) EditAgent(ctx context.Context, id string, now time.Time) (Agent, error) {
	return s.changeDraft(ctx, "edit agent "+id, id, now, func(*sql.Tx, string, *Agent) error { return nil })
}

// AgentChange is what changes of an agent; nil leaves a field as it is.
type AgentChange struct {
	Name, Description, RunbookText *string
}

// ChangeAgent changes an agent's draft, which it opens if there is none, and gives
// it. The error wraps ErrConflict when another agent has the name.
func (s *Store) ChangeAgent(ctx context.Context, id string, change AgentChange, now time.Time) (Agent, error) {
	return s.changeDraft(ctx, "change agent "+id, id, now, func(tx *sql.Tx, draft string, agent *Agent) error {
		for _, field := range []struct{ from, to *string }{
			{change.Name, &agent.Name}, {change.Description, &agent.Description}, {change.RunbookText, &agent.RunbookText},
		} {
			if field.from != nil {
				*field.to = *field.from
			}
		}
		agent.UpdatedAt = thread.Timestamp(now).String()
		return saveDraft(ctx, tx, draft, *agent)
	})
}

// changeDraft works on the draft of an agent, which it opens if there is none.
func (s *Store) changeDraft(ctx context.Context, what, id string, now time.Time, work func(tx *sql.Tx, draft string, agent *Agent) error) (Agent, error) {
	var agent Agent
	err := s.transact(ctx, what, func(tx *sql.Tx) error {
		draft, err := openDraft(ctx, tx, id, now)
		if err != nil {
			return err
		}
		if agent, err = agentIn(ctx, tx, findAgentDraft, id); err != nil {
			return err
		}
		return work(tx, draft, &agent)
	})
	return agent, err
}

// saveDraft stores what a draft is now. Its name counts as the agent's from the
// start only when users have no other version.
func saveDraft(ctx context.Context, tx *sql.Tx, draft string, agent Agent) error {
	if err := nameIsFree(ctx, tx, agent.ID, agent.Name); err != nil {
		return err
	}
	if err := updateVersion(ctx, tx, draft, agent); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE agents SET search_name = ? WHERE id = ? AND live_version IS NULL`, searchName(agent.Name), agent.ID)
	return err
}

// openDraft gives the id of an agent's draft; if there is none, it makes one that
// is as the live version is.
func openDraft(ctx context.Context, tx *sql.Tx, agentID string, now time.Time) (string, error) {
	var live, draft *string
	err := tx.QueryRowContext(ctx, `SELECT live_version, draft_version FROM agents WHERE id = ?`, agentID).Scan(&live, &draft)
	if err != nil {
		return "", explain(err, "agent", agentID)
	}
	if draft != nil {
		return *draft, nil
	}
	id := uuid.NewString()
	for _, step := range []struct {
		statement string
		arguments []any
	}{
		{`INSERT INTO agent_versions (id, agent_id, number, name, description, runbook_text, architecture_name, architecture_version,
			settings, updated_at)
			SELECT ?, agent_id, (SELECT max(number) + 1 FROM agent_versions WHERE agent_id = v.agent_id),
				name, description, runbook_text, architecture_name, architecture_version, settings, ?
			FROM agent_versions v WHERE id = ?`, []any{id, thread.Timestamp(now).String(), live}},
		{`INSERT INTO version_semantic_data_models (version_id, model_id)
			SELECT ?, model_id FROM version_semantic_data_models WHERE version_id = ?`, []any{id, live}},
		{`INSERT INTO version_mcp_servers (version_id, mcp_server_id)
			SELECT ?, mcp_server_id FROM version_mcp_servers WHERE version_id = ?`, []any{id, live}},
		{`INSERT INTO version_files (version_id, name, mime_type, size, hash, blob_id)
			SELECT ?, name, mime_type, size, hash, blob_id FROM version_files WHERE version_id = ?`, []any{id, live}},
		{`UPDATE agents SET draft_version = ? WHERE id = ?`, []any{id, agentID}},
	} {
		if _, err := tx.ExecContext(ctx, step.statement, step.arguments...); err != nil {
			return "", err
		}
	}
	return id, nil
}

// PublishAgent makes the draft the live version, deletes the conversations that
// were held with the agent while it had no live version, and gives their ids. The
// error wraps ErrPrecondition when there is no draft, and ErrConflict when another
// agent has got the draft's name.
func (s *Store) PublishAgent(ctx context.Context, id string, now time.Time) (agent Agent, deleted []string, err error) {
	err = s.transact(ctx, "publish agent "+id, func(tx *sql.Tx) error {
		if err := hasDraft(ctx, tx, id, "there is nothing to publish: change the agent, or open a draft with edit"); err != nil {
			return err
		}
		draft, err := agentIn(ctx, tx, findAgentDraft, id)
		if err != nil {
			return err
		}
		if err := nameIsFree(ctx, tx, id, draft.Name); err != nil {
			return err
		}
		if deleted, err = deleteDraftConversations(ctx, tx, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE agent_versions SET updated_at = ? WHERE id = (SELECT draft_version FROM agents WHERE id = ?)`,
			thread.Timestamp(now).String(), id)
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE agents SET live_version = draft_version, draft_version = NULL, search_name = ? WHERE id = ?`,
				searchName(draft.Name), id)
		}
		if err != nil {
			return err
		}
		agent, err = agentIn(ctx, tx, findAgent, id)
		return err
	})
	if err != nil {
		return Agent{}, nil, err
	}
	return agent, deleted, nil
}

// hasDraft makes sure that an agent has a draft.
func hasDraft(ctx context.Context, tx *sql.Tx, id, advice string) error {
	var has bool
	if err := tx.QueryRowContext(ctx, `SELECT draft_version IS NOT NULL FROM agents WHERE id = ?`, id).Scan(&has); err != nil {
		return explain(err, "agent", id)
	}
	if !has {
		return refuse(ErrPrecondition, "the agent is live and has no draft; %s", advice)
	}
	return nil
}

func deleteDraftConversations(ctx context.Context, tx *sql.Tx, agentID string) ([]string, error) {
	return readTexts(tx.QueryContext(ctx, `DELETE FROM conversations WHERE agent_id = ? AND with_draft RETURNING id`, agentID))
}

// DiscardDraft deletes an agent's draft and gives the live version. The error wraps
// ErrPrecondition when there is no draft, or nothing but the draft.
func (s *Store) DiscardDraft(ctx context.Context, id string) (Agent, error) {
	var agent Agent
	err := s.transact(ctx, "discard draft of agent "+id, func(tx *sql.Tx) error {
		if err := hasDraft(ctx, tx, id, "there is nothing to discard"); err != nil {
			return err
		}
		var err error
		if agent, err = agentIn(ctx, tx, findAgent, id); err != nil {
			return err
		}
		if agent.LiveVersionID == nil {
			return refuse(ErrPrecondition, "the agent is a draft and was never published: publish it, or delete the agent")
		}
		var draft string
		if err := tx.QueryRowContext(ctx, `SELECT draft_version FROM agents WHERE id = ?`, id).Scan(&draft); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE agents SET draft_version = NULL WHERE id = ?`, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM agent_versions WHERE id = ?`, draft)
		return err
	})
	return agent, err
}
