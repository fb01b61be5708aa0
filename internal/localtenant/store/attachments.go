package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sema4mcp/internal/localtenant/thread"
)

// MaxMCPServers is how many MCP servers an agent may have.
const MaxMCPServers = 30

// attachment is a kind of thing that a version of an agent can have attached.
type attachment struct {
	what   string
	things string // the table of what is attached
	links  string // the table of who has it
	column string // of links: the id of what is attached
	most   int    // how many a version may have; 0 for any number
}

var (
	attachedModel  = attachment{what: "semantic data model", things: "semantic_data_models", links: "version_semantic_data_models", column: "model_id"}
	attachedServer = attachment{what: "MCP server", things: "mcp_servers", links: "version_mcp_servers", column: "mcp_server_id", most: MaxMCPServers}
)

// AttachModel attaches a semantic data model to an agent's draft, which it opens if
// there is none. One that is attached already stays so.
func (s *Store) AttachModel(ctx context.Context, agentID, modelID string, now time.Time) error {
	return s.attach(ctx, attachedModel, agentID, modelID, now)
}

// DetachModel takes a semantic data model from an agent's draft, which it opens if
// there is none. The error wraps ErrNotFound when it is not attached.
func (s *Store) DetachModel(ctx context.Context, agentID, modelID string, now time.Time) error {
	return s.detach(ctx, attachedModel, agentID, modelID, now)
}

// AttachMCPServer attaches an MCP server as AttachModel does a model. The error
// wraps ErrLimit when the agent has [MaxMCPServers] already.
func (s *Store) AttachMCPServer(ctx context.Context, agentID, serverID string, now time.Time) error {
	return s.attach(ctx, attachedServer, agentID, serverID, now)
}

// DetachMCPServer takes an MCP server from an agent as DetachModel does a model.
func (s *Store) DetachMCPServer(ctx context.Context, agentID, serverID string, now time.Time) error {
	return s.detach(ctx, attachedServer, agentID, serverID, now)
}

func (s *Store) attach(ctx context.Context, a attachment, agentID, id string, now time.Time) error {
	return s.transact(ctx, "attach "+a.what, func(tx *sql.Tx) error {
		has, err := a.has(ctx, tx, agentID, id)
		if err != nil || has {
			return err
		}
		var known bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+a.things+` WHERE id = ?)`, id).Scan(&known); err != nil {
			return err
		}
		if !known {
			return notFound(a.what, id)
		}
		draft, err := openDraft(ctx, tx, agentID, now)
		if err != nil {
			return err
		}
		if err := a.link(ctx, tx, draft, id); err != nil {
			return err
		}
		return touch(ctx, tx, draft, now)
	})
}

// has says whether the version that the editors of an agent have has it attached.
func (a attachment) has(ctx context.Context, tx *sql.Tx, agentID, id string) (bool, error) {
	version, err := versionOf(ctx, tx, editorsVersion, agentID)
	if err != nil {
		return false, err
	}
	var has bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+a.links+` WHERE version_id = ? AND `+a.column+` = ?)`, version, id).Scan(&has)
	return has, err
}

// link attaches something to a version; one that is attached already stays so.
func (a attachment) link(ctx context.Context, tx *sql.Tx, version, id string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO `+a.links+` (version_id, `+a.column+`) VALUES (?, ?) ON CONFLICT DO NOTHING`, version, id)
	if isForeignKeyViolation(err) {
		return notFound(a.what, id)
	}
	if err != nil || a.most == 0 {
		return err
	}
	var count int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+a.links+` WHERE version_id = ?`, version).Scan(&count); err != nil {
		return err
	}
	if count > a.most {
		return refuse(ErrLimit, "an agent has at most %d %ss: detach one first", a.most, a.what)
	}
	return nil
}

func (s *Store) detach(ctx context.Context, a attachment, agentID, id string, now time.Time) error {
	return s.transact(ctx, "detach "+a.what, func(tx *sql.Tx) error {
		has, err := a.has(ctx, tx, agentID, id)
		if err != nil {
			return err
		}
		if !has {
			return fmt.Errorf("attached to the agent: %w", notFound(a.what, id))
		}
		draft, err := openDraft(ctx, tx, agentID, now)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+a.links+` WHERE version_id = ? AND `+a.column+` = ?`, draft, id); err != nil {
			return err
		}
		return touch(ctx, tx, draft, now)
	})
}

func touch(ctx context.Context, tx *sql.Tx, version string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE agent_versions SET updated_at = ? WHERE id = ?`, thread.Timestamp(now).String(), version)
	return err
}

func linkModels(ctx context.Context, tx *sql.Tx, version string, models []string) error {
	for _, id := range models {
		if err := attachedModel.link(ctx, tx, version, id); err != nil {
			return err
		}
	}
	return nil
}
