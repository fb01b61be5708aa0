package restclient

import (
	"context"
	"encoding/json"
)

const (
	itemWire = `{"work_item_id":"w1","agent_id":"a1","status":"PENDING","payload":{"n":5432.0}}`
)

var workItemEndpoints = map[string]endpoint{
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
}
