package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"
)

// Limits of what one body or line may hold. A message within them costs a
// bounded amount of memory and stack to take apart.
const (
	MaxBytes    = 4 << 20 // of one HTTP body or stdio line
	MaxMessages = 100     // in one array
	MaxDepth    = 100     // of nested arrays and objects
	MaxValues   = 100_000 // of everything in arrays and objects: decoded, the smallest take fifty times their bytes
)

// Kind says which of JSON-RPC's messages a [Message] is.
type Kind uint8

// The kinds of message. The zero Kind is Invalid.
const (
	Invalid Kind = iota
	Request
	Notification
	Response
)

// Message is one JSON-RPC 2.0 message, taken apart but not interpreted.
type Message struct {
	Kind   Kind
	ID     json.RawMessage // as it came; nil where there is none or it cannot be used
	Method string          // of a Request or Notification
	Params json.RawMessage // an object, or nil
	Meta   Meta            // of Params, for a Request or Notification

	// Result and Failure are a Response's: what it has for "result" and
	// "error", nil where it has none.
	Result, Failure json.RawMessage

	// Fault is what to answer an Invalid message with.
	Fault *jsonrpc2.Error
}

// Meta is what the transport itself needs of a message's params._meta.
type Meta struct {
	// ProtocolVersion is what a request of 2026-07-28 or later declares.
	ProtocolVersion string `json:"io.modelcontextprotocol/protocolVersion"`
	// ProgressToken is the caller's, as it came; nil where none was sent.
	ProgressToken json.RawMessage `json:"progressToken"`
}

// IsModern tells whether the message is of protocol version 2026-07-28 or later.
func (m Message) IsModern() bool { return mcp.IsModernProtocol(m.Meta.ProtocolVersion) }

// IDText is equal for ids that are the same string, however it is escaped, or
// the same digits; "" for what is no id.
func IDText(id json.RawMessage) string {
	var text string
	switch id = usableID(id); {
	case id == nil:
		return ""
	case json.Unmarshal(id, &text) == nil:
		return `"` + text
	default:
		return string(id)
	}
}

// Batch is the content of one HTTP body or stdio line.
type Batch struct {
	Messages []Message
	IsArray  bool // even when the array holds a single message
}

// Requests counts the messages that are owed a reply: requests and whatever
// could not be understood.
func (b Batch) Requests() int {
	n := 0
	for _, m := range b.Messages {
		if m.Kind == Request || m.Kind == Invalid {
			n++
		}
	}
	return n
}

// Parse takes a body or line apart. The error is for input that holds no
// message at all: not JSON (-32700), nested too deep or of too many values, an
// array that is empty, too long or that uses one id twice (-32600). A faulty
// message beside others in an array is a Message of kind Invalid instead.
func Parse(data []byte) (Batch, *jsonrpc2.Error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return Batch{}, fault(jsonrpc2.CodeParseError, "there is no message: send one JSON-RPC object, or an array of them")
	}
	if !utf8.Valid(data) { // what would come back in an id could break its reader
		return Batch{}, fault(jsonrpc2.CodeParseError, "the message is not JSON: it has bytes that are not UTF-8")
	}
	if fault := tooComplex(data); fault != nil {
		return Batch{}, fault
	}
	if !json.Valid(data) {
		return Batch{}, fault(jsonrpc2.CodeParseError, "the message is not JSON: %s", syntaxError(data))
	}
	if data[0] != '[' {
		return Batch{Messages: []Message{parseMessage(data)}}, nil
	}
	return parseArray(data)
}

func parseArray(data []byte) (Batch, *jsonrpc2.Error) {
	items, fits := arrayItems(data, MaxMessages)
	if !fits {
		return Batch{}, fault(jsonrpc2.CodeInvalidRequest, "the array holds more than %d messages, which is the limit", MaxMessages)
	}
	if len(items) == 0 {
		return Batch{}, fault(jsonrpc2.CodeInvalidRequest, "the array is empty: send at least one message")
	}
	batch := Batch{Messages: make([]Message, len(items)), IsArray: true}
	seen := make(map[string]bool, len(items))
	for i, item := range items {
		message := parseMessage(item)
		if message.Kind == Request {
			if seen[IDText(message.ID)] {
				return Batch{}, fault(jsonrpc2.CodeInvalidRequest, "the array uses the id %s twice: each request needs its own", message.ID)
			}
			seen[IDText(message.ID)] = true
			if message.Method == "initialize" {
				message = invalid(message.ID, "initialize must not be part of an array")
			}
		}
		batch.Messages[i] = message
	}
	return batch, nil
}

// arrayItems stops at the limit, so that a long array costs no more than its
// bytes. It expects valid JSON.
func arrayItems(data []byte, limit int) (items []json.RawMessage, fits bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return nil, false
	}
	for decoder.More() {
		var item json.RawMessage
		if len(items) == limit || decoder.Decode(&item) != nil {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}

// parseMessage expects valid JSON.
func parseMessage(data []byte) Message {
	// A map, as the fields of a struct would match names in any case.
	var members map[string]json.RawMessage
	if data[0] != '{' || json.Unmarshal(data, &members) != nil {
		return invalid(nil, "a message is a JSON object")
	}
	id := usableID(members["id"])
	if string(members["jsonrpc"]) != `"2.0"` {
		return invalid(id, `"jsonrpc" must be "2.0"`)
	}
	method, result, failed := members["method"], members["result"], members["error"]
	answers := result != nil || failed != nil
	switch {
	case method == nil && answers:
		return Message{Kind: Response, ID: id, Result: result, Failure: failed}
	case method == nil:
		return invalid(id, `a message has a "method", a "result" or an "error"; this one has none`)
	case answers:
		return invalid(id, `a message has either a "method" or a "result" or "error", not both`)
	}
	message := Message{Kind: Notification, ID: id}
	if json.Unmarshal(method, &message.Method) != nil || message.Method == "" {
		return invalid(id, `"method" must be a string that is not empty`)
	}
	if _, given := members["id"]; given {
		if id == nil {
			return invalid(nil, `"id" must be a string or an integer`)
		}
		message.Kind = Request
	}
	return message.withParams(members["params"])
}

// withParams adds the params. A notification is owed no answer, so one whose
// params are wrong is left without any.
func (m Message) withParams(params json.RawMessage) Message {
	if params == nil || string(params) == "null" {
		return m
	}
	var peek struct {
		Meta Meta `json:"_meta"`
	}
	err := errors.New("it must be an object")
	if params[0] == '{' {
		err = json.Unmarshal(params, &peek)
	}
	switch {
	case err == nil:
		m.Params, m.Meta = params, peek.Meta
	case m.Kind == Request:
		m.Kind, m.Fault = Invalid, fault(jsonrpc2.CodeInvalidParams, `"params" cannot be read: %v`, err)
	}
	if token := m.Meta.ProgressToken; token != nil && usableID(token) == nil {
		m.Meta.ProgressToken = nil
	}
	return m
}

// usableID returns an id that MCP allows, which is a string or an integer of
// any size, and nil for everything else.
func usableID(id json.RawMessage) json.RawMessage {
	if len(id) == 0 {
		return nil
	}
	if id[0] == '"' {
		return id
	}
	digits := bytes.TrimPrefix(id, []byte("-"))
	if len(digits) == 0 {
		return nil
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return nil
		}
	}
	return id
}

func invalid(id json.RawMessage, why string) Message {
	return Message{Kind: Invalid, ID: id, Fault: fault(jsonrpc2.CodeInvalidRequest, "%s", why)}
}

func fault(code int64, format string, args ...any) *jsonrpc2.Error {
	return &jsonrpc2.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func syntaxError(data []byte) error {
	var ignored json.RawMessage
	return json.Unmarshal(data, &ignored)
}

// tooComplex looks at what stands outside of strings only, so that it can run
// before anything that recurses or allocates does.
func tooComplex(data []byte) *jsonrpc2.Error {
	depth, values, inString, escaped := 0, 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
			values++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		if depth > MaxDepth {
			return fault(jsonrpc2.CodeInvalidRequest, "the message is nested deeper than %d levels", MaxDepth)
		}
		if values > MaxValues {
			return fault(jsonrpc2.CodeInvalidRequest, "the message holds more than %d values: send large data as the text of a file", MaxValues)
		}
	}
	return nil
}
