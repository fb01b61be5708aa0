package restclient

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

// eventWire holds the fields of all events. Those whose type differs from one
// event to the other are decoded when the event is known.
type eventWire struct {
	EventType  string          `json:"event_type"`
	Type       string          `json:"type"` // API v1
	RunID      string          `json:"run_id"`
	ThreadID   string          `json:"thread_id"`
	AgentID    string          `json:"agent_id"`
	MessageID  string          `json:"message_id"`
	Sequence   int64           `json:"sequence_number"`
	Data       json.RawMessage `json:"data"`
	Metadata   json.RawMessage `json:"metadata"`
	Delta      json.RawMessage `json:"delta"`
	Error      json.RawMessage `json:"error"`
	Message    json.RawMessage `json:"message"`
	Timeout    *float64        `json:"timeout"`
	ToolName   string          `json:"tool_name"`
	ToolCallID string          `json:"tool_call_id"`
	InputRaw   json.RawMessage `json:"input_raw"`
	NewName    string          `json:"new_name"`
	OldName    string          `json:"old_name"`
	Reason     string          `json:"reason"`
}

// eventDecoder turns the events of one stream into [Event]s.
type eventDecoder struct {
	v1     v1Decoder
	redact redactor
}

// decode returns the events that one server-sent event stands for: one in API
// v2, none or several in API v1.
func (d *eventDecoder) decode(sent serverSentEvent) []Event {
	var wire eventWire
	if err := json.Unmarshal(sent.data, &wire); err != nil {
		return []Event{UnknownEvent{Type: cmp.Or(wire.EventType, sent.name), Raw: sent.data, Err: err}}
	}
	if wire.EventType == "" && wire.Type != "" {
		return d.v1.decode(wire.Type, sent.data)
	}
	event, err := d.decodeWire(wire, sent)
	if err != nil {
		return []Event{UnknownEvent{Type: wire.EventType, Raw: sent.data, Err: err}}
	}
	return []Event{event}
}

func (d *eventDecoder) decodeWire(w eventWire, sent serverSentEvent) (Event, error) {
	switch w.EventType {
	case "agent_ready":
		return AgentReady{w.RunID, w.ThreadID, w.AgentID}, nil
	case "agent_finished":
		return AgentFinished{w.RunID, w.ThreadID, w.AgentID}, nil
	case "agent_error":
		return AgentError{w.RunID, w.ThreadID, w.AgentID, d.runError(w.Error)}, nil
	case "message_begin":
		return MessageBegin{w.MessageID, w.ThreadID, w.AgentID, w.Sequence, w.Data}, w.identified()
	case "message_content":
		return w.messageContent()
	case "message_end":
		return MessageEnd{w.MessageID, w.ThreadID, w.AgentID, w.Sequence, w.Data}, w.identified()
	case "message_metadata":
		metadata := w.Metadata
		if metadata == nil {
			metadata = w.Data
		}
		return MessageMetadata{w.MessageID, w.ThreadID, w.AgentID, w.Sequence, metadata}, nil
	case "request_user_input":
		return RequestUserInput{rawText(w.Message), w.Timeout}, nil
	case "request_tool_execution":
		return RequestToolExecution{w.ToolName, w.ToolCallID, rawText(w.InputRaw)}, nil
	case "thread_name_updated":
		return ThreadNameUpdated{w.ThreadID, w.AgentID, w.NewName, w.OldName, w.Reason}, nil
	}
	return UnknownEvent{Type: cmp.Or(w.EventType, sent.name), Raw: sent.data}, nil
}

func (w eventWire) identified() error {
	if w.MessageID == "" {
		return errors.New("the event names no message")
	}
	return nil
}

func (w eventWire) messageContent() (Event, error) {
	var delta Delta
	if err := json.Unmarshal(w.Delta, &delta); err != nil {
		return nil, fmt.Errorf("the delta cannot be read: %w", err)
	}
	return MessageContent{w.MessageID, w.Sequence, delta}, w.identified()
}

func (d *eventDecoder) runError(raw json.RawMessage) *RunError {
	e := decodeError(raw, d.redact)
	return &RunError{Code: e.Code, Message: e.Message, ErrorID: e.ErrorID, Data: e.Details}
}

// rawText is a JSON string's text, or any other value as it is written.
func rawText(raw json.RawMessage) string {
	document, err := parseDocument(raw)
	if err != nil {
		return ""
	}
	return textOf(document)
}
