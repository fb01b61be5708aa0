package restclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"sema4mcp/restclient"
)

// tenantOf stands in for a deployment that answers a few requests, each by its
// method and path, in turn where there are several answers.
func tenantOf(answers map[string][]string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		left := answers[r.Method+" "+r.URL.Path]
		if len(left) == 0 {
			http.NotFound(w, r)
			return
		}
		if len(left) > 1 {
			answers[r.Method+" "+r.URL.Path] = left[1:]
		}
		_, _ = io.WriteString(w, left[0])
	}))
}

func ExampleAgentsService_Publish() {
	server := tenantOf(map[string][]string{
		"POST /agents":            {`{"id":"a1","name":"Invoice Clerk","state":"draft"}`},
		"POST /agents/a1/publish": {`{"id":"a1","name":"Invoice Clerk","state":"live"}`},
		"GET /agents/a1/state":    {`{"state":"live","live_version_id":"v1","has_draft":false}`},
	})
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ctx := context.Background()
	agent, err := client.Agents.Create(ctx, restclient.AgentCreate{Name: "Invoice Clerk", RunbookText: "Check invoices."})
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := client.Agents.Publish(ctx, agent.ID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.Name, "is", state.State)
	// Output:
	// Invoice Clerk is live
}

func ExampleAgentsService_Import() {
	server := tenant(409, "application/json", `{"error":{"code":"conflict","message":"an agent of that name exists"}}`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	pkg := strings.NewReader("the bytes of a zip file; an *os.File as a rule")
	_, err = client.Agents.Import(context.Background(), pkg)
	if errors.Is(err, restclient.ErrConflict) {
		fmt.Println("taken:", err)
	}
	// Output:
	// taken: it conflicts with what is there already: POST /agents/import: 409 Conflict (conflict): an agent of that name exists
}

func ExampleConversationsService_UploadFiles() {
	server := tenant(200, "application/json", `[{"file_id":"f1","file_ref":"orders.csv","file_size_raw":17}]`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	files, err := client.Conversations.UploadFiles(context.Background(), "a1", "t1",
		restclient.FileUpload{Name: "orders.csv", Content: strings.NewReader("id,total\n1,1042.5")})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range files {
		fmt.Println(file.Name(), file.Size)
	}
	// Output:
	// orders.csv 17
}

func ExampleConversationsService_DownloadFile() {
	server := tenant(200, "text/csv", "id,total\n1,1042.5\n")
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	file, err := client.Conversations.DownloadFile(context.Background(), "a1", "t1", "orders.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	fmt.Println(file.Name, file.MediaType(), file.Size)
	if _, err := io.Copy(os.Stdout, file); err != nil {
		fmt.Println(err)
	}
	// Output:
	// orders.csv text/csv 18
	// id,total
	// 1,1042.5
}

func ExampleConversationsService_ReadDataFrame() {
	server := tenant(200, "application/json", `[{"region":"EU","total":5432.0},{"region":"US","total":null}]`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	rows, err := client.Conversations.ReadDataFrame(context.Background(), "a1", "t1", "sales",
		&restclient.DataFrameReadOptions{OrderBy: "-total", Limit: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rows.Columns)
	for _, row := range rows.Rows {
		fmt.Println(row...)
	}
	// Output:
	// [region total]
	// EU 5432.0
	// US <nil>
}

func ExampleWorkItemsService_Wait() {
	server := tenantOf(map[string][]string{
		"POST /work-items": {`{"work_item_id":"w1","agent_id":"a1","status":"PENDING"}`},
		"GET /work-items/w1": {
			`{"work_item_id":"w1","status":"EXECUTING"}`,
			`{"work_item_id":"w1","status":"NEEDS_REVIEW"}`,
			`{"work_item_id":"w1","status":"NEEDS_REVIEW","messages":[{"role":"agent","content":[{"kind":"text","text":"The total differs."}]}]}`,
		},
	})
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ctx := context.Background()
	item, err := client.WorkItems.Create(ctx, restclient.WorkItemCreate{
		AgentID:  "a1",
		Name:     "Invoice 1042",
		Payload:  json.RawMessage(`{"invoice": 1042}`),
		Messages: []restclient.Message{restclient.UserMessage("Check this invoice.")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err = client.WorkItems.Wait(ctx, item.ID, &restclient.WorkItemWaitOptions{FirstPause: 1, Results: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(item.Status)
	for _, message := range item.Messages {
		fmt.Println(message.Role+":", message.Text())
	}
	// Output:
	// NEEDS_REVIEW
	// agent: The total differs.
}

func ExampleWorkItemsService_AttachFiles() {
	server := tenantOf(map[string][]string{
		"POST /work-items/upload-file": {`{"work_item_id":"w1"}`},
		"POST /work-items":             {`{"work_item_id":"w1","agent_id":"a1","status":"PENDING"}`},
	})
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ctx := context.Background()
	draft, err := client.WorkItems.AttachFiles(ctx, "",
		restclient.FileUpload{Name: "invoice.pdf", Content: strings.NewReader("%PDF-1.7")},
		restclient.FileUpload{Name: "order.pdf", Content: strings.NewReader("%PDF-1.7")})
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err := client.WorkItems.Create(ctx, restclient.WorkItemCreate{AgentID: "a1", WorkItemID: draft})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(item.ID, item.Status)
	// Output:
	// w1 PENDING
}

func ExampleVerifyCallback() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		callback, err := restclient.VerifyCallback("example", r.Header, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Println(callback.WorkItemID, callback.Status)
	}
	for _, signature := range []string{"4d5ee4f0", "6ba8b43fea4d96aa3b647c33ac379ee21dcde54b18a5614dd438c31b51f50561"} {
		request := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(`{"work_item_id": "w1", "status": "NEEDS_REVIEW"}`))
		request.Header.Set("X-SEMA4AI-SIGNATURE", signature)
		recorder := httptest.NewRecorder()
		handler(recorder, request)
		fmt.Println(recorder.Code)
	}
	// Output:
	// 401
	// w1 NEEDS_REVIEW
	// 200
}

func ExampleDataConnectionsService_Replace() {
	const connection = `{"id":"d1","name":"Sales DB","engine":"postgres",
		"configuration":{"host":"db.example","port":5432.0,"password":"example-password"},"added_later":{"by":"the vendor"}}`
	server := tenant(200, "application/json", connection)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ctx := context.Background()
	database, err := client.DataConnections.Get(ctx, "d1")
	if err != nil {
		fmt.Println(err)
		return
	}
	database.Configuration["host"] = json.RawMessage(`"db2.example"`)
	if _, err = client.DataConnections.Replace(ctx, database.ID, *database); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(database.Name, database.Configuration, database.Extra)
	// Output:
	// Sales DB {host password port} {added_later}
}

func ExampleDocumentIntelligenceService_Get() {
	server := tenant(412, "application/json", `{"error":{"code":"precondition_failed","message":"Document Intelligence is not set up"}}`)
	defer server.Close()
	client, err := restclient.New(server.URL, "s4w_example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	_, err = client.DocumentIntelligence.Get(context.Background())
	fmt.Println(errors.Is(err, restclient.ErrNotConfigured))
	// Output:
	// true
}
