package mcpserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// modernBody is a request in the era of 2026-07-28, with its headers.
func modernBody(method, name, params string) (body string, headers []string) {
	body = fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{`+
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`, method, params)
	return body, []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: " + method, "Mcp-Name: " + name}
}

// item is a content item as it comes over the wire.
type item struct{ Type, URI, MIMEType, Text string }

// items asks the analyst and returns what its result holds.
func (f *front) items(body string, headers ...string) []item {
	f.t.Helper()
	status, answer := f.post(analystPath, body, headers...)
	var decoded struct{ Result struct{ Content []item } }
	if err := json.Unmarshal([]byte(answer), &decoded); err != nil || status != http.StatusOK || len(decoded.Result.Content) == 0 {
		f.t.Fatalf("status %d, %v in %s", status, err, answer)
	}
	return decoded.Result.Content
}

func TestLinksAreForVersionsThatKnowThem(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	question := ask("What were total sales by region?", "t-1")
	legacy := callBody(1, "message_sales_analyst_agent", question)
	for version, want := range map[string]int{"": 1, "2025-03-26": 1, "2025-06-18": 2, "2025-11-25": 2} {
		var headers []string
		if version != "" {
			headers = append(headers, "Mcp-Protocol-Version: "+version)
		}
		got := f.items(legacy, headers...)
		if len(got) != want || !strings.Contains(got[0].Text, `the data frame "sales_by_region" (5 rows × 2 columns)`) {
			t.Fatalf("version %q: got %+v", version, got)
		}
		if want == 1 {
			continue
		}
		_, read := f.post(analystPath, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":%q}}`, got[1].URI), headers...)
		if got[1].Type != "resource_link" || !strings.Contains(read, `"mimeType":"text/csv"`) || !strings.Contains(read, `Europe,`) {
			t.Errorf("version %q: got %+v, read as %s", version, got[1], read)
		}
	}
}

func TestResourcesInTheModernEra(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil)
	body, headers := modernCall(1, "message_echo_agent", ask(strings.Repeat("a line of the answer\n", 2_000), "t-1"))
	response := f.request(t.Context(), echoPath, body, append(headers, "Accept: application/json")...)
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	var decoded struct{ Result struct{ Content []item } }
	if err != nil || json.Unmarshal(answered, &decoded) != nil || len(decoded.Result.Content) != 2 {
		t.Fatalf("%v in %s", err, answered)
	}
	uri := decoded.Result.Content[1].URI
	for _, accept := range []string{"application/json", accepting} {
		body, headers = modernBody("resources/read", uri, fmt.Sprintf(`"uri":%q`, uri))
		status, read := f.post(echoPath, body, append(headers, "Accept: "+accept)...)
		if status != http.StatusOK || strings.Count(read, "a line of the answer") != 2_000 || !strings.Contains(read, `"cacheScope":"private"`) || !strings.Contains(read, `"ttlMs":0`) {
			t.Errorf("%s: got %d %.300s", accept, status, read)
		}
	}
	body, headers = modernBody("resources/read", uri, fmt.Sprintf(`"uri":%q`, uri))
	if status, foreign := f.post(storyPath, body, headers...); status != http.StatusBadRequest || !strings.Contains(foreign, `"code":-32602`) || !strings.Contains(foreign, "another agent") || !strings.Contains(foreign, uri) {
		t.Errorf("on another agent's server: got %d %s", status, foreign)
	}
	body, headers = modernBody("resources/read", "test://none", `"uri":"test://none"`)
	if status, missing := f.post(echoPath, body, headers...); status != http.StatusBadRequest || !strings.Contains(missing, `"code":-32602`) || !strings.Contains(missing, `"data":{"uri":"test://none"}`) {
		t.Errorf("got %d %s", status, missing)
	}
	if _, legacy := f.post(echoPath, `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://none"}}`); !strings.Contains(legacy, `"code":-32002`) {
		t.Errorf("got %s", legacy)
	}
	if _, bad := f.post(echoPath, `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":7}}`); !strings.Contains(bad, `"error"`) || strings.Contains(bad, "no such resource") {
		t.Errorf("got %s", bad)
	}
}
