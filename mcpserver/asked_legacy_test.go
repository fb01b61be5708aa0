package mcpserver_test

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"time"

	"sema4mcp/mcpserver"
)

func TestALegacyUserAnswersTheAgent(t *testing.T) {
	t.Parallel()
	f := newFront(t, nil, asker)
	id := f.tenant.AgentID("Asker")
	path := agentPath(id)
	mine := session(f.begin(path, elicits))
	response := f.request(t.Context(), path, callBody(1, "message_asker_agent", ask("go", "t-1")), mine, "Accept: "+accepting)
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	for _, respond := range []string{`{"action":"accept","content":{"reply":"2025"}}`, `{"action":"accept","content":{"reply":"2026"}}`, `{"action":"decline"}`} {
		question := next(t, stream)
		for question.Method != "elicitation/create" {
			question = next(t, stream)
		}
		f.post(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, question.ID, respond), mine)
	}
	result := next(t, stream)
	for string(result.ID) != "1" {
		result = next(t, stream)
	}
	if result.Result.IsError || !strings.Contains(result.text(), "declined to answer") || f.said(id, "t-1", "2025") != 1 || f.said(id, "t-1", "2026") != 1 || f.said(id, "t-1", "go") != 1 {
		t.Errorf("got %s", result.raw)
	}
}

func TestALegacyUserWhoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	f := newFront(t, func(c *mcpserver.Config) { c.Bridge.CallBudget = 500 * time.Millisecond }, asker)
	path := agentPath(f.tenant.AgentID("Asker"))
	for name, respond := range map[string]string{"never": "", "with an error": `"error":{"code":-32000,"message":"the dialog broke"}`} {
		mine := session(f.begin(path, elicits))
		response := f.request(t.Context(), path, callBody(1, "message_asker_agent", ask("go", "t-"+name)), mine, "Accept: "+accepting)
		stream := bufio.NewReader(response.Body)
		result := next(t, stream)
		for string(result.ID) != "1" {
			if result.Method == "elicitation/create" && respond != "" {
				f.post(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, result.ID, respond), mine)
			}
			result = next(t, stream)
		}
		response.Body.Close()
		if result.Result.IsError || !strings.Contains(result.text(), "no answer came") || !strings.Contains(result.text(), "Which year?") {
			t.Errorf("%s: got %s", name, result.raw)
		}
	}
}
