package restclient

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"slices"
)

// MCPServersService keeps the MCP servers whose tools agents may be given.
type MCPServersService struct{ client *Client }

// The transports of an [MCPServer].
const (
	TransportAuto           = "auto" // by URL: /sse in it is sse, none is stdio
	TransportStreamableHTTP = "streamable-http"
	TransportSSE            = "sse"
	TransportStdio          = "stdio"
)

// MCPServer is the vendor's PublicMcpServer. It has exactly one of URL and
// Command. Headers, Env, OAuthClientConfig, Args and parts of the URL may be
// secret: printed, the server shows none of their values.
type MCPServer struct {
	ID                   string                       `json:"id,omitzero"`
	Name                 string                       `json:"name,omitzero"`
	Type                 string                       `json:"type,omitzero"` // "generic_mcp" or "sema4ai_action_server"
	Transport            string                       `json:"transport,omitzero"`
	URL                  string                       `json:"url,omitzero"`
	Headers              map[string]MCPServerVariable `json:"headers,omitzero"`
	Command              string                       `json:"command,omitzero"`
	Args                 []string                     `json:"args,omitzero"`
	Env                  map[string]MCPServerVariable `json:"env,omitzero"`
	Cwd                  string                       `json:"cwd,omitzero"`
	ForceSerialToolCalls *bool                        `json:"force_serial_tool_calls,omitzero"`
	Icon                 string                       `json:"icon,omitzero"`
	OrganizationType     string                       `json:"organization_type,omitzero"`
	OAuthClientConfig    RawObject                    `json:"oauth_client_config,omitzero"`
	Metadata             RawObject                    `json:"mcp_server_metadata,omitzero"`
	CreatedAt            Time                         `json:"created_at,omitzero"`
	UpdatedAt            Time                         `json:"updated_at,omitzero"`
	Extra                RawObject                    `json:"-"`
}

func (m *MCPServer) check() error {
	if m.ID == "" {
		return errNoID
	}
	return nil
}

// UnmarshalJSON keeps what it does not understand in Extra.
func (m *MCPServer) UnmarshalJSON(data []byte) error {
	type plain MCPServer
	return decodeMembers(data, (*plain)(m), &m.Extra)
}

// MarshalJSON writes the fields, and Extra: secrets too, as the API needs them.
func (m MCPServer) MarshalJSON() ([]byte, error) {
	type plain MCPServer
	return encodeMembers(plain(m), m.Extra)
}

// Format leaves out what may be secret: beside what hides itself, arguments and
// parts of the URL.
func (m MCPServer) Format(state fmt.State, verb rune) {
	type plain MCPServer
	m.URL = withoutSecrets(m.URL)
	m.Args = slices.Repeat([]string{redactedSecret}, len(m.Args))
	_, _ = fmt.Fprintf(state, fmt.FormatString(state, verb), plain(m))
}

// LogValue logs the server without its secrets.
func (m MCPServer) LogValue() slog.Value { return hidden(m) }

func (m MCPServer) secrets() []string {
	var secrets []string
	for _, variables := range []map[string]MCPServerVariable{m.Headers, m.Env} {
		for _, variable := range variables {
			secrets = append(secrets, variable.secrets()...)
		}
	}
	for _, members := range []RawObject{m.OAuthClientConfig, m.Extra} {
		for _, value := range members {
			secrets = append(secrets, secretsIn(value)...)
		}
	}
	return append(append(secrets, m.Args...), secretsInURL(m.URL)...)
}

// withoutSecrets leaves out the password and the query of a URL.
func withoutSecrets(text string) string {
	address, err := url.Parse(text)
	if err != nil {
		return redactedSecret
	}
	if address.RawQuery != "" {
		address.RawQuery = redactedSecret
	}
	return address.Redacted()
}

// secretsInURL lists the password and the values of the query.
func secretsInURL(text string) []string {
	address, err := url.Parse(text)
	if err != nil {
		return nil
	}
	var secrets []string
	if password, ok := address.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for _, values := range address.Query() {
		secrets = append(secrets, values...)
	}
	return secrets
}

func (m MCPServer) withBody(req request) request {
	return req.withJSON(writable(m, "id", "mcp_server_metadata", "created_at", "updated_at")).
		private(m.secrets()...).
		needs(m.Name != "", "an MCP server needs a name").
		needs((m.URL == "") != (m.Command == ""), "an MCP server needs a URL or a command, and not both")
}

// List fetches one page of the MCP servers.
func (s *MCPServersService) List(ctx context.Context, opts *ListOptions) (*Page[MCPServer], error) {
	o := valueOf(opts)
	return s.list(o).page(ctx, o.Cursor)
}

// All walks the MCP servers from opts.Cursor on.
func (s *MCPServersService) All(ctx context.Context, opts *ListOptions) iter.Seq2[MCPServer, error] {
	o := valueOf(opts)
	return s.list(o).all(ctx, o.Cursor)
}

func (s *MCPServersService) list(o ListOptions) list[MCPServer] {
	return newList[MCPServer](s.client, cursorParameter, o.Limit, mcpServersCollection).private()
}

// Get fetches one MCP server.
func (s *MCPServersService) Get(ctx context.Context, id string) (*MCPServer, error) {
	return call[MCPServer](ctx, s.client, get(mcpServersCollection, id).private())
}

// Create creates an MCP server. A transport that does not fit URL or Command is
// an [APIError] with status 422.
func (s *MCPServersService) Create(ctx context.Context, server MCPServer) (*MCPServer, error) {
	return call[MCPServer](ctx, s.client, server.withBody(post(nil, mcpServersCollection)))
}

// Replace replaces all of an MCP server: change what Get returned, so that
// nothing is lost, and set the secrets again where the server keeps them back.
func (s *MCPServersService) Replace(ctx context.Context, id string, server MCPServer) (*MCPServer, error) {
	req := server.withBody(put(nil, mcpServersCollection, id))
	return change[MCPServer](ctx, s.client, req, get(mcpServersCollection, id).private())
}

// Delete deletes an MCP server.
func (s *MCPServersService) Delete(ctx context.Context, id string) error {
	return s.client.send(ctx, remove(mcpServersCollection, id))
}
