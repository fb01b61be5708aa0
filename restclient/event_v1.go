package restclient

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// v1Decoder reads streams of API v1, where whole messages and tokens of the
// text come instead of deltas, most of them without an id.
type v1Decoder struct {
	writing string // the id of the message whose tokens are coming; "" if none
	unnamed int    // messages that were given an id here
}

func (d *v1Decoder) decode(kind string, data []byte) []Event {
	document, _ := parseDocument(data) // its type was read from it before
	o := objectOf(document)
	ids := AgentReady{RunID: o.text("run_id"), ThreadID: o.text("thread_id"), AgentID: o.text("agent_id")}
	switch kind {
	case "start_stream":
		return []Event{ids}
	case "token":
		return d.token(o)
	case "message", "action_request", "action_response", "tool_request", "tool_response":
		return d.message(kind, o)
	case "end_stream":
		return append(d.finish(), AgentFinished(ids))
	}
	return []Event{UnknownEvent{Type: kind, Raw: data}}
}

// token appends to the text of the message that is being written.
func (d *v1Decoder) token(o object) []Event {
	var events []Event
	if d.writing == "" {
		d.writing = d.idOf(o)
		events = append(events,
			MessageBegin{MessageID: d.writing},
			d.change(OpAdd, "/role", RoleAgent),
			d.change(OpAdd, "/content", []Content{{Kind: KindText}}))
	}
	piece := o["token"]
	if inner := objectOf(piece); inner != nil {
		piece = inner["token"]
	}
	return append(events, d.change(OpConcatString, "/content/0/text", textOf(piece)))
}

// message takes a message as a whole. A text of the agent is the final form of
// the tokens before it.
func (d *v1Decoder) message(kind string, o object) []Event {
	final := kind == "message" && o.text("role") == RoleAgent && d.writing != ""
	if !final {
		finished, whole := d.finish(), v1Decoder{writing: d.idOf(o)}
		events := append(finished, MessageBegin{MessageID: whole.writing}, whole.change(OpAdd, "", o))
		return append(events, whole.finish()...)
	}
	return append([]Event{d.change(OpAdd, "", o)}, d.finish()...)
}

// finish closes the message that is being written, if there is one.
func (d *v1Decoder) finish() []Event {
	if d.writing == "" {
		return nil
	}
	closed := MessageEnd{MessageID: d.writing}
	d.writing = ""
	return []Event{closed}
}

func (d *v1Decoder) idOf(o object) string {
	if id := cmp.Or(o.text("message_id"), o.text("id")); id != "" {
		return id
	}
	d.unnamed++
	return fmt.Sprintf("unnamed-%d", d.unnamed)
}

func (d *v1Decoder) change(op, path string, value any) Event {
	encoded, _ := json.Marshal(value) // texts, contents and parsed JSON always encode
	return MessageContent{MessageID: d.writing, Delta: Delta{Op: op, Path: path, Value: encoded}}
}
