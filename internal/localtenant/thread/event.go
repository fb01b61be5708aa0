package thread

import "time"

// EventType names an event of a run.
type EventType string

// The events a run of the local tenant sends.
const (
	AgentReady       EventType = "agent_ready"
	AgentFinished    EventType = "agent_finished"
	AgentError       EventType = "agent_error"
	MessageBegin     EventType = "message_begin"
	MessageContent   EventType = "message_content"
	MessageEnd       EventType = "message_end"
	RequestUserInput EventType = "request_user_input"
)

// Event is one thing a run tells its reader; it encodes to the `data` of one
// server-sent event of the vendor's API v2, conversations/stream.
type Event interface {
	Type() EventType
}

// Head is what every event begins with.
type Head struct {
	EventType EventType `json:"event_type"`
	Timestamp Timestamp `json:"timestamp"`
}

// Type says which event it is.
func (h Head) Type() EventType { return h.EventType }

// At is the head of an event of that type and time.
func At(now time.Time, of EventType) Head {
	return Head{EventType: of, Timestamp: Timestamp(now)}
}

// LifecycleEvent is agent_ready, agent_finished or agent_error.
type LifecycleEvent struct {
	Head
	RunID    string   `json:"run_id"`
	ThreadID string   `json:"thread_id"`
	AgentID  string   `json:"agent_id"`
	Error    *Failure `json:"error,omitempty"`
}

// Failure says why a run failed.
type Failure struct {
	ID      string `json:"error_id"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MessageEvent is message_begin or message_end.
type MessageEvent struct {
	Head
	SequenceNumber int      `json:"sequence_number"`
	MessageID      string   `json:"message_id"`
	ThreadID       string   `json:"thread_id"`
	AgentID        string   `json:"agent_id"`
	Data           struct{} `json:"data"`
}

// ContentEvent is message_content: one delta of a message.
type ContentEvent struct {
	Head
	SequenceNumber int    `json:"sequence_number"`
	MessageID      string `json:"message_id"`
	Delta          Delta  `json:"delta"`
}

// InputEvent is request_user_input; Timeout is in seconds.
type InputEvent struct {
	Head
	Message string  `json:"message"`
	Timeout float64 `json:"timeout"`
}
