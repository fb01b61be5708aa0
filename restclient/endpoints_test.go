package restclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// endpoint is one method, what it has to send and what it makes of an answer.
// ID in a request stands for the id that call is given.
type endpoint struct {
	call    func(ctx context.Context, c *Client, id string) (any, error)
	request string // method, path, media type and body, without what is empty
	status  int    // 200 if it is 0
	answer  string
	want    string // JSON of the result; as the answer if it is empty
	noID    bool   // it takes none
	also    string // the request that follows the first, a GET of the same id
}

func (e endpoint) String() string { return e.request }

// result makes a result of a call that has none but its error.
func result(err error) (any, error) { return nil, err }

func reading(text string) io.Reader { return strings.NewReader(text) }

const (
	agentWire = `{"id":"a1","name":"Clerk","state":"draft","version":"1","x_new":{"n":1.0}}`
	stateWire = `{"state":"live","live_version_id":"v2","has_draft":true}`
	modelWire = `{"id":"s1","name":"sales","is_mutable":true,"semantic_model":{"tables":[{"n":5432.0}]}}`
	mcpWire   = `{"id":"m1","name":"crm","transport":"auto","url":"https://crm.example/mcp","headers":{"A":"b"}}`
	connWire  = `{"id":"d1","name":"Sales DB","engine":"postgres","configuration":{"host":"db.example","port":5432.0},"tags":[]}`
	schedWire = `{"id":"c1","cron_expression":"0 7 * * 1-5","timezone":"UTC","payload":{"n":1.50},"enabled":true}`
	itemWire  = `{"work_item_id":"w1","agent_id":"a1","status":"PENDING","payload":{"n":5432.0}}`
)

var (
	model    = SemanticDataModel{ID: "s1", Name: "sales", Model: json.RawMessage(`{"tables":[{"n":5432.0}]}`), ThreadID: "t1"}
	server   = MCPServer{ID: "m1", Name: "crm", URL: "https://crm.example/mcp", Headers: map[string]MCPServerVariable{"A": {Value: "b"}}}
	database = DataConnection{ID: "d1", Name: "Sales DB", Engine: "postgres", Configuration: RawObject{"port": json.RawMessage("5432.0")}}
	morning  = Schedule{ID: "c1", CronExpression: "0 7 * * 1-5", Enabled: new(true), Payload: json.RawMessage(`{"n":1.50}`)}
)

var endpoints = map[string]endpoint{
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
			return result(c.Agents.DetachSemanticDataModel(ctx, "a1", id))
		},
		request: "DELETE /agents/a1/semantic-data-models/ID", status: 204, want: "null",
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
			return result(c.Agents.DetachMCPServer(ctx, "a1", id))
		},
		request: "DELETE /agents/a1/mcp-servers/ID", status: 204, want: "null",
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
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.Schedules.Get(ctx, "a1", id) },
		request: "GET /agents/a1/schedules/ID", answer: schedWire,
	},
	"Schedules.Replace": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Schedules.Replace(ctx, "a1", id, morning)
		},
		request: `PUT /agents/a1/schedules/ID application/json {"cron_expression":"0 7 * * 1-5","payload":{"n":1.50}}`, answer: schedWire,
	},
	"Schedules.Delete": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.Schedules.Delete(ctx, "a1", id))
		},
		request: "DELETE /agents/a1/schedules/ID", status: 204, want: "null",
	},
	"Conversations.Files": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Conversations.Files(ctx, "a1", id, nil))
		},
		request: "GET /agents/a1/conversations/ID/files", answer: `[{"file_id":"f1","file_ref":"a.csv","file_size_raw":7,"embedded":false}]`,
	},
	"Conversations.UploadFiles": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Conversations.UploadFiles(ctx, "a1", id,
				FileUpload{Name: "a \"1\".csv", ContentType: "text/csv", Content: reading("a,b")},
				FileUpload{Name: "b.bin", ContentType: "application/x-b", Content: io.MultiReader(reading("x"), reading("y"))})
		},
		request: `POST /agents/a1/conversations/ID/files multipart/form-data files=a "1".csv(text/csv):a,b files=b.bin(application/x-b):xy`,
		answer:  `[{"file_ref":"a \"1\".csv"},{"file_ref":"b.bin"}]`,
	},
	"Conversations.DownloadFile": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return text(c.Conversations.DownloadFile(ctx, "a1", id, "a/b &.csv"))
		},
		request: "GET /agents/a1/conversations/ID/files/download?file_ref=a%2Fb+%26.csv", answer: "a,b", want: `"a,b"`,
	},
	"Conversations.DataFrames": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Conversations.DataFrames(ctx, "a1", id, &DataFrameListOptions{NumSamples: AllSamples}))
		},
		request: "GET /agents/a1/conversations/ID/data-frames?num_samples=-1",
		answer:  `[{"data_frame_id":"d1","name":"sales","num_rows":2,"column_headers":["a"],"sample_rows":[[5432.0],[null]]}]`,
	},
	"Conversations.ReadDataFrame": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Conversations.ReadDataFrame(ctx, "a1", "t1", id,
				&DataFrameReadOptions{Offset: 2, Limit: 3, Columns: []string{"b", "a x"}, OrderBy: "-b"})
		},
		request: "GET /agents/a1/conversations/t1/data-frames/ID?column_names=b%2Ca+x&limit=3&offset=2&order_by=-b&output_format=json",
		answer:  `[{"b":5432.0,"a x":"é"}]`,
		want:    `{"Columns":["b","a x"],"Rows":[[5432.0,"é"]],"Name":"","Description":""}`,
	},
	"Conversations.DownloadDataFrame": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return text(c.Conversations.DownloadDataFrame(ctx, "a1", "t1", id, nil))
		},
		request: "GET /agents/a1/conversations/t1/data-frames/ID?output_format=parquet", answer: "PAR1", want: `"PAR1"`,
	},
	"WorkItems.List": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return itemsOf(c.WorkItems.List(ctx, &WorkItemListOptions{AgentID: "a1", Statuses: []WorkItemStatus{WorkItemError, "NEW"},
				CreatedBy: "u", NameSearch: "1042", Limit: 2, Cursor: "4"}))
		},
		request: "GET /work-items?agent_id=a1&created_by=u&limit=2&name_search=1042&offset=4&work_item_status=ERROR&work_item_status=NEW",
		answer:  `{"records":[` + itemWire + `],"next_offset":null}`, want: `[` + itemWire + `]`, noID: true,
	},
	"WorkItems.Get": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Get(ctx, id, nil) },
		request: "GET /work-items/ID", answer: itemWire,
	},
	"WorkItems.Get with results": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.WorkItems.Get(ctx, id, &WorkItemGetOptions{Results: true})
		},
		request: "GET /work-items/ID?results=true",
		answer:  `{"work_item_id":"w1","status":"NEW","messages":[{"role":"agent","content":[{"kind":"text","text":"done"}]}]}`,
	},
	"WorkItems.Create": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.WorkItems.Create(ctx, WorkItemCreate{AgentID: "a1", Name: "Invoice", Payload: json.RawMessage(`{"n":5432.0}`),
				Messages: []Message{UserMessage("Check")}, WorkItemID: "w1",
				Callbacks: []CallbackRegistration{{URL: "https://hooks.example/wi", SignatureSecret: "example", OnStatus: WorkItemError}}})
		},
		request: `POST /work-items application/json {"agent_id":"a1","work_item_name":"Invoice","payload":{"n":5432.0},` +
			`"messages":[{"role":"user","content":[{"kind":"text","text":"Check"}]}],` +
			`"callbacks":[{"url":"https://hooks.example/wi","signature_secret":"example","on_status":"ERROR"}],"work_item_id":"w1"}`,
		answer: itemWire, noID: true,
	},
	"WorkItems.Rename": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.WorkItems.Rename(ctx, id, "1043")
		},
		request: `PATCH /work-items/ID application/json {"work_item_name":"1043"}`, answer: itemWire,
	},
	"WorkItems.Summary": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return c.WorkItems.Summary(ctx) },
		request: "GET /work-items/summary", noID: true,
		answer: `[{"agent_id":"a1","agent_name":"Clerk","work_items_status_counts":{"PENDING":2}}]`,
	},
	"WorkItems.Status": {
		call:    func(ctx context.Context, c *Client, _ string) (any, error) { return c.WorkItems.Status(ctx) },
		request: "GET /work-items/status", noID: true,
		answer: `{"status":[{"task_id":"k1","status":"executing","work_item_id":"w1"}]}`,
		want:   `[{"task_id":"k1","status":"executing","work_item_id":"w1"}]`,
	},
	"WorkItems.UploadFile": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.WorkItems.UploadFile(ctx, "", FileUpload{Name: "i.pdf", ContentType: "application/pdf", Content: reading("%PDF")})
		},
		request: "POST /work-items/upload-file multipart/form-data file=i.pdf(application/pdf):%PDF", answer: `{"work_item_id":"w1"}`, noID: true,
	},
	"WorkItems.PresignFile": {
		call: func(ctx context.Context, c *Client, _ string) (any, error) {
			return c.WorkItems.PresignFile(ctx, "w1", "i.pdf")
		},
		request: "POST /work-items/upload-file?work_item_id=w1 multipart/form-data file=i.pdf",
		answer:  `{"work_item_id":"w1","file_id":"f1","file_ref":"i.pdf","upload_url":"https://storage.example/b","upload_form_data":{"k":"v"}}`, noID: true,
	},
	"WorkItems.ConfirmFile": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return result(c.WorkItems.ConfirmFile(ctx, &WorkItemUpload{WorkItemID: id, FileID: "f1", FileRef: "i.pdf"}))
		},
		request: `POST /work-items/ID/confirm-file application/json {"file_id":"f1","file_ref":"i.pdf"}`, answer: `{"work_item_id":"w1"}`, want: "null",
	},
	"WorkItems.Continue": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Continue(ctx, id) },
		request: "POST /work-items/ID/continue", answer: itemWire,
	},
	"WorkItems.Restart": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Restart(ctx, id) },
		request: "POST /work-items/ID/restart", answer: itemWire,
	},
	"WorkItems.Cancel": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Cancel(ctx, id) },
		request: "POST /work-items/ID/cancel", answer: itemWire,
	},
	"WorkItems.Complete": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Complete(ctx, id) },
		request: "POST /work-items/ID/complete", answer: itemWire,
	},
	"WorkItems.Wait": {
		call:    func(ctx context.Context, c *Client, id string) (any, error) { return c.WorkItems.Wait(ctx, id, nil) },
		request: "GET /work-items/ID", answer: `{"work_item_id":"w1","status":"NEEDS_REVIEW"}`,
	},
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
			return c.Raw(ctx, "PUT", "/llms/defaults%20x?a=b+c", json.RawMessage(`{"n":1.0}`))
		},
		request: `PUT /llms/defaults%20x?a=b+c application/json {"n":1.0}`, answer: `{"ok":1.0}`, noID: true,
	},
}

// itemsOf takes the items of a page.
func itemsOf[T any](page *Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

// text reads a download to its end.
func text(d *Download, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer d.Close()
	content, err := io.ReadAll(d)
	return string(content), err
}

// described is what a request says, one line.
func described(r *http.Request) string {
	line := r.Method + " " + r.URL.RequestURI()
	mediaType, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType == "" {
		return line
	}
	line += " " + mediaType
	if mediaType != "multipart/form-data" {
		body, _ := io.ReadAll(r.Body)
		return line + " " + string(body)
	}
	for parts := multipart.NewReader(r.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			return line
		}
		content, _ := io.ReadAll(part)
		line += " " + part.FormName() + "="
		if part.FileName() == "" {
			line += string(content)
			continue
		}
		line += fmt.Sprintf("%s(%s):%s", part.FileName(), part.Header.Get("Content-Type"), content)
	}
}

func TestEndpoints(t *testing.T) {
	ids := map[string]string{
		"7b0e5c7e-0a54": "7b0e5c7e-0a54", "a/b": "a%2Fb", "../a": "..%2Fa", "%2f": "%252f", "a b?c#d": "a%20b%3Fc%23d", "🧾": "%F0%9F%A7%BE",
	}
	for name, e := range endpoints {
		t.Run(name, func(t *testing.T) {
			var asked []string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, described(r))
				if key := r.Header.Get("Authorization"); (key != "") == (name == "OpenAPI") {
					t.Errorf("the key is %q", key)
				}
				answer(max(e.status, 200), "", e.answer)(w, r)
			})
			for id, escaped := range ids {
				asked = nil
				got, err := e.call(t.Context(), client, id)
				if err != nil {
					t.Fatal(err)
				}
				want := []string{strings.ReplaceAll(e.request, "ID", escaped)}
				if e.also != "" {
					want = append(want, strings.ReplaceAll(e.also, "ID", escaped))
				}
				equalSlices(t, "requests", asked, want)
				checkResult(t, got, e)
			}
		})
	}
}

func checkResult(t *testing.T, got any, e endpoint) {
	t.Helper()
	want := e.want
	if want == "" {
		want = e.answer
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	document, err := parseDocument([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	result, err := parseDocument(encoded)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "result", string(encodeDocument(result)), string(encodeDocument(document)))
}

func TestEveryEndpointRefusesBadIDsBeforeAnyRequest(t *testing.T) {
	asked := false
	client := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	for name, e := range endpoints {
		for _, id := range []string{"", ".", ".."} {
			if e.noID {
				continue
			}
			if _, err := e.call(t.Context(), client, id); err == nil {
				t.Errorf("%s %q: no error", name, id)
			} else {
				contains(t, name, err.Error(), `the id after "`)
			}
		}
	}
	equal(t, "asked", asked, false)
}

func TestEveryEndpointPassesErrorsOn(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 405, 409, 412, 422, 500} {
		client := serve(t, answer(status, "application/json", `{"error":{"error_id":"e1","code":"family.detail","message":"m","data":{"n":1.0}}}`),
			WithRetry(RetryPolicy{}))
		for name, e := range endpoints {
			_, err := e.call(t.Context(), client, "x1")
			refused, ok := errors.AsType[*APIError](err)
			if !ok {
				t.Fatalf("%s: got %v, want an APIError", name, err)
			}
			equal(t, name+": status", refused.StatusCode, status)
			equal(t, name+": details", string(refused.Details), `{"n":1.0}`)
			path, _, _ := strings.Cut(strings.ReplaceAll(e.request, "ID", "x1"), "?")
			contains(t, name, err.Error(), strings.Join(strings.Fields(path)[:1], " "), "m [e1]")
		}
	}
}

func TestOnlyGetIsRepeated(t *testing.T) {
	for name, e := range endpoints {
		asked := 0
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			_, _ = io.Copy(io.Discard, r.Body)
			answer(503, "", "")(w, r)
		}, WithRetry(RetryPolicy{Attempts: 3}))
		if _, err := e.call(t.Context(), client, "x1"); err == nil {
			t.Errorf("%s: no error", name)
		}
		want := 1
		if strings.HasPrefix(e.request, "GET ") {
			want = 3
		}
		equal(t, name+": requests", asked, want)
	}
}

func TestEveryEndpointNeedsAnAnswerItCanUse(t *testing.T) {
	client := serve(t, answer(200, "text/html", "<html><title>Sign in</title></html>"))
	for name, e := range endpoints {
		if e.want == "null" && name != "Ping" || e.also != "" || strings.HasPrefix(name, "Raw") ||
			name == "Conversations.DownloadFile" || strings.Contains(e.request, "/continue") || strings.Contains(e.request, "/restart") {
			continue // any answer will do
		}
		_, err := e.call(t.Context(), client, "x1")
		if err == nil || !isResponseError(err) {
			t.Errorf("%s: got %v, want a ResponseError", name, err)
			continue
		}
		contains(t, name, err.Error(), `"Sign in"`)
	}
}

func TestRawRefusesOtherPaths(t *testing.T) {
	client := serve(t, nil)
	for _, path := range []string{"", "agents", "//evil.example/x", "https://evil.example/x", "/a/../b", "/a/%2e%2e/b", "/%zz", "/a#b"} {
		if _, err := client.Raw(t.Context(), http.MethodGet, path, nil); err == nil {
			t.Errorf("%q: no error", path)
		} else {
			contains(t, path, err.Error(), "raw call")
		}
	}
	_, err := client.Raw(t.Context(), "GET IT", "/ok", nil)
	if err == nil {
		t.Fatal("no error for a bad method")
	}
	contains(t, "error", err.Error(), "invalid method")
	if _, err := client.Raw(t.Context(), http.MethodPost, "/ok", json.RawMessage("{")); err == nil {
		t.Error("no error for a bad body")
	}
}

func TestRefusedBeforeAnyRequest(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	ctx := t.Context()
	for want, call := range map[string]func() error{
		"an agent needs a name":              func() error { _, err := client.Agents.Create(ctx, AgentCreate{}); return err },
		"needs a field to change":            func() error { _, err := client.Agents.Update(ctx, "a1", AgentUpdate{}); return err },
		"what is to be attached is empty":    func() error { return client.Agents.AttachMCPServer(ctx, "a1", "") },
		"a schedule needs a cron expression": func() error { _, err := client.Schedules.Create(ctx, "a1", Schedule{}); return err },
		"the name of the file to download":   func() error { _, err := client.Conversations.DownloadFile(ctx, "a1", "t1", ""); return err },
		"there is no file to upload":         func() error { _, err := client.Conversations.UploadFiles(ctx, "a1", "t1"); return err },
		"needs the id of an agent":           func() error { _, err := client.WorkItems.Create(ctx, WorkItemCreate{}); return err },
		"cannot have an empty name":          func() error { _, err := client.WorkItems.Rename(ctx, "w1", " \t"); return err },
		"a pause cannot be negative": func() error {
			_, err := client.WorkItems.Wait(ctx, "w1", &WorkItemWaitOptions{MaxPause: -1})
			return err
		},
		"a file to upload needs a name":  func() error { _, err := client.WorkItems.PresignFile(ctx, "w1", ""); return err },
		"names no file to confirm":       func() error { return client.WorkItems.ConfirmFile(ctx, &WorkItemUpload{WorkItemID: "w1"}) },
		"a data connection needs a name": func() error { _, err := client.DataConnections.Create(ctx, DataConnection{}); return err },
		"needs an engine":                func() error { _, err := client.DataConnections.Create(ctx, DataConnection{Name: "n"}); return err },
		"needs a configuration": func() error {
			_, err := client.DataConnections.Replace(ctx, "d1", DataConnection{Name: "n", Engine: "e"})
			return err
		},
		"a semantic data model needs its model": func() error { _, err := client.SemanticDataModels.Create(ctx, SemanticDataModel{}); return err },
		"needs the model":                       func() error { _, err := client.SemanticDataModels.Import(ctx, SemanticModelImport{}); return err },
		"the id of a data connection":           func() error { _, err := client.SemanticDataModels.Scaffold(ctx, SemanticModelScaffold{}); return err },
		"a scaffold needs tables": func() error {
			_, err := client.SemanticDataModels.Scaffold(ctx, SemanticModelScaffold{DataConnectionID: "d1"})
			return err
		},
		"an MCP server needs a name": func() error { _, err := client.MCPServers.Create(ctx, MCPServer{}); return err },
		"needs a URL or a command":   func() error { _, err := client.MCPServers.Create(ctx, MCPServer{Name: "n"}); return err },
		"and not both": func() error {
			_, err := client.MCPServers.Replace(ctx, "m1", MCPServer{Name: "n", URL: "u", Command: "c"})
			return err
		},
		"the number of sample rows": func() error {
			_, err := client.Conversations.DataFrames(ctx, "a1", "t1", &DataFrameListOptions{NumSamples: -2})
			return err
		},
		"offset and the limit of a data frame": func() error {
			_, err := client.Conversations.ReadDataFrame(ctx, "a1", "t1", "d", &DataFrameReadOptions{Offset: -1})
			return err
		},
		"holds a comma": func() error {
			_, err := client.Conversations.ReadDataFrame(ctx, "a1", "t1", "d", &DataFrameReadOptions{Columns: []string{"a,b"}})
			return err
		},
		"its name is empty": func() error {
			_, err := client.Conversations.ReadDataFrame(ctx, "a1", "t1", "d", &DataFrameReadOptions{Columns: []string{""}})
			return err
		},
		"unexpected end of JSON": func() error {
			_, err := client.SemanticDataModels.Create(ctx, SemanticDataModel{Model: json.RawMessage("{")})
			return err
		},
	} {
		err := call()
		if err == nil {
			t.Errorf("%s: no error", want)
			continue
		}
		contains(t, "error", err.Error(), want)
	}
}

// lists are all methods that walk a list.
func lists(ctx context.Context, c *Client) map[string]func(func(string, error) bool) {
	return map[string]func(func(string, error) bool){
		"Agents":             names(c.Agents.All(ctx, nil), agentID),
		"models of an agent": names(c.Agents.AllSemanticDataModels(ctx, "a1", nil), func(m SemanticDataModel) string { return m.ID }),
		"MCP servers of one": names(c.Agents.AllMCPServers(ctx, "a1", nil), func(m MCPServer) string { return m.ID }),
		"Schedules":          names(c.Schedules.All(ctx, "a1", nil), func(m Schedule) string { return m.ID }),
		"Files":              names(c.Conversations.AllFiles(ctx, "a1", "t1", nil), func(f File) string { return rawText(f.Extra["id"]) }),
		"DataFrames":         names(c.Conversations.AllDataFrames(ctx, "a1", "t1", nil), func(d DataFrame) string { return rawText(d.Extra["id"]) }),
		"WorkItems":          names(c.WorkItems.All(ctx, nil), func(w WorkItem) string { return rawText(w.Extra["id"]) }),
		"DataConnections":    names(c.DataConnections.All(ctx, nil), func(d DataConnection) string { return d.ID }),
		"semantic views": names(c.DataConnections.AllSemanticViews(ctx, "d1", nil), func(raw json.RawMessage) string {
			document, _ := parseDocument(raw)
			return objectOf(document).text("id")
		}),
		"SemanticDataModels": names(c.SemanticDataModels.All(ctx, nil), func(m SemanticDataModel) string { return m.ID }),
		"MCPServers":         names(c.MCPServers.All(ctx, nil), func(m MCPServer) string { return m.ID }),
	}
}

func names[T any](all func(func(T, error) bool), name func(T) string) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		all(func(item T, err error) bool { return yield(name(item), err) })
	}
}

// threePages answers every list in both ways of the API, the second page empty.
func threePages(w http.ResponseWriter, r *http.Request) {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	switch query.Get("next") + query.Get("offset") {
	case "":
		_, _ = io.WriteString(w, `{"data":[{"id":"1"},{"id":"2"}],"next":"2","has_more":true}`)
	case "2":
		_, _ = io.WriteString(w, `{"records":[],"next_offset":4}`)
	case "4":
		_, _ = io.WriteString(w, `{"data":[{"id":"3"}],"next":null,"has_more":false}`)
	}
}

func TestEveryListIsWalked(t *testing.T) {
	client := serve(t, threePages)
	same := func(text string) string { return text }
	for name, all := range lists(t.Context(), client) {
		for range 2 { // an iterator starts again
			got, err := walk(all, same)
			equal(t, name, got, "1 2 3")
			equal(t, name+": error", err, nil)
		}
		first := ""
		all(func(item string, _ error) bool { first += item; return false })
		equal(t, name+": left early", first, "1")
	}
}

func TestEveryListFailsOnPageTwo(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("next")+r.URL.Query().Get("offset") != "" {
			w.WriteHeader(http.StatusForbidden)
		}
		threePages(w, r)
	})
	for name, all := range lists(t.Context(), client) {
		got, err := walk(all, func(text string) string { return text })
		equal(t, name, got, "1 2")
		if refused, ok := errors.AsType[*APIError](err); !ok || refused.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %v, want a 403", name, err)
		}
	}
}
