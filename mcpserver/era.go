package mcpserver

import (
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
		if mcp.IsModernProtocol(named) {
			return era{}, &refusal{status: http.StatusBadRequest, code: jsonrpc2.CodeInvalidRequest, omitID: true,
				message: "protocol version " + named + " has no arrays: send one message in a request"}
		}
		return legacyEra(named)
	}
	message := batch.Messages[0]
	declared := message.Meta.ProtocolVersion
	if !mcp.IsModernProtocol(named) && !mcp.IsModernProtocol(declared) {
		return legacyEra(named)
	}
	e := era{modern: true, version: declared}
	refuse := func(code int64, why string) (era, *refusal) {
		return era{}, &refusal{status: http.StatusBadRequest, code: code, message: why, id: message.ID, omitID: true}
	}
	switch {
	case message.Kind == exchange.Notification && declared == "":
		e.version = named
	case named == "":
		return refuse(mcp.HEADER_MISMATCH, "the header "+mcp.HeaderProtocolVersion+" is missing; the body declares "+declared)
	case declared == "":
		return refuse(jsonrpc2.CodeInvalidParams, "the _meta field "+mcp.MetaKeyProtocolVersion+" is missing; the header declares "+named)
	case named != declared:
		return refuse(mcp.HEADER_MISMATCH, "the header "+mcp.HeaderProtocolVersion+" says "+named+", the body "+declared)
	}
	if !mcp.IsValidProtocolVersion(e.version) {
		r := refusedBy(mcp.UnsupportedProtocolVersionError{Version: e.version, Supported: mcp.ValidProtocolVersions})
		r.id = message.ID
		return era{}, r
	}
	return e, nil
}

func legacyEra(version string) (era, *refusal) {
	if version != "" && !mcp.IsValidProtocolVersion(version) {
		return era{}, &refusal{status: http.StatusBadRequest, code: jsonrpc2.CodeInvalidRequest,
			message: fmt.Sprintf("protocol version %q is not known; this server speaks %v", version, mcp.ValidProtocolVersions)}
	}
	return era{version: version}, nil
}

// check holds a modern request's headers against its body. No tool of ours
// takes an argument from a header of its own.
func (e era) check(header http.Header, batch exchange.Batch) *refusal {
	message := batch.Messages[0]
	if !e.modern || message.Kind != exchange.Request {
		return nil
	}
	err := mcp.ValidateStandardHeaders(header.Get, e.version, mcp.MCPMethod(message.Method), message.Params)
	if err == nil {
		return nil
	}
	refused := refusedBy(err)
	refused.id = message.ID
	return refused
}

// refusedBy gives one of mcp-go's protocol errors its code.
func refusedBy(err error) *refusal {
	r := &refusal{status: http.StatusBadRequest, code: jsonrpc2.CodeInvalidParams, message: err.Error(), omitID: true}
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
