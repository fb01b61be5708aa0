package endtoend_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sema4mcp/internal/contracttest"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// story is one tenant, used through the client as its users would use it.
type story struct {
	*testing.T
	tenant *testtenant.Tenant
	client *restclient.Client
	dir    string
}

// TestEveryOperation calls every operation of the contract through the client. The
// checker in between holds both sides to the contract, and knows what was left out.
func TestEveryOperation(t *testing.T) {
	dir := t.TempDir()
	s := &story{T: t, dir: dir, tenant: testtenant.StartWith(t, localtenant.Config{DataDir: dir, Logger: zerolog.Nop()})}
	s.client = s.tenant.Client()
	s.service()
	agent := s.lifecycle()
	s.packages(agent)
	s.conversation(agent)
	model := s.models()
	s.attachments(agent, model)
	s.schedules()
	s.workItems()
	s.faults()
	must(t, s.client.SemanticDataModels.Delete(t.Context(), model))
	must(t, s.client.Agents.Delete(t.Context(), agent))
	if left := contracttest.Unexercised(); len(left) > 0 {
		t.Errorf("no test has called %s with success", strings.Join(left, ", "))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcome is what a call gave that must not fail: try(call()).in(t).
type outcome[V any] struct {
	value V
	err   error
}

func try[V any](value V, err error) outcome[V] { return outcome[V]{value, err} }

func (o outcome[V]) in(t *testing.T) V {
	t.Helper()
	must(t, o.err)
	return o.value
}

// collect reads a list to its end.
func collect[V any](t *testing.T, all func(func(V, error) bool)) []V {
	t.Helper()
	var items []V
	for item, err := range all {
		must(t, err)
		items = append(items, item)
	}
	return items
}

func download(t *testing.T, d *restclient.Download, err error) string {
	t.Helper()
	must(t, err)
	defer d.Close()
	content, err := io.ReadAll(d)
	must(t, err)
	return string(content)
}

func (s *story) service() {
	ctx := s.Context()
	must(s.T, s.client.Ping(ctx))
	document, err := s.client.OpenAPI(ctx)
	if content := download(s.T, document, err); !strings.Contains(content, `"createWorkItem"`) {
		s.Errorf("the document of the API: %.200s", content)
	}
	if configuration := try(s.client.DocumentIntelligence.Get(ctx)).in(s.T); len(configuration.Integrations) != 0 {
		s.Errorf("document intelligence: %+v", configuration)
	}
	if err := s.client.DocumentIntelligence.OK(ctx); !errors.Is(err, restclient.ErrNotConfigured) {
		s.Errorf("document intelligence is said to be configured: %v", err)
	}
}

// lifecycle takes an agent from its creation to live, with a draft on the way.
func (s *story) lifecycle() string {
	ctx, agents := s.Context(), s.client.Agents
	created := try(agents.Create(ctx, restclient.AgentCreate{
		Name: "Reader 📖", ArchitectureName: "scripted", RunbookText: "- say: first",
	})).in(s.T)
	draft := try(s.client.Conversations.Create(ctx, created.ID, "with the draft")).in(s.T)
	must(s.T, onlyError(agents.Publish(ctx, created.ID, nil)))
	if _, err := s.client.Conversations.Messages(ctx, created.ID, draft.ID, nil); statusOf(err) != http.StatusNotFound {
		s.Errorf("the draft's conversation outlived it: %v", err)
	}
	description := "Reads."
	edited := try(agents.Update(ctx, created.ID, restclient.AgentUpdate{Description: &description})).in(s.T)
	if live := try(agents.Get(ctx, created.ID)).in(s.T); edited.State != restclient.AgentDraft || live.Description != "" {
		s.Errorf("edited %+v, live %+v", edited, live)
	}
	if state := try(agents.State(ctx, created.ID)).in(s.T); !state.HasDraft {
		s.Errorf("state %+v", state)
	}
	if state := try(agents.DiscardDraft(ctx, created.ID)).in(s.T); state.HasDraft {
		s.Errorf("state %+v", state)
	}
	must(s.T, onlyError(agents.Edit(ctx, created.ID)))
	must(s.T, onlyError(agents.Publish(ctx, created.ID, nil)))
	found := collect(s.T, agents.All(ctx, &restclient.AgentListOptions{Name: "READER", Limit: 1}))
	if len(found) != 1 || found[0].ID != created.ID {
		s.Errorf("found %+v", found)
	}
	return created.ID
}

func (s *story) packages(agent string) {
	ctx, agents := s.Context(), s.client.Agents
	export, err := agents.Export(ctx, agent)
	zip := download(s.T, export, err)
	if diff := try(agents.Diff(ctx, agent, strings.NewReader(zip))).in(s.T); !diff.IsSynced {
		s.Errorf("an export differs from its agent: %+v", diff)
	}
	if _, err := agents.Import(ctx, strings.NewReader(zip)); !errors.Is(err, restclient.ErrConflict) {
		s.Errorf("a name was given twice: %v", err)
	}
	must(s.T, onlyError(agents.ImportOver(ctx, agent, strings.NewReader(zip))))
	must(s.T, onlyError(agents.DiscardDraft(ctx, agent)))
	name := "Another"
	must(s.T, onlyError(agents.Update(ctx, agent, restclient.AgentUpdate{Name: &name})))
	must(s.T, onlyError(agents.Publish(ctx, agent, nil)))
	imported := try(agents.Import(ctx, strings.NewReader(zip))).in(s.T)
	must(s.T, agents.Delete(ctx, imported.ID))
}

func (s *story) conversation(agent string) {
	ctx, conversations := s.Context(), s.client.Conversations
	thread := try(conversations.Create(ctx, agent, "a/b ../ 📎")).in(s.T)
	if messages := try(conversations.Send(ctx, agent, thread.ID, "hello")).in(s.T); len(messages) != 2 {
		s.Errorf("messages %+v", messages)
	}
	stream := try(conversations.Stream(ctx, agent, thread.ID, "again")).in(s.T)
	var transcript restclient.Transcript
	for event, err := range stream.Events() {
		must(s.T, err)
		must(s.T, transcript.Apply(event))
	}
	if said := transcript.Messages(); len(said) != 1 || said[0].Text() != "first" {
		s.Errorf("streamed %+v", said)
	}
	if messages := collect(s.T, conversations.AllMessages(ctx, agent, thread.ID, &restclient.ListOptions{Limit: 1})); len(messages) != 4 {
		s.Errorf("%d messages", len(messages))
	}
	s.files(agent, thread.ID)
	if threads := collect(s.T, conversations.All(ctx, agent, nil)); len(threads) != 1 {
		s.Errorf("threads %+v", threads)
	}
	must(s.T, onlyError(conversations.Delete(ctx, agent, thread.ID)))
}

func (s *story) files(agent, thread string) {
	ctx, conversations := s.Context(), s.client.Conversations
	const csv = "name;born\nAda;1815\nGrace;1906\n"
	uploaded := try(conversations.UploadFiles(ctx, agent, thread,
		restclient.FileUpload{Name: "people & more 📇.csv", Content: strings.NewReader(csv)},
		restclient.FileUpload{Name: "empty.txt", Content: strings.NewReader("")})).in(s.T)
	listed := collect(s.T, conversations.AllFiles(ctx, agent, thread, nil))
	if len(uploaded) != 2 || len(listed) != 2 || listed[0].Name() != "people & more 📇.csv" {
		s.Fatalf("uploaded %+v, listed %+v", uploaded, listed)
	}
	d, err := conversations.DownloadFile(ctx, agent, thread, uploaded[0].Ref)
	if content := download(s.T, d, err); content != csv || d.Name != "people & more 📇.csv" {
		s.Errorf("downloaded %q as %q", content, d.Name)
	}
	frames := collect(s.T, conversations.AllDataFrames(ctx, agent, thread, &restclient.DataFrameListOptions{NumSamples: 1}))
	if len(frames) != 1 || frames[0].NumRows != 2 {
		s.Fatalf("frames %+v", frames)
	}
	rows := try(conversations.ReadDataFrame(ctx, agent, thread, frames[0].Name,
		&restclient.DataFrameReadOptions{Limit: 1, Columns: []string{"born", "name"}, OrderBy: "-born"})).in(s.T)
	if len(rows.Rows) != 1 || rows.Rows[0][0] != json.Number("1906") || rows.Rows[0][1] != "Grace" {
		s.Errorf("rows %+v", rows)
	}
}

// models builds a semantic data model on a connection to a database of the test's
// own, and has it sent back and forth.
func (s *story) models() string {
	ctx, connections, models := s.Context(), s.client.DataConnections, s.client.SemanticDataModels
	db := try(sql.Open("sqlite", filepath.Join(s.dir, "shop.db"))).in(s.T)
	_, err := db.ExecContext(ctx, `CREATE TABLE orders (region TEXT, amount REAL); INSERT INTO orders VALUES ('EU', 1.5), ('US', 2)`)
	must(s.T, errors.Join(err, db.Close()))
	shop := restclient.DataConnection{Name: "Shop", Engine: "sqlite", Configuration: restclient.RawObject{"db_file": json.RawMessage(`"shop.db"`)}}
	created := try(connections.Create(ctx, shop)).in(s.T)
	created.Description = "Orders"
	replaced := try(connections.Replace(ctx, created.ID, *created)).in(s.T)
	if read := try(connections.Get(ctx, created.ID)).in(s.T); read.Description != "Orders" || replaced.Description != "Orders" {
		s.Errorf("replaced %+v, read %+v", replaced, read)
	}
	if all := collect(s.T, connections.All(ctx, &restclient.ListOptions{Limit: 1})); len(all) != 3 {
		s.Errorf("%d connections", len(all))
	}
	if views := collect(s.T, connections.AllSemanticViews(ctx, created.ID, nil)); len(views) != 0 {
		s.Errorf("views %s", views)
	}
	draft := try(models.Scaffold(ctx, restclient.SemanticModelScaffold{
		DataConnectionID: created.ID, Tables: []string{"orders"}, Name: "orders",
	})).in(s.T)
	if read := try(models.Get(ctx, draft.ID)).in(s.T); !bytes.Contains(read.Model, []byte(`"region"`)) {
		s.Errorf("the scaffold: %s", read.Model)
	}
	must(s.T, onlyError(models.Replace(ctx, draft.ID, *draft)))
	export, err := models.Export(ctx, draft.ID)
	exported := download(s.T, export, err)
	text := try(json.Marshal(exported)).in(s.T)
	imported := try(models.Import(ctx, restclient.SemanticModelImport{Model: text})).in(s.T)
	if imported.DataConnections["Shop"] != created.ID {
		s.Errorf("imported %+v from %s", imported, exported)
	}
	must(s.T, models.Delete(ctx, imported.ID))
	own := try(models.Create(ctx, restclient.SemanticDataModel{Model: draft.Model})).in(s.T)
	must(s.T, models.Delete(ctx, own.ID))
	if err := connections.Delete(ctx, created.ID); !errors.Is(err, restclient.ErrConflict) {
		s.Errorf("a connection was taken from under a model: %v", err)
	}
	spare := try(connections.Create(ctx, shop)).in(s.T)
	must(s.T, connections.Delete(ctx, spare.ID))
	if all := collect(s.T, models.All(ctx, &restclient.ListOptions{Limit: 1})); len(all) != 2 {
		s.Errorf("%d models", len(all))
	}
	return draft.ID
}

func (s *story) attachments(agent, model string) {
	ctx, agents, servers := s.Context(), s.client.Agents, s.client.MCPServers
	created := try(servers.Create(ctx, restclient.MCPServer{
		Name: "tools", URL: "https://tools.example/mcp",
		Headers: map[string]restclient.MCPServerVariable{"X-Key": {Type: restclient.VariableSecret, Value: "planted"}},
	})).in(s.T)
	if secret := created.Headers["X-Key"].Value; secret == "planted" || secret == "" {
		s.Error("the secret came back, or its name did not")
	}
	replaced := try(servers.Replace(ctx, created.ID, *created)).in(s.T)
	if read := try(servers.Get(ctx, created.ID)).in(s.T); read.Transport != restclient.TransportStreamableHTTP || replaced.URL != read.URL {
		s.Errorf("replaced %v, read %v", replaced, read)
	}
	if all := collect(s.T, servers.All(ctx, nil)); len(all) != 1 {
		s.Errorf("%d servers", len(all))
	}
	must(s.T, agents.AttachMCPServer(ctx, agent, created.ID))
	must(s.T, agents.AttachSemanticDataModel(ctx, agent, model))
	attached := collect(s.T, agents.AllMCPServers(ctx, agent, nil))
	known := collect(s.T, agents.AllSemanticDataModels(ctx, agent, nil))
	if len(attached) != 1 || len(known) != 1 || known[0].ID != model {
		s.Errorf("attached %v and %v", attached, known)
	}
	must(s.T, agents.DetachMCPServer(ctx, agent, created.ID))
	must(s.T, agents.DetachSemanticDataModel(ctx, agent, model))
	must(s.T, servers.Delete(ctx, created.ID))
}

func (s *story) schedules() {
	ctx, schedules := s.Context(), s.client.Schedules
	created := try(schedules.Create(ctx, localtenant.InvoiceClerkID, restclient.Schedule{CronExpression: "0 7 * * 1-5", Message: "Go"})).in(s.T)
	created.Timezone = "Europe/Berlin"
	must(s.T, onlyError(schedules.Replace(ctx, localtenant.InvoiceClerkID, created.ID, *created)))
	read := try(schedules.Get(ctx, localtenant.InvoiceClerkID, created.ID)).in(s.T)
	if read.Timezone != "Europe/Berlin" || read.NextRunAt.IsZero() {
		s.Errorf("schedule %+v", read)
	}
	if all := collect(s.T, schedules.All(ctx, localtenant.InvoiceClerkID, nil)); len(all) != 1 {
		s.Errorf("%d schedules", len(all))
	}
	must(s.T, schedules.Delete(ctx, localtenant.InvoiceClerkID, created.ID))
}

// workItems has the Invoice Clerk check an invoice that nobody ordered, and a
// person decide about it.
func (s *story) workItems() {
	ctx, items := s.Context(), s.client.WorkItems
	draft := try(items.UploadFile(ctx, "", restclient.FileUpload{Name: "scan 🧾.txt", Content: strings.NewReader("scan")})).in(s.T)
	if err := items.ConfirmFile(ctx, &restclient.WorkItemUpload{WorkItemID: draft.WorkItemID, FileID: "f", FileRef: "scan 🧾.txt"}); statusOf(err) != http.StatusBadRequest {
		s.Errorf("a presigned upload was confirmed: %v", err)
	}
	created := try(items.Create(ctx, restclient.WorkItemCreate{
		AgentID: localtenant.InvoiceClerkID, WorkItemID: draft.WorkItemID, Name: "Invoice 🧾",
		Payload: json.RawMessage(`{"invoice_number":"X-1","vendor":"Nobody","po_number":"PO-0","amount":10.5}`),
	})).in(s.T)
	must(s.T, onlyError(items.Status(ctx)))
	settled := try(items.Wait(ctx, created.ID, &restclient.WorkItemWaitOptions{Results: true, FirstPause: 1, MaxPause: 1e7})).in(s.T)
	if last := settled.Messages[len(settled.Messages)-1].Text(); settled.Status != restclient.WorkItemNeedsReview || !strings.Contains(last, "PO-0") {
		s.Errorf("status %s: %s", settled.Status, last)
	}
	must(s.T, onlyError(s.client.Conversations.Send(ctx, localtenant.InvoiceClerkID, settled.ThreadID, "Reject: nobody ordered it.")))
	must(s.T, onlyError(items.Continue(ctx, created.ID)))
	if done := try(items.Wait(ctx, created.ID, nil)).in(s.T); done.Status != restclient.WorkItemCompleted {
		s.Errorf("after the decision: %s", done.Status)
	}
	if _, err := items.Cancel(ctx, created.ID); statusOf(err) != http.StatusPreconditionFailed {
		s.Errorf("a completed item was cancelled: %v", err)
	}
	must(s.T, onlyError(items.Rename(ctx, created.ID, "Renamed")))
	must(s.T, onlyError(items.Restart(ctx, created.ID)))
	must(s.T, onlyError(items.Wait(ctx, created.ID, nil)))
	must(s.T, onlyError(items.Complete(ctx, created.ID)))
	other := try(items.UploadFile(ctx, "", restclient.FileUpload{Name: "a", Content: strings.NewReader("a")})).in(s.T)
	must(s.T, onlyError(items.Cancel(ctx, other.WorkItemID)))
	found := collect(s.T, items.All(ctx, &restclient.WorkItemListOptions{
		AgentID: localtenant.InvoiceClerkID, NameSearch: "REN", Limit: 1, Statuses: []restclient.WorkItemStatus{restclient.WorkItemCompleted, restclient.WorkItemError},
	}))
	if len(found) != 1 || found[0].ID != created.ID {
		s.Errorf("found %+v", found)
	}
	summary := try(items.Summary(ctx)).in(s.T)
	if !slices.ContainsFunc(summary, func(of restclient.WorkItemSummary) bool {
		return of.AgentName == "Invoice Clerk" && of.Counts[restclient.WorkItemCompleted] == 1
	}) {
		s.Errorf("summary %+v", summary)
	}
}

// faults are known to the local tenant alone.
func (s *story) faults() {
	s.tenant.Fail("status=503,match=GET /nothing")
	if faults := try(s.client.Raw(s.Context(), http.MethodGet, "/local/faults", nil)).in(s.T); !bytes.Contains(faults, []byte("/nothing")) {
		s.Errorf("faults %s", faults)
	}
	s.tenant.Fail("")
}

func onlyError[V any](_ V, err error) error { return err }

// statusOf is the status of an answer that is an error, or 0.
func statusOf(err error) int {
	var answer *restclient.APIError
	if errors.As(err, &answer) {
		return answer.StatusCode
	}
	return 0
}
