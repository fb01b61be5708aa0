package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"sema4mcp/internal/localtenant/thread"
)

// AgentFile is a file an agent shares with all its conversations. Its bytes are
// kept elsewhere, under BlobID.
type AgentFile struct {
	Name     string // unique within the agent
	MIMEType string
	Size     int64  // bytes
	Hash     string // SHA-256 in lower-case hex
	BlobID   string
}

func (f *AgentFile) fields() []any { return []any{&f.Name, &f.MIMEType, &f.Size, &f.Hash, &f.BlobID} }

// NamedServer is an MCP server as packages name it.
type NamedServer struct {
	Name string  `json:"name"`
	URL  *string `json:"url"`
}

// PackagedAgent is a version of an agent with all that a package holds.
type PackagedAgent struct {
	Agent
	Settings   json.RawMessage // an object: what only packages know of
	Models     []Model
	MCPServers []MCPServer
	Files      []AgentFile
}

// PackagedAgent reads the version of an agent that its users have.
func (s *Store) PackagedAgent(ctx context.Context, id string) (PackagedAgent, error) {
	var p PackagedAgent
	tx, err := s.db.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return p, fmt.Errorf("read agent %q: %w", id, err)
	}
	defer tx.Rollback() // nothing was written
	if p.Agent, err = agentIn(ctx, tx, findAgent, id); err != nil {
		return p, err
	}
	err = tx.QueryRowContext(ctx, `SELECT v.settings FROM agents JOIN agent_versions v ON v.id = `+usersVersion+` WHERE agents.id = ?`, id).
		Scan((*[]byte)(&p.Settings))
	if err != nil {
		return p, fmt.Errorf("read agent %q: %w", id, err)
	}
	models, err := listModels(ctx, tx, usersVersion, id, everything)
	if err != nil {
		return p, err
	}
	servers, err := attachedServers(ctx, tx, usersVersion, id, everything)
	if err != nil {
		return p, err
	}
	p.Models, p.MCPServers = models.Items, servers.Items
	p.Files, err = agentFiles(ctx, tx, id)
	return p, err
}

func agentFiles(ctx context.Context, db queryer, agentID string) ([]AgentFile, error) {
	rows, err := db.QueryContext(ctx, `SELECT 0, f.name, f.mime_type, f.size, f.hash, f.blob_id FROM agents
		JOIN version_files f ON f.version_id = `+usersVersion+` WHERE agents.id = ? ORDER BY f.name`, agentID)
	if err != nil {
		return nil, fmt.Errorf("list files of agent: %w", err)
	}
	page, err := collect(rows, everything.Limit, (*AgentFile).fields)
	return page.Items, err
}

// FindMCPServer finds the server that a package means: the oldest of that name, in
// any case, and URL.
func (s *Store) FindMCPServer(ctx context.Context, named NamedServer) (MCPServer, bool, error) {
	return findMCPServer(ctx, s.db.Read, named)
}

// Import is what a package makes of an agent. Models have no ids: those the tenant
// has already are used, the others made.
type Import struct {
	NewAgent
	Settings   json.RawMessage // an object
	Models     []Model
	MCPServers []NamedServer
	Files      []AgentFile
}

// Imported is an agent's draft as a package made it.
type Imported struct {
	Agent
	Unresolved []NamedServer `json:"unresolved_mcp_servers"` // servers the tenant does not have
}

// ImportAgent makes an agent of a package, as CreateAgent does.
func (s *Store) ImportAgent(ctx context.Context, i Import, now time.Time) (Imported, error) {
	var imported Imported
	err := s.transact(ctx, "import agent", func(tx *sql.Tx) error {
		agent, draft, err := createAgent(ctx, tx, i.NewAgent, now)
		if err != nil {
			return err
		}
		imported.Agent = agent
		imported.Unresolved, err = i.fill(ctx, tx, draft)
		return err
	})
	return imported, err
}

// ImportDraft makes an agent's draft, which it opens if there is none, what a
// package holds. Files are added only: one whose name the draft has already is left
// out. The mode stays as it is.
func (s *Store) ImportDraft(ctx context.Context, id string, i Import, now time.Time) (Imported, error) {
	var imported Imported
	agent, err := s.changeDraft(ctx, "import agent "+id, id, now, func(tx *sql.Tx, draft string, agent *Agent) error {
		agent.Name, agent.Description, agent.RunbookText = i.Name, i.Description, i.RunbookText
		agent.ArchitectureName, agent.UpdatedAt = i.ArchitectureName, thread.Timestamp(now).String()
		if err := saveDraft(ctx, tx, draft, *agent); err != nil {
			return err
		}
		var err error
		imported.Unresolved, err = i.fill(ctx, tx, draft)
		return err
	})
	imported.Agent = agent
	return imported, err
}

// fill makes what hangs on a draft that of the package, and says which MCP servers
// the tenant does not have.
func (i *Import) fill(ctx context.Context, tx *sql.Tx, draft string) ([]NamedServer, error) {
	for _, statement := range []string{
		`DELETE FROM version_semantic_data_models WHERE version_id = ?`,
		`DELETE FROM version_mcp_servers WHERE version_id = ?`,
	} {
		if _, err := tx.ExecContext(ctx, statement, draft); err != nil {
			return nil, err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE agent_versions SET settings = ? WHERE id = ?`, string(i.Settings), draft); err != nil {
		return nil, err
	}
	for _, model := range i.Models {
		id, err := placeModel(ctx, tx, model)
		if err != nil {
			return nil, err
		}
		if err := attachedModel.link(ctx, tx, draft, id); err != nil {
			return nil, err
		}
	}
	for _, file := range i.Files {
		_, err := tx.ExecContext(ctx, `INSERT INTO version_files (version_id, name, mime_type, size, hash, blob_id)
			VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (version_id, name) DO NOTHING`, draft, file.Name, file.MIMEType, file.Size, file.Hash, file.BlobID)
		if err != nil {
			return nil, err
		}
	}
	return i.attachServers(ctx, tx, draft)
}

func (i *Import) attachServers(ctx context.Context, tx *sql.Tx, draft string) ([]NamedServer, error) {
	unresolved := []NamedServer{}
	for _, named := range i.MCPServers {
		server, found, err := findMCPServer(ctx, tx, named)
		if err != nil {
			return nil, err
		}
		if !found {
			unresolved = append(unresolved, named)
			continue
		}
		if err := attachedServer.link(ctx, tx, draft, server.ID); err != nil {
			return nil, err
		}
	}
	return unresolved, nil
}

// placeModel gives the id of a model of this name and definition, which it stores
// if the tenant has none.
func placeModel(ctx context.Context, tx *sql.Tx, m Model) (string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT 0, `+modelColumns+` FROM semantic_data_models WHERE name = ?`, m.Name)
	if err != nil {
		return "", err
	}
	known, err := collect(rows, everything.Limit, (*modelRow).fields)
	if err != nil {
		return "", err
	}
	for _, other := range modelPage(known).Items {
		if SameJSON(other.Definition, m.Definition) {
			return other.ID, nil
		}
	}
	m.ID, m.Source = uuid.NewString(), "import"
	return m.ID, insertModel(ctx, tx, m)
}

// SameJSON says whether two JSON values differ in their writing at most.
func SameJSON(a, b json.RawMessage) bool {
	first, errFirst := canonical(a)
	second, errSecond := canonical(b)
	return errors.Join(errFirst, errSecond) == nil && bytes.Equal(first, second)
}

func canonical(raw json.RawMessage) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}
