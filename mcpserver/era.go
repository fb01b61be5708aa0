package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/sourcegraph/jsonrpc2"

	"sema4mcp/bridge/exchange"
)

// era is which of MCP's two eras a request belongs to: modern from protocol
// version 2026-07-28 on, legacy before.
type era struct {
	modern  bool
	version string
}

// eraOf decides by the header and by what the body declares. Legacy clients may
// send any version that was ever published, or none; a modern one sends the
// same in both places.
func eraOf(header http.Header, batch exchange.Batch) (era, *refusal) {
	named := header.Get(mcp.HeaderProtocolVersion)
	if batch.IsArray {
		return eraOfArray(named, batch)
	}
	message := batch.Messages[0]
	declared := message.Meta.ProtocolVersion
	switch {
	case !mcp.IsModernProtocol(named) && !mcp.IsModernProtocol(declared):
		return legacyEra(named)
	case message.Kind == exchange.Request:
		return modernEra(named, declared)
	default: // it carries no version, or is not understood
		return era{modern: true, version: named}, nil
	}
}

func eraOfArray(named string, batch exchange.Batch) (era, *refusal) {
	modern := mcp.IsModernProtocol(named)
	for _, message := range batch.Messages {
		modern = modern || mcp.IsModernProtocol(message.Meta.ProtocolVersion)
	}
	if modern {
		return era{modern: true}, refused(jsonrpc2.CodeInvalidRequest, "protocol versions from 2026-07-28 on have no arrays: send one message in a request")
	}
	return legacyEra(named)
}

func modernEra(named, declared string) (era, *refusal) {
	e := era{modern: true, version: declared}
	switch {
	case named == "":
		return e, refused(mcp.HEADER_MISMATCH, "the header "+mcp.HeaderProtocolVersion+" is missing; the body declares "+declared)
	case declared == "":
		return e, refused(jsonrpc2.CodeInvalidParams, "the _meta field "+mcp.MetaKeyProtocolVersion+" is missing; the header declares "+named)
	case named != declared:
		return e, refused(mcp.HEADER_MISMATCH, "the header "+mcp.HeaderProtocolVersion+" says "+named+", the body "+declared)
	case !mcp.IsValidProtocolVersion(declared):
		return e, refusedBy(mcp.UnsupportedProtocolVersionError{Version: declared, Supported: mcp.ValidProtocolVersions})
	}
	return e, nil
}

func legacyEra(version string) (era, *refusal) {
	if version != "" && !mcp.IsValidProtocolVersion(version) {
		return era{}, refused(jsonrpc2.CodeInvalidRequest, fmt.Sprintf("protocol version %q is not known; this server speaks %v", version, mcp.ValidProtocolVersions))
	}
	return era{version: version}, nil
}

func refused(code int64, why string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, message: why}
}

// check holds a modern request's headers against its body. No tool of ours
// takes an argument from a header of its own.
func (e era) check(header http.Header, batch exchange.Batch) *refusal {
	message := batch.Messages[0]
	if !e.modern || message.Kind != exchange.Request {
		return nil
	}
	if err := mcp.ValidateStandardHeaders(header.Get, e.version, mcp.MCPMethod(message.Method), message.Params); err != nil {
		return refusedBy(err)
	}
	return checkTaskHeader(header, message)
}

// checkTaskHeader does for the tasks extension what mcp-go does for the methods
// it knows: the header that names what a request is about repeats the task's id.
func checkTaskHeader(header http.Header, message exchange.Message) *refusal {
	switch message.Method {
	case "tasks/get", "tasks/update", "tasks/cancel":
	default:
		return nil
	}
	var params struct {
		TaskID string `json:"taskId"`
	}
	_ = json.Unmarshal(message.Params, &params) // what is no id is refused by its method
	named, whole := mcp.DecodeHeaderValue(header.Get(mcp.HeaderName))
	mismatch := mcp.HeaderMismatchError{Header: mcp.HeaderName}
	switch {
	case header.Get(mcp.HeaderName) == "":
		mismatch.Reason = "missing required header for method " + message.Method
	case !whole:
		mismatch.Reason = "invalid Base64 encoding"
	case named != params.TaskID:
		mismatch.Reason = "header value does not match params.taskId"
	default:
		return nil
	}
	return refusedBy(mismatch)
}

// refusedBy gives one of mcp-go's protocol errors its code.
func refusedBy(err error) *refusal {
	r := refused(jsonrpc2.CodeInvalidParams, err.Error())
	var unsupported mcp.UnsupportedProtocolVersionError
	var mismatch mcp.HeaderMismatchError
	switch {
	case errors.As(err, &unsupported):
		detail := unsupported.JSONRPCError().Error
		r.code, r.message, r.data = int64(detail.Code), detail.Message, detail.Data
	case errors.As(err, &mismatch):
		r.code = mcp.HEADER_MISMATCH
	}
	return r
}
