package localtenant_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
)

// archive is an agent package.
type archive struct{ data []byte }

// texts unpacks an archive.
func (a archive) texts(t *testing.T) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(a.data), int64(len(a.data)))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]string{}
	for _, entry := range reader.File {
		file, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		entries[entry.Name] = string(data)
	}
	return entries
}

func (c *client) export(agent string) archive {
	c.t.Helper()
	status, data, header := c.do(http.MethodGet, agent+"/export", "")
	if status != http.StatusOK || header.Get("Content-Type") != "application/zip" {
		c.t.Fatalf("export: status %d, %v: %s", status, header, data)
	}
	return archive{data}
}

// packageForm is a body with a package in that field, and the client that says so.
func (c *client) packageForm(field string, data []byte) (*client, string) {
	return c.form(value("other", "x"), fileIn(field, "agent.zip", string(data)))
}

// sendPackage sends a package that must be taken.
func (c *client) sendPackage(method, path string, data []byte) object {
	c.t.Helper()
	form, body := c.packageForm("file", data)
	return get[object](form, method, path, body)
}

func (c *client) refusePackage(status int, method, path string, data []byte) string {
	c.t.Helper()
	form, body := c.packageForm("file", data)
	return form.refuse(status, method, path, body)
}

// packed makes an archive; its specification is agentSpec with what is given after
// the name, in YAML.
func packed(t *testing.T, spec string, entries map[string]string) []byte {
	t.Helper()
	all := map[string]string{
		"agent-spec.yaml": "agent-package:\n  spec-version: v2\n  agents:\n    - " + strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n      ") + "\n",
		"runbook.md":      "# Runbook\n",
	}
	maps.Copy(all, entries)
	var data bytes.Buffer
	writer := zip.NewWriter(&data)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		entry, err := writer.Create(name)
		if err == nil {
			_, err = io.WriteString(entry, all[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

const (
	// salesConnection is the name of the data connection a tenant has from the start.
	salesConnection = "Sales database"

	firstFile  = "7e570000-0000-4000-8000-0000000000a1"
	secondFile = "7e570000-0000-4000-8000-0000000000a2"
)

// vendorPackage is written as the vendor's tools write one.
func vendorPackage(t *testing.T) []byte {
	return packed(t, `
name: Order Desk
description: Checks orders.
version: 1.0
architecture: echo
reasoning: disabled
model: {provider: OpenAI, name: gpt-x}
runbook: runbook.md
action-packages: []
knowledge: []
conversation-starter: "Hello?"
welcome-message: Hi
semantic-data-models:
  - name: orders.yaml
shared-files:
  - file-ref: `+firstFile+`
    name: prices.csv
    mime-type: text/csv
mcp-servers:
  - name: crm
    transport: auto
    url: https://crm.example/mcp
    headers:
      Authorization: {type: secret, description: the key}
  - name: Unknown
    url: https://unknown.example/mcp
metadata: {mode: worker}
agent-settings: {temperature: 0.5}
document-intelligence: v2`, map[string]string{
		"runbook.md": "# Orders 🚀\n",
		"semantic-data-models/orders.yaml": "name: orders\ndescription: Orders\ntables:\n  - name: orders\n    base_table: {data_connection_name: " + strings.ToUpper(salesConnection) + ", table: sales}\n" +
			"    dimensions:\n      - {name: day, expr: day, sample_values: [2026-01-02, 007, 1.10, yes]}\n",
		"agent-files/" + firstFile: "a,b\n1,2\n",
		"actions/x/package.yaml":   "ignored: true\n",
	})
}

func TestImportedAgent(t *testing.T) {
	c := start(t, localtenant.Config{})
	crm := c.server(`{"name":"CRM","url":"https://crm.example/mcp","headers":{"Authorization":"secret"}}`)
	c.server(`{"name":"crm","url":"https://other.example/mcp"}`)
	imported := c.sendPackage(http.MethodPost, "/agents/import", vendorPackage(t))
	for field, want := range map[string]any{
		"name": "Order Desk", "description": "Checks orders.", "runbook_text": "# Orders 🚀\n", "architecture_name": "echo",
		"mode": "worker", "state": "draft", "live_version_id": nil, "version": "1",
	} {
		if imported[field] != want {
			t.Errorf("%s is %v, want %v", field, imported[field], want)
		}
	}
	if got := encoded(imported["unresolved_mcp_servers"]); got != `[{"name":"Unknown","url":"https://unknown.example/mcp"}]` {
		t.Errorf("unresolved %s", got)
	}
	agent := "/agents/" + imported["id"].(string)
	if got := allPages(c, agent+"/mcp-servers", 50); !slices.Equal(got, []string{crm}) {
		t.Errorf("attached servers %q, want %q", got, crm)
	}
	models := get[listing](c, http.MethodGet, agent+"/semantic-data-models", "").Data
	if len(models) != 1 || models[0]["name"] != "orders" || models[0]["description"] != "Orders" {
		t.Fatalf("attached models %v", models)
	}
	table := models[0]["semantic_model"].(object)["tables"].([]any)[0].(object)
	base := table["base_table"].(object)
	if id, ok := base["data_connection_id"].(string); !ok || id == "" || base["data_connection_name"] != nil {
		t.Errorf("base table %v", base)
	}
	if got := encoded(table["dimensions"].([]any)[0].(object)["sample_values"]); got != `["2026-01-02",7,1.1,"yes"]` {
		t.Errorf("sample values %s", got)
	}
	if got := c.refusePackage(http.StatusConflict, http.MethodPost, "/agents/import", vendorPackage(t)); !strings.Contains(got, "already called") {
		t.Errorf("imported again: %q", got)
	}
}

// A package is whole: what one tenant exports, another imports, and finds that it
// has all of it.
func TestPackagesGoRound(t *testing.T) {
	first := start(t, localtenant.Config{})
	first.server(`{"name":"CRM","url":"https://crm.example/mcp","headers":{"X-Key":"s3cret"}}`)
	first.server(`{"name":"Unknown","url":"https://unknown.example/mcp"}`)
	agent := "/agents/" + first.sendPackage(http.MethodPost, "/agents/import", vendorPackage(t))["id"].(string)
	get[object](first, http.MethodPost, agent+"/publish", `{}`)
	exported := first.export(agent)
	entries := exported.texts(t)
	if strings.Contains(fmt.Sprint(entries), "s3cret") || !strings.Contains(entries["agent-spec.yaml"], "**********") {
		t.Errorf("specification:\n%s", entries["agent-spec.yaml"])
	}
	if entries["runbook.md"] != "# Orders 🚀\n" || !strings.Contains(entries["semantic-data-models/orders.yaml"], "data_connection_name: "+salesConnection) ||
		!strings.Contains(entries["semantic-data-models/orders.yaml"], `"yes"`) {
		t.Errorf("entries %v", entries)
	}
	for _, says := range []string{"spec-version: v2", "name: orders.yaml", "mode: worker", "conversation-starter: Hello?", "temperature: 0.5", "mime-type: text/csv", "url: https://crm.example/mcp"} {
		if !strings.Contains(entries["agent-spec.yaml"], says) {
			t.Errorf("the specification does not say %q:\n%s", says, entries["agent-spec.yaml"])
		}
	}

	second := start(t, localtenant.Config{})
	second.server(`{"name":"crm","url":"https://crm.example/mcp"}`)
	second.server(`{"name":"unknown","url":"https://unknown.example/mcp"}`)
	copied := "/agents/" + second.sendPackage(http.MethodPost, "/agents/import", exported.data)["id"].(string)
	for range 2 {
		if got := encoded(second.sendPackage(http.MethodPost, copied+"/diff", exported.data)); got !=
			`{"changes":[],"files_to_add":[],"is_synced":true,"mcp_servers_to_attach":[],"unresolved_mcp_servers":[]}` {
			t.Errorf("diff %s", got)
		}
		get[object](second, http.MethodPost, copied+"/publish", `{}`)
		again := second.export(copied)
		if got, want := withoutRefs(again.texts(t)), withoutRefs(entries); !maps.Equal(got, want) {
			t.Errorf("exported again:\n%v, want\n%v", got, want)
		}
		// Importing over it changes nothing, and makes no second model.
		second.sendPackage(http.MethodPut, copied+"/import", again.data)
		if got := get[listing](second, http.MethodGet, copied+"/semantic-data-models", "").Data; len(got) != 1 {
			t.Errorf("models %v", got)
		}
	}
}

// withoutRefs are the entries of a package without what differs between tenants: the
// names of files, the version and masks.
func withoutRefs(entries map[string]string) map[string]string {
	plain := map[string]string{}
	for name, text := range entries {
		if strings.HasPrefix(name, "agent-files/") {
			name = "agent-files/"
		}
		var lines []string
		for line := range strings.Lines(text) {
			field := strings.Trim(strings.TrimSpace(strings.SplitN(line, ":", 2)[0]), "- ")
			if !slices.Contains([]string{"file-ref", "version", "headers", "X-Key", "name"}, field) {
				lines = append(lines, line)
			}
		}
		plain[name] = strings.Join(lines, "")
	}
	return plain
}

func TestDiff(t *testing.T) {
	c := start(t, localtenant.Config{})
	c.server(`{"name":"crm","url":"https://crm.example/mcp"}`)
	agent := "/agents/" + c.sendPackage(http.MethodPost, "/agents/import", vendorPackage(t))["id"].(string)
	c.nothing(http.MethodPost, agent+"/mcp-servers", encoded(object{"id": c.server(`{"name":"Extra","command":"x"}`)}))
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	changed := packed(t, `
name: Order Desk
description: Checks orders twice.
architecture: echo
conversation-starter: "Hello?"
semantic-data-models: [{name: other.yaml}]
shared-files:
  - {file-ref: `+secondFile+`, name: new.csv, mime-type: text/csv}
  - {file-ref: `+firstFile+`, name: prices.csv, mime-type: text/csv}
mcp-servers: [{name: CRM, url: "https://crm.example/mcp"}, {name: none, url: "https://none.example"}, {name: extra}]
welcome-message: Bye`, map[string]string{
		"semantic-data-models/other.yaml": "name: other\ntables: [{name: t}]\n",
		"agent-files/" + firstFile:        "changed", "agent-files/" + secondFile: "new",
	})
	diff := c.sendPackage(http.MethodPost, agent+"/diff", changed)
	var changes []string
	for _, change := range diff["changes"].([]any) {
		change := change.(object)
		changes = append(changes, fmt.Sprint(change["change"], " ", change["field_path"]))
	}
	want := []string{
		"update description", "update runbook_text", "delete action-packages", "delete agent-settings", "delete document-intelligence",
		"delete knowledge", "delete model", "delete reasoning", "update welcome-message",
		"delete semantic_data_models.orders", "add semantic_data_models.other",
	}
	if !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	if first := diff["changes"].([]any)[0].(object); first["deployed_value"] != "Checks orders." || first["package_value"] != "Checks orders twice." {
		t.Errorf("the first change: %v", first)
	}
	if diff["is_synced"] != false || encoded(diff["files_to_add"]) != `["new.csv"]` ||
		encoded(diff["unresolved_mcp_servers"]) != `[{"name":"none","url":"https://none.example"}]` || encoded(diff["mcp_servers_to_attach"]) != `[]` {
		t.Errorf("diff %v", diff)
	}
	if got := get[object](c, http.MethodGet, agent+"/state", ""); got["has_draft"] != false {
		t.Errorf("a diff opened a draft: %v", got)
	}
	// Importing does what the diff says.
	imported := c.sendPackage(http.MethodPut, agent+"/import", changed)
	if imported["state"] != "draft" || imported["description"] != "Checks orders twice." || imported["version"] != "2" {
		t.Errorf("imported over: %v", imported)
	}
	if got := get[object](c, http.MethodGet, agent, ""); got["description"] != "Checks orders." {
		t.Errorf("users see the draft: %v", got)
	}
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	diff = c.sendPackage(http.MethodPost, agent+"/diff", changed)
	if len(diff["changes"].([]any)) != 0 || len(diff["files_to_add"].([]any)) != 0 || len(diff["unresolved_mcp_servers"].([]any)) != 1 {
		t.Errorf("after the import: %v", diff)
	}
	// A file that is there already stays as it is.
	var files []string
	for name, text := range c.export(agent).texts(t) {
		if strings.HasPrefix(name, "agent-files/") {
			files = append(files, text)
		}
	}
	if slices.Sort(files); !slices.Equal(files, []string{"a,b\n1,2\n", "new"}) {
		t.Errorf("files %q", files)
	}
	// Servers the package does not have are taken away.
	less := packed(t, "name: Order Desk\ndescription: Checks orders twice.\narchitecture: echo", nil)
	diff = c.sendPackage(http.MethodPost, agent+"/diff", less)
	if got := encoded(diff); !strings.Contains(got, `{"change":"delete","deployed_value":{"name":"crm","url":"https://crm.example/mcp"},"field_path":"mcp_servers.crm","package_value":null}`) {
		t.Errorf("diff %s", got)
	}
}

func TestDiffOfAnotherAgent(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Conversational")
	diff := c.sendPackage(http.MethodPost, agent+"/diff", vendorPackage(t))
	if got := encoded(diff["changes"]); !strings.Contains(got, `{"change":"update","deployed_value":"conversational","field_path":"mode","package_value":"worker"}`) ||
		!strings.Contains(got, `"change":"add","deployed_value":null,"field_path":"knowledge"`) {
		t.Errorf("changes %s", got)
	}
	if got := encoded(diff["files_to_add"]); got != `["prices.csv"]` {
		t.Errorf("files %s", got)
	}
}

func TestImportOver(t *testing.T) {
	c := start(t, localtenant.Config{})
	agent := c.create("Agent")
	other := c.create("Other")
	if got := c.refusePackage(http.StatusConflict, http.MethodPut, agent+"/import", packed(t, "name: OTHER", nil)); !strings.Contains(got, "already called") {
		t.Errorf("a taken name: %q", got)
	}
	if got := c.refusePackage(http.StatusUnprocessableEntity, http.MethodPut, agent+"/import", vendorPackage(t)); !strings.Contains(got, "mode is worker and the agent is conversational") {
		t.Errorf("another mode: %q", got)
	}
	renamed := c.sendPackage(http.MethodPut, agent+"/import", packed(t, "name: Renamed\nmetadata: {mode: conversational}", nil))
	if renamed["name"] != "Renamed" || renamed["mode"] != "conversational" {
		t.Errorf("imported: %v", renamed)
	}
	for _, request := range [][2]string{{http.MethodPut, "/agents/unknown/import"}, {http.MethodPost, "/agents/unknown/diff"}, {http.MethodPost, "/agents/a%2Fb/diff"}} {
		c.refusePackage(http.StatusNotFound, request[0], request[1], packed(t, "name: x", nil))
	}
	if got := get[object](c, http.MethodGet, other, ""); got["name"] != "Other" {
		t.Errorf("another agent: %v", got)
	}
}

func TestBadPackages(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	agent := c.create("Agent")
	before := leftovers(t, dir)
	model := func(name, yaml string) []byte {
		return packed(t, "name: x\nsemantic-data-models: [{name: "+name+"}]", map[string]string{"semantic-data-models/m.yaml": yaml})
	}
	for name, test := range map[string]struct {
		data   []byte
		status int
		says   string
	}{
		"no zip":             {[]byte("not a zip at all, but long enough to be looked at"), 400, "no zip archive"},
		"empty":              {nil, 400, "no zip archive"},
		"cut":                {vendorPackage(t)[:500], 400, "no zip archive"},
		"no specification":   {packed(t, "name: x", map[string]string{"agent-spec.yaml": ""}), 422, "is empty"},
		"broken YAML":        {packed(t, "name: [x", nil), 422, "is not YAML"},
		"mistyped name":      {packed(t, "name: [x]", nil), 422, "agent-package.agents.name must be a text"},
		"no name":            {packed(t, "description: x", nil), 422, "name is missing"},
		"long name":          {packed(t, "name: "+strings.Repeat("x", 256), nil), 422, "name must not be longer"},
		"long description":   {packed(t, "name: x\ndescription: "+strings.Repeat("x", 10_001), nil), 422, "description must not be longer"},
		"long runbook":       {packed(t, "name: x", map[string]string{"runbook.md": strings.Repeat("x", 1_000_001)}), 422, "runbook must not be longer"},
		"no runbook":         {packed(t, "name: x\nrunbook: other.md", nil), 422, "other.md: is missing"},
		"mode":               {packed(t, "name: x\nmetadata: {mode: robot}", nil), 422, "metadata.mode"},
		"missing model":      {model("n.yaml", "x"), 422, "semantic-data-models/n.yaml: is missing"},
		"model elsewhere":    {model("../agent-spec.yaml", "x"), 422, "is missing"},
		"empty model":        {model("m.yaml", "name: m"), 422, "neither tables nor schemas"},
		"model of a list":    {model("m.yaml", "[]"), 422, "is no semantic data model"},
		"unknown connection": {model("m.yaml", "tables: [{name: t, base_table: {data_connection_name: Nowhere}}]"), 422, `data connection called "Nowhere"`},
		"missing file":       {packed(t, "name: x\nshared-files: [{file-ref: "+firstFile+", name: f}]", nil), 422, "agent-files/" + firstFile + ": is missing"},
		"file outside":       {packed(t, "name: x\nshared-files: [{file-ref: ../agent-spec.yaml, name: f}]", nil), 422, "file-ref must be a UUID"},
		"broken file":        {damaged(t), 400, "damaged"},
		"entry outside":      {packed(t, "name: x", map[string]string{"../../etc/passwd": "x"}), 422, "is no path inside the package"},
		"servers": {packed(t, "name: x\nmcp-servers: ["+strings.Repeat("{name: s, url: \"http://h\"}, ", 1)+"]\nshared-files: [{file-ref: "+firstFile+", name: f}, {file-ref: "+firstFile+", name: f}]",
			map[string]string{"agent-files/" + firstFile: "x"}), 422, "as that of another file"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, request := range [][2]string{{http.MethodPost, "/agents/import"}, {http.MethodPut, agent + "/import"}} {
				if got := c.refusePackage(test.status, request[0], request[1], test.data); !strings.Contains(got, test.says) {
					t.Errorf("%s %s: %q does not say %q", request[0], request[1], got, test.says)
				}
			}
			if name == "broken file" { // a diff does not read files
				return
			}
			if got := c.refusePackage(test.status, http.MethodPost, agent+"/diff", test.data); !strings.Contains(got, test.says) {
				t.Errorf("diff: %q does not say %q", got, test.says)
			}
		})
	}
	for name, test := range map[string]struct {
		client *client
		body   string
		status int
		says   string
	}{
		"no form":    {c, `{}`, 400, "not multipart"},
		"no file":    {nil, "", 422, "body -> file: is required"},
		"cut":        {nil, "", 400, "could not be read"},
		"two files":  {nil, "", 422, "is given twice"},
		"wrong name": {nil, "", 422, "is required"},
	} {
		client, body := c.packageForm("file", packed(t, "name: x", nil))
		switch name {
		case "no form":
			client, body = test.client, test.body
		case "no file":
			client, body = c.packageForm("other", nil)
		case "wrong name":
			client, body = c.packageForm("files", packed(t, "name: x", nil))
		case "cut":
			body = body[:len(body)/2]
		case "two files":
			boundary := "--" + strings.SplitN(client.header.Get("Content-Type"), "boundary=", 2)[1]
			parts := strings.Split(body, boundary)
			body = strings.Join(slices.Insert(parts, 2, parts[2]), boundary)
		}
		if got := client.refuse(test.status, http.MethodPost, "/agents/import", body); !strings.Contains(got, test.says) {
			t.Errorf("%s: %q does not say %q", name, got, test.says)
		}
	}
	if got := names(get[listing](c, http.MethodGet, "/agents?name=x", "")); len(got) != 0 {
		t.Errorf("stored although refused: %q", got)
	}
	if got := get[object](c, http.MethodGet, agent, ""); got["name"] != "Agent" || got["runbook_text"] != "" {
		t.Errorf("changed although refused: %v", got)
	}
	if after := leftovers(t, dir); after != before {
		t.Errorf("left over:\n%s, at first\n%s", after, before)
	}
}

// leftovers are the files a tenant keeps, and its counts of what packages bring.
func leftovers(t *testing.T, dir string) string {
	t.Helper()
	return fmt.Sprint(len(blobsIn(t, dir)), " files, ", stored[string](t, dir, `SELECT (SELECT COUNT(*) FROM semantic_data_models) || ' models, ' ||
		(SELECT COUNT(*) FROM version_files) || ' shared files, ' || (SELECT COUNT(*) FROM agent_versions) || ' versions'`))
}

// damaged is a package with a file whose bytes do not fit their checksum.
func damaged(t *testing.T) []byte {
	data := packed(t, "name: x\nshared-files: [{file-ref: "+firstFile+", name: f}]", map[string]string{"agent-files/" + firstFile: "x"})
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	for _, entry := range reader.File {
		if strings.HasPrefix(entry.Name, "agent-files/") {
			entry.CRC32++
		}
		if err := writer.Copy(entry); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The files of an agent go when the last version goes that has them.
func TestFilesGoWithTheirVersions(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir})
	files := func() int { return len(blobsIn(t, dir)) }
	withFile := func(name, ref, text string) []byte {
		return packed(t, "name: Agent\nshared-files: [{file-ref: "+ref+", name: "+name+", mime-type: text/plain}]", map[string]string{"agent-files/" + ref: text})
	}
	agent := "/agents/" + c.sendPackage(http.MethodPost, "/agents/import", withFile("a", firstFile, "first"))["id"].(string)
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	c.sendPackage(http.MethodPut, agent+"/import", withFile("b", secondFile, "second"))
	if got := files(); got != 2 {
		t.Errorf("%d files", got)
	}
	get[object](c, http.MethodPost, agent+"/discard-draft", `{}`)
	if got := files(); got != 1 {
		t.Errorf("%d files after the draft with the second was discarded", got)
	}
	c.sendPackage(http.MethodPut, agent+"/import", withFile("a", secondFile, "another"))
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	if got := c.export(agent).texts(t); len(got) != 3 || !strings.Contains(fmt.Sprint(got), "first") {
		t.Errorf("exported %v", got)
	}
	c.nothing(http.MethodDelete, agent, "")
	if got := files(); got != 0 {
		t.Errorf("%d files after their agent was deleted", got)
	}
}

// What was imported is there after a restart; what nobody knows is tidied up.
func TestPackagesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	tenant, err := localtenant.New(t.Context(), localtenant.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, tenant)
	c.server(`{"name":"crm","url":"https://crm.example/mcp"}`)
	agent := "/agents/" + c.sendPackage(http.MethodPost, "/agents/import", vendorPackage(t))["id"].(string)
	get[object](c, http.MethodPost, agent+"/schedules", `{"cron_expression":"* * * * *"}`)
	before := c.export(agent)
	get[object](c, http.MethodPost, agent+"/publish", `{}`)
	get[object](c, http.MethodPatch, agent, `{"description":"draft"}`)
	if err := tenant.Close(); err != nil {
		t.Fatal(err)
	}
	lost := filepath.Join(dir, "files", secondFile+".blob")
	if err := os.WriteFile(lost, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c = start(t, localtenant.Config{DataDir: dir})
	if after := c.export(agent); !bytes.Equal(after.data, before.data) {
		t.Errorf("exported %v, want %v", after.texts(t), before.texts(t))
	}
	if got := get[object](c, http.MethodPost, agent+"/edit", ""); got["description"] != "draft" || got["version"] != "2" {
		t.Errorf("the draft: %v", got)
	}
	if got := get[listing](c, http.MethodGet, agent+"/schedules", ""); len(got.Data) != 1 {
		t.Errorf("schedules: %v", got.Data)
	}
	if _, err := os.Stat(lost); !os.IsNotExist(err) {
		t.Errorf("a file nobody knows: %v", err)
	}
}

// An export whose file is lost breaks off: half a zip must not look whole.
func TestExportThatFails(t *testing.T) {
	dir := t.TempDir()
	c := start(t, localtenant.Config{DataDir: dir, Logger: quiet})
	c.server(`{"name":"crm","url":"https://crm.example/mcp"}`)
	agent := "/agents/" + c.sendPackage(http.MethodPost, "/agents/import", vendorPackage(t))["id"].(string)
	if err := os.RemoveAll(filepath.Join(dir, "files")); err != nil {
		t.Fatal(err)
	}
	response, err := c.send(context.Background(), http.MethodGet, agent+"/export", "")
	if err != nil {
		return // broken off before anything was sent
	}
	defer response.Body.Close()
	if data, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("status %d, and a clean end after %d bytes", response.StatusCode, len(data))
	}
}
