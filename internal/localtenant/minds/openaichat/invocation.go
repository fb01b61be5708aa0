package openaichat

import (
	"encoding/base64"
	"encoding/json"

	"sema4mcp/internal/localtenant/minds"
)

// invocationHeader tells an MCP server for whom a tool is called: base64 of a
// JSON object. The vendor's holds a token for its API as well; ours has none.
const invocationHeader = "X-Tool-Invocation-Context"

func invocationOf(turn minds.Turn, tenantID string) string {
	data, err := json.Marshal(map[string]string{
		"agent_id": turn.Agent.ID, "thread_id": turn.ConversationID, "run_id": turn.RunID, "tenant_id": tenantID,
	})
	if err != nil {
		panic("openaichat: " + err.Error()) // strings always encode
	}
	return base64.StdEncoding.EncodeToString(data)
}
