package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"
)

// Reply is the answer to one request: a result or an error.
type Reply struct {
	// ID is the request's, byte for byte. Where the request had none that
	// could be read, nil: written as null for clients of JSON-RPC's and MCP's
	// older rules, left out for those of 2026-07-28.
	ID     json.RawMessage
	OmitID bool // leave a nil ID out instead of writing null

	Result json.RawMessage
	Error  *jsonrpc2.Error
}

// Refusal is the Reply to a message that could not be understood.
func Refusal(message Message) Reply {
	return Reply{ID: message.ID, Error: message.Fault}
}

// MarshalJSON gives the whole JSON-RPC response object.
func (r Reply) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, len(r.Result)+len(r.ID)+48)
	out = append(out, `{"jsonrpc":"2.0",`...)
	switch {
	case r.ID != nil:
		out = append(append(append(out, `"id":`...), r.ID...), ',')
	case !r.OmitID:
		out = append(out, `"id":null,`...)
	}
	if r.Error == nil {
		out = append(append(out, `"result":`...), r.Result...)
		return append(out, '}'), nil
	}
	detail, err := Encode(r.Error)
	if err != nil {
		return nil, err
	}
	out = append(append(out, `"error":`...), detail...)
	return append(out, '}'), nil
}

// Encode is JSON on one line. Unlike json.Marshal it leaves <, > and & as they
// are, which is what keeps an id with one of them as it came.
func Encode(v any) ([]byte, error) {
	if reply, ok := v.(Reply); ok { // it is JSON on one line already
		return reply.MarshalJSON()
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// newReply gives mcp-go's answer the id that the request came with.
func newReply(id json.RawMessage, answer mcp.JSONRPCMessage) Reply {
	switch answer := answer.(type) {
	case mcp.JSONRPCResponse:
		result, err := Encode(answer.Result)
		if err != nil {
			return internalError(id, fmt.Errorf("the result cannot be written as JSON: %w", err))
		}
		return Reply{ID: id, Result: result}
	case mcp.JSONRPCError:
		fault := &jsonrpc2.Error{Code: int64(answer.Error.Code), Message: answer.Error.Message}
		if answer.Error.Data != nil {
			fault.SetError(answer.Error.Data)
		}
		return Reply{ID: id, Error: fault}
	default:
		return internalError(id, errors.New("the request was not answered"))
	}
}

func internalError(id json.RawMessage, err error) Reply {
	return Reply{ID: id, Error: fault(jsonrpc2.CodeInternalError, "internal error: %v", err)}
}
