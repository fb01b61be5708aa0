package bridge_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sema4mcp/bridge"
	"sema4mcp/internal/testtenant"
	"sema4mcp/restclient"
)

// parts reads a resource in parts, by the URIs that each part gives for the next.
func (d *desk) parts(agentID, uri string) (parts []string) {
	d.t.Helper()
	for uri != "" {
		got := d.read(agentID, uri)
		if got.refused != nil || len(parts) > 10_000 {
			d.t.Fatalf("%s: got %v after %d parts", uri, got.refused, len(parts))
		}
		text := got.Text
		if got.Blob != "" {
			decoded, err := base64.StdEncoding.DecodeString(got.Blob)
			if err != nil {
				d.t.Fatal(err)
			}
			text = string(decoded)
		}
		parts, uri = append(parts, text), got.Meta["ai.sema4/next"]
	}
	return parts
}

func TestAResourceIsReadInPartsThatMakeTheWhole(t *testing.T) {
	d := newDesk(t, nil, testtenant.Scripted("Wordy", "- say: \"{{message}}\"\n"))
	id := d.tenant.AgentID("Wordy")
	began := d.call(id, "message_wordy_agent", args{"message": "größe 🚀 " + strings.Repeat("日本語\n", 40) + "end", "thread_identifier": "t-1"}).Meta["ai.sema4/run"]
	files := map[string]string{"text.txt": strings.Repeat("a🚀ü", 30), "broken.txt": strings.Repeat("ok \xff\xf0\x9f 🚀", 20), "bytes.bin": strings.Repeat("\x00\x01🚀\xff", 25)}
	for name, content := range files {
		d.upload(id, began.ThreadID, name, content)
	}
	uris := []string{"sema4://runs/" + began.RunID, "sema4://agents/" + id, threadOf(id, began.ThreadID)}
	for name := range files {
		uris = append(uris, threadOf(id, began.ThreadID, "files", name))
	}
	for _, uri := range uris {
		whole := strings.Join(d.parts(id, uri), "")
		if len(whole) < 100 {
			t.Fatalf("%s: got %q", uri, whole)
		}
		for _, limit := range []int{3, 64, len(whole) - 1, len(whole), len(whole) + 1} {
			parts := d.parts(id, fmt.Sprintf("%s?limit=%d", uri, limit))
			if joined := strings.Join(parts, ""); joined != whole || len(parts) != (len(whole)+limit-1)/limit {
				t.Errorf("%s by %d: %d parts have %d bytes, and the whole %d", uri, limit, len(parts), len(joined), len(whole))
			}
		}
		if end := d.read(id, fmt.Sprintf("%s?offset=%d", uri, len(whole))); end.refused != nil || end.Text+end.Blob != "" {
			t.Errorf("%s at its end: got %+v", uri, end)
		}
		beyond := d.read(id, fmt.Sprintf("%s?offset=%d", uri, len(whole)+1))
		if beyond.refused == nil || beyond.refused.Code != -32002 || !strings.Contains(beyond.refused.Message, fmt.Sprintf("it has %d bytes", len(whole))) {
			t.Errorf("%s beyond its end: got %+v", uri, beyond)
		}
	}
	text := d.read(id, threadOf(id, began.ThreadID, "files", "text.txt")+"?offset=3&limit=6")
	if text.Text != "üa🚀" {
		t.Errorf("got %q: a part has the characters that begin in it", text.Text)
	}
	for query, says := range map[string]string{"offset=-1": "offset “-1”", "offset=x": "whole number", "limit=0": "1 or more", "limit=4194305": "4194304 bytes at most", "offset=99999999999": "not right"} {
		for _, uri := range uris {
			if got := d.read(id, uri+"?"+query); got.refused == nil || got.refused.Code != -32002 || !strings.Contains(got.refused.Message, says) {
				t.Errorf("%s?%s: got %+v", uri, query, got)
			}
		}
	}
}

func TestRowsOfADataFrameAreReadInParts(t *testing.T) {
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "rows")
	var csv strings.Builder
	csv.WriteString("n,name\n")
	for i := range 25 {
		fmt.Fprintf(&csv, "%d,row %d\n", i, i)
	}
	d.upload(echo, thread, "rows.csv", csv.String())
	uri := threadOf(echo, thread, "data-frames", status[frameList](d, echo, "list_data_frames", args{"thread_id": thread}).Frames[0].Name)
	for _, limit := range []int{1, 10, 24, 25, 26} {
		var rows strings.Builder
		rows.WriteString("n,name\n")
		parts := d.parts(echo, fmt.Sprintf("%s?limit=%d", uri, limit))
		for _, part := range parts {
			rows.WriteString(strings.TrimPrefix(part, "n,name\n"))
		}
		if rows.String() != csv.String() || len(parts) != (25+limit-1)/limit {
			t.Errorf("by %d: got %d parts with %q", limit, len(parts), rows.String())
		}
	}
	if got := d.read(echo, uri+"?format=json&offset=23&limit=9"); got.Text != "{\"columns\":[\"n\",\"name\"],\"rows\":[\n[23,\"row 23\"],\n[24,\"row 24\"]\n]}\n" {
		t.Errorf("got %q", got.Text)
	}
	if got := d.read(echo, uri+"?offset=24"); got.Text != "n,name\n24,row 24\n" || got.Meta != nil {
		t.Errorf("got %+v", got)
	}
	if got := d.read(echo, uri+"?offset=26"); got.refused == nil || !strings.Contains(got.refused.Message, "it has 25 rows") {
		t.Errorf("got %+v", got)
	}
}

func TestTheErrorOfWhatIsTooLargeLeadsToItsParts(t *testing.T) {
	d := newDesk(t, nil, testtenant.Scripted("Twice", "- say: \"{{message}}\"\n"+strings.Repeat("# a comment in the runbook\n", 200)))
	id := d.tenant.AgentID("Twice")
	long := strings.TrimSpace(strings.Repeat("line of the file\n", 300))
	began := d.call(id, "message_twice_agent", args{"message": long, "thread_identifier": "t-1"}).Meta["ai.sema4/run"]
	d.upload(id, began.ThreadID, "big.csv", "h\n"+long)
	frame := status[frameList](d, id, "list_data_frames", args{"thread_id": began.ThreadID}).Frames[0].Name
	uris := []string{"sema4://runs/" + began.RunID, "sema4://agents/" + id, threadOf(id, began.ThreadID),
		threadOf(id, began.ThreadID, "files", "big.csv"), threadOf(id, began.ThreadID, "data-frames", frame)}
	whole := make(map[string]string)
	for _, uri := range uris {
		whole[uri] = strings.Join(d.parts(id, uri), "")
	}
	defer bridge.LimitResources(1000)()
	for _, uri := range uris {
		refused := d.read(id, uri).refused
		if refused == nil {
			t.Fatalf("%s was read at once", uri)
		}
		_, first, _ := strings.Cut(refused.Message, "Read it in parts: the resource ")
		first, _, _ = strings.Cut(first, ",")
		parts := d.parts(id, first)
		joined := strings.Join(parts, "")
		if strings.Contains(uri, "data-frames") {
			joined = strings.ReplaceAll(joined, "h\n", "")
			joined = "h\n" + joined
		}
		if joined != whole[uri] || len(parts) < 2 {
			t.Errorf("%s leads to %d parts of %d bytes, and the whole has %d", refused.Message, len(parts), len(joined), len(whole[uri]))
		}
	}
	d.upload(id, began.ThreadID, "wide.csv", "w,v\n"+strings.Repeat("x", 2000)+",y\n")
	for _, each := range status[frameList](d, id, "list_data_frames", args{"thread_id": began.ThreadID}).Frames {
		if each.Name == frame {
			continue
		}
		if got := d.read(id, threadOf(id, began.ThreadID, "data-frames", each.Name)); got.refused == nil || !strings.Contains(got.refused.Message, "One row alone") {
			t.Errorf("got %+v", got)
		}
	}
}

func TestPeopleMayNameAgentsAndThreadsInURIs(t *testing.T) {
	d := newDesk(t, nil)
	thread := d.begin(echo, echoTool, "by name")
	want := d.read("", threadOf(echo, thread)).Text
	for _, server := range []string{"", echo} {
		for _, uri := range []string{"sema4://agents/Echo/threads/t-1", "sema4://agents/echo/threads/" + thread, threadOf(echo, "t-1")} {
			if got := d.read(server, uri); got.refused != nil || got.Text != want {
				t.Errorf("%s: got %+v", uri, got)
			}
		}
	}
	for _, uri := range []string{"sema4://agents/Nobody", "sema4://agents/Nobody/threads/t-1", "sema4://agents/Echo/threads/t-9", "sema4://agents/Echo/threads/" + nowhere} {
		if got := d.read("", uri); got.refused == nil || got.refused.Code != -32002 {
			t.Errorf("%s: got %+v", uri, got)
		}
	}
	if got := d.read(echo, "sema4://agents/Storyteller"); got.refused == nil || !strings.Contains(got.refused.Message, "another agent") {
		t.Errorf("got %+v", got)
	}
	d.tenant.Fail("status=503,match=GET …/conversations")
	if got := d.read("", "sema4://agents/Echo/threads/t-1"); got.refused == nil || got.refused.Code != -32603 {
		t.Errorf("got %+v", got)
	}
}

// cardText is an agent's card.
func (d *desk) cardText(server, agentID string) string {
	d.t.Helper()
	got := d.read(server, "sema4://agents/"+url.PathEscape(agentID))
	if got.refused != nil || got.MIMEType != "text/markdown" {
		d.t.Fatalf("got %+v", got)
	}
	return got.Text
}

func TestTheCardOfAnAgent(t *testing.T) {
	d := newDesk(t, nil)
	secret := "s3cr3t-in-a-header"
	created, err := d.tenant.Client().MCPServers.Create(t.Context(), restclient.MCPServer{Name: "crm tools", Transport: restclient.TransportAuto, URL: "https://crm.example/mcp/" + secret,
		Headers: map[string]restclient.MCPServerVariable{"X-Key": {Value: restclient.Secret(secret)}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.tenant.Client().Agents.AttachMCPServer(t.Context(), analyst, created.ID); err != nil {
		t.Fatal(err)
	}
	own := d.cardText(analyst, analyst)
	for _, part := range []string{"# Sales Analyst\n", "Answers questions about sales", "- Mode: conversational", "- State: live", "`message_sales_analyst_agent`: ", "`get_sales_analyst_agent_thread_messages`",
		"## Semantic data models\n\n- sales\n", "## MCP servers\n\n- crm tools\n", "## Runbook\n\n# Sales Analyst"} {
		if !strings.Contains(own, part) {
			t.Errorf("the card has no %q:\n%s", part, own)
		}
	}
	if strings.Contains(own, secret) || strings.Contains(own, "crm.example") {
		t.Errorf("the card shows more of an MCP server than its name:\n%s", own)
	}
	if shared := d.cardText("", analyst); !strings.Contains(shared, "`ask_agent` with agent `"+analyst+"`") || !strings.Contains(shared, "`message_sales_analyst_agent`") || strings.Contains(shared, "create_work_item") {
		t.Errorf("got %s", shared)
	}
	if clerk := d.cardText("", clerk); !strings.Contains(clerk, "`create_work_item` with agent") || !strings.Contains(clerk, "- Mode: worker") {
		t.Errorf("got %s", clerk)
	}
	reading := newDesk(t, func(c *bridge.Config) { c.ReadOnly = true })
	if card := reading.cardText("", echo); strings.Contains(card, "ask_agent") || strings.Contains(card, "message_echo") || !strings.Contains(card, "`list_threads`") {
		t.Errorf("got %s", card)
	}
	for _, what := range []string{"mcp-servers", "semantic-data-models"} {
		for status, want := range map[int]bool{404: true, 405: true, 403: true, 503: false} {
			d.tenant.Fail(fmt.Sprintf("status=%d,match=GET …/%s", status, what))
			got := d.read(analyst, "sema4://agents/"+analyst)
			if (got.refused == nil) != want || want && strings.Contains(got.Text, "crm tools") == (what == "mcp-servers") {
				t.Errorf("%s, %d: got %+v", what, status, got)
			}
			d.tenant.Fail("")
		}
	}
	if got := d.read("", "sema4://agents/"+nowhere); got.refused == nil || got.refused.Code != -32002 {
		t.Errorf("got %+v", got)
	}
}
