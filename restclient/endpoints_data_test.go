package restclient

import (
	"context"
	"encoding/json"
)

const (
	modelWire = `{"id":"s1","name":"sales","is_mutable":true,"semantic_model":{"tables":[{"n":5432.0}]}}`
	mcpWire   = `{"id":"m1","name":"crm","transport":"auto","url":"https://crm.example/mcp","headers":{"A":"b"}}`
	connWire  = `{"id":"d1","name":"Sales DB","engine":"postgres","configuration":{"host":"db.example","port":5432.0},"tags":[]}`
)

var (
	model    = SemanticDataModel{ID: "s1", Name: "sales", Model: json.RawMessage(`{"tables":[{"n":5432.0}]}`), ThreadID: "t1"}
	server   = MCPServer{ID: "m1", Name: "crm", URL: "https://crm.example/mcp", Headers: map[string]MCPServerVariable{"A": {Value: "b"}}}
	database = DataConnection{ID: "d1", Name: "Sales DB", Engine: "postgres", Configuration: RawObject{"port": json.RawMessage("5432.0")}}
)

var dataEndpoints = map[string]endpoint{
	"DataConnections.List": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return itemsOf(c.DataConnections.List(ctx, nil))
		},
		request: "GET /data-connections?limit=100", answer: `[` + connWire + `]`, noID: true,
	},
	"DataConnections.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.DataConnections.Get(ctx, id) },
		request: "GET /data-connections/ID", answer: connWire,
	},
	"DataConnections.Create": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.DataConnections.Create(ctx, database)
		},
		request: `POST /data-connections application/json {"configuration":{"port":5432.0},"engine":"postgres","name":"Sales DB"}`,
		answer:  connWire, noID: true,
	},
	"DataConnections.Replace": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.DataConnections.Replace(ctx, id, database)
		},
		request: `PUT /data-connections/ID application/json {"configuration":{"port":5432.0},"engine":"postgres","name":"Sales DB"}`, answer: connWire,
	},
	"DataConnections.Delete": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.DataConnections.Delete(ctx, id))
		},
		request: "DELETE /data-connections/ID", status: 204, want: "null",
	},
	"DataConnections.SemanticViews": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.DataConnections.SemanticViews(ctx, id, nil))
		},
		request: "GET /data-connections/ID/semantic-views", answer: `[{"n":1.0},"v"]`,
	},
	"SemanticDataModels.List": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return itemsOf(c.SemanticDataModels.List(ctx, nil))
		},
		request: "GET /semantic-data-models?limit=100", answer: `[` + modelWire + `]`, noID: true,
	},
	"SemanticDataModels.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.SemanticDataModels.Get(ctx, id) },
		request: "GET /semantic-data-models/ID", answer: modelWire,
	},
	"SemanticDataModels.Create": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.SemanticDataModels.Create(ctx, model)
		},
		request: `POST /semantic-data-models application/json {"semantic_model":{"tables":[{"n":5432.0}]},"thread_id":"t1"}`, answer: modelWire, noID: true,
	},
	"SemanticDataModels.Replace": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.SemanticDataModels.Replace(ctx, id, model)
		},
		request: `PUT /semantic-data-models/ID application/json {"semantic_model":{"tables":[{"n":5432.0}]},"thread_id":"t1"}`, answer: modelWire,
	},
	"SemanticDataModels.Delete": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.SemanticDataModels.Delete(ctx, id))
		},
		request: "DELETE /semantic-data-models/ID", status: 204, want: "null",
	},
	"SemanticDataModels.Export": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return text(c.SemanticDataModels.Export(ctx, id))
		},
		request: "GET /semantic-data-models/ID/export", answer: "name: sales", want: `"name: sales"`,
	},
	"SemanticDataModels.Import": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.SemanticDataModels.Import(ctx, SemanticModelImport{Model: json.RawMessage(`{"n":1.0}`), AgentID: "a1"})
		},
		request: `POST /semantic-data-models/import application/json {"semantic_model":{"n":1.0},"agent_id":"a1"}`, noID: true,
		answer: `{"semantic_data_model_id":"s1","resolved_data_connections":{"db":"d1"},"is_duplicate":true,"warnings":["w"]}`,
	},
	"SemanticDataModels.Scaffold": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.SemanticDataModels.Scaffold(ctx, SemanticModelScaffold{DataConnectionID: "d1", Tables: []string{"orders"}, Name: "sales",
				Extra: RawObject{"schema": json.RawMessage(`"public"`)}})
		},
		request: `POST /semantic-data-models/scaffold-from-tables application/json {"data_connection_id":"d1","name":"sales","schema":"public","tables":["orders"]}`,
		answer:  modelWire, noID: true,
	},
	"MCPServers.List": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return itemsOf(c.MCPServers.List(ctx, nil))
		},
		request: "GET /mcp-servers?limit=100", answer: `[` + mcpWire + `]`, noID: true,
	},
	"MCPServers.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.MCPServers.Get(ctx, id) },
		request: "GET /mcp-servers/ID", answer: mcpWire,
	},
	"MCPServers.Create": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return c.MCPServers.Create(ctx, server) },
		request: `POST /mcp-servers application/json {"headers":{"A":"b"},"name":"crm","url":"https://crm.example/mcp"}`, answer: mcpWire, noID: true,
	},
	"MCPServers.Replace": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.MCPServers.Replace(ctx, id, server)
		},
		request: `PUT /mcp-servers/ID application/json {"headers":{"A":"b"},"name":"crm","url":"https://crm.example/mcp"}`, answer: mcpWire,
	},
	"MCPServers.Delete": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.MCPServers.Delete(ctx, id))
		},
		request: "DELETE /mcp-servers/ID", status: 204, want: "null",
	},
	"DocumentIntelligence.Get": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return c.DocumentIntelligence.Get(ctx) },
		request: "GET /document-intelligence", noID: true,
		answer: `{"integrations":[{"external_id":"e1","type":"reducto","endpoint":"https://r.example"}],"data_connection_id":"d1"}`,
	},
	"DocumentIntelligence.OK": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return result(c.DocumentIntelligence.OK(ctx))
		},
		request: "GET /document-intelligence/ok", want: "null", noID: true,
	},
	"Ping": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return result(c.Ping(ctx)) },
		request: "GET /ok", answer: `{"ok":true}`, want: "null", noID: true,
	},
	"OpenAPI": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return text(c.OpenAPI(ctx)) },
		request: "GET /", answer: "openapi: 3.1.0", want: `"openapi: 3.1.0"`, noID: true,
	},
	"Raw": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.Raw(ctx, "PUT", "/llms/defaults%20x?a=b+c", json.RawMessage(`{"n":2.0}`))
		},
		request: `PUT /llms/defaults%20x?a=b+c application/json {"n":2.0}`, answer: `{"ok":1.0}`, noID: true,
	},
}
