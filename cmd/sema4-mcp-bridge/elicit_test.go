package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"sema4mcp/internal/localtenant"
	"sema4mcp/internal/testtenant"
)

// exchanged starts a bridge, has it answer one line and ends it.
func exchanged(t *testing.T, line string) string {
	t.Helper()
	host, in := io.Pipe()
	frames, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		command := newCommand(host, out)
		command.SetArgs([]string{"--log-level", "error"})
		ended <- command.ExecuteContext(t.Context())
		_ = out.Close()
	}()
	if _, err := io.WriteString(in, line+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(frames).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return answer
}

func TestAnotherBridgeSendsTheUsersReply(t *testing.T) {
	tenant := testtenant.Start(t, testtenant.Scripted("Asker", "- ask: Which year, {{message}}?\n"))
	served := httptest.NewServer(tenant.Handler())
	t.Cleanup(served.Close)
	t.Setenv("SEMA4_BASE_URL", served.URL+"/tenants/local/api/v2")
	t.Setenv("SEMA4_API_KEY", localtenant.APIKey)
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask_agent","arguments":{"agent":"Asker","message":"go","thread_identifier":"t-1"},%s` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`
	asked := exchanged(t, fmt.Sprintf(call, ""))
	var first struct{ Result struct{ RequestState string } }
	if err := json.Unmarshal([]byte(asked), &first); err != nil || first.Result.RequestState == "" || strings.Contains(asked, localtenant.APIKey) {
		t.Fatalf("%v in %s", err, asked)
	}
	again := exchanged(t, fmt.Sprintf(call, fmt.Sprintf(`"requestState":%q,"inputResponses":{"question":{"action":"accept","content":{"reply":"2025"}}},`, first.Result.RequestState)))
	if !strings.Contains(again, "Which year, 2025?") || !strings.Contains(again, `"resultType":"input_required"`) {
		t.Errorf("got %s", again)
	}
	if n := len(tenant.Conversation(tenant.AgentID("Asker"), "t-1")); n != 4 {
		t.Errorf("the thread holds %d messages", n)
	}
}
