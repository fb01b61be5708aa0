package bridge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/rs/zerolog"

	"sema4mcp/bridge"
	"sema4mcp/bridge/exchange"
	"sema4mcp/bridge/run"
	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

func TestMain(m *testing.M) { testtenant.Main(m) }

// desk is where the tools of a local tenant are called, by what a host would
// send.
type desk struct {
	t      *testing.T
	tenant *testtenant.Tenant
	bridge *bridge.Tenant
}

func newDesk(t *testing.T, change func(*bridge.Config), agents ...localtenant.AgentSpec) *desk {
	t.Helper()
	return newDeskOf(t, testtenant.Start(t, agents...), change)
}

// newDeskOf is another process over the same tenant.
func newDeskOf(t *testing.T, tenant *testtenant.Tenant, changes ...func(*bridge.Config)) *desk {
	t.Helper()
	config := bridge.Config{CallBudget: 5 * time.Second, Version: "test", Logger: zerolog.Nop(),
		Run: run.Config{Quiet: 300 * time.Millisecond, PollFirst: 10 * time.Millisecond}}
	for _, change := range changes {
		if change != nil {
			change(&config)
		}
	}
	d := &desk{t, tenant, bridge.NewTenant(tenant.Client(), config)}
	t.Cleanup(d.bridge.Close)
	return d
}

// everything has all toolsets.
func everything(c *bridge.Config) { c.Toolsets = []bridge.Toolset{bridge.ToolsetAll} }

// server is an agent's, or for "" the whole tenant's.
func (d *desk) server(agentID string) *server.MCPServer {
	d.t.Helper()
	find := d.bridge.Server
	var found *server.MCPServer
	var err error
	if agentID == "" {
		found, err = find(d.t.Context())
	} else {
		found, err = d.bridge.AgentServer(d.t.Context(), agentID)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return found
}

// outcome is the result of a call, and what was told before it.
type outcome struct {
	IsError    bool
	Content    []struct{ Type, Text, Data, MIMEType string }
	Structured json.RawMessage `json:"structuredContent"`
	Meta       map[string]struct {
		RunID    string `json:"run_id"`
		ThreadID string `json:"thread_id"`
		State    string
		Status   string
	} `json:"_meta"`

	told []string
}

func (o outcome) text() string {
	if len(o.Content) == 0 {
		return ""
	}
	return o.Content[0].Text
}

func (o outcome) says(parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(o.text(), part) {
			return false
		}
	}
	return true
}

// recorder is the host's end of an exchange.
type recorder struct {
	told  []string
	reply exchange.Reply
}

func (r *recorder) Notify(n mcp.JSONRPCNotification) error {
	r.told = append(r.told, fmt.Sprint(n.Params.AdditionalFields["message"]))
	return nil
}

func (r *recorder) Reply(reply exchange.Reply) error {
	r.reply = reply
	return nil
}

// request carries one request and returns its result.
func (d *desk) request(agentID, method string, params any) (json.RawMessage, []string) {
	d.t.Helper()
	return d.carry(d.server(agentID), method, params)
}

func (d *desk) carry(to *server.MCPServer, method string, params any) (json.RawMessage, []string) {
	d.t.Helper()
	encoded, err := json.Marshal(params)
	if err != nil {
		d.t.Fatal(err)
	}
	batch, fault := exchange.Parse(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, encoded))
	if fault != nil {
		d.t.Fatal(fault)
	}
	var answered recorder
	if err := exchange.Carry(d.t.Context(), to, batch.Messages[0], new(exchange.Peer), &answered); err != nil {
		d.t.Fatal(err)
	}
	if answered.reply.Error != nil {
		d.t.Fatalf("%s: %v", method, answered.reply.Error)
	}
	return answered.reply.Result, answered.told
}

type args = map[string]any

func (d *desk) call(agentID, tool string, arguments args) outcome {
	d.t.Helper()
	return d.callOn(d.server(agentID), tool, arguments)
}

// offline calls a tool of the server that asks nothing of the tenant before.
func (d *desk) offline(tool string, arguments args) outcome {
	d.t.Helper()
	return d.callOn(d.bridge.OfflineServer(), tool, arguments)
}

func (d *desk) callOn(to *server.MCPServer, tool string, arguments args) outcome {
	d.t.Helper()
	result, told := d.carry(to, "tools/call", args{"name": tool, "arguments": arguments, "_meta": args{"progressToken": 1}})
	o := outcome{told: told}
	if err := json.Unmarshal(result, &o); err != nil {
		d.t.Fatalf("%v in %s", err, result)
	}
	if o.Structured != nil && !sameJSON(o.Structured, []byte(o.text())) {
		d.t.Errorf("%s: the structured content %s is not the text %s", tool, o.Structured, o.text())
	}
	return o
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

// status is the result of a call that must succeed, decoded.
func status[T any](d *desk, agentID, tool string, arguments args) T {
	d.t.Helper()
	o := d.call(agentID, tool, arguments)
	var decoded T
	if err := json.Unmarshal([]byte(o.text()), &decoded); err != nil || o.IsError {
		d.t.Fatalf("%s: %v in %+v", tool, err, o)
	}
	return decoded
}

// fails calls a tool that must fail, and say all of these.
func (d *desk) fails(agentID, tool string, arguments args, says ...string) {
	d.t.Helper()
	if o := d.call(agentID, tool, arguments); !o.IsError || !o.says(says...) {
		d.t.Errorf("%s %v: got %+v, want it to fail and say %q", tool, arguments, o, says)
	}
}

// begin asks an agent something and returns the thread.
func (d *desk) begin(agentID, tool, message string) string {
	d.t.Helper()
	o := d.call(agentID, tool, args{"message": message, "thread_identifier": "t-1"})
	if o.IsError {
		d.t.Fatalf("got %+v", o)
	}
	return o.Meta["ai.sema4/run"].ThreadID
}

// listedTool is a tool as hosts see it.
type listedTool struct {
	Name, Title, Description string
	Annotations              mcp.ToolAnnotation
	InputSchema              json.RawMessage
}

// tools are what tools/list shows.
func (d *desk) tools(agentID string) []listedTool {
	d.t.Helper()
	result, _ := d.request(agentID, "tools/list", args{})
	var listed struct{ Tools []listedTool }
	if err := json.Unmarshal(result, &listed); err != nil {
		d.t.Fatal(err)
	}
	return listed.Tools
}

func (d *desk) toolNames(agentID string) []string {
	tools := d.tools(agentID)
	names := make([]string, len(tools))
	for i, tool := range tools {
		names[i] = tool.Name
	}
	return names
}

// upload puts a file into a thread, as somebody in the application would.
func (d *desk) upload(agentID, threadID, name, content string) {
	d.t.Helper()
	file := restclient.FileUpload{Name: name, Content: strings.NewReader(content), Size: int64(len(content))}
	if _, err := d.tenant.Client().Conversations.UploadFiles(d.t.Context(), agentID, threadID, file); err != nil {
		d.t.Fatal(err)
	}
}
