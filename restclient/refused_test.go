package restclient

import (
	"encoding/json"
	"net/http"
	"testing"
)

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
