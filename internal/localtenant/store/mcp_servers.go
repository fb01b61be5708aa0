package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// MCPServer is a PublicMcpServer of the vendor's API v2: an MCP server that agents
// may have attached. It has a URL or a Command.
type MCPServer struct {
	ID                   string                 `json:"id"`
	Name                 string                 `json:"name"`
	Type                 string                 `json:"type"`      // generic_mcp or sema4ai_action_server
	Transport            string                 `json:"transport"` // streamable-http, sse or stdio
	URL                  *string                `json:"url"`
	Headers              map[string]ServerValue `json:"headers"`
	Command              *string                `json:"command"`
	Args                 []string               `json:"args"`
	Env                  map[string]ServerValue `json:"env"`
	CWD                  *string                `json:"cwd"`
	ForceSerialToolCalls bool                   `json:"force_serial_tool_calls"`
	Metadata             json.RawMessage        `json:"mcp_server_metadata"`
	CreatedAt            string                 `json:"created_at"`
	UpdatedAt            string                 `json:"updated_at"`
}

const serverColumns = `s.id, s.name, s.type, s.transport, s.url, s.headers, s.command, s.args, s.env, s.cwd,
	s.force_serial_tool_calls, s.metadata, s.created_at, s.updated_at`

// serverRow is a server as its columns hold it.
type serverRow struct {
	MCPServer
	headers, args, env []byte
}

func (r *serverRow) fields() []any {
	return []any{
		&r.ID, &r.Name, &r.Type, &r.Transport, &r.URL, &r.headers, &r.Command, &r.args, &r.env, &r.CWD,
		&r.ForceSerialToolCalls, (*[]byte)(&r.Metadata), &r.CreatedAt, &r.UpdatedAt,
	}
}

func (r *serverRow) server() (MCPServer, error) {
	var errs [3]error
	r.Headers, errs[0] = decodeValues(r.headers)
	r.Env, errs[1] = decodeValues(r.env)
	errs[2] = json.Unmarshal(r.args, &r.Args)
	if err := errors.Join(errs[:]...); err != nil {
		return MCPServer{}, fmt.Errorf("read MCP server %q: %w", r.ID, err)
	}
	return r.MCPServer, nil
}

// columns are the values of all columns but the id and the search name.
func (m *MCPServer) columns() ([]any, error) {
	headers, err := encodeValues(m.Headers)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	env, err := encodeValues(m.Env)
	if err != nil {
		return nil, fmt.Errorf("env: %w", err)
	}
	args, err := json.Marshal(m.Args)
	if err != nil {
		return nil, fmt.Errorf("args: %w", err)
	}
	metadata := "null"
	if m.Metadata != nil {
		metadata = string(m.Metadata)
	}
	return []any{
		m.Name, m.Type, m.Transport, m.URL, headers, m.Command, string(args), env, m.CWD,
		m.ForceSerialToolCalls, metadata, m.CreatedAt, m.UpdatedAt,
	}, nil
}

const (
	allServers    = ` FROM mcp_servers s WHERE s.position > ?`
	serversInPage = ` ORDER BY s.position LIMIT ?`
)

// MCPServers lists the tenant's MCP servers, oldest first.
func (s *Store) MCPServers(ctx context.Context, w Window) (Page[MCPServer], error) {
	return listServers(ctx, s.db.Read, w, allServers, w.After)
}

// EditedMCPServers lists the MCP servers of the version of an agent that its
// editors have: the draft, else live.
func (s *Store) EditedMCPServers(ctx context.Context, agentID string, w Window) (Page[MCPServer], error) {
	if _, err := s.Agent(ctx, agentID); err != nil {
		return Page[MCPServer]{}, err
	}
	return attachedServers(ctx, s.db.Read, editorsVersion, agentID, w)
}

// AgentMCPServers are the MCP servers of the version of an agent that its users
// have, with their secrets, oldest first.
func (s *Store) AgentMCPServers(ctx context.Context, agentID string) ([]MCPServer, error) {
	page, err := attachedServers(ctx, s.db.Read, usersVersion, agentID, everything)
	return page.Items, err
}

func attachedServers(ctx context.Context, db queryer, which, agentID string, w Window) (Page[MCPServer], error) {
	return listServers(ctx, db, w, ` FROM agents JOIN version_mcp_servers l ON l.version_id = `+which+`
		JOIN mcp_servers s ON s.id = l.mcp_server_id WHERE agents.id = ? AND s.position > ?`, agentID, w.After)
}

func listServers(ctx context.Context, db queryer, w Window, from string, arguments ...any) (Page[MCPServer], error) {
	rows, err := db.QueryContext(ctx, `SELECT s.position, `+serverColumns+from+serversInPage, append(arguments, w.Limit+1)...)
	if err != nil {
		return Page[MCPServer]{}, fmt.Errorf("list MCP servers: %w", err)
	}
	stored, err := collect(rows, w.Limit, (*serverRow).fields)
	if err != nil {
		return Page[MCPServer]{}, err
	}
	page := Page[MCPServer]{Items: make([]MCPServer, len(stored.Items)), Next: stored.Next}
	for i := range stored.Items {
		if page.Items[i], err = stored.Items[i].server(); err != nil {
			return Page[MCPServer]{}, err
		}
	}
	return page, nil
}

// MCPServer finds an MCP server by id.
func (s *Store) MCPServer(ctx context.Context, id string) (MCPServer, error) {
	return serverIn(ctx, s.db.Read, id)
}

func serverIn(ctx context.Context, db queryer, id string) (MCPServer, error) {
	var row serverRow
	if err := db.QueryRowContext(ctx, `SELECT `+serverColumns+` FROM mcp_servers s WHERE s.id = ?`, id).Scan(row.fields()...); err != nil {
		return MCPServer{}, explain(err, "MCP server", id)
	}
	return row.server()
}

// CreateMCPServer stores a server under a new id and gives it back.
func (s *Store) CreateMCPServer(ctx context.Context, m MCPServer, now time.Time) (MCPServer, error) {
	m.ID, m.CreatedAt = uuid.NewString(), thread.Timestamp(now).String()
	m.UpdatedAt = m.CreatedAt
	columns, err := m.columns()
	if err == nil {
		_, err = s.db.Write.ExecContext(ctx, `INSERT INTO mcp_servers (id, search_name, name, type, transport, url, headers,
			command, args, env, cwd, force_serial_tool_calls, metadata, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append([]any{m.ID, searchName(m.Name)}, columns...)...)
	}
	if err != nil {
		return MCPServer{}, fmt.Errorf("create MCP server: %w", err)
	}
	return m, nil
}

// ReplaceMCPServer stores what renew makes of a server over it, for all agents that
// have it attached, and gives the new one back. The error is renew's own, or wraps
// ErrNotFound.
func (s *Store) ReplaceMCPServer(ctx context.Context, id string, now time.Time, renew func(old MCPServer) (MCPServer, error)) (MCPServer, error) {
	var m MCPServer
	err := s.transact(ctx, "replace MCP server "+id, func(tx *sql.Tx) error {
		old, err := serverIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if m, err = renew(old); err != nil {
			return err
		}
		m.ID, m.CreatedAt, m.UpdatedAt = id, old.CreatedAt, thread.Timestamp(now).String()
		columns, err := m.columns()
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE mcp_servers SET (search_name, name, type, transport, url, headers, command, args, env,
			cwd, force_serial_tool_calls, metadata, created_at, updated_at) =
			(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(append([]any{searchName(m.Name)}, columns...), id)...)
		return err
	})
	return m, err
}

// DeleteMCPServer deletes a server, which detaches it from every agent.
func (s *Store) DeleteMCPServer(ctx context.Context, id string) error {
	result, err := s.db.Write.ExecContext(ctx, `DELETE FROM mcp_servers WHERE id = ?`, id)
	return changed(result, err, "MCP server", id)
}

// findMCPServer finds the oldest server of that name, in any case, and URL.
func findMCPServer(ctx context.Context, db queryer, named NamedServer) (MCPServer, bool, error) {
	var row serverRow
	err := db.QueryRowContext(ctx, `SELECT `+serverColumns+` FROM mcp_servers s WHERE s.search_name = ? AND s.url IS ?
		ORDER BY s.position LIMIT 1`, searchName(named.Name), named.URL).Scan(row.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return MCPServer{}, false, nil
	}
	if err != nil {
		return MCPServer{}, false, fmt.Errorf("find MCP server %q: %w", named.Name, err)
	}
	server, err := row.server()
	return server, err == nil, err
}
