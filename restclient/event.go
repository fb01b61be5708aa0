package restclient

import (
	"encoding/json"
)

// Event is one event of a stream (API v2, conversations/stream): an
// [AgentReady], [AgentFinished], [AgentError], [MessageBegin],
// [MessageContent], [MessageEnd], [MessageMetadata], [RequestUserInput],
// [RequestToolExecution], [ThreadNameUpdated] or [UnknownEvent]. Streams of API
// v1 bring the same events.
type Event interface{ event() }

// AgentReady is the first event: the run has begun.
type AgentReady struct{ RunID, ThreadID, AgentID string }

// AgentFinished is the last event of a run that went well.
type AgentFinished struct{ RunID, ThreadID, AgentID string }

// AgentError is the last event of a run that failed.
type AgentError struct {
	RunID, ThreadID, AgentID string
	Err                      *RunError
}

// MessageBegin opens a message of the agent.
type MessageBegin struct {
	MessageID, ThreadID, AgentID string
	Sequence                     int64
	Data                         json.RawMessage
}

// MessageContent changes a message.
type MessageContent struct {
	MessageID string
	Sequence  int64 // rises with each event of a message; 0 when the server does not count
	Delta     Delta
}

// MessageEnd closes a message. Its tool calls may still change.
type MessageEnd struct {
	MessageID, ThreadID, AgentID string
	Sequence                     int64
	Data                         json.RawMessage
}

// MessageMetadata says something about a message; Metadata is the vendor's own.
type MessageMetadata struct {
	MessageID, ThreadID, AgentID string
	Sequence                     int64
	Metadata                     json.RawMessage
}

// RequestUserInput is a question of the agent to its user.
type RequestUserInput struct {
	Message string
	Timeout *float64 // as sent; the vendor does not document the unit
}

// RequestToolExecution asks for a tool that runs at the client.
type RequestToolExecution struct {
	ToolName, ToolCallID string
	InputRaw             string // JSON
}

// ThreadNameUpdated says that the conversation has another name now.
type ThreadNameUpdated struct {
	ThreadID, AgentID string
	NewName, OldName  string
	Reason            string // "auto" or "manual"
}

// UnknownEvent is an event this package does not know. Err is set when it should
// have known it: then something of a message may be lost, which
// [Transcript.Apply] reports.
type UnknownEvent struct {
	Type string
	Raw  json.RawMessage // the data as it came; not always JSON when Err is set
	Err  error
}

func (AgentReady) event()           {}
func (AgentFinished) event()        {}
func (AgentError) event()           {}
func (MessageBegin) event()         {}
func (MessageContent) event()       {}
func (MessageEnd) event()           {}
func (MessageMetadata) event()      {}
func (RequestUserInput) event()     {}
func (RequestToolExecution) event() {}
func (ThreadNameUpdated) event()    {}
func (UnknownEvent) event()         {}

// RunError is why a run failed, as the agent's server tells it.
type RunError struct {
	Code    string
	Message string
	ErrorID string // for the vendor's support
	Data    json.RawMessage
}

func (e *RunError) Error() string {
	text := "the run failed"
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.ErrorID != "" {
		text += " [" + e.ErrorID + "]"
	}
	return text
}
