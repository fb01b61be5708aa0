package thread

import "encoding/json"

const (
	kindText       = "text"
	kindThought    = "thought"
	kindToolCall   = "tool_call"
	kindChart      = "vega_chart"
	kindAttachment = "attachment"
)

type itemHead struct {
	ContentID string `json:"content_id"`
	Kind      string `json:"kind"`
	Complete  bool   `json:"complete"`
}

type textItem struct {
	itemHead
	Text      string     `json:"text"`
	Citations []struct{} `json:"citations"`
}

type thoughtItem struct {
	itemHead
	Thought string        `json:"thought"`
	Extras  thoughtExtras `json:"extras"`
}

type thoughtExtras struct {
	StartedAt       Timestamp `json:"started_at"`
	DurationSeconds float64   `json:"duration_seconds"`
}

type toolCallItem struct {
	itemHead
	Name              string          `json:"name"`
	ToolCallID        string          `json:"tool_call_id"`
	ArgumentsRaw      string          `json:"arguments_raw"`
	SubType           string          `json:"sub_type"`
	Status            string          `json:"status"`
	Result            *string         `json:"result"`
	Error             *string         `json:"error"`
	DiscoveredAt      *Timestamp      `json:"discovered_at"`
	PendingAt         *Timestamp      `json:"pending_at"`
	StartedAt         *Timestamp      `json:"started_at"`
	EndedAt           *Timestamp      `json:"ended_at"`
	ActionServerRunID *string         `json:"action_server_run_id"`
	Metadata          json.RawMessage `json:"metadata"`
}

// Whose tool it is.
const (
	subTypeInternal = "aa-internal"
	subTypeMCP      = "mcp-external"
)

// The states of a tool call.
const (
	toolPending  = "pending"
	toolRunning  = "running"
	toolFinished = "finished"
	toolFailed   = "failed"
)

type chartItem struct {
	itemHead
	ChartSpecRaw string `json:"chart_spec_raw"`
	SubType      string `json:"sub_type"`
	Completed    bool   `json:"completed"`
}

// Attachment is a small file that travels inside a message.
type Attachment struct {
	Name        string
	MIMEType    string
	Description string
	Data        []byte
}

type attachmentItem struct {
	itemHead
	Name        string `json:"name"`
	MIMEType    string `json:"mime_type"`
	Description string `json:"description"`
	Base64Data  []byte `json:"base64_data"`
}
