package endtoend_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/rs/zerolog"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
	"sema4mcp/testdata/contract"
)

// TestRefusals takes every operation of the contract that names, and sends it what
// is wrong with one thing: an id, a field, a parameter, the whole body. Each must be
// refused with an error envelope, and leave the tenant as it was.
func TestRefusals(t *testing.T) {
	r := newRefusals(t)
	document := try(openapi3.NewLoader().LoadFromData(contract.OpenAPI())).in(t)
	operations := 0
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if slices.Contains(operation.Tags, "local") || len(item.Parameters) == 0 && operation.RequestBody == nil && len(operation.Parameters) == 0 {
				continue // nothing can be wrong with it
			}
			operations++
			t.Run(operation.OperationID, func(t *testing.T) {
				p := probe{refusals: r, t: t, method: method, path: path, operation: operation, names: item.Parameters, ids: maps.Clone(r.ids)}
				if strings.Contains(path, "/schedules") { // which worker agents alone have
					p.ids["agent_id"] = localtenant.InvoiceClerkID
				}
				p.wrongIDs()
				p.wrongParameters()
				p.wrongBodies()
			})
		}
	}
	if operations < 60 {
		t.Errorf("only %d operations were tried", operations)
	}
}

// refusals are a tenant with one of each thing, and the requests that are right.
type refusals struct {
	tenant  *testtenant.Tenant
	files   string
	changes *sql.Conn         // to tell whether the database was written to
	ids     map[string]string // by parameter
	bodies  map[string]string // JSON by operation
	archive []byte
}

func newRefusals(t *testing.T) *refusals {
	dir := t.TempDir()
	r := &refusals{files: filepath.Join(dir, "files"), tenant: testtenant.StartWith(t, localtenant.Config{DataDir: dir, Logger: zerolog.Nop()})}
	r.tenant.Contract.AllowInvalid()
	ctx, client := t.Context(), r.tenant.Client()
	agent := try(client.Agents.Create(ctx, restclient.AgentCreate{Name: "Refuser"})).in(t)
	thread := try(client.Conversations.Create(ctx, localtenant.SalesAnalystID, "sales")).in(t)
	try(client.Conversations.Send(ctx, localtenant.SalesAnalystID, thread.ID, "What were total sales by region?")).in(t)
	frames := collect(t, client.Conversations.AllDataFrames(ctx, localtenant.SalesAnalystID, thread.ID, nil))
	server := try(client.MCPServers.Create(ctx, restclient.MCPServer{Name: "s", URL: "https://s.example/mcp"})).in(t)
	schedule := try(client.Schedules.Create(ctx, localtenant.InvoiceClerkID, restclient.Schedule{CronExpression: "0 7 * * *"})).in(t)
	item := try(client.WorkItems.Create(ctx, restclient.WorkItemCreate{AgentID: localtenant.InvoiceClerkID})).in(t)
	try(client.WorkItems.Wait(ctx, item.ID, &restclient.WorkItemWaitOptions{FirstPause: 1e6, MaxPause: 1e7})).in(t)
	connection := collect(t, client.DataConnections.All(ctx, nil))[0]
	export, err := client.Agents.Export(ctx, agent.ID)
	r.archive = []byte(download(t, export, err))
	r.ids = map[string]string{
		"agent_id": localtenant.SalesAnalystID, "conversation_id": thread.ID, "name": frames[0].Name,
		"semantic_data_model_id": localtenant.SalesModelID, "mcp_server_id": server.ID, "schedule_id": schedule.ID,
		"work_item_id": item.ID, "connection_id": connection.ID,
	}
	r.bodies = map[string]string{
		"createAgent":               `{"name":"New"}`,
		"updateAgent":               `{"name":"Other"}`,
		"publishAgent":              `{}`,
		"discardAgentDraft":         `{}`,
		"attachSemanticDataModel":   `{"semantic_data_model_id":"` + localtenant.SalesModelID + `"}`,
		"attachMcpServer":           `{"mcp_server_id":"` + server.ID + `"}`,
		"createSchedule":            `{"cron_expression":"0 8 * * *"}`,
		"replaceSchedule":           `{"cron_expression":"0 8 * * *"}`,
		"createConversation":        `{"name":"x"}`,
		"postMessage":               `{"content":"x"}`,
		"streamMessage":             `{"content":"x"}`,
		"createWorkItem":            `{"agent_id":"` + localtenant.InvoiceClerkID + `"}`,
		"updateWorkItem":            `{"work_item_name":"x"}`,
		"confirmWorkItemFile":       `{"file_ref":"x","file_id":"x"}`,
		"createDataConnection":      `{"name":"x","engine":"sqlite","configuration":{"db_file":"sales.sqlite"}}`,
		"replaceDataConnection":     `{"name":"x","engine":"sqlite","configuration":{"db_file":"sales.sqlite"}}`,
		"createSemanticDataModel":   `{"semantic_model":{"tables":[{"name":"t"}]}}`,
		"replaceSemanticDataModel":  `{"semantic_model":{"tables":[{"name":"t"}]}}`,
		"scaffoldSemanticDataModel": `{"data_connection_id":"` + connection.ID + `","tables":["sales"]}`,
		"importSemanticDataModel":   `{"semantic_model":{"name":"t","tables":[{"name":"t"}]}}`,
		"createMcpServer":           `{"name":"x","url":"https://x.example/mcp"}`,
		"replaceMcpServer":          `{"name":"x","url":"https://x.example/mcp"}`,
	}
	db := try(sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "tenant.sqlite"), RawQuery: "mode=ro"}).String())).in(t)
	t.Cleanup(func() { db.Close() })
	r.changes = try(db.Conn(ctx)).in(t)
	return r
}

// state changes with whatever is stored: SQLite counts the commits of others.
func (r *refusals) state(t *testing.T) string {
	t.Helper()
	var version int
	must(t, r.changes.QueryRowContext(context.Background(), `PRAGMA data_version`).Scan(&version))
	entries, err := os.ReadDir(r.files)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d commits, %d files", version, len(entries))
}

// probe is one operation that is about to be misused.
type probe struct {
	*refusals
	t            *testing.T
	method, path string
	operation    *openapi3.Operation
	names        openapi3.Parameters // of the path
	ids          map[string]string   // that are right, by parameter
}

// refuse sends a request that has one thing wrong with it.
func (p probe) refuse(what string, ids map[string]string, query, contentType string, body io.Reader, statuses ...int) {
	p.t.Helper()
	path := p.path
	for name, id := range ids {
		path = strings.ReplaceAll(path, "{"+name+"}", escaped(id))
	}
	before := p.state(p.t)
	request := try(http.NewRequestWithContext(p.t.Context(), p.method, p.tenant.BaseURL()+path+query, body)).in(p.t)
	request.Header.Set("Authorization", "Bearer "+localtenant.APIKey)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response := try(p.tenant.Transport().RoundTrip(request)).in(p.t)
	defer response.Body.Close()
	answer := try(io.ReadAll(response.Body)).in(p.t)
	if !slices.Contains(statuses, response.StatusCode) {
		p.t.Errorf("%s: status %d, want one of %d: %.300s", what, response.StatusCode, statuses, answer)
	}
	var envelope struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(answer, &envelope); err != nil || envelope.Error.Code == "" || envelope.Error.Message == "" || len(answer) > 100_000 {
		p.t.Errorf("%s: no envelope: %.300s", what, answer)
	}
	if after := p.state(p.t); after != before {
		p.t.Errorf("%s: stored nevertheless: %s before, %s after", what, before, after)
	}
}

// escaped leaves nothing of an id that a path could be made of, dots included.
func escaped(id string) string {
	return strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
}

// right is the body of the request as it should be.
func (p probe) right() (contentType string, body io.Reader) {
	if p.operation.RequestBody == nil {
		return "", nil
	}
	if _, form := p.operation.RequestBody.Value.Content["multipart/form-data"]; form {
		return p.form(p.archive)
	}
	sample, ok := p.bodies[p.operation.OperationID]
	if !ok {
		p.t.Fatalf("there is no sample of a body for %s", p.operation.OperationID)
	}
	return "application/json", strings.NewReader(sample)
}

func (p probe) form(content []byte) (string, io.Reader) {
	field := "file"
	if p.operation.OperationID == "uploadFiles" {
		field = "files"
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part := try(form.CreateFormFile(field, "a.zip")).in(p.t)
	_, err := part.Write(content)
	must(p.t, err)
	must(p.t, form.Close())
	return form.FormDataContentType(), &body
}

func (p probe) wrongIDs() {
	unknown := []string{
		"5a1e0000-0000-4000-8000-00000000ffff", "..", ".", "/", "a/b", "../agents", "%2f", " ", "🚀", "\x00", "'; DROP TABLE agents; --", strings.Repeat("x", 5000),
	}
	for _, parameter := range p.names {
		for _, id := range unknown {
			ids := maps.Clone(p.ids)
			ids[parameter.Value.Name] = id
			contentType, body := p.right()
			p.refuse(fmt.Sprintf("%s %.20q", parameter.Value.Name, id), ids, p.needed(), contentType, body, http.StatusNotFound)
		}
	}
	if _, inConversation := p.has("conversation_id"); inConversation {
		ids := maps.Clone(p.ids)
		ids["agent_id"] = localtenant.EchoID
		contentType, body := p.right()
		p.refuse("another agent's conversation", ids, p.needed(), contentType, body, http.StatusNotFound)
	}
}

func (p probe) has(name string) (*openapi3.ParameterRef, bool) {
	i := slices.IndexFunc(p.names, func(parameter *openapi3.ParameterRef) bool { return parameter.Value.Name == name })
	if i < 0 {
		return nil, false
	}
	return p.names[i], true
}

// needed is a query with the parameters that have to be there.
func (p probe) needed() string {
	query := url.Values{}
	for _, parameter := range p.operation.Parameters {
		if parameter.Value.Required {
			query.Set(parameter.Value.Name, "x")
		}
	}
	return "?" + query.Encode()
}

func (p probe) wrongParameters() {
	wrong := map[string][]string{"integer": {"x", "1.5", "-2", "99999999999999999999"}, "boolean": {"perhaps"}}
	for _, parameter := range p.operation.Parameters {
		schema := parameter.Value.Schema.Value
		if schema.Items != nil {
			schema = schema.Items.Value
		}
		values := wrong[typeOf(schema)]
		if len(schema.Enum) > 0 {
			values = []string{"nonsense"}
		}
		if parameter.Value.Name == "next" {
			values = []string{"nonsense", "b2Zmc2V0OjUw", "🚀"}
		}
		for _, value := range values {
			query := url.Values{parameter.Value.Name: {value}}
			contentType, body := p.right()
			p.refuse(parameter.Value.Name+"="+value, p.ids, "?"+query.Encode(), contentType, body, http.StatusUnprocessableEntity)
		}
		if parameter.Value.Required {
			contentType, body := p.right()
			p.refuse("no "+parameter.Value.Name, p.ids, "", contentType, body, http.StatusUnprocessableEntity)
		}
	}
}

func typeOf(schema *openapi3.Schema) string {
	if schema.Type == nil || len(schema.Type.Slice()) != 1 {
		return ""
	}
	return schema.Type.Slice()[0]
}

const tooLong = 4<<20 + 1

func (p probe) wrongBodies() {
	if p.operation.RequestBody == nil {
		return
	}
	content := p.operation.RequestBody.Value.Content["application/json"]
	if content == nil {
		p.wrongForms()
		return
	}
	const asJSON = "application/json"
	for _, body := range []string{"", "{", "nonsense", `{"a":1} {}`} {
		p.refuse(fmt.Sprintf("body %q", body), p.ids, "", asJSON, strings.NewReader(body), http.StatusBadRequest)
	}
	for _, body := range []string{"null", "[]", `"x"`, "1"} {
		p.refuse("body "+body, p.ids, "", asJSON, strings.NewReader(body), http.StatusUnprocessableEntity)
	}
	right := map[string]any{}
	must(p.t, json.Unmarshal([]byte(p.bodies[p.operation.OperationID]), &right))
	for name, schema := range content.Schema.Value.Properties {
		p.wrongField(right, name, schema.Value, slices.Contains(content.Schema.Value.Required, name))
	}
}

// wrongField sends bodies in which one field is wrong.
func (p probe) wrongField(right map[string]any, name string, schema *openapi3.Schema, required bool) {
	send := func(what string, value any, statuses ...int) {
		p.t.Helper()
		body := maps.Clone(right)
		body[name] = value
		if value == nil {
			delete(body, name)
		}
		encoded := try(json.Marshal(body)).in(p.t)
		p.refuse(name+" "+what, p.ids, "", "application/json", bytes.NewReader(encoded), statuses...)
	}
	if required {
		send("missing", nil, http.StatusUnprocessableEntity)
	}
	const mistyped = http.StatusUnprocessableEntity
	switch typeOf(schema) {
	case "string":
		send("as a number", 7, mistyped)
		send("as an array", []string{"x"}, mistyped)
		send("too long", strings.Repeat("x", tooLong), http.StatusRequestEntityTooLarge)
	case "object":
		send("as a text", "x", mistyped)
		send("as an array", []string{}, mistyped)
		send("too long", map[string]any{"x": strings.Repeat("x", tooLong)}, http.StatusRequestEntityTooLarge)
	case "array":
		send("as a text", "x", mistyped)
		send("as an object", map[string]any{}, mistyped)
		send("too long", []string{strings.Repeat("x", tooLong)}, http.StatusRequestEntityTooLarge)
	case "boolean":
		send("as a text", "x", mistyped)
	}
}

func (p probe) wrongForms() {
	p.refuse("JSON instead of a form", p.ids, "", "application/json", strings.NewReader(`{}`), http.StatusBadRequest)
	p.refuse("no boundary", p.ids, "", "multipart/form-data", strings.NewReader(`x`), http.StatusBadRequest)
	contentType, body := p.form(bytes.Repeat([]byte("x"), 1000))
	half := io.LimitReader(body, 600)
	p.refuse("half a form", p.ids, "", contentType, half, http.StatusBadRequest)
	contentType, _ = p.form(nil)
	boundary := contentType[strings.Index(contentType, "boundary=")+len("boundary="):]
	p.refuse("a form without a file", p.ids, "", contentType, strings.NewReader("--"+boundary+"--\r\n"), http.StatusBadRequest, http.StatusUnprocessableEntity)
}
