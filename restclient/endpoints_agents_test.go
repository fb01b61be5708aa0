package restclient

import (
	"context"
	"encoding/json"
)

const (
	agentWire = `{"id":"a1","name":"Clerk","state":"draft","version":"1","x_new":{"n":1.0}}`
	stateWire = `{"state":"live","live_version_id":"v2","has_draft":true}`
	schedWire = `{"id":"c1","cron_expression":"0 7 * * 1-5","timezone":"UTC","payload":{"n":1.50},"enabled":true}`
)

var (
	morning = Schedule{ID: "c1", CronExpression: "0 7 * * 1-5", Enabled: new(true), Payload: json.RawMessage(`{"n":1.50}`)}
)

var agentEndpoints = map[string]endpoint{
	"Agents.List": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return itemsOf(c.Agents.List(ctx, &AgentListOptions{Name: "cl", Limit: 5, Cursor: "p"}))
		},
		request: "GET /agents?limit=5&name=cl&next=p", answer: `[` + agentWire + `]`, noID: true,
	},
	"Agents.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Agents.Get(ctx, id) },
		request: "GET /agents/ID", answer: agentWire,
	},
	"Agents.Create": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.Agents.Create(ctx, AgentCreate{Name: "Clerk", RunbookText: "# r", Extra: RawObject{"mode": json.RawMessage(`"worker"`)}})
		},
		request: `POST /agents application/json {"mode":"worker","name":"Clerk","runbook_text":"# r"}`, status: 201, answer: agentWire, noID: true,
	},
	"Agents.Update": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Agents.Update(ctx, id, AgentUpdate{Description: new("")})
		},
		request: `PATCH /agents/ID application/json {"description":""}`, answer: agentWire,
	},
	"Agents.Delete": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return result(c.Agents.Delete(ctx, id)) },
		request: "DELETE /agents/ID", status: 204, want: "null",
	},
	"Agents.State": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Agents.State(ctx, id) },
		request: "GET /agents/ID/state", answer: stateWire,
	},
	"Agents.Edit": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Agents.Edit(ctx, id) },
		request: "POST /agents/ID/edit", answer: agentWire,
	},
	"Agents.Publish": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Agents.Publish(ctx, id, nil) },
		request: "POST /agents/ID/publish application/json {}", also: "GET /agents/ID/state", answer: stateWire,
	},
	"Agents.Publish with mappings": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Agents.Publish(ctx, id, &AgentMappings{Connections: json.RawMessage(`{"a":1.0}`)})
		},
		request: `POST /agents/ID/publish application/json {"connection_mappings":{"a":1.0}}`, also: "GET /agents/ID/state", answer: stateWire,
	},
	"Agents.DiscardDraft": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Agents.DiscardDraft(ctx, id) },
		request: "POST /agents/ID/discard-draft application/json {}", also: "GET /agents/ID/state", answer: stateWire,
	},
	"Agents.Export": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return text(c.Agents.Export(ctx, id)) },
		request: "GET /agents/ID/export", answer: "PK", want: `"PK"`,
	},
	"Agents.Import": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.Agents.Import(ctx, reading("PK"))
		},
		request: "POST /agents/import multipart/form-data file=agent.zip(application/zip):PK",
		answer:  `{"id":"a1","name":"Clerk","unresolved_mcp_servers":[{"name":"crm","url":"https://crm.example/mcp"}]}`, noID: true,
	},
	"Agents.ImportOver": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Agents.ImportOver(ctx, id, reading("PK"))
		},
		request: "PUT /agents/ID/import multipart/form-data file=agent.zip(application/zip):PK", answer: agentWire,
	},
	"Agents.Diff": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			diff, err := c.Agents.Diff(ctx, id, reading("PK"))
			if err != nil {
				return nil, err
			}
			return diff.ContentChanges(), nil
		},
		request: "POST /agents/ID/diff multipart/form-data file=agent.zip(application/zip):PK",
		answer: `{"is_synced":false,"changes":[{"change":"update","field_path":"state","deployed_value":"live","package_value":null},` +
			`{"change":"update","field_path":"live_version_id","deployed_value":"v","package_value":null},` +
			`{"change":"update","field_path":"runbook_text","deployed_value":"old","package_value":{"n":1.0}}]}`,
		want: `[{"change":"update","field_path":"runbook_text","deployed_value":"old","package_value":{"n":1.0}}]`,
	},
	"Agents.SemanticDataModels": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Agents.SemanticDataModels(ctx, id, nil))
		},
		request: "GET /agents/ID/semantic-data-models?limit=100", answer: `[` + modelWire + `]`,
	},
	"Agents.AttachSemanticDataModel": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Agents.AttachSemanticDataModel(ctx, id, "s1"))
		},
		request: `POST /agents/ID/semantic-data-models application/json {"semantic_data_model_id":"s1"}`, status: 204, want: "null",
	},
	"Agents.DetachSemanticDataModel": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Agents.DetachSemanticDataModel(ctx, id, id))
		},
		request: "DELETE /agents/ID/semantic-data-models/ID", status: 204, want: "null",
	},
	"Agents.MCPServers": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Agents.MCPServers(ctx, id, nil))
		},
		request: "GET /agents/ID/mcp-servers?limit=100", answer: `[` + mcpWire + `]`,
	},
	"Agents.AttachMCPServer": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Agents.AttachMCPServer(ctx, id, "m1"))
		},
		request: `POST /agents/ID/mcp-servers application/json {"mcp_server_id":"m1"}`, answer: `{"status":"ok"}`, want: "null",
	},
	"Agents.DetachMCPServer": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Agents.DetachMCPServer(ctx, id, id))
		},
		request: "DELETE /agents/ID/mcp-servers/ID", status: 204, want: "null",
	},
	"Schedules.List": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Schedules.List(ctx, id, nil))
		},
		request: "GET /agents/ID/schedules?limit=100", answer: `[` + schedWire + `]`,
	},
	"Schedules.Create": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Schedules.Create(ctx, id, morning)
		},
		request: `POST /agents/ID/schedules application/json {"cron_expression":"0 7 * * 1-5","payload":{"n":1.50}}`, answer: schedWire,
	},
	"Schedules.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Schedules.Get(ctx, id, id) },
		request: "GET /agents/ID/schedules/ID", answer: schedWire,
	},
	"Schedules.Replace": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Schedules.Replace(ctx, id, id, morning)
		},
		request: `PUT /agents/ID/schedules/ID application/json {"cron_expression":"0 7 * * 1-5","payload":{"n":1.50}}`, answer: schedWire,
	},
	"Schedules.Delete": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Schedules.Delete(ctx, id, id))
		},
		request: "DELETE /agents/ID/schedules/ID", status: 204, want: "null",
	},
}
