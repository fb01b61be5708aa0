package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
)

// DataConnection is a PublicDataConnection of the vendor's API v2, and more: its
// configuration is whole, with the secrets, and is not for answers or logs.
type DataConnection struct {
	ID            string
	Name          string // not unique
	Description   string
	Engine        string
	Configuration json.RawMessage // an object
	Tags          []string
	CreatedAt     string
	UpdatedAt     string
}

const connectionColumns = `id, name, description, engine, configuration, tags, created_at, updated_at`

// connectionRow is a connection as its columns hold it.
type connectionRow struct {
	DataConnection
	configuration, tags string
}

func (r *connectionRow) fields() []any {
	return []any{&r.ID, &r.Name, &r.Description, &r.Engine, &r.configuration, &r.tags, &r.CreatedAt, &r.UpdatedAt}
}

func (r *connectionRow) connection() (DataConnection, error) {
	r.Configuration = json.RawMessage(r.configuration)
	if err := json.Unmarshal([]byte(r.tags), &r.Tags); err != nil {
		return DataConnection{}, fmt.Errorf("read data connection: tags: %w", err)
	}
	return r.DataConnection, nil
}

// values are the columns of a connection for writing, after its search name.
func (c DataConnection) values() ([]any, error) {
	tags, err := json.Marshal(append([]string{}, c.Tags...))
	if err != nil {
		return nil, fmt.Errorf("data connection: tags: %w", err)
	}
	row := connectionRow{DataConnection: c, configuration: string(c.Configuration), tags: string(tags)}
	return append([]any{searchName(c.Name)}, row.fields()...), nil
}

const listConnections = `SELECT position, ` + connectionColumns + ` FROM data_connections
	WHERE position > ? ORDER BY position LIMIT ?`

// DataConnections lists the data connections, oldest first.
func (s *Store) DataConnections(ctx context.Context, w Window) (Page[DataConnection], error) {
	rows, err := s.db.Read.QueryContext(ctx, listConnections, w.After, w.Limit+1)
	if err != nil {
		return Page[DataConnection]{}, fmt.Errorf("list data connections: %w", err)
	}
	stored, err := collect(rows, w.Limit, (*connectionRow).fields)
	if err != nil {
		return Page[DataConnection]{}, err
	}
	page := Page[DataConnection]{Items: make([]DataConnection, len(stored.Items)), Next: stored.Next}
	for i := range stored.Items {
		if page.Items[i], err = stored.Items[i].connection(); err != nil {
			return Page[DataConnection]{}, err
		}
	}
	return page, nil
}

// DataConnection finds a data connection by id.
func (s *Store) DataConnection(ctx context.Context, id string) (DataConnection, error) {
	var row connectionRow
	err := s.db.Read.QueryRowContext(ctx, `SELECT `+connectionColumns+` FROM data_connections WHERE id = ?`, id).Scan(row.fields()...)
	if err != nil {
		return DataConnection{}, explain(err, "data connection", id)
	}
	return row.connection()
}

// DataConnectionIDs are the ids of the connections of that name, in any case,
// oldest first.
func (s *Store) DataConnectionIDs(ctx context.Context, name string) ([]string, error) {
	return s.texts(ctx, `SELECT id FROM data_connections WHERE search_name = ? ORDER BY position`, searchName(name))
}

// AddDataConnection stores a connection unless one with this id is already there.
func (s *Store) AddDataConnection(ctx context.Context, c DataConnection) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO data_connections (search_name, `+connectionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, values...)
	if err != nil {
		return fmt.Errorf("add data connection %q: %w", c.ID, err)
	}
	return nil
}

// ReplaceDataConnection stores a connection over old, as it was read, with the same
// id. ErrConflict says that it is no longer so.
func (s *Store) ReplaceDataConnection(ctx context.Context, old, c DataConnection) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	return s.transact(ctx, "replace data connection "+c.ID, func(tx *sql.Tx) error {
		var updatedAt, configuration string
		err := tx.QueryRowContext(ctx, `SELECT updated_at, configuration FROM data_connections WHERE id = ?`, c.ID).Scan(&updatedAt, &configuration)
		if err != nil {
			return explain(err, "data connection", c.ID)
		}
		if updatedAt != old.UpdatedAt || configuration != string(old.Configuration) {
			return refuse(ErrConflict, "the data connection %s was changed meanwhile: send the change again", c.ID)
		}
		_, err = tx.ExecContext(ctx, `UPDATE data_connections SET (search_name, `+connectionColumns+`) =
			(?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, c.ID)...)
		return err
	})
}

// DeleteDataConnection deletes a connection. ErrConflict says that semantic data
// models are built on it, and names them.
func (s *Store) DeleteDataConnection(ctx context.Context, id string) error {
	return s.transact(ctx, "delete data connection "+id, func(tx *sql.Tx) error {
		users, err := readTexts(tx.QueryContext(ctx, `SELECT name FROM semantic_data_models
			WHERE json_valid(model) AND EXISTS (SELECT 1 FROM json_tree(model)
				WHERE key = 'data_connection_id' AND atom = ?) ORDER BY position`, id))
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return refuse(ErrConflict, "semantic data models are built on it, delete or change them first: %s", strings.Join(users, ", "))
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM data_connections WHERE id = ?`, id)
		return changed(result, err, "data connection", id)
	})
}
