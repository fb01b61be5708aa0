package restclient

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
)

// DataConnectionsService keeps the connections to databases and other sources
// that semantic data models are built on.
type DataConnectionsService struct{ client *Client }

// DataConnection is the vendor's PublicDataConnection. Its Configuration depends
// on the engine, and may come back with its passwords: never log it, nor give it
// to a model. Printed, it shows the names of the settings alone.
type DataConnection struct {
	ID            string    `json:"id,omitzero"`
	Name          string    `json:"name,omitzero"`
	Description   string    `json:"description,omitzero"`
	Engine        string    `json:"engine,omitzero"` // "postgres", "snowflake" and many more
	Configuration RawObject `json:"configuration,omitzero"`
	Tags          []string  `json:"tags,omitzero"`
	CreatedAt     Time      `json:"created_at,omitzero"`
	UpdatedAt     Time      `json:"updated_at,omitzero"`
	Extra         RawObject `json:"-"`
}

func (c *DataConnection) check() error {
	if c.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (c *DataConnection) UnmarshalJSON(data []byte) error {
	type plain DataConnection
	return decodeMembers(data, (*plain)(c), &c.Extra)
}

// MarshalJSON writes the fields, and Extra: secrets too, as the API needs them.
func (c DataConnection) MarshalJSON() ([]byte, error) {
	type plain DataConnection
	return encodeMembers(plain(c), c.Extra)
}

// LogValue logs the connection without its settings.
func (c DataConnection) LogValue() slog.Value { return hidden(c) }

// harmless are the settings whose values an error may show, since it is of no
// use without them. Engines grow: any other value is taken for a secret.
var harmless = map[string]bool{
	"account": true, "catalog": true, "credential_type": true, "database": true, "dataset": true, "db_file": true,
	"host": true, "http_path": true, "port": true, "private_key_path": true, "project_id": true, "region": true, "role": true,
	"schema": true, "server_hostname": true, "ssl": true, "sslmode": true, "user": true, "username": true, "warehouse": true,
}

func (c DataConnection) secrets() []string {
	var secrets []string
	for _, settings := range []RawObject{c.Configuration, c.Extra} {
		for name, value := range settings {
			if !harmless[name] {
				secrets = append(secrets, secretsIn(value)...)
			}
		}
	}
	return secrets
}

func (c DataConnection) withBody(req request) request {
	return req.withJSON(writable(c, "id", "created_at", "updated_at")).
		private(c.secrets()...).
		needs(c.Name != "", "a data connection needs a name").
		needs(c.Engine != "", "a data connection needs an engine, such as postgres").
		needs(c.Configuration != nil, "a data connection needs a configuration")
}

// List fetches one page of the data connections.
func (s *DataConnectionsService) List(ctx context.Context, opts *ListOptions) (*Page[DataConnection], error) {
	o := valueOf(opts)
	return s.list(o).page(ctx, o.Cursor)
}

// All walks the data connections from opts.Cursor on.
func (s *DataConnectionsService) All(ctx context.Context, opts *ListOptions) iter.Seq2[DataConnection, error] {
	o := valueOf(opts)
	return s.list(o).all(ctx, o.Cursor)
}

func (s *DataConnectionsService) list(o ListOptions) list[DataConnection] {
	return newList[DataConnection](s.client, cursorParameter, o.Limit, "data-connections").private()
}

// Get fetches one data connection.
func (s *DataConnectionsService) Get(ctx context.Context, id string) (*DataConnection, error) {
	return call[DataConnection](ctx, s.client, get("data-connections", id).private())
}

// Create creates a data connection. The server connects first: where it cannot,
// the error is an [APIError] with status 400, and nothing is stored.
func (s *DataConnectionsService) Create(ctx context.Context, connection DataConnection) (*DataConnection, error) {
	return call[DataConnection](ctx, s.client, connection.withBody(post(nil, "data-connections")))
}

// Replace replaces all of a data connection: change what Get returned, so that
// nothing is lost, and set the secrets again where the server keeps them back.
func (s *DataConnectionsService) Replace(ctx context.Context, id string, connection DataConnection) (*DataConnection, error) {
	req := connection.withBody(put(nil, "data-connections", id))
	return change[DataConnection](ctx, s.client, req, get("data-connections", id).private())
}

// Delete deletes a data connection. The error is [ErrConflict] if the server says
// that semantic data models are built on it.
func (s *DataConnectionsService) Delete(ctx context.Context, id string) error {
	return meaning(s.client.send(ctx, remove("data-connections", id)), ErrConflict, http.StatusConflict)
}

// SemanticViews fetches one page of the semantic views that the source of a data
// connection holds, each as it came. The vendor does not publish their path:
// deployments may lack them (404).
func (s *DataConnectionsService) SemanticViews(ctx context.Context, id string, opts *ListOptions) (*Page[json.RawMessage], error) {
	o := valueOf(opts)
	return s.views(id, o).page(ctx, o.Cursor)
}

// AllSemanticViews walks the semantic views from opts.Cursor on.
func (s *DataConnectionsService) AllSemanticViews(ctx context.Context, id string, opts *ListOptions) iter.Seq2[json.RawMessage, error] {
	o := valueOf(opts)
	return s.views(id, o).all(ctx, o.Cursor)
}

func (s *DataConnectionsService) views(id string, o ListOptions) list[json.RawMessage] {
	return newList[json.RawMessage](s.client, cursorParameter, o.Limit, "data-connections", id, "semantic-views").whole(o.Limit)
}
