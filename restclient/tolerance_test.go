package restclient

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// What the vendor leaves open, and releases do in different ways: a test for
// each, against a server of every kind. What a transcript makes of odd deltas is
// tested with the transcripts, and what agents answer as MCP servers is no matter
// of this client.

func TestToleranceOfTheBase(t *testing.T) {
	for _, base := range []string{"/tenants/acme/api/v2", "/api/v2", "/api/public/v1", ""} {
		var asked string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Path
			agentJSON(w, r)
		}))
		client, err := New(server.URL+base+"/", testKey)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Agents.Get(t.Context(), "a1")
		equal(t, "error", err, nil)
		equal(t, "asked", asked, base+"/agents/a1")
		client.CloseIdleConnections()
		server.Close()
	}
}

func TestToleranceOfCursors(t *testing.T) {
	for name, next := range map[string]string{
		"a token": "p/=", "a path": "/agents?next=p/=", "a path from the host": "/tenants/acme/api/v2/agents?next=p/=",
		"a URL": "http://HOST/tenants/acme/api/v2/agents?next=p/=",
	} {
		t.Run(name, func(t *testing.T) {
			var limits []string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				limits = append(limits, r.URL.Query().Get("limit"))
				if r.URL.Query().Get("next") == "p/=" {
					_, _ = io.WriteString(w, `{"data":[{"id":"2"}],"next":"q","has_more":false}`)
					return
				}
				_, _ = fmt.Fprintf(w, `{"data":[{"id":"1"}],"next":%q}`, strings.Replace(next, "HOST", r.Host, 1))
			})
			got, err := walk(client.Agents.All(t.Context(), nil), agentID)
			equal(t, "agents", got, "1 2")
			equal(t, "error", err, nil)
			equal(t, "the first limit", limits[0], "100")
		})
	}
}

func TestToleranceOfListShapes(t *testing.T) {
	for _, body := range []string{
		`[{"id":"1"},{"id":"2"}]`,
		`{"data":[{"id":"1"},{"id":"2"}]}`,
		`{"data":[{"id":"1"},{"id":"2"}],"next":null,"has_more":false}`,
		`{"records":[{"id":"1"},{"id":"2"}],"next_offset":null}`,
	} {
		client := serve(t, answer(200, "application/json", body))
		for name, all := range lists(t.Context(), client) {
			got, err := walk(all, func(text string) string { return text })
			equal(t, name+" "+body, got, "1 2")
			equal(t, name+" error", err, nil)
		}
	}
	for _, body := range []string{`[{"agent_id":"a1"}]`, `{"data":[{"agent_id":"a1"}]}`} {
		summary, err := serve(t, answer(200, "", body)).WorkItems.Summary(t.Context())
		equal(t, "error", err, nil)
		equal(t, "agent", summary[0].AgentID, "a1")
	}
	for body, want := range map[string]int{`{"status":null}`: 0, `{}`: 0, `{"status":[{}]}`: 1, `[{}]`: 1, `{"data":[{}]}`: 1} {
		tasks, err := serve(t, answer(200, "", body)).WorkItems.Status(t.Context())
		equal(t, "error", err, nil)
		equal(t, body, len(tasks), want)
	}
	_, err := serve(t, answer(200, "", `7`)).WorkItems.Status(t.Context())
	equal(t, "a number is refused", isResponseError(err), true)
}

func TestToleranceOfErrorBodies(t *testing.T) {
	for _, body := range []string{
		`{"error":{"code":"not_found","message":"gone","details":{"a":1}}}`, `{"error":{"error_id":"e","code":"agent.missing","message":"gone","data":[]}}`,
		`{"error":"gone"}`, `{"detail":"gone"}`, `<html><title>gone</title></html>`, `gone`,
	} {
		_, err := serve(t, answer(404, "", body)).DataConnections.Get(t.Context(), "d1")
		refused, ok := errors.AsType[*APIError](err)
		if !ok {
			t.Fatalf("%s: got %v, want an APIError", body, err)
		}
		equal(t, "status", refused.StatusCode, 404)
		equal(t, "message", refused.Message, "gone")
	}
}

func TestToleranceOfTheStatusForABadKey(t *testing.T) {
	for _, status := range []int{401, 403} {
		requests := 0
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			answer(status, "application/json", `{"error":{"code":"x","message":"no"}}`)(w, r)
		})
		_, err := client.MCPServers.List(t.Context(), nil)
		if err == nil {
			t.Fatal("no error")
		}
		contains(t, "error", err.Error(), "the API key")
		equal(t, "requests", requests, 1)
	}
}

func TestToleranceOfTheAnswerToASend(t *testing.T) {
	const q, a = `{"role":"user","content":"q"}`, `{"role":"agent","content":"a"}`
	for _, body := range []string{`{"data":[` + q + `,` + a + `]}`, `{"id":"t1","messages":[` + q + `,` + a + `]}`, `[` + q + `,` + a + `]`, a} {
		messages, err := serve(t, answer(200, "", body)).Conversations.Send(t.Context(), "a1", "t1", "q")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, body, messages[len(messages)-1].Text(), "a")
	}
}

func TestToleranceOfStreams(t *testing.T) {
	const begin = `data: {"event_type":"message_begin","message_id":"m1"}` + "\n\n"
	const end = `data: {"event_type":"agent_finished"}` + "\n\n"
	for name, c := range map[string]struct {
		body          string
		sound, cutOff bool
	}{
		"an unknown event": {begin + `data: {"event_type":"agent_yawned"}` + "\n\n" + end, true, false},
		"an unknown operation": {begin +
			`data: {"event_type":"message_content","message_id":"m1","delta":{"op":"shuffle","path":""}}` + "\n\n" + end, false, false},
		"an early end": {begin, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			stream, err := serve(t, answer(200, "text/event-stream", c.body)).Conversations.Stream(t.Context(), "a1", "t1", "q")
			if err != nil {
				t.Fatal(err)
			}
			var transcript Transcript
			var ended error
			for event, err := range stream.Events() {
				if ended = err; err == nil {
					_ = transcript.Apply(event)
				}
			}
			equal(t, "sound", transcript.Sound(), c.sound)
			equal(t, "cut off", errors.Is(ended, io.ErrUnexpectedEOF), c.cutOff)
		})
	}
}

func TestToleranceOfDisconnects(t *testing.T) {
	closedEarly := make(chan bool, 1)
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/messages") {
			cut(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"event_type\":\"agent_ready\"}\n\n")
		_ = http.NewResponseController(w).Flush()
		closedEarly <- r.Context().Err() != nil
		_, _ = io.WriteString(w, "data: {\"event_type\":\"agent_finished\"}\n\n")
	})
	stream, err := client.Conversations.Stream(t.Context(), "a1", "t1", "q")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range stream.Events() {
		equal(t, "error", err, nil)
	}
	equal(t, "closed early", <-closedEarly, false)

	_, err = client.Conversations.Send(t.Context(), "a1", "t1", "q")
	lost, ok := errors.AsType[*ConnectionError](err)
	if !ok {
		t.Fatalf("got %v, want a ConnectionError", err)
	}
	equal(t, "surely not sent", lost.NotSent, false)
}

func TestToleranceOfConversationsThatAPublishDeletes(t *testing.T) {
	_, err := serve(t, answer(404, "", `{"error":{"code":"not_found","message":"Conversation not found"}}`)).
		Conversations.Send(t.Context(), "a1", "t1", "q")
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "status", refused.StatusCode, 404)
}

func TestToleranceOfNamesThatAreNotUnique(t *testing.T) {
	client := serve(t, answer(200, "", `[{"id":"t1","name":"work","agent_id":"a1"},{"id":"t2","name":"work","agent_id":"a1"}]`))
	got, err := walk(client.Conversations.All(t.Context(), "a1", nil), func(c Conversation) string { return c.ID + c.Name })
	equal(t, "conversations", got, "t1work t2work")
	equal(t, "error", err, nil)
}

func TestToleranceOfTheOrderOfMessages(t *testing.T) {
	texts := func(body string) string {
		messages, err := serve(t, answer(200, "", body)).Conversations.Send(t.Context(), "a1", "t1", "q")
		equal(t, "error", err, nil)
		var texts []string
		for _, message := range messages {
			texts = append(texts, message.Text())
		}
		return strings.Join(texts, " ")
	}
	message := func(text, at string) string {
		return fmt.Sprintf(`{"role":"agent","content":%q,"created_at":%q}`, text, at)
	}
	last, first, then := message("last", "2026-07-02T09:15:31Z"), message("first", "2026-07-02T11:15:30+02:00"), message("then", "2026-07-02T09:15:30Z")
	equal(t, "newest first", texts(`[`+last+`,`+first+`,`+then+`]`), "first then last")
	equal(t, "one does not tell", texts(`[`+last+`,`+message("unknown", "")+`,`+first+`]`), "last unknown first")
}

func TestToleranceOfFiles(t *testing.T) {
	for body, want := range map[string]string{
		`{"file_ref":"r","name":"n","filename":"f"}`: "r", `{"name":"n","filename":"f"}`: "n", `{"filename":"f"}`: "f", `{"file_ref":null,"name":"n"}`: "n", `{}`: "",
	} {
		for _, status := range []int{200, 201} {
			for _, answered := range []string{`[` + body + `]`, `{"data":[` + body + `]}`, body} {
				client := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					answer(status, "", answered)(w, r)
				})
				files, err := client.Conversations.UploadFiles(t.Context(), "a1", "t1", FileUpload{Name: "r", Content: strings.NewReader("x")})
				if err != nil {
					t.Fatal(err)
				}
				equal(t, answered, files[0].Name(), want)
			}
		}
	}
	client := serve(t, answer(204, "", ""))
	files, err := client.Conversations.UploadFiles(t.Context(), "a1", "t1", FileUpload{Name: "r", Content: strings.NewReader("x")})
	equal(t, "files", len(files), 0)
	equal(t, "error", err, nil)
}

func TestToleranceOfDataFrameRows(t *testing.T) {
	for _, body := range []string{`[{"b":1.0,"a":2}]`, `{"columns":["b","a"],"rows":[[1.0,2]],"name":"n"}`} {
		rows, err := serve(t, answer(200, "", body)).Conversations.ReadDataFrame(t.Context(), "a1", "t1", "n", nil)
		if err != nil {
			t.Fatal(err)
		}
		equalSlices(t, "columns", rows.Columns, []string{"b", "a"})
		equal(t, "rows", fmt.Sprint(rows.Rows), "[[1.0 2]]")
	}
	_, err := serve(t, answer(400, "", `{"error":{"message":"parquet is not offered"}}`)).Conversations.DownloadDataFrame(t.Context(), "a1", "t1", "n", nil)
	contains(t, "error", err.Error(), "parquet is not offered")
}

// acting answers a POST with a status and body, and a GET with another body.
func acting(t *testing.T, status int, body, read string) *Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet {
			answer(200, "", read)(w, r)
			return
		}
		answer(status, "", body)(w, r)
	})
}

func TestToleranceOfThePublishReply(t *testing.T) {
	for body, status := range map[string]int{agentWire: 200, `{"status":"ok"}`: 202, ``: 204, `null`: 200, `<html>`: 200} {
		client := acting(t, status, body, `{"state":"live","has_draft":false}`)
		for name, act := range map[string]func() (*AgentState, error){
			"publish": func() (*AgentState, error) { return client.Agents.Publish(t.Context(), "a1", nil) },
			"discard": func() (*AgentState, error) { return client.Agents.DiscardDraft(t.Context(), "a1") },
		} {
			state, err := act()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, name+" "+body, state.State, AgentLive)
		}
	}
}

func TestToleranceOfAttachments(t *testing.T) {
	for body, status := range map[string]int{modelWire: 200, `["s1"]`: 201, ``: 204, `ok`: 200} {
		client := acting(t, status, body, "")
		for _, err := range []error{
			client.Agents.AttachSemanticDataModel(t.Context(), "a1", "s1"), client.Agents.DetachSemanticDataModel(t.Context(), "a1", "s1"),
			client.Agents.AttachMCPServer(t.Context(), "a1", "m1"), client.Agents.DetachMCPServer(t.Context(), "a1", "m1"),
		} {
			equal(t, body, err, nil)
		}
		got, err := client.Raw(t.Context(), http.MethodPost, "/agents/a1/sdms", []byte(`{"sdm":"s1"}`))
		equal(t, "raw", string(got), body)
		equal(t, "error", err, nil)
	}
}

func TestToleranceOfDeletesAndImports(t *testing.T) {
	for body, status := range map[string]int{agentWire: 200, `null`: 202, ``: 204} {
		equal(t, body, acting(t, status, body, "").Agents.Delete(t.Context(), "a1"), nil)
	}
	silent := acting(t, 204, "", agentWire)
	over, err := silent.Agents.ImportOver(t.Context(), "a1", strings.NewReader("PK"))
	equal(t, "error", err, nil)
	equal(t, "agent", over.Name, "Clerk")
	equal(t, "the unresolved servers are not known", over.UnresolvedMCPServers == nil, true)
	over, err = acting(t, 200, `{"id":"a1","name":"Clerk","unresolved_mcp_servers":[]}`, "").Agents.ImportOver(t.Context(), "a1", strings.NewReader("PK"))
	equal(t, "error", err, nil)
	equal(t, "no server is unresolved", over.UnresolvedMCPServers != nil && len(over.UnresolvedMCPServers) == 0, true)
	imported, err := silent.Agents.Import(t.Context(), strings.NewReader("PK"))
	equal(t, "error", err, nil)
	equal(t, "agent", imported.ID, "")

	for status, conflict := range map[int]bool{400: true, 409: true, 403: false, 422: false} {
		client := acting(t, status, `{"error":{"message":"taken"}}`, "")
		_, create := client.Agents.Create(t.Context(), AgentCreate{Name: "Clerk"})
		_, imported := client.Agents.Import(t.Context(), strings.NewReader("PK"))
		_, over := client.Agents.ImportOver(t.Context(), "a1", strings.NewReader("PK"))
		_, renamed := client.Agents.Update(t.Context(), "a1", AgentUpdate{Name: new("Clerk")})
		for name, err := range map[string]error{"create": create, "import": imported, "import over": over} {
			equal(t, fmt.Sprint(name, " ", status), errors.Is(err, ErrConflict), conflict)
			refused, ok := errors.AsType[*APIError](err)
			equal(t, "an APIError", ok && refused.StatusCode == status, true)
		}
		equal(t, "rename", errors.Is(renamed, ErrConflict), status == 409)
	}
}

func TestToleranceOfVersions(t *testing.T) {
	for wire, want := range map[string]string{`"2.0-rc.1"`: "2.0-rc.1", `"17"`: "17", `17`: "", `null`: "", `{"n":1}`: ""} {
		agent, err := serve(t, answer(200, "", `{"id":"a1","name":"n","version":`+wire+`}`)).Agents.Get(t.Context(), "a1")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, wire, agent.Version, want)
		if want == "" {
			equal(t, "kept", string(agent.Extra["version"]), wire)
		}
	}
}

func TestToleranceOfTheReplyToWorkItemActions(t *testing.T) {
	for body, status := range map[string]int{itemWire: 200, `{"status":"ok"}`: 200, ``: 204, `null`: 200, `ok`: 202} {
		client := acting(t, status, body, itemWire)
		ctx := t.Context()
		for name, act := range map[string]func() (*WorkItem, error){
			"continue": func() (*WorkItem, error) { return client.WorkItems.Continue(ctx, "w1") },
			"restart":  func() (*WorkItem, error) { return client.WorkItems.Restart(ctx, "w1") },
			"cancel":   func() (*WorkItem, error) { return client.WorkItems.Cancel(ctx, "w1") },
			"complete": func() (*WorkItem, error) { return client.WorkItems.Complete(ctx, "w1") },
		} {
			item, err := act()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, name+" "+body, item.ID+" "+string(item.Status), "w1 PENDING")
		}
	}
}

func TestToleranceOfTheReplyToAReplace(t *testing.T) {
	ctx := t.Context()
	for _, body := range []string{``, `{"status":"ok"}`, `null`} {
		connection, err := acting(t, 200, body, connWire).DataConnections.Replace(ctx, "d1", database)
		equal(t, "error", err, nil)
		equal(t, body, connection.ID, "d1")
		read, err := acting(t, 204, body, modelWire).SemanticDataModels.Replace(ctx, "s1", model)
		equal(t, "error", err, nil)
		equal(t, body, read.ID, "s1")
		crm, err := acting(t, 200, body, mcpWire).MCPServers.Replace(ctx, "m1", server)
		equal(t, "error", err, nil)
		equal(t, body, crm.ID, "m1")
		schedule, err := acting(t, 200, body, schedWire).Schedules.Replace(ctx, "a1", "c1", morning)
		equal(t, "error", err, nil)
		equal(t, body, schedule.ID, "c1")
		agent, err := acting(t, 200, body, agentWire).Agents.Update(ctx, "a1", AgentUpdate{Name: new("n")})
		equal(t, "error", err, nil)
		equal(t, body, agent.ID, "a1")
		item, err := acting(t, 200, body, itemWire).WorkItems.Rename(ctx, "w1", "n")
		equal(t, "error", err, nil)
		equal(t, body, item.ID, "w1")
	}
}

func TestToleranceOfIllegalTransitions(t *testing.T) {
	_, err := serve(t, answer(412, "", `{"error":{"code":"precondition_failed","message":"cannot complete a work item that is EXECUTING"}}`)).
		WorkItems.Complete(t.Context(), "w1")
	refused, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatalf("got %v, want an APIError", err)
	}
	equal(t, "status", refused.StatusCode, 412)
	contains(t, "error", err.Error(), "cannot complete a work item that is EXECUTING")
}

func TestToleranceOfWhereAnUploadNamesItsWorkItem(t *testing.T) {
	var seen string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = described(r)
		answer(200, "", `{"work_item_id":"w1"}`)(w, r)
	})
	_, err := client.WorkItems.UploadFile(t.Context(), "w1", FileUpload{Name: "n", ContentType: "text/plain", Content: strings.NewReader("x")})
	equal(t, "error", err, nil)
	equal(t, "request", seen, "POST /work-items/upload-file?work_item_id=w1 multipart/form-data file=n(text/plain):x")
}

func TestToleranceOfPresignedUploads(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		client, asked := presigning(t, answer(201, "", ""))
		if !wanted {
			client = serve(t, func(w http.ResponseWriter, r *http.Request) {
				*asked = append(*asked, described(r))
				answer(200, "", `{"work_item_id":"w1","upload_url":null}`)(w, r)
			})
		}
		uploaded, err := client.WorkItems.UploadFile(t.Context(), "", FileUpload{Name: "n", Content: strings.NewReader("x")})
		equal(t, "error", err, nil)
		equal(t, "id", uploaded.WorkItemID, "w1")
		equal(t, "presigned", slices.ContainsFunc(*asked, func(line string) bool { return strings.HasPrefix(line, "storage: ") }), wanted)
	}
}

func TestToleranceOfWhatADeploymentLacks(t *testing.T) {
	for _, status := range []int{403, 404} {
		client := serve(t, answer(status, "", `{"error":{"code":"x","message":"switched off"}}`))
		ctx := t.Context()
		_, schedules := client.Schedules.List(ctx, "a1", nil)
		_, summary := client.WorkItems.Summary(ctx)
		_, tasks := client.WorkItems.Status(ctx)
		_, views := client.DataConnections.SemanticViews(ctx, "d1", nil)
		_, branding := client.Raw(ctx, http.MethodGet, "/branding", nil)
		for _, err := range []error{schedules, summary, tasks, views, branding} {
			refused, ok := errors.AsType[*APIError](err)
			if !ok {
				t.Fatalf("got %v, want an APIError", err)
			}
			equal(t, "status", refused.StatusCode, status)
		}
	}
}

func TestToleranceOfSecretsThatComeBack(t *testing.T) {
	const body = `{"id":"d1","name":"n","configuration":{"password":"pl4nted-1"},"headers":{"A":"pl4nted-2"},"secret":"pl4nted-3"}`
	client := serve(t, answer(200, "", body))
	connection, err := client.DataConnections.Get(t.Context(), "d1")
	equal(t, "error", err, nil)
	server, err := client.MCPServers.Get(t.Context(), "m1")
	equal(t, "error", err, nil)
	if shown := fmt.Sprintf("%v %+v %#v", connection, *connection, connection) + fmt.Sprintf("%v %+v %#v", server, *server, server); strings.Contains(shown, planted) {
		t.Errorf("%s shows a secret", shown)
	}
}

func TestToleranceOfTheScaffoldReply(t *testing.T) {
	for body, want := range map[string]string{
		modelWire: "s1", `{"semantic_data_model_id":"s1","warnings":[1.0]}`: "s1", `{"semantic_model":{"tables":[]}}`: "", `{}`: "",
	} {
		scaffolded, err := serve(t, answer(200, "", body)).SemanticDataModels.Scaffold(t.Context(),
			SemanticModelScaffold{DataConnectionID: "d1", Extra: RawObject{"tables": []byte(`[{"name":"orders"}]`)}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, body, scaffolded.ID, want)
	}
	_, err := serve(t, answer(200, "", `["s1"]`)).SemanticDataModels.Scaffold(t.Context(), SemanticModelScaffold{DataConnectionID: "d1", Tables: []string{"t"}})
	equal(t, "a list is refused", isResponseError(err), true)
}

func TestToleranceOfTheFormatOfAnExport(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/x-yaml": "application/x-yaml", "application/json; charset=utf-8": "application/json", "Application/YAML": "application/yaml",
	} {
		export, err := serve(t, answer(200, contentType, `{"name":"sales","n":1.0}`)).SemanticDataModels.Export(t.Context(), "s1")
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(export)
		equal(t, "error", err, nil)
		equal(t, "content", string(content), `{"name":"sales","n":1.0}`)
		equal(t, "media type", export.MediaType(), want)
		equal(t, "close", export.Close(), nil)
	}
}

func TestToleranceOfDocumentIntelligence(t *testing.T) {
	for status, unconfigured := range map[int]bool{404: true, 412: true, 403: false} {
		client := serve(t, answer(status, "", `{"error":{"message":"m"}}`))
		_, get := client.DocumentIntelligence.Get(t.Context())
		for _, err := range []error{get, client.DocumentIntelligence.OK(t.Context())} {
			equal(t, fmt.Sprint(status), errors.Is(err, ErrNotConfigured), unconfigured)
			refused, ok := errors.AsType[*APIError](err)
			equal(t, "an APIError", ok && refused.StatusCode == status, true)
		}
	}
	for _, body := range []string{`{"data_server":{"n":1.0},"integrations":{"odd":true}}`, `{"data_connections":["d1"]}`, `{}`} {
		configuration, err := serve(t, answer(200, "", body)).DocumentIntelligence.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, configuration.Raw, endpoint{want: body})
	}
	_, err := serve(t, answer(200, "", `[]`)).DocumentIntelligence.Get(t.Context())
	equal(t, "a list is refused", isResponseError(err), true)
}

func TestToleranceOfRateLimits(t *testing.T) {
	requests := 0
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Retry-After", "3600")
		answer(429, "", "slow down")(w, r)
	})
	_, err := client.WorkItems.List(t.Context(), nil)
	contains(t, "error", err.Error(), "slow down", "try again in 1h0m0s")
	equal(t, "requests", requests, 1)
}

func TestToleranceOfNewerFieldsAndValues(t *testing.T) {
	const body = `[{"id":"x","work_item_id":"x","name":"n","state":"napping","status":"NAPPING","mode":"both","transport":"pigeon","engine":"newdb",` +
		`"type":"new","input_id_type":"dream","completed_by":"CAT","new":{"deep":[1.0]},"callbacks":[{"on_status":"NAPPING"}]}]`
	client := serve(t, answer(200, "", body))
	for name, all := range lists(t.Context(), client) {
		got, err := walk(all, func(text string) string { return text })
		equal(t, name, got, "x")
		equal(t, name+" error", err, nil)
	}
}
