package bridge_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/testtenant"
)

// resource is the content of one that was read, or why it was not.
type resource struct {
	URI      string
	MIMEType string
	Text     string
	Blob     string
	Meta     map[string]string `json:"_meta"`

	ttl     *int
	scope   string
	refused *jsonrpc2.Error
}

// modern is what a request of the newest version says of itself.
var modern = args{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": args{}}

// ask carries one request of a client that speaks a version of the protocol.
func (d *desk) ask(agentID, version, method string, params args) exchange.Reply {
	d.t.Helper()
	return d.askOf(d.server(agentID), version, method, params)
}

func (d *desk) askOf(to *server.MCPServer, version, method string, params args) exchange.Reply {
	d.t.Helper()
	if version == "2026-07-28" {
		params["_meta"] = modern
	}
	encoded, err := json.Marshal(params)
	if err != nil {
		d.t.Fatal(err)
	}
	batch, fault := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, encoded))
	if fault != nil {
		d.t.Fatal(fault)
	}
	var answered recorder
	if err := exchange.Carry(d.t.Context(), to, batch.Messages[0], exchange.NewPeer(version), &answered); err != nil {
		d.t.Fatal(err)
	}
	return answered.reply
}

func (d *desk) readAs(agentID, version, uri string) resource {
	d.t.Helper()
	reply := d.ask(agentID, version, "resources/read", args{"uri": uri})
	if reply.Error != nil {
		return resource{refused: reply.Error}
	}
	var result struct {
		Contents []resource
		TTL      *int   `json:"ttlMs"`
		Scope    string `json:"cacheScope"`
	}
	if err := json.Unmarshal(reply.Result, &result); err != nil || len(result.Contents) != 1 || result.Contents[0].URI != uri {
		d.t.Fatalf("%v in %s", err, reply.Result)
	}
	read := result.Contents[0]
	read.ttl, read.scope = result.TTL, result.Scope
	return read
}

func (d *desk) read(agentID, uri string) resource {
	d.t.Helper()
	return d.readAs(agentID, "2025-11-25", uri)
}

func threadOf(agentID, threadID string, names ...string) string {
	uri := "sema4://agents/" + agentID + "/threads/" + threadID
	for _, name := range names {
		uri += "/" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return uri
}

func TestResourceTemplatesAreTheSameOnEveryServer(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	shown := d.ask(echo, "2026-07-28", "resources/templates/list", args{})
	var listed struct {
		ResourceTemplates []struct {
			URITemplate, Name, Title, Description, MIMEType string
		}
		TTL   *int   `json:"ttlMs"`
		Scope string `json:"cacheScope"`
	}
	if err := json.Unmarshal(shown.Result, &listed); err != nil || len(listed.ResourceTemplates) != 5 || listed.TTL == nil || listed.Scope != "private" {
		t.Fatalf("%v in %s, %v", err, shown.Result, shown.Error)
	}
	for _, template := range listed.ResourceTemplates {
		if !strings.HasPrefix(template.URITemplate, "sema4://") || template.Title == "" || template.Description == "" {
			t.Errorf("got %+v", template)
		}
	}
	if tenant := d.ask("", "2026-07-28", "resources/templates/list", args{}); string(tenant.Result) == "" || !strings.Contains(string(tenant.Result), `"uriTemplate":"sema4://runs/{run_id}{?offset,limit}"`) {
		t.Errorf("got %s, %v", tenant.Result, tenant.Error)
	}
}

func TestALongAnswerIsReadWholeFromAnyProcess(t *testing.T) {
	t.Parallel()
	line := "a line of the answer with ünïcode 🚀"
	message := strings.TrimSpace(strings.Repeat(line+"\n", 3000))
	d := newDesk(t, nil)
	began := d.call(echo, echoTool, args{"message": message, "thread_identifier": "t-1"})
	runID := began.Meta["ai.sema4/run"].RunID
	other := &desk{t, d.tenant, bridge.NewTenant(d.tenant.Client(), bridge.Config{CallBudget: 5 * time.Second, Run: run.Config{Quiet: 300 * time.Millisecond}})}
	t.Cleanup(other.bridge.Close)
	whole := other.read(echo, "sema4://runs/"+runID)
	if whole.refused != nil || whole.MIMEType != "text/markdown" || whole.Text != message {
		t.Fatalf("got %d bytes, %v", len(whole.Text), whole.refused)
	}
	var joined strings.Builder
	for o, cursor := began, ""; ; {
		text, note, more := strings.Cut(o.text(), "\n\n[Bytes ")
		joined.WriteString(text)
		if !strings.HasSuffix(text, "\n") && more {
			t.Errorf("a part ends inside a line: %q", text[len(text)-20:])
		}
		if len(o.text()) > 30_200 {
			t.Errorf("a part has %d bytes", len(o.text()))
		}
		if !more {
			break
		}
		_, cursor, _ = strings.Cut(note, `cursor "`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		o = other.call(echo, "get_run", args{"run_id": runID, "cursor": cursor})
	}
	if joined.String() != whole.Text {
		t.Errorf("the parts have %d bytes together, the resource %d", joined.Len(), len(whole.Text))
	}
	for _, cursor := range []string{"99999999", fmt.Sprint(len(whole.Text))} {
		if o := d.call(echo, "get_run", args{"run_id": runID, "cursor": cursor}); !o.says("The answer ends before the cursor " + cursor) {
			t.Errorf("got %q", o.text())
		}
	}
}

func TestACutAnswerIsLinkedForThoseWhoKnowLinks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	runID := d.call(echo, echoTool, args{"message": strings.Repeat("forty characters of text in a long line\n", 1000), "thread_identifier": "t-1"}).Meta["ai.sema4/run"].RunID
	for version, want := range map[string]int{"": 0, "2024-11-05": 0, "2025-03-26": 0, "2025-06-18": 1, "2025-11-25": 1, "2026-07-28": 1} {
		for cursor, text := range map[string]string{"": "forty characters", "25000": "forty characters"} {
			reply := d.ask(echo, version, "tools/call", args{"name": "get_run", "arguments": args{"run_id": runID, "cursor": cursor}})
			var got struct {
				Content []struct {
					Type, Text, URI, Name, MIMEType string
					Size                            int
				}
			}
			if err := json.Unmarshal(reply.Result, &got); err != nil || len(got.Content) != 1+want || got.Content[0].Type != "text" || !strings.Contains(got.Content[0].Text, text) {
				t.Fatalf("version %q: %v in %d items", version, err, len(got.Content))
			}
			if want == 0 {
				continue
			}
			link := got.Content[1]
			if link.Type != "resource_link" || link.URI != "sema4://runs/"+runID || link.MIMEType != "text/markdown" {
				t.Errorf("version %q: got %+v", version, link)
			}
			if read := d.readAs(echo, version, link.URI); len(read.Text) != link.Size {
				t.Errorf("version %q: the link promises %d bytes, and there are %d", version, link.Size, len(read.Text))
			}
		}
	}
	reply := d.ask(echo, "2025-11-25", "tools/call", args{"name": echoTool, "arguments": args{"message": "hi", "thread_identifier": "t-1"}})
	if strings.Contains(string(reply.Result), "resource_link") {
		t.Errorf("a short answer is linked: %s", reply.Result)
	}
}

func TestThreadsFilesAndFramesAreResources(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	files := map[string]string{"größe 🚀 & 100%.csv": "n,text\n9007199254740993,\"a,b\"\n", "plain.txt": "  spaces \n", "bytes.bin": "\x00\x01\xff"}
	thread := d.begin(echo, echoTool, "look **here**")
	for name, content := range files {
		d.upload(echo, thread, name, content)
	}
	for _, server := range []string{echo, ""} {
		if got := d.read(server, threadOf(echo, thread)); got.Text != "## User\n\nlook **here**\n\n## Agent\n\nlook **here**\n\n" || got.MIMEType != "text/markdown" {
			t.Errorf("got %+v", got)
		}
		for name, content := range files {
			got := d.read(server, threadOf(echo, thread, "files", name))
			if got.Blob != "" {
				decoded, _ := base64.StdEncoding.DecodeString(got.Blob)
				got.Text = string(decoded)
			}
			if got.refused != nil || got.Text != content || (got.Blob != "") != (name == "bytes.bin") || got.MIMEType == "" {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
	listed := status[frameList](d, echo, "list_data_frames", args{"thread_id": thread})
	if len(listed.Frames) != 1 {
		t.Fatalf("got %+v", listed)
	}
	frame := threadOf(echo, thread, "data-frames", listed.Frames[0].Name)
	if got := d.read(echo, frame); got.Text != files["größe 🚀 & 100%.csv"] || got.MIMEType != "text/csv" {
		t.Errorf("got %+v", got)
	}
	if got := d.read(echo, frame+"?format=json"); got.Text != "{\"columns\":[\"n\",\"text\"],\"rows\":[\n[9007199254740993,\"a,b\"]\n]}\n" || got.MIMEType != "application/json" {
		t.Errorf("got %+v", got)
	}
	if got := d.readAs(echo, "2026-07-28", frame); got.ttl == nil || *got.ttl != 0 || got.scope != "private" {
		t.Errorf("got the hints %v, %q", got.ttl, got.scope)
	}
}

func TestResourcesThatAreNotThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(c *bridge.Config) { c.Agents = []string{"Echo", "Storyteller"} })
	thread := d.begin(echo, echoTool, "hello")
	runID := d.call(teller, "message_storyteller_agent", args{"message": "hi", "thread_identifier": "t-2", "wait_seconds": 0}).Meta["ai.sema4/run"].RunID
	d.call(teller, "cancel_run", args{"run_id": runID})
	for uri, says := range map[string]string{
		"sema4://runs/garbage":                                   "run_id",
		"sema4://runs/":                                          "no such resource",
		"sema4://runs/" + runID:                                  "another agent",
		"sema4://else/x":                                         "no such resource",
		"file:///etc/passwd":                                     "no such resource",
		threadOf(teller, thread):                                 "another agent",
		threadOf(echo, nowhere):                                  "no such thread",
		threadOf(echo, thread, "files", "none.txt"):              "There is no file “none.txt”",
		threadOf(echo, thread, "data-frames", "none"):            "There is no data frame “none”",
		threadOf(echo, thread, "data-frames", "x") + "?format=y": "csv and json",
		threadOf(echo, thread, "files") + "/":                    "no such resource",
		threadOf(echo, thread, "files") + "/%zz":                 "no such resource",
	} {
		for version, code := range map[string]int64{"": -32002, "2025-06-18": -32002, "2026-07-28": -32602} {
			got := d.readAs(echo, version, uri)
			var data struct{ URI string }
			if got.refused == nil || got.refused.Code != code || !strings.Contains(got.refused.Message, says) || got.refused.Data == nil ||
				json.Unmarshal(*got.refused.Data, &data) != nil || data.URI != uri {
				t.Errorf("%s in version %q: got %+v", uri, version, got)
			}
		}
	}
	for _, agent := range []string{analyst, nowhere} {
		if got := d.read("", threadOf(agent, thread)); got.refused == nil || got.refused.Code != -32002 {
			t.Errorf("an agent that is not offered: got %+v", got)
		}
	}
}

func TestReadingAResourceFailsWithTheTenant(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "hello")
	d.upload(echo, thread, "a.csv", "n\n1\n")
	for match, uri := range map[string]string{
		"GET …/messages":       threadOf(echo, thread),
		"GET …/files":          threadOf(echo, thread, "files", "a.csv"),
		"GET …/files/download": threadOf(echo, thread, "files", "a.csv"),
		"GET …/data-frames":    threadOf(echo, thread, "data-frames", "a"),
		"GET …/data-frames/a":  threadOf(echo, thread, "data-frames", "a"),
	} {
		d.tenant.Fail("status=503,match=" + match)
		if got := d.read(echo, uri); got.refused == nil || got.refused.Code != jsonrpc2.CodeInternalError || !strings.Contains(got.refused.Message, "call again in a moment") {
			t.Errorf("%s: got %+v", match, got)
		}
		d.tenant.Fail("")
	}
}

func TestWhatIsTooLargeToReadAtOnceSaysHowElse(t *testing.T) {
	defer bridge.LimitResources(100_000)()
	half := strings.TrimSpace(strings.Repeat(strings.Repeat("x", 10_000)+"\n", 6)) // two of them are over the limit
	d := newDesk(t, nil, testtenant.Scripted("Twice", "- say: \"{{message}}\"\n- say: \"{{message}}\"\n"))
	id := d.tenant.AgentID("Twice")
	began := d.call(id, "message_twice_agent", args{"message": half, "thread_identifier": "t-1"}).Meta["ai.sema4/run"]
	d.upload(id, began.ThreadID, "big.csv", half+"\n"+half)
	frames := status[frameList](d, id, "list_data_frames", args{"thread_id": began.ThreadID})
	for uri, says := range map[string]string{
		"sema4://runs/" + began.RunID:                                      "get_run with run_id",
		threadOf(id, began.ThreadID):                                       "get_twice_agent_thread_messages with thread_id",
		threadOf(id, began.ThreadID, "files", "big.csv"):                   "read_file with thread_id",
		threadOf(id, began.ThreadID, "data-frames", frames.Frames[0].Name): "read_data_frame with thread_id",
	} {
		if got := d.read(id, uri); got.refused == nil || got.refused.Code != jsonrpc2.CodeInternalError || !strings.Contains(got.refused.Message, says) {
			t.Errorf("%s: got %d bytes, %v, want %q", uri, len(got.Text)+len(got.Blob), got.refused, says)
		}
	}
}
